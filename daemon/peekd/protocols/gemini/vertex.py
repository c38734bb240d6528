"""Gemini as Vertex AI serves it: the same requests and answers under the path of a project and a location."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from peekd.protocols.gemini.assist import without_wrapping
from peekd.protocols.gemini.paths import COUNT, read_path
from peekd.protocols.gemini.request import encode_request
from peekd.protocols.gemini.upstream import UPSTREAM
from peekd.protocols.interface import Call, Continues, EventDecoder, Splices
from peekd.protocols.vertex import ENVELOPE, Place
from peekd.vocabulary.conversation import Conversation, Family
from peekd.vocabulary.refusals import Refusal
from peekd.wire.splice import applied, members, removals
from peekd.wire.sse import Frame

PUBLISHER: Final = "google"


class VertexGemini:
    """aiplatform.googleapis.com, publishers/google."""

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
        """Say the conversation in Gemini's words; see `request.encode_request`."""
        return self._placed(encode_request(conversation, model=model, repaired=repaired, stream=stream))

    def splice_request(self, body: bytes, path: str, splices: Splices) -> Call:
        """Put a Gemini client's own request, spliced as for any such upstream, under this platform's path."""
        call = self._placed(UPSTREAM.splice_request(body, path, splices))
        return msgspec.structs.replace(call, spliced=(*call.spliced, ENVELOPE))

    def _placed(self, call: Call) -> Call:
        where = read_path(call.path)
        path = self._place.path(PUBLISHER, where.model, where.action, where.query)
        body = _counted(call.body) if where.action == COUNT else call.body
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
        """Read an answer that is not 2xx."""
        return UPSTREAM.decode_refusal(status, headers, body)


def _counted(body: bytes) -> bytes:
    """A count here takes what is counted, without the Gemini API's wrapping and without the model's name."""
    body = without_wrapping(body)
    top = members(body)
    return applied(body, removals(top, [span for span in top if span.key == "model"]))
