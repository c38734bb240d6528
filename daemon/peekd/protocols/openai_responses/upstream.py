"""Responses as its client: what faces the upstream, under one name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from peekd.protocols.interface import Call, Continues, EventDecoder, Splices, UpstreamProtocol
from peekd.protocols.openai.refusals import decode_refusal
from peekd.protocols.openai_responses.compose import encode_request
from peekd.protocols.openai_responses.decode import ResponsesDecoder
from peekd.protocols.openai_responses.splice import splice_request
from peekd.protocols.openai_responses.whole import decode_whole
from peekd.vocabulary.conversation import Conversation, Family
from peekd.vocabulary.refusals import Refusal
from peekd.wire.sse import Frame


class ResponsesUpstream:
    """api.openai.com, and the few who speak like it."""

    name: str = "openai-responses"
    family: Family = "openai"
    auth: str = "bearer"
    enveloped: bool = False
    continues: Continues | None = None

    def encode_request(
        self, conversation: Conversation, *, model: str, repaired: bool, stream: bool = True
    ) -> Call:
        """Say the conversation in this protocol; see `compose.encode_request`."""
        return encode_request(conversation, model=model, repaired=repaired, stream=stream)

    def splice_request(self, body: bytes, path: str, splices: Splices) -> Call:
        """Give a client's own request with only the named places changed; see `splice.splice_request`."""
        return splice_request(body, path, splices)

    def decoder(self) -> EventDecoder:
        """Open a reading of one answer."""
        return ResponsesDecoder()

    def unwrap(self, body: bytes) -> bytes:
        """Give the JSON as it is: it has no envelope."""
        return body

    def decode_whole(self, body: bytes) -> Sequence[Frame]:
        """Give an unstreamed answer as the frames of a stream; see `whole.decode_whole`."""
        return decode_whole(body)

    def decode_refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
        """Read an answer that is not 2xx; OpenAI's two languages share their errors."""
        return decode_refusal(status, headers, body)


UPSTREAM: UpstreamProtocol = ResponsesUpstream()
