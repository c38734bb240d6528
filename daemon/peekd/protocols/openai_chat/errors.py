"""The error inside a stream of chunks; before the stream it is as everywhere at OpenAI (`openai.errors`)."""

from __future__ import annotations

import msgspec

from peekd.protocols.openai.errors import error_body
from peekd.vocabulary.errors import Fault


def encode_stream_error(fault: Fault, request_id: str) -> bytes:
    """Give the frame that ends a begun stream; the SDKs raise on any data that has an `error`."""
    return b"data: %b\n\n" % msgspec.json.encode(error_body(fault, request_id))
