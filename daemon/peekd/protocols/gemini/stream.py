"""Gemini's answer, chunk by chunk, as events.

Every chunk is a whole GenerateContentResponse; parts of one kind that follow one another are one block.
https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from peekd.protocols.gemini.chunks import Call, Candidate, Chunk, Counts, Grounding, Part, Plain, usage_of
from peekd.protocols.gemini.refusals import decode_error
from peekd.protocols.gemini.runs import read_run
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Beat,
    Closed,
    Counted,
    DataInline,
    Ended,
    Erred,
    Event,
    Finished,
    Opened,
    OtherBlock,
    Run,
    SearchBlock,
    Searched,
    SignatureDelta,
    Source,
    Started,
    StopReason,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
    Unknown,
    Usage,
)
from peekd.wire.sse import Frame

_REASONS: Final[dict[str, StopReason]] = {
    "STOP": "end",
    "MAX_TOKENS": "max_tokens",
    "SAFETY": "refusal",
    "RECITATION": "refusal",
    "LANGUAGE": "refusal",
    "BLOCKLIST": "refusal",
    "PROHIBITED_CONTENT": "refusal",
    "SPII": "refusal",
    "MODEL_ARMOR": "refusal",
    "IMAGE_SAFETY": "refusal",
    "IMAGE_PROHIBITED_CONTENT": "refusal",
    "IMAGE_RECITATION": "refusal",
    "IMAGE_OTHER": "refusal",
    "MALFORMED_FUNCTION_CALL": "malformed",
    "MALFORMED_RESPONSE": "malformed",
    "UNEXPECTED_TOOL_CALL": "malformed",
    "TOO_MANY_TOOL_CALLS": "malformed",
}
"""Any other word is "other"."""


_UNSIGNED: Final = "MISSING_THOUGHT_SIGNATURE"
"""A refusal of what was replayed, dressed as an end."""

_ABSENT: Final = (b"", b"null")
"""JSON that was not given."""

_UNTOLD: Final = Usage()

_chunks: Final = msgspec.json.Decoder(Chunk)
_plains: Final = msgspec.json.Decoder(Plain)
_lists: Final = msgspec.json.Decoder(list[Chunk])
_part: Final = msgspec.json.Decoder(Part)
_fields: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])

_ADORNMENTS: Final = {
    "thought",
    "thoughtSignature",
    "text",
    "videoMetadata",
    "partMetadata",
    "mediaResolution",
}
"""Fields of a part that do not say what kind it is."""


class GeminiDecoder:
    """One answer's frames -> events.

    Total: an unreadable frame is `Erred`, unless it is the unfinished rest of a body that was cut short.
    """

    def __init__(self) -> None:
        self._index = -1
        self._open: Literal["", "text", "thinking"] = ""
        self._started = False
        self._called = False
        self._queries: dict[str, None] = {}
        self._sources: dict[Source, None] = {}
        self._finished = False
        self._ended = False

    def feed(self, frame: Frame) -> list[Event]:
        """Read one frame; a frame without anything in it is a `Beat`."""
        data = frame.data.strip() or _bare(frame.raw)
        if not data:
            return [Beat()]
        if data == b"[DONE]":
            self._ended = True
            return [Ended()]
        events: list[Event] = []
        if self._started and not self._finished and self._plain(data, events):
            return events or [Beat()]
        try:
            for chunk in _lists.decode(data) if data.startswith(b"[") else (_chunks.decode(data),):
                self._chunk(chunk.response or chunk, events)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            if _is_whole(frame.raw):
                events.append(
                    Erred("server_error", f"the upstream sent what cannot be read: {fault}", "undecodable")
                )
        return events or [Beat()]

    def run(self, blocks: Sequence[bytes]) -> Run | None:
        """Read frames that go on with a block of text together; see `runs.read_run`."""
        goes_on = self._open == "text" and not self._finished
        return read_run(self._index, blocks) if goes_on else None

    def close(self) -> list[Event]:
        """Give `Ended` after a terminal: Gemini has no last frame of its own. Without a terminal, nothing."""
        if not self._finished or self._ended:
            return []
        self._ended = True
        return [Ended()]

    def _plain(self, data: bytes, events: list[Event]) -> bool:
        """Say a chunk of words alone; False, and nothing said, where it is any other."""
        try:
            chunk = _plains.decode(data)
        except (ValueError, RecursionError):
            return False
        if chunk.more:
            return False
        for part in chunk.candidates[0].content.parts:
            if part.text:
                self._words(part.text, "thinking" if part.thought else "text", events)
        if chunk.usage_metadata is not None:
            _count(chunk.usage_metadata, events)
        return True

    def _chunk(self, chunk: Chunk, events: list[Event]) -> None:
        error = bytes(chunk.error)
        if error not in _ABSENT:
            refusal = decode_error(error)
            events.append(Erred(refusal.kind, refusal.message, refusal.type, refusal.retry_after))
            return
        if not self._started:
            self._started = True
            events.append(Started(chunk.response_id or "", chunk.model_version or ""))
        candidate = chunk.candidates[0] if chunk.candidates else None
        parts = candidate.content.parts if candidate is not None and candidate.content is not None else None
        if parts and self._finished:
            events.append(Unknown("parts after finishReason"))
        elif parts:
            for raw in parts:
                self._part(_part.decode(raw), raw, events)
        if candidate is not None and candidate.grounding_metadata is not None:
            self._ground(candidate.grounding_metadata)
        reason = self._reason(chunk, candidate)
        if reason:
            self._close_block(events)
            self._tell_search(events)
        if chunk.usage_metadata is not None:
            _count(chunk.usage_metadata, events)
        if reason:
            self._finish(reason, events, candidate)

    def _reason(self, chunk: Chunk, candidate: Candidate | None) -> str:
        """Give the terminal's word, "" for none; only the first terminal of an answer counts."""
        if self._finished:
            return ""
        if candidate is not None:
            return candidate.finish_reason or ""
        return (chunk.prompt_feedback.block_reason or "") if chunk.prompt_feedback is not None else ""

    def _finish(self, native: str, events: list[Event], candidate: Candidate | None) -> None:
        """Say the terminal; without a candidate it is the prompt that was blocked."""
        self._finished = True
        if native == _UNSIGNED:
            events.append(Erred("signature", "a call that is replayed has no thought signature", native))
            return
        reason = "refusal" if candidate is None else _REASONS.get(native, "other")
        if reason == "end" and self._called:
            reason = "tool_use"
        message = (candidate.finish_message or "") if candidate is not None else ""
        events.append(Finished(reason, native, message=message))

    # ---- searches -------------------------------------------------------------------------------

    def _ground(self, grounding: Grounding) -> None:
        self._queries.update(dict.fromkeys(grounding.web_search_queries or ()))
        pages = (found.web for found in grounding.grounding_chunks or ())
        self._sources.update({Source(page.uri, page.title): None for page in pages if page is not None})

    def _tell_search(self, events: list[Event]) -> None:
        """Say what was searched for and found, once: it comes in pieces, or again and again."""
        if not self._queries and not self._sources:
            return
        self._single(SearchBlock(), events)
        searched = Searched(self._index, tuple(self._queries), tuple(self._sources))
        events[-1:] = [searched, events[-1]]

    # ---- parts ----------------------------------------------------------------------------------

    def _part(self, part: Part, raw: msgspec.Raw, events: list[Event]) -> None:
        if part.function_call is not None:
            self._call(part.function_call, part.thought_signature or "", events)
        elif part.inline_data is not None:
            self._single(OtherBlock("inlineData"), events)
            blob = part.inline_data
            events[-1:] = [DataInline(self._index, blob.mime_type, blob.data), events[-1]]
            self._sign(part, events)
        elif part.text is not None:
            if part.text:
                self._words(part.text, "thinking" if part.thought else "text", events)
            self._sign(part, events)
        else:
            kind = next((name for name in _fields.decode(raw) if name not in _ADORNMENTS), "")
            if kind:
                self._single(OtherBlock(kind), events)
            self._sign(part, events)

    def _words(self, text: str, kind: Literal["text", "thinking"], events: list[Event]) -> None:
        if self._open != kind:
            self._close_block(events)
            self._index += 1
            self._open = kind
            events.append(Opened(self._index, TextBlock() if kind == "text" else ThinkingBlock()))
        events.append(TextDelta(self._index, text) if kind == "text" else ThinkingDelta(self._index, text))

    def _sign(self, part: Part, events: list[Event]) -> None:
        """Say a part's signature: on its thoughts, which it closes, else as an empty signed thinking block.

        A text block has no place for one, and it must not be lost: it often comes on a last, empty part.
        """
        if not part.thought_signature:
            return
        if part.thought and self._open == "thinking":
            events.append(SignatureDelta(self._index, part.thought_signature))
            self._close_block(events)
        else:
            self._single(ThinkingBlock(signature=part.thought_signature), events)

    def _call(self, call: Call, signature: str, events: list[Event]) -> None:
        given = bytes(call.args)
        arguments = "{}" if given in _ABSENT else given.decode()
        if not arguments.startswith("{"):
            raise msgspec.ValidationError("a call's arguments are no object")
        self._called = True
        self._single(ToolCallBlock(call.id or "", call.name, signature), events)
        events[-1:] = [ArgumentsDelta(self._index, arguments), events[-1]]

    def _single(
        self, block: OtherBlock | SearchBlock | ThinkingBlock | ToolCallBlock, events: list[Event]
    ) -> None:
        """Open and close a block of its own."""
        self._close_block(events)
        self._index += 1
        events += [Opened(self._index, block), Closed(self._index)]

    def _close_block(self, events: list[Event]) -> None:
        if self._open:
            self._open = ""
            events.append(Closed(self._index))


def decode_whole(body: bytes) -> list[Frame]:
    """Give an unstreamed answer as the one frame it is; none where it is an error, or no answer. Total."""
    try:
        data = msgspec.json.format(body, indent=-1)
        chunks = _lists.decode(data) if data.startswith(b"[") else [_chunks.decode(data)]
    except (ValueError, RecursionError):
        return []
    erred = any(bytes((chunk.response or chunk).error) not in _ABSENT for chunk in chunks[:1])
    return [] if erred else [Frame(b"data: %b\r\n\r\n" % data, "", data)]


def _bare(raw: bytes) -> bytes:
    """Give a JSON body that stands where events should (an error without any framing), else nothing."""
    bare = raw.strip()
    return bare if bare[:1] in {b"{", b"["} else b""


def _is_whole(raw: bytes) -> bool:
    """Tell a frame with its blank line from a rest without."""
    ends = raw[len(raw.rstrip(b"\r\n")) :]
    return len(ends.replace(b"\r\n", b"\n")) > 1


def _count(counts: Counts, events: list[Event]) -> None:
    usage = usage_of(counts)
    if usage != _UNTOLD:
        events.append(Counted(usage))
