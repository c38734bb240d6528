"""The verbs that face a client, under one name."""

from __future__ import annotations

import json

import pytest
from answers import SEAL, answering

from peekd.protocols.anthropic import CLIENT
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import Finished, Started
from peekd.wire.sse import Frame, Splitter

BODY = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'


def test_one_answer_written_and_folded() -> None:
    encoder = CLIENT.encoder(answering("m"))
    stream = encoder.feed(Started()) + CLIENT.encode_ping() + encoder.feed(Finished("end")) + encoder.close()
    collector = CLIENT.collector()
    for frame in Splitter().feed(stream):
        collector.feed(frame)
    assert json.loads(collector.result())["stop_reason"] == "end_turn"


def test_requests_are_read() -> None:
    assert CLIENT.name == "anthropic"
    assert CLIENT.decode_head(BODY, {"session-id": "s"}, "/v1/messages").session == "s"
    assert CLIENT.decode_request(BODY, "/v1/messages", SEAL).model == "m"


def test_errors() -> None:
    fault = Fault("overloaded", "x")
    assert CLIENT.encode_error(fault, "r").status == 503
    assert CLIENT.following("m", 0).fail(fault, "r").startswith(b"event: error\n")
    assert CLIENT.encoder(answering()).fail(fault, "r") == CLIENT.following("m", 0).fail(fault, "r")


def test_clients_take_a_named_event_alone_for_an_error() -> None:
    assert CLIENT.shows_error(Frame(b"", event="error", data=b"{}"))
    assert not CLIENT.shows_error(Frame(b"", data=b'{"type":"error"}'))


def test_the_last_frame() -> None:
    (frame,) = Splitter().feed(CLIENT.encode_last_frame())
    assert (frame.event, json.loads(frame.data)) == ("message_stop", {"type": "message_stop"})


@pytest.mark.parametrize("text", ["", "account a", "two\nlines\r\n\nand \u2028 more", "event: error"])
def test_a_note_is_one_comment_whatever_it_says(text: str) -> None:
    (frame,) = Splitter().feed(CLIENT.encode_note(text))
    assert (frame.event, frame.data) == ("", b"")
    assert frame.raw.startswith(b": ")
