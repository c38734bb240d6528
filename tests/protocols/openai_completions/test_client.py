"""What faces the client, under one name."""

from __future__ import annotations

from answers import SEAL, answering

from peekd.protocols.openai_completions import CLIENT
from peekd.vocabulary.errors import Fault
from peekd.wire.sse import Frame, Splitter


def test_its_frames() -> None:
    assert CLIENT.name == "openai-completions"
    assert CLIENT.encode_last_frame() == b"data: [DONE]\n\n"
    frames = (
        CLIENT.encode_ping()
        + CLIENT.encode_note("a\nb")
        + CLIENT.following("m", 0).fail(Fault("internal", "m"), "r")
    )
    assert [bool(frame.data) for frame in Splitter().feed(frames)] == [False, False, True]
    assert CLIENT.encode_error(Fault("not_found", "m"), "r").status == 404


def test_what_it_opens_speaks_completions() -> None:
    body = b'{"model":"m","prompt":"hi"}'
    assert CLIENT.decode_head(body, {}, "").model == CLIENT.decode_request(body, "", SEAL).model == "m"
    assert CLIENT.encoder(answering()).close() == b""
    assert b"text_completion" in CLIENT.collector().result()
    assert CLIENT.framing("").content_type.startswith("text/event-stream")


def test_it_knows_no_frames_but_its_own_and_does_not_count() -> None:
    assert not CLIENT.shows_error(Frame(b"", "", b'{"error":{}}'))
    assert not CLIENT.is_count(CLIENT.encode_count(7))
