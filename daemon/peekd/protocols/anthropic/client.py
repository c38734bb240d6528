"""The Messages API as its server: what faces the client, under one name."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from peekd.protocols.anthropic import errors
from peekd.protocols.anthropic.collect import AnthropicCollector
from peekd.protocols.anthropic.effects import has_effects
from peekd.protocols.anthropic.encode import LAST_FRAME, PING, AnthropicEncoder, encode_call_end
from peekd.protocols.anthropic.head import decode_head
from peekd.protocols.anthropic.request import decode_request
from peekd.protocols.following import Latest
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
from peekd.signatures.seal import Seal
from peekd.vocabulary.conversation import Conversation, Head
from peekd.vocabulary.errors import Fault
from peekd.wire.sse import Frame


class _Count(msgspec.Struct):
    input_tokens: int


class AnthropicClient:
    """POST /v1/messages and /v1/messages/count_tokens."""

    name: str = "anthropic"

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
        return AnthropicEncoder(answering)

    def following(self, model: str, created: int) -> Following:
        """Open a stream: every one ends alike."""
        return Latest(errors.encode_stream_error, encode_call_end)

    def shows_error(self, frame: Frame) -> bool:
        """Tell: the SDKs dispatch on the name of the event."""
        return frame.event == "error"

    def collector(self) -> Collector:
        """Open a folding of a stream of Anthropic frames."""
        return AnthropicCollector()

    def framing(self, path: str) -> Framing:
        """Give frames as they are: there is no other form."""
        return EventStream()

    def encode_count(self, tokens: int) -> bytes:
        """Give what count_tokens answers."""
        return msgspec.json.encode(_Count(tokens))

    def is_count(self, body: bytes) -> bool:
        """Tell whether this is what count_tokens answers."""
        try:
            msgspec.json.decode(body, type=_Count)
        except (ValueError, RecursionError):
            return False
        return True

    def encode_error(self, fault: Fault, request_id: str) -> ErrorReply:
        """Give status and body for an error before the stream began."""
        return errors.encode_error(fault, request_id)

    def encode_last_frame(self) -> bytes:
        """Give message_stop."""
        return LAST_FRAME

    def encode_ping(self) -> bytes:
        """Give a ping event, which every SDK ignores."""
        return PING

    def encode_note(self, text: str) -> bytes:
        """Give one comment block; no line of `text` can end it."""
        return b"".join(b": %b\n" % line.encode() for line in text.splitlines() or [""]) + b"\n"


CLIENT: ClientProtocol = AnthropicClient()
