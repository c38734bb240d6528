"""Responses as its server: what faces the client, under one name."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from peekd.protocols.framing import EventStream
from peekd.protocols.interface import (
    Answering,
    ClientProtocol,
    Collector,
    ErrorReply,
    EventEncoder,
    Following,
    Framing,
)
from peekd.protocols.openai.comments import PING, encode_note
from peekd.protocols.openai.errors import encode_error
from peekd.protocols.openai_responses.collect import ResponsesCollector
from peekd.protocols.openai_responses.effects import has_effects
from peekd.protocols.openai_responses.encode import ResponsesEncoder
from peekd.protocols.openai_responses.errors import ResponsesFollowing, shows_error
from peekd.protocols.openai_responses.head import decode_head
from peekd.protocols.openai_responses.request import decode_request
from peekd.signatures.seal import Seal
from peekd.vocabulary.conversation import Conversation, Head
from peekd.vocabulary.errors import Fault
from peekd.wire.sse import Frame


class ResponsesClient:
    """POST /v1/responses."""

    name: str = "openai-responses"

    def decode_head(self, body: bytes, headers: Mapping[str, str], path: str) -> Head:
        """Read model, stream flag and session; see `head.decode_head`."""
        return decode_head(body, headers)

    def decode_request(self, body: bytes, path: str, seal: Seal) -> Conversation:
        """Read everything; see `request.decode_request`."""
        return decode_request(body, seal)

    def has_effects(self, body: bytes) -> bool:
        """Tell whether something is done besides answering; see `effects.has_effects`."""
        return has_effects(body)

    def encoder(self, answering: Answering) -> EventEncoder:
        """Open an answer to what was asked."""
        return ResponsesEncoder(answering)

    def following(self, model: str, created: int) -> Following:
        """Open a stream in which nothing was said yet."""
        return ResponsesFollowing(model, created)

    def shows_error(self, frame: Frame) -> bool:
        """Tell whether a frame is `response.failed`; Codex reads no other."""
        return shows_error(frame)

    def collector(self) -> Collector:
        """Open a folding of a response's events."""
        return ResponsesCollector()

    def framing(self, path: str) -> Framing:
        """Give frames as they are: there is no other form."""
        return EventStream()

    def encode_count(self, tokens: int) -> bytes:
        """Give a count as the API's own path for it does, which peekd does not serve."""
        return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": tokens})

    def is_count(self, body: bytes) -> bool:
        """Tell no of any body: no path here asks an upstream to count."""
        return False

    def encode_error(self, fault: Fault, request_id: str) -> ErrorReply:
        """Give status and body for an error before the stream began."""
        return encode_error(fault, request_id)

    def encode_last_frame(self) -> bytes:
        """Give nothing: the terminal is the last frame."""
        return b""

    def encode_ping(self) -> bytes:
        """Give a comment, which every client skips; the API has no ping of its own."""
        return PING

    def encode_note(self, text: str) -> bytes:
        """Give one comment block."""
        return encode_note(text)


CLIENT: ClientProtocol = ResponsesClient()
