"""Legacy completions as their server: what faces the client, under one name."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

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
from peekd.protocols.openai.comments import PING, encode_note
from peekd.protocols.openai.errors import encode_error
from peekd.protocols.openai.words import LAST_FRAME
from peekd.protocols.openai_completions.collect import CompletionsCollector
from peekd.protocols.openai_completions.encode import CompletionsEncoder, encode_stream_error
from peekd.protocols.openai_completions.request import decode_head, decode_request
from peekd.signatures.seal import Seal
from peekd.vocabulary.conversation import Conversation, Head
from peekd.vocabulary.errors import Fault
from peekd.wire.sse import Frame


class CompletionsClient:
    """POST /v1/completions."""

    name: str = "openai-completions"

    def decode_head(self, body: bytes, headers: Mapping[str, str], path: str) -> Head:
        """Read model, stream flag and session; see `request.decode_head`."""
        return decode_head(body, headers)

    def decode_request(self, body: bytes, path: str, seal: Seal) -> Conversation:
        """Read everything; see `request.decode_request`."""
        return decode_request(body)

    def has_effects(self, body: bytes) -> bool:
        """Tell no of any request: this API has neither tools nor a store."""
        return False

    def encoder(self, answering: Answering) -> EventEncoder:
        """Open an answer to what was asked."""
        return CompletionsEncoder(answering)

    def following(self, model: str, created: int) -> Following:
        """Open a stream: every one ends alike with an error, and none has calls."""
        return Latest(encode_stream_error, lambda last, usage: b"")

    def shows_error(self, frame: Frame) -> bool:
        """Tell no of any frame: no upstream speaks this language."""
        return False

    def collector(self) -> Collector:
        """Open a folding of a stream of chunks."""
        return CompletionsCollector()

    def framing(self, path: str) -> Framing:
        """Give frames as they are: there is no other form."""
        return EventStream()

    def encode_count(self, tokens: int) -> bytes:
        """Give a count as the usage of an answer names it; the API has no path that asks for one."""
        return msgspec.json.encode({"prompt_tokens": tokens})

    def is_count(self, body: bytes) -> bool:
        """Tell no of any body: this API does not count."""
        return False

    def encode_error(self, fault: Fault, request_id: str) -> ErrorReply:
        """Give status and body for an error before the stream began."""
        return encode_error(fault, request_id)

    def encode_last_frame(self) -> bytes:
        """Give [DONE]."""
        return LAST_FRAME

    def encode_ping(self) -> bytes:
        """Give a comment, which every client skips; the API has no ping of its own."""
        return PING

    def encode_note(self, text: str) -> bytes:
        """Give one comment block; no line of `text` can end it."""
        return encode_note(text)


CLIENT: ClientProtocol = CompletionsClient()
