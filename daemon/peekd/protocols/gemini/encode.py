"""Events of the vocabulary as Gemini's stream: every chunk a whole GenerateContentResponse.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from peekd.protocols.following import named_in
from peekd.protocols.gemini.carrier import FAMILY, armoured
from peekd.protocols.gemini.errors import encode_stream_error
from peekd.protocols.halves import HALF
from peekd.protocols.interface import Answering, BadArguments
from peekd.protocols.runs import one_by_one
from peekd.signatures.seal import Kind
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Block,
    Closed,
    Counted,
    DataInline,
    Event,
    Finished,
    Opened,
    OtherBlock,
    OtherDelta,
    RedactedBlock,
    SearchBlock,
    Searched,
    SignatureDelta,
    Source,
    StopReason,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
    Usage,
    merged,
)

_REASONS: Final[dict[StopReason, str]] = {
    "end": "STOP",
    "tool_use": "STOP",
    "stop_sequence": "STOP",
    "pause": "STOP",
    "max_tokens": "MAX_TOKENS",
    "context_exceeded": "MAX_TOKENS",
    "refusal": "SAFETY",
    "other": "OTHER",
}
"""A malformed end is not among them: it is no answer."""

_Part = dict[str, Any]


class GeminiEncoder:
    """Events -> frames. A call goes out when it is whole, the terminal and the usage with `close`.

    `dropped` names what was left out.
    """

    def __init__(self, answering: Answering) -> None:
        self._tail = {"modelVersion": answering.asked.model, "responseId": answering.ids("")}
        self._answering = answering
        self._ids = answering.ids
        self._thoughts = answering.thoughts
        self._thinking: set[int] = set()
        self._calls: dict[int, tuple[_Part, list[str]]] = {}  # the part, and pieces of the arguments
        self._call_ids: set[str] = set()
        self._queries: list[str] = []
        self._sources: list[Source] = []
        self._usage = Usage()
        self._finished: Finished | None = None
        self.dropped: set[str] = set()

    def feed(self, event: Event) -> bytes:
        """Write one event. Raises BadArguments when a call closes whose arguments are no JSON object."""
        match event:
            case Opened():
                return self._open(event.index, event.block)
            case Closed() if event.index in self._calls:
                return self._cut(event.index) if event.half else self._conclude(event.index)
            case TextDelta() | ThinkingDelta() | SignatureDelta() | DataInline():
                return self._show(event)
            case _:
                self._note(event)
                return b""

    def feed_run(self, index: int, texts: Sequence[str]) -> bytes:
        """Write a run of words."""
        return one_by_one(self.feed, index, texts)

    def close(self) -> bytes:
        """Give the terminal: finishReason and usage. b"" where none that is an answer came."""
        reason = _REASONS.get(self._finished.reason) if self._finished is not None else None
        if reason is None:
            return b""
        ends = b"".join(self._conclude(index) for index in list(self._calls))
        fields = {"finishReason": reason, **self._grounded()}
        return ends + self._chunk({"text": ""}, fields, _told(self._usage))

    def _grounded(self) -> _Part:
        """Give what was searched for and found, as Google's own search is told of."""
        if not self._queries and not self._sources:
            return {}
        found = [{"web": {"uri": source.url, "title": source.title}} for source in self._sources]
        return {"groundingMetadata": {"webSearchQueries": self._queries, "groundingChunks": found}}

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """Give the frame that ends a begun stream with an error."""
        return encode_stream_error(fault)

    # ---- chunks ---------------------------------------------------------------------------------

    def _chunk(self, part: _Part, fields: _Part | None = None, usage: _Part | None = None) -> bytes:
        candidate = {"content": {"parts": [part], "role": "model"}, **(fields or {}), "index": 0}
        counted = {"usageMetadata": usage} if usage else {}
        said = msgspec.json.encode({"candidates": [candidate], **counted, **self._tail})
        return b"data: %b\r\n\r\n" % said

    def _show(self, event: TextDelta | ThinkingDelta | SignatureDelta | DataInline) -> bytes:
        match event:
            case TextDelta():
                return self._say(event.text, {})
            case DataInline():
                return self._chunk({"inlineData": {"mimeType": event.media_type, "data": event.data}})
            case _ if event.index not in self._thinking:
                return b""
            case ThinkingDelta():
                return self._say(event.text, {"thought": True}) if self._answering.shown else b""
            case SignatureDelta():
                return self._prove(event.signature)

    def _say(self, text: str, marks: _Part) -> bytes:
        return self._chunk({"text": text, **marks}) if text else b""

    def _prove(self, signature: str) -> bytes:
        """Put a proof on an empty part behind its thoughts, as Gemini itself does in streams."""
        return self._signed("thought", signature) if signature else b""

    def _signed(self, kind: Kind, proof: str) -> bytes:
        return self._chunk({"text": "", "thought": True, **self._signature(kind, proof)})

    def _signature(self, kind: Kind, proof: str) -> _Part:
        """Give a proof as a part holds it: bare where it is Gemini's own."""
        if not proof:
            return {}
        own = self._answering.family == FAMILY
        return {"thoughtSignature": proof if own else armoured(self._answering.carrier(kind, proof))}

    def _open(self, index: int, block: Block) -> bytes:
        match block:
            case TextBlock():
                return self._say(block.text, {})
            case ThinkingBlock() if self._thoughts:
                self._thinking.add(index)
                return self._say(block.text, {"thought": True}) + self._prove(block.signature)
            case RedactedBlock() if self._thoughts and block.data:
                return self._signed("redacted", block.data)
            case ToolCallBlock():
                call = {"id": self._call_id(block.id), "name": block.name}
                self._calls[index] = ({"functionCall": call, **self._signature("call", block.signature)}, [])
            case OtherBlock():
                self.dropped.add(block.kind)
            case SearchBlock():
                pass  # told at the end
            case _:
                pass  # thoughts that nobody asked for
        return b""

    def _call_id(self, given: str) -> str:
        identity = given if given and given not in self._call_ids else self._ids("call_")
        self._call_ids.add(identity)
        return identity

    def _cut(self, index: int) -> bytes:
        """Leave half a call out: the API has none."""
        del self._calls[index]
        self.dropped.add(HALF)
        return b""

    def _conclude(self, index: int) -> bytes:
        part, pieces = self._calls.pop(index)
        text = "".join(pieces).strip() or "{}"
        try:
            msgspec.json.decode(text, type=dict[str, Any])
            one_line = msgspec.json.format(text.encode(), indent=-1)  # a line end would end the frame's data
        except (ValueError, RecursionError) as fault:
            raise BadArguments(f"a tool call's arguments are no JSON object: {fault}") from fault
        call = part["functionCall"] | {"args": msgspec.Raw(one_line)}
        return self._chunk(part | {"functionCall": call})

    def _note(self, event: Event) -> None:
        match event:
            case ArgumentsDelta() if event.index in self._calls:
                self._calls[event.index][1].append(event.fragment)
            case Counted():
                self._usage = merged(self._usage, event.usage)
            case Searched():
                self._queries += event.queries
                self._sources += event.sources
            case Finished() if self._finished is None:
                self._finished = event
            case OtherDelta():
                self.dropped.add(event.kind)
            case _:
                pass  # Started, Closed, Beat, Unknown, Ended, Erred: nothing to say, or the caller says it


def encode_call_end(last: bytes, usage: Usage | None) -> bytes:
    """Give the frame that ends an answer at a call; what the `last` one says of the whole is said again."""
    candidate = {"content": {"parts": [{"text": ""}], "role": "model"}, "finishReason": "STOP", "index": 0}
    tail = named_in(last, ("usageMetadata", "modelVersion", "responseId"))
    if "usageMetadata" not in tail and usage is not None and (told := _told(usage)):
        tail["usageMetadata"] = msgspec.Raw(msgspec.json.encode(told))
    return b"data: %b\r\n\r\n" % msgspec.json.encode({"candidates": [candidate], **tail})


def _told(usage: Usage) -> dict[str, int]:
    """Give usage in this API's terms: thoughts stand apart from candidates."""
    if usage == Usage():
        return {}
    prompt, output, thoughts = usage.prompt or 0, usage.output or 0, usage.thoughts or 0
    told = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": max(0, output - thoughts),
        "totalTokenCount": prompt + max(output, thoughts),
    }
    if usage.cached is not None:
        told["cachedContentTokenCount"] = usage.cached
    if usage.thoughts is not None:
        told["thoughtsTokenCount"] = thoughts
    return told
