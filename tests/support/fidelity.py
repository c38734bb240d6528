"""Write docs/fidelity.md: what becomes of each feature on the way to each upstream, by trying it.

Each request of `features` is read and said to each upstream's protocol, once without the feature and once
with it; what differs tells where it went. `python tests/support/fidelity.py`, or `./dev docs`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
from answers import SEAL, answering
from features import BARE, FEATURES, PATHS, Feature

from peekd.protocols.interface import ClientProtocol, Splices, UpstreamProtocol
from peekd.protocols.registry import CLIENTS, UPSTREAMS
from peekd.vocabulary import events as e
from peekd.vocabulary.errors import ClientError
from peekd.wire.sse import Splitter

PAGE = Path(__file__).parents[2] / "docs/fidelity.md"

MODELS = {
    "anthropic": "claude-opus-4-5",
    "gemini": "gemini-3-pro-preview",
    "openai-chat": "gpt-5",
    "openai-responses": "gpt-5",
}
"""The model that is asked for, by the upstream's protocol: what can be said depends on it."""

_PLAIN = str.maketrans("|`", "/'")
"""Signs that would end a cell, or the words in it."""

TOLD = 2
"""Places that a cell names."""

HEAD = """\
# Fidelity

<!-- Written by `./dev docs` from tests/support/features.py, by trying each request. -->

What becomes of what a client asks for, by the protocol of the upstream that serves it. Each cell is found by
saying a least request once with the feature and once without it, and looking at what differs.

| word | says |
|---|---|
| kept | the client's own bytes go upstream, as wherever both speak the same protocol |
| → `field` | translated: it went there, of the upstream's request |
| left out: `field` | there is no counterpart; the record of the request lists it |
| 400 | refused with this message, since the answer would be another one; a route's next target may serve |

Asked for are {models}.
What a model cannot take is left out too, so a cell can differ for another one.
"""

ANSWERS = """
## Answers

What a client of another protocol than the upstream's is shown of an answer, where it asked for thoughts.

"""


class Cell(NamedTuple):
    """What became of a feature: where it went, what was listed as left out, why it was refused."""

    places: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    refused: str = ""
    kept: bool = False

    @property
    def lost(self) -> bool:
        """Whether it went nowhere, and nobody is told."""
        return not (self.places or self.dropped or self.refused or self.kept)

    @property
    def words(self) -> str:
        """The cell as it stands in the table."""
        if self.kept:
            return "kept"
        if self.refused:
            return f"400 `{self.refused.translate(_PLAIN)}`"
        said = [f"→ {_listed(self.places)}"] if self.places else []
        said += [f"left out: {_listed(self.dropped)}"] if self.dropped else []
        return "; ".join(said) or "lost"


def _listed(names: Sequence[str]) -> str:
    """The first few; labels only where there is nothing else."""
    names = [name for name in names if not _telling(name)[0]] or names
    more = " …" if len(names) > TOLD else ""
    return ", ".join(f"`{name}`" for name in names[:TOLD]) + more


# ---- requests ---------------------------------------------------------------------------------------


def cell(feature: Feature, client: ClientProtocol, upstream: UpstreamProtocol) -> Cell:
    """Try a feature that this client's protocol has."""
    asked = _asked(feature.name, client.name)
    try:
        if client.name == upstream.name:
            return Cell(kept=passes(asked, client, upstream))
        body, dropped = said(asked, client, upstream)
    except ClientError as error:
        return Cell(refused=str(error))
    try:
        before, listed = said(_asked(feature.beside, client.name), client, upstream)
    except ClientError:  # what it stands beside cannot be said either
        before, listed = {}, ()
    places = sorted(changed(before, body), key=_telling)
    return Cell(tuple(places), tuple(one for one in dropped if one not in listed))


def _asked(name: str, client: str) -> dict[str, Any]:
    """The least request with a feature, and with all that it stands beside."""
    feature = next((one for one in FEATURES if one.name == name), None)
    if feature is None:
        return BARE[client]
    return {**_asked(feature.beside, client), **feature.asks.get(client, {})}


def said(
    asked: dict[str, Any], client: ClientProtocol, upstream: UpstreamProtocol
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The upstream's body for a request, and what was left out on either side. Raises ClientError."""
    path = PATHS[client.name]
    body = msgspec.json.encode(asked)
    client.decode_head(body, {}, path)
    conversation = client.decode_request(body, path, SEAL)
    call = upstream.encode_request(conversation, model=MODELS[upstream.name], repaired=False, stream=False)
    dropped = tuple(dict.fromkeys((*conversation.dropped, *call.dropped)))
    return msgspec.json.decode(call.body, type=dict[str, Any]), dropped


def passes(asked: dict[str, Any], client: ClientProtocol, upstream: UpstreamProtocol) -> bool:
    """Whether all of a request goes to an upstream of its own protocol. Raises ClientError."""
    path = PATHS[client.name]
    body = msgspec.json.encode(asked)
    client.decode_head(body, {}, path)
    sent = upstream.splice_request(body, path, Splices(stream=False)).body
    return not changed(msgspec.json.decode(sent), asked)


def changed(before: object, after: object) -> list[str]:
    """The places where something stands that did not, as they are met; elements of lists by `[]`.

    >>> changed({"a": 1, "b": {"c": [1]}}, {"a": 2, "b": {"c": [1, 2], "d": 3}})
    ['a', 'b.c[]', 'b.d']
    """
    known = set(leaves(before))
    return list(dict.fromkeys(place for place, value in leaves(after) if (place, value) not in known))


def leaves(value: object, place: str = "") -> Iterator[tuple[str, str]]:
    """Each plain value with its place; an empty list or object is one."""
    if isinstance(value, dict) and value:
        for key, inner in cast("dict[str, object]", value).items():
            yield from leaves(inner, f"{place}.{key}" if place else key)
    elif isinstance(value, list) and value:
        for inner in cast("list[object]", value):
            yield from leaves(inner, f"{place}[]")
    else:
        yield place, msgspec.json.encode(value).decode()


# ---- answers ----------------------------------------------------------------------------------------

SHOWN: tuple[tuple[str, tuple[e.Event, ...]], ...] = (
    ("words", (e.Opened(0, e.TextBlock()), e.TextDelta(0, "Words."), e.Closed(0))),
    ("thoughts", (e.Opened(0, e.ThinkingBlock()), e.ThinkingDelta(0, "Hm."), e.Closed(0))),
    (
        "a thought's signature",
        (e.Opened(0, e.ThinkingBlock()), e.ThinkingDelta(0, "Hm."), e.SignatureDelta(0, "c2ln"), e.Closed(0)),
    ),
    ("redacted thoughts", (e.Opened(0, e.RedactedBlock("c2VjcmV0")), e.Closed(0))),
    (
        "tool calls",
        (e.Opened(0, e.ToolCallBlock("call_1", "read")), e.ArgumentsDelta(0, '{"path":"a"}'), e.Closed(0)),
    ),
    (
        "a search's pages",
        (
            e.Opened(0, e.SearchBlock("s_1")),
            e.Searched(0, ("words",), (e.Source("https://a.example/b"),)),
            e.Closed(0),
        ),
    ),
    ("pictures", (e.DataInline(0, "image/png", "QUJD"),)),
    ("usage", (e.Counted(e.Usage(prompt=3, output=2)),)),
    ("cached tokens", (e.Counted(e.Usage(prompt=3, cached=2, output=2)),)),
    ("thought tokens", (e.Counted(e.Usage(prompt=3, output=2, thoughts=1)),)),
    ("another kind of block", (e.Opened(0, e.OtherBlock("new_block")), e.Closed(0))),
)
"""What upstreams say, an event or a few of them a row."""
BESIDE = {"cached tokens": "usage", "thought tokens": "usage", "a thought's signature": "thoughts"}


def shown(client: ClientProtocol, events: Sequence[e.Event]) -> tuple[list[Any], set[str]]:
    """The data of the frames that a client gets for these events, and what was listed as left out."""
    encoder = client.encoder(answering(thoughts=True))
    whole = (e.Started(), *events, e.Finished("end"), e.Ended())
    stream = b"".join(encoder.feed(event) for event in whole) + encoder.close()
    datas = [frame.data for frame in Splitter().feed(stream) if frame.data and frame.data != b"[DONE]"]
    return [msgspec.json.decode(data) for data in datas], encoder.dropped


def answer_cell(name: str, events: Sequence[e.Event], client: ClientProtocol) -> str:
    """What a client is shown of a piece of an answer."""
    beside = next((known for row, known in SHOWN if row == BESIDE.get(name)), ())
    before, _ = shown(client, beside)
    after, dropped = shown(client, events)
    known = {leaf for frame in before for leaf in leaves(frame)}
    places = list(
        dict.fromkeys(
            place for frame in after for place, value in leaves(frame) if (place, value) not in known
        )
    )
    if places:
        return f"→ {_listed(sorted(places, key=_telling))}"
    return f"left out: {_listed(sorted(dropped))}" if dropped else "not shown"


def _telling(place: str) -> tuple[bool, int]:
    """What sorts places: those of labels tell least, deep ones most."""
    return place.rpartition(".")[2] in _LABELS, -place.count(".")


_LABELS = {"id", "index", "type", "name", "object", "role", "mimeType", "description", "finish_reason"}


# ---- the page ---------------------------------------------------------------------------------------


def encode_page() -> str:
    """The whole page."""
    models = ", ".join(f"`{MODELS[name]}` of {name}" for name in UPSTREAMS)
    pages = [HEAD.format(models=models)]
    for client in CLIENTS.values():
        rows = [
            (feature.name, *(cell(feature, client, upstream).words for upstream in UPSTREAMS.values()))
            for feature in FEATURES
            if client.name in feature.asks
        ]
        pages.append(f"\n## {client.name} clients\n\n{_table(('feature', *UPSTREAMS), rows)}")
    rows = [(name, *(answer_cell(name, events, one) for one in CLIENTS.values())) for name, events in SHOWN]
    return "".join((*pages, ANSWERS, _table(("an answer's", *CLIENTS), rows)))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(encode_page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
