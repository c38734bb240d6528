"""Events stand in the body as they are."""

from __future__ import annotations

from peekd.protocols.framing import EventStream


def test_frames_pass_and_nothing_is_added() -> None:
    body = EventStream()
    assert body.wrap(b"data: {}\n\n") + body.close() == b"data: {}\n\n"
    assert body.content_type.startswith("text/event-stream")
