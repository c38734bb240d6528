"""What coverage-guided fuzzing aims at: each reader of bytes from outside, with the laws that it must keep.

A target takes any bytes and raises nothing; AssertionError or anything else is a finding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import httpx
from answers import SEAL, answering

from peekd.config.overrides import toml_value
from peekd.protocols.interface import BadArguments, ClientProtocol, Splices, Unfoldable, UpstreamProtocol
from peekd.protocols.registry import CLIENTS, UPSTREAMS
from peekd.upstream.parser import Parser
from peekd.vocabulary.errors import ClientError
from peekd.vocabulary.events import Ended, Event, Finished
from peekd.wire.durations import parse_duration
from peekd.wire.headers import retry_after
from peekd.wire.sse import Frame, Splitter

Target = Callable[[bytes], None]

PATHS = {
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
    "openai-chat": "/v1/chat/completions",
    "openai-completions": "/v1/completions",
    "openai-responses": "/v1/responses",
}
"""Where a client's request goes."""


def pieces_of(data: bytes) -> list[bytes]:
    """The data in pieces of equal size, which its first byte gives; without that byte."""
    size, data = (data[0] % 16 or len(data), data[1:]) if data else (1, b"")
    return [data[at : at + size] for at in range(0, len(data), size)]


# ---- streams ---------------------------------------------------------------------------------------


def frames_of(pieces: list[bytes]) -> list[Frame]:
    """The frames of a stream, an unterminated last one included."""
    splitter = Splitter()
    frames = [frame for piece in pieces for frame in splitter.feed(piece)]
    rest = splitter.close()
    return frames if rest is None else [*frames, rest]


def split(data: bytes) -> None:
    """Server-sent events: no byte is lost, and no chunking tells."""
    pieces = pieces_of(data)
    frames = frames_of(pieces)
    assert frames == frames_of([b"".join(pieces)])
    assert b"".join(frame.raw for frame in frames) == b"".join(pieces)


def decode(upstream: UpstreamProtocol, data: bytes) -> None:
    """An upstream's stream: total, without an invented terminal, and encodable for every client."""
    decoder = upstream.decoder()
    events = [event for frame in frames_of(pieces_of(data)) for event in decoder.feed(frame)]
    closing = decoder.close()
    assert all(isinstance(event, Ended) for event in closing)
    if b'"' not in data:
        assert not any(isinstance(event, Finished) for event in events)
    for client in CLIENTS.values():
        encode(client, [*events, *closing])


def encode(client: ClientProtocol, events: list[Event]) -> None:
    """Whole frames for whatever was said."""
    encoder = client.encoder(answering())
    splitter = Splitter()
    with suppress(BadArguments):
        for said in (*map(encoder.feed, events), encoder.close()):
            splitter.feed(said)
            assert splitter.close() is None


def fold(client: ClientProtocol, data: bytes) -> None:
    """A stream of the client's own protocol, folded or refused."""
    collector = client.collector()
    with suppress(Unfoldable, BadArguments):
        for frame in frames_of(pieces_of(data)):
            collector.feed(frame)
        collector.result()


# ---- answers in one piece, and refusals ------------------------------------------------------------


def whole(upstream: UpstreamProtocol, data: bytes) -> None:
    """An unstreamed answer: frames, each whole, or none."""
    decoder = upstream.decoder()
    for frame in upstream.decode_whole(data):
        assert frames_of([frame.raw]) == [frame]
        decoder.feed(frame)


def refuse(upstream: UpstreamProtocol, data: bytes) -> None:
    """A refusal, with its first byte for the status."""
    status = 400 + (data[0] if data else 0) % 200
    refusal = upstream.decode_refusal(status, {"retry-after": data[:8].decode("latin-1")}, data[1:])
    assert refusal.status == status
    assert refusal.retry_after is None or 0 <= refusal.retry_after < math.inf


# ---- requests --------------------------------------------------------------------------------------


def ask(client: ClientProtocol, data: bytes) -> None:
    """A client's body: read in part, read whole and said to every upstream, or its own fault."""
    path = PATHS[client.name]
    with suppress(ClientError):
        client.decode_head(data, {}, path)
    if client.name in UPSTREAMS:
        with suppress(ClientError):
            UPSTREAMS[client.name].splice_request(data, path, Splices(model="n", repaired=True))
    with suppress(ClientError):
        conversation = client.decode_request(data, path, SEAL)
        for upstream in UPSTREAMS.values():
            with suppress(ClientError):
                upstream.encode_request(conversation, model="m", repaired=False)


# ---- HTTP and small texts --------------------------------------------------------------------------


def parse(data: bytes) -> None:
    """HTTP/1.1 answers on one connection: read, or the peer's fault."""
    parser = Parser()
    parser.encode_head(b"POST", b"/", [(b"host", b"a"), (b"content-length", b"0")])
    parser.encode_end()
    seen = False
    with suppress(httpx.RemoteProtocolError):
        for piece in (*pieces_of(data), b""):
            parser.feed(piece)
            seen = seen or parser.read_head() is not None
            if seen:
                parser.read_body()
            if parser.complete:
                parser.recycle()
                return


def hint(data: bytes) -> None:
    """Spans, dates and numbers that tell when to come back."""
    text = data.decode("utf-8", "replace")
    for found in (parse_duration(text), retry_after([("retry-after", text)], 0.0)):
        assert found is None or 0 <= found < math.inf
    toml_value(text)


TARGETS: dict[str, Target] = {
    "split": split,
    "parse": parse,
    "hint": hint,
    **{f"decode-{name}": partial(decode, upstream) for name, upstream in UPSTREAMS.items()},
    **{f"whole-{name}": partial(whole, upstream) for name, upstream in UPSTREAMS.items()},
    **{f"refuse-{name}": partial(refuse, upstream) for name, upstream in UPSTREAMS.items()},
    **{f"fold-{name}": partial(fold, client) for name, client in CLIENTS.items()},
    **{f"ask-{name}": partial(ask, client) for name, client in CLIENTS.items()},
}
"""By name; a protocol that is registered joins by itself."""
