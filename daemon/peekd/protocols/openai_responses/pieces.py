"""What the frames about a piece of an output item say: a table by the frame's kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from peekd.protocols.openai_responses.called import Call, CustomCall
from peekd.protocols.openai_responses.readers import Message, Reader, Reasoning, Search
from peekd.protocols.openai_responses.rows import Rows
from peekd.protocols.openai_responses.shapes import Part, Said, string
from peekd.vocabulary.events import Event, Unknown

Events = Iterator[Event]
ReaderT = TypeVar("ReaderT", bound=Reader)

_THOUGHTS: Final = "reasoning_text"
"""The kind of a reasoning item's part, which is no block of its own."""


def _about(
    kind: str, wanted: type[ReaderT], tell: Callable[[ReaderT, Said], Events]
) -> Callable[[Rows, Said], Events]:
    """Give a reading of frames about items of one kind; the item is opened if no frame has."""

    def read(rows: Rows, said: Said) -> Events:
        opened, found = rows.at(said.output_index, said.item_id or "", kind)
        yield from opened
        if isinstance(found, wanted):
            yield from tell(found, said)
        else:
            yield Unknown(f"{said.type} about an item of another kind")

    return read


def _part_added(one: Message, said: Said) -> Events:
    kind = (said.part or Part()).kind
    return one.part(said.place, kind)


def _part_done(one: Message, said: Said) -> Events:
    part = said.part or Part()
    yield from one.whole(said.place, part.kind, part.words)
    yield from one.close(said.place)


def _noted(one: Message, said: Said) -> Events:
    return one.note(said.place, string((said.annotation or {}).get("type")))


def _arguments_done(one: Call, said: Said) -> Events:
    yield from one.name(said.name or "")
    yield from one.whole(said.arguments or "")


_part_opens: Final = _about("message", Message, _part_added)
_part_ends: Final = _about("message", Message, _part_done)
_words: Final = _about("message", Message, lambda one, said: one.add(said.place, said.delta or ""))
_words_done: Final = _about("message", Message, lambda one, said: one.whole(said.place, "", said.words))
_summary: Final = _about(
    "reasoning", Reasoning, lambda one, said: one.add("summary", said.summary_index or 0, said.delta or "")
)
_summary_done: Final = _about(
    "reasoning", Reasoning, lambda one, said: one.whole("summary", said.summary_index or 0, said.words)
)
_thoughts: Final = _about(
    "reasoning", Reasoning, lambda one, said: one.add("content", said.place, said.delta or "")
)
_thoughts_done: Final = _about(
    "reasoning", Reasoning, lambda one, said: one.whole("content", said.place, said.words)
)
_searching: Final = _about("web_search_call", Search, lambda one, said: iter(()))


def _unless_thoughts(read: Callable[[Rows, Said], Events]) -> Callable[[Rows, Said], Events]:
    return lambda rows, said: iter(()) if said.part and said.part.kind == _THOUGHTS else read(rows, said)


PIECES: Final[dict[str, Callable[[Rows, Said], Events]]] = {
    "response.content_part.added": _unless_thoughts(_part_opens),
    "response.content_part.done": _unless_thoughts(_part_ends),
    "response.output_text.delta": _words,
    "response.output_text.done": _words_done,
    "response.output_text.annotation.added": _about("message", Message, _noted),
    "response.refusal.delta": _words,
    "response.refusal.done": _words_done,
    "response.reasoning_summary_part.added": lambda rows, said: iter(()),
    "response.reasoning_summary_part.done": _summary_done,
    "response.reasoning_summary_text.delta": _summary,
    "response.reasoning_summary_text.done": _summary_done,
    "response.reasoning_text.delta": _thoughts,
    "response.reasoning_text.done": _thoughts_done,
    "response.function_call_arguments.delta": _about(
        "function_call", Call, lambda one, said: one.add(said.delta or "")
    ),
    "response.function_call_arguments.done": _about("function_call", Call, _arguments_done),
    "response.custom_tool_call_input.delta": _about(
        "custom_tool_call", CustomCall, lambda one, said: one.add(said.delta or "")
    ),
    "response.custom_tool_call_input.done": _about(
        "custom_tool_call", CustomCall, lambda one, said: one.whole(said.input or "")
    ),
    "response.web_search_call.in_progress": _searching,
    "response.web_search_call.searching": _searching,
    "response.web_search_call.completed": _searching,
}
