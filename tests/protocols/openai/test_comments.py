"""Comments are frames without data, whatever they say."""

from __future__ import annotations

import pytest

from peekd.protocols.openai.comments import PING, encode_note
from peekd.wire.sse import Splitter


@pytest.mark.parametrize("comment", [PING, *map(encode_note, ("", "one", "two\nlines\r\n\n"))])
def test_a_comment_is_one_frame_that_says_nothing(comment: bytes) -> None:
    (frame,) = Splitter().feed(comment)
    assert (frame.data, frame.event) == (b"", "")
