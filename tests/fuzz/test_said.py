"""Whatever can be said is said whole: answers and errors to clients, requests to upstreams.

The laws of `protocols.interface`, for every protocol that is registered.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import msgspec
import pytest
from answers import answering
from hypothesis import given
from hypothesis import strategies as st
from mutants import few, frames_of
from samples import requests
from spoken import CONVERSATIONS, WORDS, answers, calls_of, words_of

from peekd.protocols.interface import Call
from peekd.protocols.registry import CLIENTS, UPSTREAMS
from peekd.vocabulary.conversation import Conversation
from peekd.vocabulary.errors import ClientError, ErrorKind, Fault
from peekd.vocabulary.events import Erred, Event, Finished
from peekd.wire.sse import Frame, Splitter

clients = pytest.mark.parametrize("client", sorted(CLIENTS))
readable = pytest.mark.parametrize("client", sorted(CLIENTS.keys() & UPSTREAMS.keys()))
upstreams = pytest.mark.parametrize("upstream", sorted(UPSTREAMS))


def whole_frames(said: bytes) -> list[Frame]:
    """The frames of a piece of an answer, each whole and each with a JSON object or [DONE], if anything."""
    splitter = Splitter()
    frames = splitter.feed(said)
    assert splitter.close() is None
    for frame in frames:
        if frame.data and frame.data != b"[DONE]":
            msgspec.json.decode(frame.data, type=dict[str, object])
    return frames


def stream_of(client: str, events: Iterable[Event], *, thoughts: bool = True) -> bytes:
    """The answer as this client gets it, frame by frame whole."""
    encoder = CLIENTS[client].encoder(answering(thoughts=thoughts))
    pieces = [*(encoder.feed(event) for event in events), encoder.close()]
    for piece in pieces:
        whole_frames(piece)
    return b"".join(pieces)


def read_back(client: str, stream: bytes) -> list[Event]:
    """What the decoder of the same language makes of it."""
    decoder = UPSTREAMS[client].decoder()
    return [*(event for frame in frames_of(stream) for event in decoder.feed(frame)), *decoder.close()]


# ---- answers ---------------------------------------------------------------------------------------


@readable
@few
@given(said=answers(), thoughts=st.booleans())
def test_any_answer_is_read_back_with_its_words_and_calls(
    client: str, said: list[Event], *, thoughts: bool
) -> None:
    heard = read_back(client, stream_of(client, said, thoughts=thoughts))
    assert words_of(heard) == words_of(said)
    assert calls_of(heard) == calls_of(said)
    assert [type(event) for event in heard].count(Finished) == 1
    assert not any(isinstance(event, Erred) for event in heard)


@readable
@few
@given(said=answers(), cut=st.integers(min_value=0))
def test_an_answer_without_its_terminal_has_none_for_the_client(
    client: str, said: list[Event], cut: int
) -> None:
    ends = next(number for number, event in enumerate(said) if isinstance(event, Finished))
    heard = read_back(client, stream_of(client, said[: cut % (ends + 1)]))
    assert not any(isinstance(event, Finished) for event in heard)


@readable
@few
@given(said=answers())
def test_any_answer_folds_into_a_body_that_plays_the_same(client: str, said: list[Event]) -> None:
    collector = CLIENTS[client].collector()
    for frame in frames_of(stream_of(client, said)):
        collector.feed(frame)
    decoder = UPSTREAMS[client].decoder()
    played = [
        event for frame in UPSTREAMS[client].decode_whole(collector.result()) for event in decoder.feed(frame)
    ]
    assert words_of(played) == words_of(said)
    assert calls_of(played) == calls_of(said)


@readable
@few
@given(said=answers(), pings=st.lists(st.integers(min_value=0), max_size=3))
def test_the_body_is_well_formed_in_every_framing_with_pings_between(
    client: str, said: list[Event], pings: list[int]
) -> None:
    protocol = CLIENTS[client]
    for path in sorted(
        {sample.path for sample in requests(client)} | {"/v1beta/models/m:streamGenerateContent"}
    ):
        pieces = [frame.raw for frame in frames_of(stream_of(client, said))]
        for at in pings:
            pieces.insert(at % (len(pieces) + 1), protocol.encode_ping())
        framing = protocol.framing(path)
        body = b"".join([*(framing.wrap(piece) for piece in pieces), framing.close()])
        if framing.content_type.startswith("application/json"):
            assert len(msgspec.json.decode(body, type=list[dict[str, object]])) == len(pieces) - len(pings)
        else:
            assert [event for event in read_back(client, body) if isinstance(event, Finished)]


# ---- errors ----------------------------------------------------------------------------------------

FAULTS = st.builds(
    Fault,
    st.sampled_from(get_args(ErrorKind)),
    WORDS,
    status=st.none() | st.integers(400, 599),
    retry_after=st.none() | st.integers(1, 10**6),
    should_retry=st.none() | st.booleans(),
    words=st.sampled_from([b"", b'{"error":{\n"message":"x"\n}}', b"<html>\r\n\r\n</html>", b"\xff"]),
    quoted=st.booleans(),
)


@clients
@few
@given(fault=FAULTS, note=WORDS)
def test_any_error_is_a_true_status_or_one_whole_frame(client: str, fault: Fault, note: str) -> None:
    protocol = CLIENTS[client]
    reply = protocol.encode_error(fault, "req_1")
    assert 400 <= reply.status < 600
    assert all("\n" not in value and "\r" not in value for _, value in reply.headers)
    if not fault.words:
        msgspec.json.decode(reply.body, type=dict[str, object])
    assert all(not frame.data for frame in whole_frames(protocol.encode_note(note)))


@clients
@few
@given(said=answers(), cut=st.integers(min_value=0), fault=FAULTS)
def test_an_answer_that_fails_ends_with_whole_frames_that_say_so(
    client: str, said: list[Event], cut: int, fault: Fault
) -> None:
    encoder = CLIENTS[client].encoder(answering())
    following = CLIENTS[client].following("m", 0)
    ends = next(number for number, event in enumerate(said) if isinstance(event, Finished))
    stream = b"".join([encoder.feed(event) for event in said[: cut % (ends + 1)]])
    for frame in frames_of(stream):
        following.see(frame)
    for told in (encoder.fail(fault, "req_1"), following.fail(fault, "req_1")):
        assert any(b"error" in frame.data for frame in whole_frames(told))
        if client in UPSTREAMS:
            heard = read_back(client, stream + told)
            assert any(isinstance(event, Erred) for event in heard)
            assert not any(isinstance(event, Finished) for event in heard)


# ---- requests --------------------------------------------------------------------------------------


def asked(upstream: str, conversation: Conversation, *, repaired: bool, stream: bool) -> Call | None:
    """The request as it leaves, None where this protocol cannot say it."""
    try:
        return UPSTREAMS[upstream].encode_request(
            conversation, model=conversation.model, repaired=repaired, stream=stream
        )
    except ClientError:
        return None


@upstreams
@few
@given(conversation=CONVERSATIONS, repaired=st.booleans(), stream=st.booleans())
def test_any_conversation_is_asked_or_refused(
    upstream: str, conversation: Conversation, *, repaired: bool, stream: bool
) -> None:
    call = asked(upstream, conversation, repaired=repaired, stream=stream)
    if call is None:
        return
    assert call.path.startswith("/")
    assert call.path.isascii()
    assert not set(call.path) & set(" \r\n\t\x00")
    msgspec.json.decode(call.body, type=dict[str, object])
