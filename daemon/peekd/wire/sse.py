"""Bytes to server-sent events, in any chunking, without losing a byte."""

from __future__ import annotations

import msgspec


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One event or comment block as it stood on the wire.

    `raw`: the exact bytes, the closing blank line included: joined frames are the stream.
    `event`: its `event:` name, "" if none. `data`: its `data:` lines joined with LF, b"" if none
    (a comment or keep-alive).
    """

    raw: bytes
    event: str = ""
    data: bytes = b""
