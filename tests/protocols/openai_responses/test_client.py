"""Responses as its server: the parts that face the client stand under one name."""

from __future__ import annotations

import msgspec
from answers import SEAL, answering

from peekd.protocols.openai_responses import CLIENT
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import Finished, Started
from peekd.wire.sse import Frame, Splitter

PATH = "/v1/responses"
SORRY = Fault("overloaded", "Sorry.")


def test_its_frames() -> None:
    assert (CLIENT.name, CLIENT.encode_last_frame()) == ("openai-responses", b"")
    for comment in (CLIENT.encode_ping(), CLIENT.encode_note("a\nb")):
        (frame,) = Splitter().feed(comment)
        assert frame.data == b""
    assert CLIENT.framing(PATH).wrap(b"data: 1\n\n") == b"data: 1\n\n"


def test_what_it_opens_speaks_responses() -> None:
    body = b'{"model":"m","input":"hi"}'
    assert CLIENT.decode_head(body, {}, PATH).model == CLIENT.decode_request(body, PATH, SEAL).model == "m"
    encoder, collector = CLIENT.encoder(answering()), CLIENT.collector()
    stream = encoder.feed(Started()) + CLIENT.encode_ping() + encoder.feed(Finished("end")) + encoder.close()
    for frame in Splitter().feed(stream):
        collector.feed(frame)
    assert msgspec.json.decode(collector.result())["status"] == "completed"


def test_errors() -> None:
    assert msgspec.json.decode(CLIENT.encode_error(SORRY, "r").body)["error"]["message"] == "Sorry."
    (*_, failed) = Splitter().feed(CLIENT.following("m", 0).fail(SORRY, "r"))
    assert CLIENT.shows_error(failed)
    assert not CLIENT.shows_error(Frame(b"", event="error", data=b'{"type":"error"}'))


def test_counts_are_known_to_no_path() -> None:
    assert msgspec.json.decode(CLIENT.encode_count(7))["input_tokens"] == 7
    assert not CLIENT.is_count(CLIENT.encode_count(7))
