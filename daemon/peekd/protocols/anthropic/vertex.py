"""The Messages API as Vertex AI serves it: the model in the path, the version in the body.

https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai. Betas go as a header, as anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from peekd.protocols.anthropic.splice import counts_tokens
from peekd.protocols.anthropic.upstream import UPSTREAM
from peekd.protocols.interface import Call, Continues, EventDecoder, Splices
from peekd.protocols.vertex import ENVELOPE, Place
from peekd.vocabulary.conversation import Conversation, Family
from peekd.vocabulary.errors import ClientError
from peekd.vocabulary.refusals import Refusal
from peekd.wire.splice import Edit, applied, member, members, removals
from peekd.wire.sse import Frame

VERSION: Final = "vertex-2023-10-16"
PUBLISHER: Final = "anthropic"
COUNTER: Final = "count-tokens"
"""The name under which a count is asked for; its model stays in the body."""

_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    529: "overloaded_error",
}
"""Google's own errors come in Google's shape; a client of the Messages API is told in its own."""


class VertexAnthropic:
    """aiplatform.googleapis.com, publishers/anthropic."""

    name: str = UPSTREAM.name
    family: Family = UPSTREAM.family
    auth: str = "bearer"
    enveloped: bool = False
    continues: Continues | None = UPSTREAM.continues

    def __init__(self, place: Place) -> None:
        self._place = place

    def encode_request(
        self, conversation: Conversation, *, model: str, repaired: bool, stream: bool = True
    ) -> Call:
        """Say the conversation in the Messages API's words; see `compose.encode_request`."""
        call = UPSTREAM.encode_request(conversation, model=model, repaired=repaired, stream=stream)
        headers = tuple(pair for pair in call.headers if pair[0].lower() != "anthropic-version")
        return msgspec.structs.replace(self._placed(call), headers=headers)

    def splice_request(self, body: bytes, path: str, splices: Splices) -> Call:
        """Put a client's own request, spliced as for any such upstream, into this platform's words."""
        call = self._placed(UPSTREAM.splice_request(body, path, splices))
        return msgspec.structs.replace(call, spliced=(*call.spliced, ENVELOPE))

    def _placed(self, call: Call) -> Call:
        top = members(call.body)
        named = member(top, "model")
        model = msgspec.json.decode(call.body[named.value : named.end]) if named else None
        if not isinstance(model, str) or not model:
            raise ClientError("invalid_request", "model: a model's name is needed")
        if counts_tokens(call.path):
            return self._asking(call, COUNTER, "rawPredict", [])
        streams = member(top, "stream")
        streamed = streams is not None and call.body[streams.value : streams.end] == b"true"
        gone = [span for span in top if span.key == "model"]
        return self._asking(
            call, model, "streamRawPredict" if streamed else "rawPredict", removals(top, gone)
        )

    def _asking(self, call: Call, model: str, action: str, edits: list[Edit]) -> Call:
        body = applied(call.body, edits)
        top = members(body)
        said = msgspec.json.encode(VERSION)
        versions = [span for span in top if span.key == "anthropic_version"]
        if versions:
            body = applied(body, [Edit(span.value, span.end, said) for span in versions])
        else:
            begin = body.index(b"{") + 1
            comma = b"," if top else b""
            body = applied(body, [Edit(begin, begin, b'"anthropic_version":' + said + comma)])
        path = self._place.path(PUBLISHER, model, action)
        return msgspec.structs.replace(call, path=path, body=body)

    def decoder(self) -> EventDecoder:
        """Open a reading of one answer."""
        return UPSTREAM.decoder()

    def unwrap(self, body: bytes) -> bytes:
        """Give the JSON as it is: it has no envelope."""
        return body

    def decode_whole(self, body: bytes) -> Sequence[Frame]:
        """Give an unstreamed answer as the frames of a stream."""
        return UPSTREAM.decode_whole(body)

    def decode_refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
        """Read an answer that is not 2xx: the publisher's, or Google's, put into the former's words."""
        return UPSTREAM.decode_refusal(status, headers, _translated(status, body))


class _GoogleError(msgspec.Struct):
    code: int
    message: str


class _GoogleBody(msgspec.Struct):
    error: _GoogleError


_ones: Final = msgspec.json.Decoder(_GoogleBody)
_lists: Final = msgspec.json.Decoder(list[_GoogleBody])


def _translated(status: int, body: bytes) -> bytes:
    try:
        listed = body.lstrip().startswith(b"[")
        error = (_lists.decode(body)[0] if listed else _ones.decode(body)).error
    except (ValueError, LookupError, RecursionError):
        return body
    type_ = _TYPES.get(status, "api_error")
    return msgspec.json.encode({"type": "error", "error": {"type": type_, "message": error.message}})
