"""Where nothing need be known of a stream, its error is the same whatever went before."""

from __future__ import annotations

from peekd.protocols.following import Latest
from peekd.vocabulary.errors import Fault
from peekd.wire.sse import Frame


def test_every_stream_ends_alike() -> None:
    following = Latest(lambda fault, request_id: f"{fault.message} {request_id}".encode())
    before = following.fail(Fault("internal", "Sorry."), "req_1")
    following.see(Frame(b"data: 1\n\n", data=b"1"))
    assert following.fail(Fault("internal", "Sorry."), "req_1") == before == b"Sorry. req_1"
