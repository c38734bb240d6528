"""The Gemini API as its server: what faces the client, under one name."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from peekd.protocols.following import Latest
from peekd.protocols.framing import EventStream
from peekd.protocols.gemini import errors
from peekd.protocols.gemini.array import LINE, JsonArray
from peekd.protocols.gemini.ask import decode_request
from peekd.protocols.gemini.collect import GeminiCollector
from peekd.protocols.gemini.effects import has_effects
from peekd.protocols.gemini.encode import GeminiEncoder, encode_call_end
from peekd.protocols.gemini.head import decode_head
from peekd.protocols.gemini.paths import read_path
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


class _Count(msgspec.Struct, rename="camel"):
    total_tokens: int


class GeminiClient:
    """POST /v1beta/models/{model}:streamGenerateContent, :generateContent and :countTokens."""

    name: str = "gemini"

    def decode_head(self, body: bytes, headers: Mapping[str, str], path: str) -> Head:
        """Read model and stream from the path, the session from the rest; see `head.decode_head`."""
        return decode_head(body, headers, path)

    def decode_request(self, body: bytes, path: str, seal: Seal) -> Conversation:
        """Read everything; see `ask.decode_request`."""
        return decode_request(body, path, seal)

    def has_effects(self, body: bytes) -> bool:
        """Tell whether something is done besides answering; see `effects.has_effects`."""
        return has_effects(body)

    def encoder(self, answering: Answering) -> EventEncoder:
        """Open an answer to what was asked."""
        return GeminiEncoder(answering)

    def following(self, model: str, created: int) -> Following:
        """Open a stream: an end at a call names what its last chunk named."""
        return Latest(lambda fault, _: errors.encode_stream_error(fault), encode_call_end)

    def shows_error(self, frame: Frame) -> bool:
        """Tell no of all: an upstream's own may hold what makes clients give up for good."""
        return False

    def collector(self) -> Collector:
        """Open a folding of a stream of Gemini chunks."""
        return GeminiCollector()

    def framing(self, path: str) -> Framing:
        """Give events with alt=sse, else a JSON array."""
        return EventStream() if read_path(path).events else JsonArray()

    def encode_count(self, tokens: int) -> bytes:
        """Give what countTokens answers."""
        return msgspec.json.encode(_Count(tokens))

    def is_count(self, body: bytes) -> bool:
        """Tell whether this is what countTokens answers."""
        try:
            msgspec.json.decode(body, type=_Count)
        except (ValueError, RecursionError):
            return False
        return True

    def encode_error(self, fault: Fault, request_id: str) -> ErrorReply:
        """Give status and body for an error before the stream began."""
        return errors.encode_error(fault)

    def encode_last_frame(self) -> bytes:
        """Give nothing: a finishReason is the end."""
        return b""

    def encode_ping(self) -> bytes:
        """Give a bare newline: Google's SDKs break on comments."""
        return LINE

    def encode_note(self, text: str) -> bytes:
        """Give nothing, for the same reason."""
        return b""


CLIENT: ClientProtocol = GeminiClient()
