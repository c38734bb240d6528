"""One output item while it comes: what its frames say as events, each piece told once.

An item's pieces come as deltas, again when a piece is done, again when the item is done, and again in the
response at the end; servers leave out some of these. Whatever comes first is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from peekd.protocols.openai_responses.shapes import Item, is_object, string
from peekd.protocols.openai_responses.tools import LOCAL_SHELL, TOOL_SEARCH
from peekd.signatures.proofs import proof_digest
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Closed,
    Event,
    Kept,
    Opened,
    OtherBlock,
    OtherDelta,
    SearchBlock,
    Searched,
    SignatureDelta,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
    Unknown,
)

Events = Iterator[Event]
Next = Callable[[], int]
"""Gives the next block's number."""

_BETWEEN: Final = "\n\n"
"""Stands between the parts of a summary."""

_SAYING: Final = {"output_text", "refusal", "text", ""}


class Reader:
    """What is common to all kinds; by itself, an item of a kind that we have no word for."""

    calls: bool = False
    """Whether the client is to run something and bring its result."""

    def __init__(self, kind: str, identity: str, number: Next) -> None:
        self.kind = kind
        self.id = identity
        self.ended = False
        self._number = number
        self._index = -1

    def begin(self, item: Item) -> Events:
        """Read the item as it opens, mostly empty."""
        yield self._opened(OtherBlock(self.kind))

    def end(self, item: Item | None) -> Events:
        """Read the item as it is when it is whole; None: nothing more is known of it."""
        if self.ended:
            return
        if item is not None:
            yield from self._rest(item)
        yield from self._close()
        self.ended = True

    def _opened(self, block: Any) -> Opened:  # noqa: ANN401 - any block
        self._index = self._number()
        return Opened(self._index, block)

    def _rest(self, item: Item) -> Events:
        """Tell what has not been told."""
        yield from _kept(item)

    def _close(self) -> Events:
        if self._index >= 0:
            yield Closed(self._index)


def _kept(item: Item) -> Events:
    """Tell what is the account's own: what only it can read, and where its code ran."""
    if proof := string(item.encrypted_content):
        yield Kept(proof_digest(proof))
    if container := string(item.container_id):
        yield Kept(container)


class Message(Reader):
    """Words; each part is a block of its own."""

    def __init__(self, kind: str, identity: str, number: Next) -> None:
        super().__init__(kind, identity, number)
        self._open: dict[int, int] = {}  # an open part's place -> its block
        self._begun: set[int] = set()
        self._told: set[int] = set()

    def begin(self, item: Item) -> Events:
        """Tell nothing: a message is empty until it has a part."""
        return iter(())

    def part(self, place: int, kind: str) -> Events:
        """Open a part, if it is not open."""
        if place in self._begun or self.ended:
            return
        self._begun.add(place)
        opened = self._opened(TextBlock() if kind in _SAYING else OtherBlock(kind))
        self._open[place] = opened.index
        yield opened

    def add(self, place: int, words: str) -> Events:
        """Tell more words of a part."""
        yield from self.part(place, "")
        if place not in self._open:
            yield Unknown("words of a part that is whole")
        elif words:
            self._told.add(place)
            yield TextDelta(self._open[place], words)

    def whole(self, place: int, kind: str, words: str) -> Events:
        """Tell a part's words if none came yet."""
        yield from self.part(place, kind)
        if place in self._open and place not in self._told and kind in _SAYING:
            yield from self.add(place, words)

    def close(self, place: int) -> Events:
        """End a part."""
        if place in self._open:
            yield Closed(self._open.pop(place))

    def note(self, place: int, kind: str) -> Events:
        """Tell an annotation."""
        yield from self.part(place, "")
        if place in self._open:
            yield OtherDelta(self._open[place], kind)

    def _rest(self, item: Item) -> Events:
        for place, part in item.parts("content"):
            yield from self.whole(place, part.kind, part.words)

    def _close(self) -> Events:
        for place in list(self._open):
            yield from self.close(place)


class Reasoning(Reader):
    """Thoughts: a summary's parts, or the thoughts themselves; of two kinds, what comes first is told."""

    def __init__(self, kind: str, identity: str, number: Next) -> None:
        super().__init__(kind, identity, number)
        self._told: dict[tuple[str, int], None] = {}

    def begin(self, item: Item) -> Events:
        """Open the block."""
        yield self._opened(ThinkingBlock())

    def add(self, kind: str, place: int, words: str) -> Events:
        """Tell more of one part; `kind` is content or summary."""
        if self.ended or any(told != kind for told, _ in self._told):
            yield Unknown(f"{kind} beside other thoughts")
            return
        if not words:
            return
        new = (kind, place) not in self._told
        between = _BETWEEN if new and self._told else ""
        self._told[kind, place] = None
        yield ThinkingDelta(self._index, between + words)

    def whole(self, kind: str, place: int, words: str) -> Events:
        """Tell a part if nothing of it came yet."""
        if (kind, place) not in self._told and all(told == kind for told, _ in self._told):
            yield from self.add(kind, place, words)

    def _rest(self, item: Item) -> Events:
        """Tell the rest and the proof, which may be unfinished in any frame before."""
        for kind in ("summary", "content"):
            for place, part in item.parts(kind):
                yield from self.whole(kind, place, part.words)
        if proof := string(item.encrypted_content):
            yield SignatureDelta(self._index, proof)
        yield from super()._rest(item)


class Call(Reader):
    """A function's call; it is told as soon as its name is known."""

    calls = True

    def __init__(self, kind: str, identity: str, number: Next) -> None:
        super().__init__(kind, identity, number)
        self._call_id = identity
        self._held: list[str] = []
        self._told = False

    def begin(self, item: Item) -> Events:
        """Open the block, if it has a name."""
        self._call_id = string(item.call_id) or self._call_id or string(item.id)
        yield from self.name(self._name(item))

    def name(self, name: str) -> Events:
        """Open the block by this name, and tell what came before it was known."""
        if self._index >= 0 or not name:
            return
        yield self._opened(ToolCallBlock(self._call_id, name))
        held, self._held = self._held, []
        for fragment in held:
            yield from self.add(fragment)

    def add(self, fragment: str) -> Events:
        """Tell more of the arguments."""
        if not fragment or self.ended:
            return
        if self._index < 0:
            self._held.append(fragment)
            return
        yield ArgumentsDelta(self._index, self._piece(fragment))
        self._told = True

    def whole(self, arguments: str) -> Events:
        """Tell the arguments if none came yet."""
        if not self._told and not self._held:
            yield from self.add(arguments)

    def _rest(self, item: Item) -> Events:
        yield from self.begin(item)
        yield from self.whole(self._arguments(item))

    def _close(self) -> Events:
        """End the block. A call that never got a name is none that could be run."""
        if self._index < 0:
            yield Unknown("a call without a name")
        yield from super()._close()

    def _name(self, item: Item) -> str:
        return item.called

    def _arguments(self, item: Item) -> str:
        """Give the arguments as text; a server that gives an object means the same."""
        if is_object(item.arguments):
            return msgspec.json.encode(item.arguments).decode()
        return string(item.arguments)

    def _piece(self, fragment: str) -> str:
        return fragment


class CustomCall(Call):
    """A call in the words of a grammar: told as a function's of one string, `input`.

    The string is ended only where its end was said: half a patch must not pass for a whole one.
    """

    def __init__(self, kind: str, identity: str, number: Next) -> None:
        super().__init__(kind, identity, number)
        self._whole = False

    def whole(self, arguments: str) -> Events:
        """Tell the words if none came yet; now they are whole."""
        yield from super().whole(arguments)
        self._whole = True

    def _arguments(self, item: Item) -> str:
        return string(item.input)

    def _piece(self, fragment: str) -> str:
        inside = msgspec.json.encode(fragment).decode()[1:-1]
        return inside if self._told else f'{{"input":"{inside}'

    def _close(self) -> Events:
        if self._index >= 0 and self._whole:
            yield ArgumentsDelta(self._index, '"}' if self._told else '{"input":""}')
        yield from super()._close()


class ToolSearchCall(Call):
    """A search for further tools that the client runs."""

    def _name(self, item: Item) -> str:
        return TOOL_SEARCH


class LocalShellCall(Call):
    """A call of the client's shell; its action is its arguments."""

    def _name(self, item: Item) -> str:
        return LOCAL_SHELL

    def _arguments(self, item: Item) -> str:
        action = item.action if is_object(item.action) else {}
        said = {key: value for key, value in action.items() if key != "type"}
        return msgspec.json.encode(said).decode()


class Search(Reader):
    """A search on the web that the upstream runs."""

    def begin(self, item: Item) -> Events:
        """Open the block."""
        yield self._opened(SearchBlock(self.id))

    def _rest(self, item: Item) -> Events:
        if item.queries or item.sources:
            yield Searched(self._index, item.queries, item.sources)


_READERS: Final[dict[str, type[Reader]]] = {
    "message": Message,
    "reasoning": Reasoning,
    "function_call": Call,
    "custom_tool_call": CustomCall,
    "tool_search_call": ToolSearchCall,
    "local_shell_call": LocalShellCall,
    "web_search_call": Search,
}


def reader_of(item: Item, number: Next) -> Reader:
    """Give the reader of an item that begins."""
    make = _READERS.get(item.kind, Reader)
    if make is ToolSearchCall and item.execution == "server":
        make = Reader
    return make(item.kind, string(item.id), number)
