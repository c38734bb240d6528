"""An act, written out: the bytes of one HTTP answer, its pauses and breaks in order. Sends nothing."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from itertools import accumulate
from typing import Final, Literal

import msgspec

from peekd.simulator import anthropic, gemini, openai_chat, openai_responses
from peekd.simulator.acts import Act
from peekd.simulator.answer import compose
from peekd.simulator.asked import Asked, Language
from peekd.simulator.parts import Part, Refusal, Wire
from peekd.simulator.tokens import encode_token, encode_token_refusal


class Pause(msgspec.Struct, frozen=True):
    """Nothing is sent for so many seconds; infinity: for ever."""

    seconds: float


class Break(msgspec.Struct, frozen=True):
    """The connection ends here: "drop" closes it, "reset" tears it down."""

    how: Literal["drop", "reset"]


Step = bytes | Pause | Break


_WIRES: Final[dict[Language, Wire]] = {
    "anthropic": anthropic,
    "gemini": gemini,
    "openai-chat": openai_chat,
    "openai-responses": openai_responses,
}
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}
_SPEAKING: Final = frozenset({"error", "pings"})
"""Kinds of acts that go on with a frame of their own."""

_LABELS: Final = {"start": "start", "middle": "text", "tool": "tool", "reason": "reason", "last": "last"}
_NEWLINES: Final = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
_BAD_GATEWAY: Final = Refusal(
    502,
    "text/html",
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n",
)


def perform(act: Act, asked: Asked) -> Iterator[Step]:
    """Write the answer to one request; if no `Break` comes, the connection is fit for another."""
    act = _overruled(act, asked)
    wire = _WIRES[asked.language]
    if act.delay:
        yield Pause(act.delay)
    if act.at == "status":
        yield _break(act)
        if act.kind != "stall":
            return
    if act.kind == "refuse":
        yield _refusal(wire, act, asked)
        return
    body = _body(wire, act, asked)
    if act.gzip:
        body = _gzipped(body)
    yield from (
        _measured(wire, act, asked, body) if _has_length(act, asked) else _chunked(wire, act, asked, body)
    )


def _overruled(act: Act, asked: Asked) -> Act:
    """A request that no upstream could answer is refused, whatever the script says."""
    if asked.verb == "unknown":
        return Act("refuse", refusal="404", message=f"Not found: {asked.path}")
    if asked.verb == "websocket":
        return Act("refuse", status=426, message="There is no websocket here: send a POST.")
    if asked.fault and act.kind == "answer":
        return Act("refuse", refusal="400", message=asked.fault)
    return act


# ---- the body, frame by frame -------------------------------------------------------------------


def _body(wire: Wire, act: Act, asked: Asked) -> Iterator[Step]:
    parts = _parts(wire, act, asked)
    if act.kind == "answer" or act.at == "status":
        yield from (part.data for part in parts)
        return
    offset = _offset(act.at, parts)
    if asked.stream and act.kind in _SPEAKING:
        offset = _boundary(offset, parts)
    before, after = _split(parts, offset)
    yield from before
    match act.kind:
        case "drop" | "reset":
            yield _break(act)
        case "stall":
            yield _break(act)
            yield from after
        case "error":
            yield wire.encode_error(act, asked, first=not before)
        case "pings":
            yield from _pings(wire, act, asked)
            yield from _then(wire, act, asked, first=not before, rest=after)
        case _:
            return


def _parts(wire: Wire, act: Act, asked: Asked) -> list[Part]:
    if not asked.stream:
        return [Part("whole", _whole(wire, act, asked))]
    answer = compose(act, asked)
    parts = wire.encode_parts(answer, asked, opening=act.at == "start")
    if not act.newline or asked.array:
        return [*parts]
    newline = _NEWLINES[act.newline]
    # JSON text holds no bare line ends, so only the frames' own are changed
    return [Part(part.label, part.data.replace(b"\r\n", b"\n").replace(b"\n", newline)) for part in parts]


def _whole(wire: Wire, act: Act, asked: Asked) -> bytes:
    match asked.verb:
        case "token":
            return encode_token(act, asked)
        case "count":
            return wire.encode_count(asked)
        case "models":
            return wire.encode_models()
        case "model":
            return wire.encode_model(asked.model)
        case _:
            return wire.encode_whole(compose(act, asked), asked)


def _offset(at: str, parts: list[Part]) -> int:
    """Say at which byte a place lies; what an answer lacks lies in its middle, a last frame at its end."""
    if at.isdecimal():
        return int(at)
    starts = [*accumulate((len(part.data) for part in parts), initial=0)]
    spots = [
        (part, start) for part, start in zip(parts, starts, strict=False) if part.label == _LABELS.get(at)
    ]
    if at == "first":
        return 0
    if not spots:
        return starts[-1] if len(parts) > 1 and at in {"reason", "last"} else starts[-1] // 2
    if at in {"reason", "last"}:
        return spots[0][1]
    part, start = spots[(len(spots) - 1) // 2]
    if len(spots) > 1 or at == "start":
        return start + len(part.data)
    inside = part.data.find(b'"args"') + 10 if at == "tool" else len(part.data) // 2
    return start + inside


def _boundary(offset: int, parts: list[Part]) -> int:
    """Give the end of the frame that a byte lies in: no upstream writes a frame inside another."""
    ends = accumulate((len(part.data) for part in parts), initial=0)
    return next((end for end in ends if end >= offset), offset)


def _split(parts: list[Part], offset: int) -> tuple[list[bytes], list[bytes]]:
    before: list[bytes] = []
    after: list[bytes] = []
    for part in parts:
        head, tail = part.data[: max(offset, 0)], part.data[max(offset, 0) :]
        before += [head] if head else []
        after += [tail] if tail else []
        offset -= len(part.data)
    return before, after


def _break(act: Act) -> Step:
    if act.kind == "stall":
        return Pause(act.seconds or math.inf)
    return Break("reset" if act.kind == "reset" else "drop")


def _pings(wire: Wire, act: Act, asked: Asked) -> Iterator[Step]:
    sent = 0
    while not act.count or sent < act.count:
        yield wire.encode_ping(asked)
        yield Pause(act.every)
        sent += 1


def _then(wire: Wire, act: Act, asked: Asked, *, first: bool, rest: Iterable[bytes]) -> Iterator[Step]:
    match act.then:
        case "end":
            return
        case "answer":
            yield from rest
        case "silence":
            yield Pause(math.inf)
        case "reset":
            yield Break("reset")
        case "error":
            yield wire.encode_error(act, asked, first=first)


# ---- on the wire --------------------------------------------------------------------------------


def _has_length(act: Act, asked: Asked) -> bool:
    """Unstreamed answers that are whole say how long they are; so do those that lie about it."""
    return bool(act.length) or (act.kind == "answer" and not asked.stream)


def _head(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {_PHRASES.get(status, '')}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _headers(wire: Wire, act: Act, asked: Asked) -> list[tuple[str, str]]:
    streamed = asked.stream and not asked.array
    kind = act.content_type or (wire.stream_type() if streamed else "application/json")
    found = [("content-type", kind), *wire.headers(asked), *act.headers.items()]
    return [*found, ("content-encoding", "gzip")] if act.gzip else found


def _refusal(wire: Wire, act: Act, asked: Asked) -> bytes:
    encode = encode_token_refusal if asked.verb == "token" else wire.encode_refusal
    refusal = _BAD_GATEWAY if act.refusal == "502" else encode(act, asked)
    body = refusal.body if act.body is None else act.body.encode()
    headers = [("content-type", act.content_type or refusal.content_type), *wire.headers(asked)]
    if act.retry_after:
        headers.append(("retry-after", act.retry_after))
    if act.should_retry is not None:
        headers.append(("x-should-retry", str(act.should_retry).lower()))
    headers += [*act.headers.items(), ("content-length", str(len(body)))]
    return _head(refusal.status, headers) + body


def _chunked(wire: Wire, act: Act, asked: Asked, body: Iterable[Step]) -> Iterator[Step]:
    yield _head(200, [*_headers(wire, act, asked), ("transfer-encoding", "chunked")])
    for step in _paced(act, body):
        if isinstance(step, bytes):
            yield b"%x\r\n%b\r\n" % (len(step), step)
        else:
            yield step
            if isinstance(step, Break):
                return
    yield b"0\r\n\r\n"


def _measured(wire: Wire, act: Act, asked: Asked, body: Iterable[Step]) -> Iterator[Step]:
    pieces = [step for step in body if isinstance(step, bytes)]
    length = sum(map(len, pieces)) + act.length
    yield _head(200, [*_headers(wire, act, asked), ("content-length", str(length))])
    yield from _paced(act, pieces)
    if act.length:
        yield Break("drop")


def _paced(act: Act, body: Iterable[Step]) -> Iterator[Step]:
    """Cut into writes of `chunk` bytes, `pace` seconds apart."""
    began = False
    for step in body:
        if not isinstance(step, bytes):
            yield step
            continue
        size = act.chunk or len(step)
        for start in range(0, len(step), size or 1):
            if began and act.pace:
                yield Pause(act.pace)
            began = True
            yield step[start : start + size]


def _gzipped(body: Iterable[Step]) -> Iterator[Step]:
    """Compress frame by frame, so that each can be read when it comes."""
    zipper = zlib.compressobj(wbits=31)
    for step in body:
        if isinstance(step, bytes):
            yield zipper.compress(step) + zipper.flush(zlib.Z_SYNC_FLUSH)
        else:
            yield step
            if isinstance(step, Break):
                return
    yield zipper.flush()
