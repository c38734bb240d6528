"""Gemini as Google's Code Assist serves it: the same requests and answers, each in an envelope.

POST /v1internal:{action} takes {project, requestId, request, model, userAgent, requestType} and gives
{"response": …}. What is inside is `request`'s, `stream`'s and `refusals`' business; errors come bare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from peekd.protocols.gemini.paths import COUNT, read_path
from peekd.protocols.gemini.request import encode_request
from peekd.protocols.gemini.upstream import UPSTREAM
from peekd.protocols.interface import Call, Continues, EventDecoder, Ids, Splices
from peekd.vocabulary.conversation import Conversation, Family
from peekd.vocabulary.refusals import Refusal
from peekd.wire.splice import Edit, applied, member, members
from peekd.wire.sse import Frame

USER_AGENT: Final = "peekd"
"""What the envelope says of its sender: who we are, and no client's name."""

_REQUEST_TYPE: Final = "agent"
_ABSENT: Final = b""


class _Envelope(msgspec.Struct, rename="camel", omit_defaults=True):
    request_id: str
    request: msgspec.Raw
    model: str
    project: str | msgspec.UnsetType = msgspec.UNSET
    user_agent: str | msgspec.UnsetType = msgspec.UNSET
    request_type: str | msgspec.UnsetType = msgspec.UNSET


class _Counted(msgspec.Struct):
    """Counting has an envelope of its own; the model stands inside."""

    request: msgspec.Raw


class _Answer(msgspec.Struct, rename="camel"):
    response: msgspec.Raw = msgspec.Raw()
    trace_id: msgspec.Raw = msgspec.Raw()
    usage_metadata: msgspec.Raw = msgspec.Raw()


_answers: Final = msgspec.json.Decoder(_Answer)
_lists: Final = msgspec.json.Decoder(list[msgspec.Raw])


class CodeAssist:
    """cloudcode-pa.googleapis.com. `project`: the Google Cloud project, "" for none; `ids`: fresh ids."""

    name: str = UPSTREAM.name
    family: Family = UPSTREAM.family
    auth: str = "bearer"
    enveloped: bool = True
    continues: Continues | None = UPSTREAM.continues

    def __init__(self, project: str, ids: Ids) -> None:
        self._project = project
        self._ids = ids

    def encode_request(
        self, conversation: Conversation, *, model: str, repaired: bool, stream: bool = True
    ) -> Call:
        """Say the conversation in Gemini's words, inside an envelope; schemas in Google's own dialect.

        Whether this platform takes JSON Schema as such from everyone is not documented.
        """
        call = encode_request(conversation, model=model, repaired=repaired, stream=stream, plain=False)
        return self._enveloped(call)

    def splice_request(self, body: bytes, path: str, splices: Splices) -> Call:
        """Put a Gemini client's own request, spliced as for any Gemini upstream, into an envelope."""
        call = UPSTREAM.splice_request(body, path, splices)
        return msgspec.structs.replace(self._enveloped(call), spliced=(*call.spliced, "envelope"))

    def _enveloped(self, call: Call) -> Call:
        where = read_path(call.path)
        if where.action == COUNT:
            envelope: msgspec.Struct = _Counted(msgspec.Raw(_counted(call.body, where.model)))
        else:
            envelope = _Envelope(
                self._ids(""),
                msgspec.Raw(call.body.strip()),
                where.model,
                self._project or msgspec.UNSET,
                USER_AGENT,
                _REQUEST_TYPE,
            )
        query = f"?{where.query}" if where.query else ""
        path = f"/v1internal:{where.action}{query}"
        return msgspec.structs.replace(call, path=path, body=msgspec.json.encode(envelope))

    def decoder(self) -> EventDecoder:
        """Open a reading of one answer, out of its envelopes."""
        return UPSTREAM.decoder()

    def unwrap(self, body: bytes) -> bytes:
        """Give the answer out of its envelope; an error, or what is none, as it came. Total.

        Usage that stands beside the answer goes into it, and the trace's id becomes the answer's where it has
        none of its own; all else beside it stays behind.
        """
        try:
            if body.lstrip().startswith(b"["):
                return b"[" + b",".join(self.unwrap(bytes(one)) for one in _lists.decode(body)) + b"]"
            answer = _answers.decode(body)
            return _filled(bytes(answer.response), answer) if bytes(answer.response) else body
        except (ValueError, RecursionError):
            return body

    def decode_whole(self, body: bytes) -> Sequence[Frame]:
        """Give an unstreamed answer, out of its envelope, as the frames of a stream."""
        return UPSTREAM.decode_whole(body)

    def decode_refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
        """Read an answer that is not 2xx: Google's errors have no envelope."""
        return UPSTREAM.decode_refusal(status, headers, body)


def _counted(body: bytes, model: str) -> bytes:
    """Name the model inside a count, and take out what stands in a `generateContentRequest`."""
    body = without_wrapping(body)
    named = member(members(body), "model")
    said = msgspec.json.encode(f"models/{model}")
    if named is not None:
        return applied(body, [Edit(named.value, named.end, said)])
    comma = b"," if members(body) else b""
    begin = body.index(b"{") + 1
    return applied(body, [Edit(begin, begin, b'"model":' + said + comma)])


def without_wrapping(body: bytes) -> bytes:
    """Give what is counted, out of the `generateContentRequest` that it may stand in."""
    top = members(body)
    inner = member(top, "generateContentRequest") or member(top, "generate_content_request")
    return body if inner is None else body[inner.value : inner.end]


def _filled(response: bytes, answer: _Answer) -> bytes:
    beside = {"usageMetadata": answer.usage_metadata, "responseId": answer.trace_id}
    told = {name: value for name, value in beside.items() if bytes(value)}
    if not told:
        return response
    has = {span.key for span in members(response)}
    added = [b'"%b":%b' % (name.encode(), value) for name, value in told.items() if name not in has]
    if not added:
        return response
    end = response.rindex(b"}")
    comma = b"," if has else b""
    return applied(response, [Edit(end, end, comma + b",".join(added))])
