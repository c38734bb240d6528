"""Where the last frame is all that one must know of a stream that is to be ended."""

from __future__ import annotations

from peekd.protocols.following import Latest, named_in
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import Usage
from peekd.wire.sse import Frame


def following() -> Latest:
    return Latest(
        lambda fault, request_id: f"{fault.message} {request_id}".encode(),
        lambda last, usage: last + f" {usage and usage.output}".encode(),
    )


def test_every_stream_fails_alike() -> None:
    stream = following()
    before = stream.fail(Fault("internal", "Sorry."), "req_1")
    stream.see(Frame(b"data: 1\n\n", data=b"1"))
    assert stream.fail(Fault("internal", "Sorry."), "req_1") == before == b"Sorry. req_1"


def test_an_end_at_a_call_knows_the_last_frame_that_said_anything() -> None:
    stream = following()
    assert stream.end_at_call(None) == b" None"
    stream.see(Frame(b"data: 1\n\n", data=b"1"))
    stream.see(Frame(b": ping\n\n"))
    assert stream.end_at_call(Usage(output=7)) == b"1 7"


def test_names_are_read_of_an_object_only() -> None:
    assert {name: bytes(value) for name, value in named_in(b'{"a": 1, "b": 2}', ("b", "c")).items()} == {
        "b": b"2"
    }
    assert named_in(b"[1]", ("a",)) == named_in(b"", ("a",)) == named_in(b'{"a"', ("a",)) == {}
