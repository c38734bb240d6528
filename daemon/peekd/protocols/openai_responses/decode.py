"""Frames of a Responses stream as events of the vocabulary; tolerant of compatible servers.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Final, TypeVar

import msgspec

from peekd.protocols.openai.frames import DONE, is_whole
from peekd.protocols.openai.refusals import decode_error
from peekd.protocols.openai_responses.readers import Call, CustomCall, Message, Reader, Reasoning, Search
from peekd.protocols.openai_responses.rows import Rows
from peekd.protocols.openai_responses.shapes import Response, Said, read_frame, string
from peekd.vocabulary.events import (
    Beat,
    Counted,
    Ended,
    Erred,
    Event,
    Finished,
    Kept,
    Started,
    StopReason,
    Unknown,
    Usage,
)
from peekd.wire.sse import Frame

_INCOMPLETE: Final[dict[str, StopReason]] = {
    "max_output_tokens": "max_tokens",
    "content_filter": "refusal",
}
"""Any other word is a limit as well: the model was stopped."""

_ABSENT: Final = (b"", b"null")

Events = Iterator[Event]
ReaderT = TypeVar("ReaderT", bound=Reader)


class ResponsesDecoder:
    """One answer's frames -> events.

    Total: an unreadable frame is `Erred`, unless it is the unfinished rest of a body that was cut short.
    The terminal is the last frame, so `Finished` and `Ended` come together.
    """

    def __init__(self) -> None:
        self._rows = Rows(count().__next__)
        self._started = False
        self._ended = False
        self._kept = False

    def feed(self, frame: Frame) -> list[Event]:
        """Read one frame; a frame without anything in it is a `Beat`."""
        data = frame.data.strip()
        if not data:
            return [Beat()]
        if data == DONE:
            return [Beat() if self._ended else Ended()]
        try:
            said = read_frame(data, KNOWN)
        except (ValueError, RecursionError) as fault:
            if not is_whole(frame.raw):
                return [Beat()]
            return [Erred("server_error", f"the upstream sent what cannot be read: {fault}", "undecodable")]
        return [*self._read(said, frame.event, data)] or [Beat()]

    def close(self) -> list[Event]:
        """Give nothing: what is missing was not said."""
        return []

    def _read(self, said: Said, event: str, data: bytes) -> Events:
        failed = bytes(said.error) not in _ABSENT
        said.type = said.type or event
        read = _READERS.get(said.type)
        if self._ended:
            yield Unknown(f"{said.type} after the end")
        elif said.type == "error" or (read is None and failed):
            yield _erred(bytes(said.error) if failed else data)
        elif read is None:
            yield Unknown(said.type)
        else:
            yield from self._start(said.response)
            yield from read(self, said)

    # ---- the response ---------------------------------------------------------------------------

    def _start(self, response: Response | None) -> Events:
        if self._started:
            return
        self._started = True
        told = response or Response()
        yield Started(told.id or "", told.model or "")
        yield from self._keep(told)

    def _keep(self, response: Response) -> Events:
        """Tell once that the account holds the response, unless it was not to be stored."""
        if response.id and response.store is not False and not self._kept:
            self._kept = True
            yield Kept(response.id)

    def nothing(self, _said: Said) -> Events:
        """Tell nothing: the frame only says that the upstream lives."""
        return iter(())

    def terminal(self, said: Said) -> Events:
        """Read the end; a status that says otherwise than the frame is the response's own and right."""
        response = said.response or Response()
        meant = f"response.{response.status}"
        kind = meant if meant in _TERMINALS else said.type
        if kind == "response.failed":
            error = bytes(response.error)
            yield _erred(error if error not in _ABSENT else b'{"message":"the response failed"}')
            return
        yield from self._keep(response)
        yield from self._rows.finish(response.output or [], cut=kind == "response.incomplete")
        if response.usage is not None and response.usage.usage != Usage():
            yield Counted(response.usage.usage)
        yield self._finished(kind, response)
        self._ended = True
        yield Ended()

    def _finished(self, kind: str, response: Response) -> Finished:
        if kind == "response.incomplete":
            details = response.incomplete_details
            native = (details.reason if details is not None else None) or "incomplete"
            return Finished(_INCOMPLETE.get(native, "max_tokens"), native)
        return Finished("tool_use" if self._rows.calls else "end", "completed")

    # ---- items ----------------------------------------------------------------------------------

    def item_added(self, said: Said) -> Events:
        """Open an item."""
        if said.item is not None:
            yield from self._rows.open(said.output_index, said.item)

    def item_done(self, said: Said) -> Events:
        """End an item."""
        if said.item is not None:
            yield from self._rows.end(said.output_index, said.item)

    def part_added(self, said: Said) -> Events:
        """Open a message's part; a reasoning item's parts are no blocks."""
        kind = said.part.kind if said.part is not None else ""
        if kind != "reasoning_text":
            yield from self._tell(said, Message, "message", lambda one: one.part(said.content_index or 0, kind))

    def part_done(self, said: Said) -> Events:
        """End a message's part."""
        part, place = said.part, said.content_index or 0
        if part is not None and part.kind != "reasoning_text":
            yield from self._tell(
                said, Message, "message", lambda one: one.whole(place, part.kind, part.words)
            )
            yield from self._tell(said, Message, "message", lambda one: one.close(place))

    def words(self, said: Said) -> Events:
        """Tell words, a refusal's among them."""
        place, words = said.content_index or 0, said.delta or ""
        return self._tell(said, Message, "message", lambda one: one.add(place, words))

    def words_done(self, said: Said) -> Events:
        """Tell words that came at once."""
        place, words = said.content_index or 0, said.text or said.refusal or ""
        return self._tell(said, Message, "message", lambda one: one.whole(place, "", words))

    def annotation(self, said: Said) -> Events:
        """Tell that there is a note on the words."""
        place, kind = said.content_index or 0, string((said.annotation or {}).get("type"))
        return self._tell(said, Message, "message", lambda one: one.note(place, kind))

    def summary(self, said: Said) -> Events:
        """Tell thoughts, as a summary shows them."""
        place, words = said.summary_index or 0, said.delta or ""
        return self._tell(said, Reasoning, "reasoning", lambda one: one.add("summary", place, words))

    def summary_done(self, said: Said) -> Events:
        """Tell a summary's part that came at once."""
        words = said.part.words if said.part is not None else said.text or ""
        place = said.summary_index or 0
        return self._tell(said, Reasoning, "reasoning", lambda one: one.whole("summary", place, words))

    def thoughts(self, said: Said) -> Events:
        """Tell thoughts themselves, which open models show."""
        place, words = said.content_index or 0, said.delta or ""
        return self._tell(said, Reasoning, "reasoning", lambda one: one.add("content", place, words))

    def thoughts_done(self, said: Said) -> Events:
        """Tell thoughts that came at once."""
        place, words = said.content_index or 0, said.text or ""
        return self._tell(said, Reasoning, "reasoning", lambda one: one.whole("content", place, words))

    def arguments(self, said: Said) -> Events:
        """Tell more of a call's arguments."""
        return self._tell(said, Call, "function_call", lambda one: one.add(said.delta or ""))

    def arguments_done(self, said: Said) -> Events:
        """Tell arguments that came at once, and a name that was not known before."""
        yield from self._tell(said, Call, "function_call", lambda one: one.name(said.name or ""))
        yield from self._tell(said, Call, "function_call", lambda one: one.whole(said.arguments or ""))

    def input(self, said: Said) -> Events:
        """Tell more of a call in words of a grammar."""
        return self._tell(said, CustomCall, "custom_tool_call", lambda one: one.add(said.delta or ""))

    def input_done(self, said: Said) -> Events:
        """Tell a call's words that came at once."""
        return self._tell(said, CustomCall, "custom_tool_call", lambda one: one.whole(said.input or ""))

    def searching(self, said: Said) -> Events:
        """Tell that the upstream searches."""
        return self._tell(said, Search, "web_search_call", lambda _: iter(()))

    def _tell(self, said: Said, wanted: type[ReaderT], kind: str, tell: Callable[[ReaderT], Events]) -> Events:
        """Tell what a frame says of its item, which is opened if no frame has."""
        opened, found = self._rows.at(said.output_index, said.item_id or "", kind)
        yield from opened
        if isinstance(found, wanted):
            yield from tell(found)
        else:
            yield Unknown(f"{said.type} about an item of another kind")


def _erred(error: bytes) -> Erred:
    refusal = decode_error(error)
    return Erred(refusal.kind, refusal.message, refusal.type, refusal.retry_after)


_READERS: Final[dict[str, Callable[[ResponsesDecoder, Said], Events]]] = {
    "response.created": ResponsesDecoder.nothing,
    "response.queued": ResponsesDecoder.nothing,
    "response.in_progress": ResponsesDecoder.nothing,
    "response.completed": ResponsesDecoder.terminal,
    "response.incomplete": ResponsesDecoder.terminal,
    "response.failed": ResponsesDecoder.terminal,
    "response.output_item.added": ResponsesDecoder.item_added,
    "response.output_item.done": ResponsesDecoder.item_done,
    "response.content_part.added": ResponsesDecoder.part_added,
    "response.content_part.done": ResponsesDecoder.part_done,
    "response.output_text.delta": ResponsesDecoder.words,
    "response.output_text.done": ResponsesDecoder.words_done,
    "response.output_text.annotation.added": ResponsesDecoder.annotation,
    "response.refusal.delta": ResponsesDecoder.words,
    "response.refusal.done": ResponsesDecoder.words_done,
    "response.reasoning_summary_part.added": ResponsesDecoder.nothing,
    "response.reasoning_summary_part.done": ResponsesDecoder.summary_done,
    "response.reasoning_summary_text.delta": ResponsesDecoder.summary,
    "response.reasoning_summary_text.done": ResponsesDecoder.summary_done,
    "response.reasoning_text.delta": ResponsesDecoder.thoughts,
    "response.reasoning_text.done": ResponsesDecoder.thoughts_done,
    "response.function_call_arguments.delta": ResponsesDecoder.arguments,
    "response.function_call_arguments.done": ResponsesDecoder.arguments_done,
    "response.custom_tool_call_input.delta": ResponsesDecoder.input,
    "response.custom_tool_call_input.done": ResponsesDecoder.input_done,
    "response.web_search_call.in_progress": ResponsesDecoder.searching,
    "response.web_search_call.searching": ResponsesDecoder.searching,
    "response.web_search_call.completed": ResponsesDecoder.searching,
    "error": ResponsesDecoder.nothing,
}

KNOWN: Final = frozenset(_READERS)
_TERMINALS: Final = {"response.completed", "response.incomplete", "response.failed"}
