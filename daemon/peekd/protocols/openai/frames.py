"""What frames of OpenAI's two languages have in common."""

from __future__ import annotations

from typing import Final

DONE: Final = b"[DONE]"
"""The data of the frame that ends a Chat stream; some servers end a Responses stream with it as well."""


def is_whole(raw: bytes) -> bool:
    r"""Tell a frame with its blank line from the rest of a body that was cut short.

    >>> is_whole(b"data: {}\r\n\r\n"), is_whole(b"data: {}\n")
    (True, False)
    """
    ends = raw[len(raw.rstrip(b"\r\n")) :]
    return len(ends.replace(b"\r\n", b"\n")) > 1
