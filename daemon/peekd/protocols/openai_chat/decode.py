"""Chunks of a Chat Completions stream as events of the vocabulary; tolerant of compatible servers.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from peekd.protocols.openai.frames import DONE, is_whole
from peekd.protocols.openai.refusals import decode_error
from peekd.protocols.openai_chat.calls import Piece, Slot, Slots
from peekd.protocols.openai_chat.chunks import Choice, Chunk, Delta
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Beat,
    Closed,
    Counted,
    Ended,
    Erred,
    Event,
    Finished,
    Opened,
    Run,
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
    "stop": "end",
    "eos": "end",
    "eos_token": "end",
    "stop_sequence": "end",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
}
"""Any other word is "other"; the second to fourth are other servers' own."""

_FAILED: Final = {"error", "abort", "insufficient_system_resource"}
"""Reasons by which compatible servers (OpenRouter, vLLM, DeepSeek) say that the answer was not finished."""

_ABSENT: Final = (b"", b"null")

_chunks: Final = msgspec.json.Decoder(Chunk)


class ChatDecoder:
    """One answer's frames -> events.

    Total: an unreadable frame is `Erred`, unless it is the unfinished rest of a body that was cut short.
    Words and thoughts are closed by what follows them, a call when its arguments are whole and another block
    begins, or by the terminal.
    """

    def __init__(self) -> None:
        self._index = -1
        self._open: Literal["", "text", "thinking"] = ""
        self._slots = Slots()
        self._places: dict[int, int] = {}  # an open call's number -> its block
        self._started = False
        self._finished = False

    def feed(self, frame: Frame) -> list[Event]:
        """Read one frame; a frame without anything in it is a `Beat`."""
        data = frame.data.strip()
        if not data:
            return [Beat()]
        if data == DONE:
            return [Ended()]
        events: list[Event] = []
        try:
            self._chunk(_chunks.decode(data), data, events)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            if is_whole(frame.raw):
                words = f"the upstream sent what cannot be read: {fault}"
                events.append(Erred("server_error", words, "undecodable"))
        return events or [Beat()]

    def run(self, blocks: Sequence[bytes]) -> Run | None:
        """Read each frame for itself."""
        return None

    def close(self) -> list[Event]:
        """Give nothing: what is missing was not said."""
        return []

    def _chunk(self, chunk: Chunk, data: bytes, events: list[Event]) -> None:
        error = bytes(chunk.error) if bytes(chunk.error) not in _ABSENT else b""
        if error or chunk.object == "error":
            refusal = decode_error(error or data)
            events.append(Erred(refusal.kind, refusal.message, refusal.type, refusal.retry_after))
            return
        choice = chunk.choices[0] if chunk.choices else None
        if not self._started and (choice is not None or chunk.id):
            self._started = True
            events.append(Started(chunk.id or "", chunk.model or ""))
        if choice is not None:
            self._choice(choice, events)
        if chunk.usage is not None and chunk.usage.usage != Usage():
            events.append(Counted(chunk.usage.usage))

    def _choice(self, choice: Choice, events: list[Event]) -> None:
        if choice.delta is not None and self._finished:
            if choice.delta.says:
                events.append(Unknown("delta after finish_reason"))
        elif choice.delta is not None:
            self._delta(choice.delta, events)
        if choice.finish_reason and not self._finished:
            self._finish(choice.finish_reason, events)

    def _delta(self, delta: Delta, events: list[Event]) -> None:
        if delta.thoughts:
            self._say(delta.thoughts, "thinking", events)
        if delta.words:
            self._say(delta.words, "text", events)
        for piece in delta.pieces:
            self._call(piece, events)

    def _say(self, text: str, kind: Literal["text", "thinking"], events: list[Event]) -> None:
        if self._open != kind:
            self._settle(events)
            self._index += 1
            self._open = kind
            events.append(Opened(self._index, TextBlock() if kind == "text" else ThinkingBlock()))
        events.append(TextDelta(self._index, text) if kind == "text" else ThinkingDelta(self._index, text))

    def _call(self, piece: Piece, events: list[Event]) -> None:
        slot, begins, fragment = self._slots.take(piece)
        if begins:
            self._settle(events)
            self._index += 1
            self._places[slot.number] = self._index
            events.append(Opened(self._index, ToolCallBlock(slot.id, slot.name, piece.signature)))
        if fragment:
            events.append(ArgumentsDelta(self._places[slot.number], fragment))

    def _settle(self, events: list[Event]) -> None:
        """Close what is whole before another block begins."""
        if self._open:
            self._open = ""
            events.append(Closed(self._index))
        self._close_calls([slot for slot in self._slots.all if slot.whole], events)

    def _close_calls(self, slots: list[Slot], events: list[Event]) -> None:
        for slot in slots:
            place = self._places.pop(slot.number, None)
            if place is not None:
                events.append(Closed(place))

    def _finish(self, native: str, events: list[Event]) -> None:
        if native in _FAILED:
            kind = "overloaded" if native == "insufficient_system_resource" else "server_error"
            events.append(Erred(kind, f"the upstream gave up: finish_reason {native}", native))
            return
        self._settle(events)
        self._close_calls(self._slots.all, events)
        self._finished = True
        reason = _REASONS.get(native, "other")
        if reason in {"end", "tool_use"}:
            reason = "tool_use" if self._slots.all else "end"
        events.append(Finished(reason, native))
