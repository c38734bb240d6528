"""Ways to spoil what is real: JSON with a few places altered, streams with frames lost, doubled and mangled.

Noise seldom gets past a parser's first look; what is nearly right does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from samples import is_list, is_object, streams

from peekd.wire.sse import Frame, Splitter

few = settings(
    max_examples=max(1, settings().max_examples // 4),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""For a law that is tried for every pair of protocols, and its examples are long."""

ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    7.5,
    1e300,
    2**63,
    10**30,
    "",
    "x",
    "null",
    "日本🎉",
    "a\nb\r\nc",
    "\u2028\u0085\x00",
    "\\",
    '{"a": 1}',
    '{\n "a": 1\n}',
    '{"a"',
    [],
    [None],
    [[]],
    ["x"],
    [{}],
    {},
    {"type": "new_kind"},
    {"type": "text", "text": "x"},
    {"": ""},
)
"""Values of every type, at their edges, where something else is expected."""

Json = dict[str, Any] | list[Any]


def _places(value: Any) -> list[tuple[Json, Any]]:
    """Every place inside a JSON value: its container, and its key or number there."""
    inner = list(value.items()) if is_object(value) else list(enumerate(value)) if is_list(value) else []
    return [(value, at) for at, _ in inner] + [place for _, item in inner for place in _places(item)]


def _replace(container: Json, at: Any, draw: st.DrawFn) -> None:
    container[at] = deepcopy(draw(st.sampled_from(ODD)))


def _remove(container: Json, at: Any, draw: st.DrawFn) -> None:
    del container[at]


def _wrap(container: Json, at: Any, draw: st.DrawFn) -> None:
    key = draw(st.sampled_from(["", "type", "text"]))
    container[at] = {key: container[at]} if key else [container[at]]


def _unwrap(container: Json, at: Any, draw: st.DrawFn) -> None:
    value = container[at]
    inner = list(value.values()) if is_object(value) else value
    if is_list(inner) and inner:
        container[at] = inner[0]


def _double(container: Json, at: Any, draw: st.DrawFn) -> None:
    if isinstance(container, list):
        container.insert(at, deepcopy(container[at]))
    else:
        container[f"{at}s"] = deepcopy(container[at])


def _exchange(container: Json, at: Any, draw: st.DrawFn) -> None:
    """Swap two neighbours' values: right kinds of things in wrong places."""
    others = list(container) if isinstance(container, dict) else list(range(len(container)))
    other: Any = draw(st.sampled_from(others))
    container[at], container[other] = container[other], container[at]


_CHANGES: tuple[Callable[[Json, Any, st.DrawFn], None], ...] = (
    _replace,
    _replace,
    _replace,
    _remove,
    _wrap,
    _unwrap,
    _double,
    _exchange,
)


@st.composite
def altered(draw: st.DrawFn, sample: Any, most: int = 3) -> Any:
    """Give a copy with up to `most` places changed; none is possible too."""
    root: dict[str, Any] = {"all": json.loads(json.dumps(sample))}
    for _ in range(draw(st.integers(0, most))):
        places = _places(root)
        if not places:
            return {}
        container, at = places[draw(st.integers(0, len(places) - 1))]
        draw(st.sampled_from(_CHANGES))(container, at, draw)
    return root.get("all", {})


@st.composite
def written(draw: st.DrawFn, value: Any) -> bytes:
    """Give JSON text in one of the ways that programs write it; now and then it is damaged."""
    text = json.dumps(
        value, indent=draw(st.sampled_from([None, None, 1])), ensure_ascii=draw(st.booleans())
    ).encode("utf-8", "surrogatepass")
    damage = draw(st.sampled_from(["none"] * 12 + ["cut", "byte", "lone", "twice"]))
    at = draw(st.integers(0, len(text)))
    match damage:
        case "cut":
            return text[:at]
        case "byte":
            return text[:at] + draw(st.binary(min_size=1, max_size=1)) + text[at + 1 :]
        case "lone":
            return text.replace(b'": "', b'": "\\ud83d', 1)
        case "twice":
            return text + text
        case _:
            return text


_HERE = "the place that is deepened"
_NESTS = (
    ("[", "]"),
    ('{"items":', "}"),
    ('{"properties":{"a":', "}}"),
    ('{"anyOf":[', "]}"),
    ('{"content":[', "]}"),
)


@st.composite
def deepened(draw: st.DrawFn, sample: Any) -> bytes:
    """Give JSON text in which one place is nested about as deep as readers can follow, or deeper."""
    root: dict[str, Any] = {"all": json.loads(json.dumps(sample))}
    places = _places(root)
    container, at = places[draw(st.integers(0, len(places) - 1))]
    container[at] = _HERE
    opening, closing = draw(st.sampled_from(_NESTS))
    depth = draw(st.integers(100, 1200))
    return json.dumps(root["all"]).replace(f'"{_HERE}"', opening * depth + "{}" + closing * depth).encode()


def frames_of(stream: bytes) -> list[Frame]:
    """A stream's frames, an unterminated last one included."""
    splitter = Splitter()
    frames = splitter.feed(stream)
    rest = splitter.close()
    return frames if rest is None else [*frames, rest]


@st.composite
def _mangled(draw: st.DrawFn, frame: Frame) -> bytes:
    """One frame anew, with what it says altered."""
    try:
        said = json.loads(frame.data)
    except ValueError:
        return frame.raw
    data = draw(altered(said).flatmap(written))
    end = draw(st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"]))
    event = draw(st.sampled_from([frame.event, frame.event, "", "error", "new_kind"])).encode()
    lines = [b"data: " + line for line in data.splitlines() or [b""]]
    return end.join([*([b"event: " + event] if event else []), *lines, b"", b""])


@st.composite
def spoilt_streams(draw: st.DrawFn, protocol: str) -> bytes:
    """Give a stream with up to four frames mangled, lost, doubled, moved or borrowed; it may be cut short."""
    whole = st.integers(0, len(streams(protocol)) - 1).map(lambda number: streams(protocol)[number])
    frames = [frame.raw for frame in frames_of(draw(whole))]
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(0, len(frames) - 1)))
        match draw(st.sampled_from(["mangle", "mangle", "mangle", "lose", "double", "move", "borrow"])):
            case "mangle" if frames:
                frames[at] = draw(_mangled(frames_of(frames[at])[0]))
            case "lose":
                del frames[at : at + 1]
            case "double":
                frames[at:at] = frames[at : at + 1]
            case "move" if frames:
                frames.append(frames.pop(at))
            case _:
                others = frames_of(draw(whole))
                frames[at:at] = [draw(st.sampled_from(others)).raw] if others else []
    stream = b"".join(frames)
    return stream[: draw(st.integers(0, len(stream)))] if draw(st.sampled_from([0, 0, 0, 1])) else stream


def cut(stream: bytes, places: Sequence[int]) -> list[bytes]:
    """The stream in pieces, cut at these places (taken round where they lie beyond its end)."""
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in pairwise(edges)]
