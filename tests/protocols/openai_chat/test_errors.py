"""The error that ends a stream of chunks."""

from __future__ import annotations

import msgspec

from peekd.protocols.openai_chat.errors import encode_stream_error
from peekd.vocabulary.errors import Fault
from peekd.wire.sse import Splitter


def test_the_error_in_a_stream_is_one_frame_without_a_name() -> None:
    (frame,) = Splitter().feed(encode_stream_error(Fault("overloaded", "a\nb"), "req_1"))
    assert frame.event == ""
    assert msgspec.json.decode(frame.data)["error"]["message"] == "a\nb"
