"""Answers that are nearly right: every upstream's decoder is total, and what it says can be said on.

The laws of `protocols.interface`, for every protocol that is registered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Any

import msgspec
import pytest
from answers import answering
from hypothesis import given
from hypothesis import strategies as st
from mutants import altered, cut, few, frames_of, spoilt_streams, written
from samples import is_list, is_object, streams

from peekd.protocols.interface import BadArguments, EventEncoder, Unfoldable
from peekd.protocols.registry import CLIENTS, UPSTREAMS
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import Ended, Erred, Event, Finished
from peekd.wire.sse import Frame, Splitter

upstreams = pytest.mark.parametrize("upstream", sorted(UPSTREAMS))
clients = pytest.mark.parametrize("client", sorted(CLIENTS))
SPOILT = {name: spoilt_streams(name) for name in UPSTREAMS}
DATA = st.data()
LONE = re.compile(r"[\ud800-\udfff]")
CUTS = st.lists(st.integers(min_value=0), max_size=8)


def events_of(upstream: str, chunks: Iterable[bytes]) -> list[Event]:
    """What a fresh decoder says of a body."""
    splitter, decoder = Splitter(), UPSTREAMS[upstream].decoder()
    frames = [frame for chunk in chunks for frame in splitter.feed(chunk)]
    rest = splitter.close()
    said = [event for frame in [*frames, *([rest] if rest else [])] for event in decoder.feed(frame)]
    return [*said, *decoder.close()]


def strings_in(value: object) -> set[str]:
    """Every string inside a JSON value, keys left out."""
    if isinstance(value, str):
        return {LONE.sub("\ufffd", value)}
    inner = list(value.values()) if is_object(value) else value if is_list(value) else []
    return {text for item in inner for text in strings_in(item)}


def words_in(frame: Frame) -> set[str]:
    """Every string that a frame says; none where it is no JSON."""
    try:
        return strings_in(json.loads((frame.data.strip() or frame.raw.strip()).decode("utf-8", "replace")))
    except (ValueError, RecursionError):
        return set()


# ---- what upstreams stream -------------------------------------------------------------------------


@upstreams
@few
@given(data=DATA, places=CUTS)
def test_a_spoilt_stream_says_the_same_in_any_chunking(
    upstream: str, data: st.DataObject, places: list[int]
) -> None:
    stream = data.draw(SPOILT[upstream])
    assert events_of(upstream, cut(stream, places)) == events_of(upstream, [stream])


@upstreams
@few
@given(data=DATA)
def test_no_terminal_is_invented(upstream: str, data: st.DataObject) -> None:
    stream = data.draw(SPOILT[upstream])
    decoder, said = UPSTREAMS[upstream].decoder(), set[str]()
    for frame in frames_of(stream):
        said |= words_in(frame)
        for event in decoder.feed(frame):
            if isinstance(event, Finished):
                assert event.native in said
    assert all(isinstance(event, Ended) for event in decoder.close())


@upstreams
@few
@given(body=st.binary(max_size=300), places=CUTS)
def test_no_bytes_at_all_end_well(upstream: str, body: bytes, places: list[int]) -> None:
    events = events_of(upstream, cut(body, places))
    assert not any(isinstance(event, Finished) for event in events)


DEPTHS = [b'{"a":' * 100_000, b"[" * 100_000, b'{"type":"message_start","message":{"x":' + b"[" * 100_000]


@upstreams
@pytest.mark.parametrize("deep", DEPTHS, ids=["objects", "arrays", "inside"])
def test_what_is_nested_beyond_measure_is_an_error_object(upstream: str, deep: bytes) -> None:
    closed = deep + b"1" + deep.translate(bytes.maketrans(b"[{", b"]}"))[::-1]
    for data in (deep, closed):
        events = events_of(upstream, [b"data: " + data + b"\n\n"])
        assert not any(isinstance(event, Finished) for event in events)
    assert list(UPSTREAMS[upstream].decode_whole(deep)) == []


# ---- and what becomes of it for clients ------------------------------------------------------------


def encoder_for(client: str, *, thoughts: bool = True) -> EventEncoder:
    """An encoder whose ids count up."""
    return CLIENTS[client].encoder(answering(thoughts=thoughts))


def assert_whole(frames: bytes) -> None:
    """Nothing but whole frames, each with JSON or [DONE] in it."""
    splitter = Splitter()
    for frame in splitter.feed(frames):
        if frame.data != b"[DONE]":
            msgspec.json.decode(frame.data, type=dict[str, object])
    assert splitter.close() is None


@clients
@upstreams
@few
@given(data=DATA, thoughts=st.booleans())
def test_whatever_a_decoder_says_is_encoded_in_whole_frames(
    client: str, upstream: str, data: st.DataObject, *, thoughts: bool
) -> None:
    encoder = encoder_for(client, thoughts=thoughts)
    try:
        for event in events_of(upstream, [data.draw(SPOILT[upstream])]):
            assert_whole(encoder.feed(event))
        assert_whole(encoder.close())
    except BadArguments:
        return  # the caller's to judge: the answer is broken


@upstreams
@few
@given(data=DATA)
def test_a_stream_is_folded_whole_or_refused(upstream: str, data: st.DataObject) -> None:
    stream = data.draw(SPOILT[upstream])
    events = events_of(upstream, [stream])
    collector = CLIENTS[upstream].collector()
    try:
        for frame in frames_of(stream):
            collector.feed(frame)
        if any(isinstance(event, Finished) for event in events) and not any(
            isinstance(event, Erred) for event in events
        ):
            msgspec.json.decode(collector.result(), type=dict[str, object])
    except (Unfoldable, BadArguments):
        return  # then it is asked for again, unstreamed


# ---- answers that come at once, and refusals -------------------------------------------------------


@cache
def whole_answers(upstream: str) -> list[Any]:
    """The transcripts that are whole, folded as their clients would get them in one piece."""
    found: list[Any] = []
    for stream in streams(upstream):
        collector = CLIENTS[upstream].collector()
        with suppress(Unfoldable, BadArguments):
            for frame in frames_of(stream):
                collector.feed(frame)
            if any(isinstance(event, Finished) for event in events_of(upstream, [stream])):
                found.append(msgspec.json.decode(collector.result()))
    return found


@upstreams
@few
@given(data=DATA)
def test_an_answer_in_one_piece_is_read_like_a_stream_or_is_none(upstream: str, data: st.DataObject) -> None:
    folded = data.draw(st.sampled_from(whole_answers(upstream)))
    body = data.draw(altered(folded).flatmap(written))
    frames = UPSTREAMS[upstream].decode_whole(body)
    said = strings_in(json.loads(body.decode("utf-8", "replace"))) if frames else set[str]()
    decoder = UPSTREAMS[upstream].decoder()
    for frame in frames:
        assert frames_of(frame.raw) == [frame]
        for event in decoder.feed(frame):
            assert not isinstance(event, Finished) or event.native in said


FAULTS = [
    Fault(kind, "Nothing of the kind.", retry_after=7)
    for kind in ("invalid_request", "authentication", "rate_limit", "overloaded", "internal")
]
VALUES = st.text(max_size=12) | st.sampled_from(["9e999", "-1", "nan", "Thu, 01 Jan 1970 00:00:99 GMT", "٣"])
HEADERS = st.dictionaries(
    st.sampled_from([
        "retry-after",
        "retry-after-ms",
        "x-should-retry",
        "content-type",
        "anthropic-ratelimit-unified-reset",
        "x-ratelimit-reset-requests",
        "x-ratelimit-remaining-tokens",
    ]),
    VALUES,
    max_size=4,
)


@upstreams
@few
@given(data=DATA, status=st.integers(300, 599), headers=HEADERS)
def test_a_refusal_of_any_shape_is_read(
    upstream: str, data: st.DataObject, status: int, headers: dict[str, str]
) -> None:
    reply = CLIENTS[upstream].encode_error(data.draw(st.sampled_from(FAULTS)), "req_1")
    body = data.draw(altered(msgspec.json.decode(reply.body)).flatmap(written))
    refusal = UPSTREAMS[upstream].decode_refusal(status, headers, body)
    assert refusal.status == status
    assert refusal.retry_after is None or 0 <= refusal.retry_after < float("inf")
