"""What faces the client, under one name."""

from __future__ import annotations

import pytest
from answers import SEAL, answering

from peekd.protocols.openai_chat import CLIENT
from peekd.vocabulary.errors import Fault
from peekd.wire.sse import Frame, Splitter


def test_its_frames() -> None:
    assert CLIENT.name == "openai-chat"
    assert CLIENT.encode_last_frame() == b"data: [DONE]\n\n"
    (ping,) = Splitter().feed(CLIENT.encode_ping())
    assert ping.data == b""


def test_any_data_with_an_error_ends_a_stream() -> None:
    error = CLIENT.following("m", 0).fail(Fault("overloaded", "x"), "r")
    assert CLIENT.encoder(answering()).fail(Fault("overloaded", "x"), "r") == error
    (frame,) = Splitter().feed(error)
    assert CLIENT.shows_error(frame)
    assert not CLIENT.shows_error(Frame(b"", event="error", data=frame.data))


@pytest.mark.parametrize("text", ["", "one", "two\nlines\r\n\n"])
def test_a_note_is_one_comment_whatever_it_says(text: str) -> None:
    (frame,) = Splitter().feed(CLIENT.encode_note(text))
    assert (frame.data, frame.event) == (b"", "")


def test_what_it_opens_speaks_chat() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
    assert CLIENT.decode_head(body, {}, "").model == CLIENT.decode_request(body, "", SEAL).model == "m"
    assert CLIENT.encoder(answering("m")).close() == b""
    assert b"chat.completion" in CLIENT.collector().result()
