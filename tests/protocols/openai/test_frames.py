"""A frame that is whole is told from the rest of one."""

from __future__ import annotations

import pytest

from peekd.protocols.openai.frames import is_whole


@pytest.mark.parametrize(
    ("raw", "whole"),
    [
        (b"data: {}\n\n", True),
        (b"data: {}\r\n\r\n", True),
        (b"data: {}\r\r", True),
        (b"data: {}\n", False),
        (b"data: {}\r\n", False),
        (b"data: {", False),
        (b"", False),
    ],
)
def test_a_frame_is_whole_with_its_blank_line(raw: bytes, *, whole: bool) -> None:
    assert is_whole(raw) is whole
