"""One output item while it comes: what its frames say as events, each piece told once.

An item's pieces come as deltas, again when a piece is done, again when the item is done, and again in the
response at the end; servers leave out some of these. Whatever comes first is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from typing_extensions import override

from peekd.protocols.openai_responses.shapes import Item, string
from peekd.signatures.proofs import proof_digest
from peekd.vocabulary.events import (
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

    @override
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

    @override
    def _rest(self, item: Item) -> Events:
        for place, part in item.parts("content"):
            yield from self.whole(place, part.kind, part.words)

    @override
    def _close(self) -> Events:
        for place in list(self._open):
            yield from self.close(place)


class Reasoning(Reader):
    """Thoughts: a summary's parts, or the thoughts themselves; of two kinds, what comes first is told."""

    def __init__(self, kind: str, identity: str, number: Next) -> None:
        super().__init__(kind, identity, number)
        self._told: dict[tuple[str, int], None] = {}

    @override
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

    @override
    def _rest(self, item: Item) -> Events:
        """Tell the rest and the proof, which may be unfinished in any frame before."""
        for kind in ("summary", "content"):
            for place, part in item.parts(kind):
                yield from self.whole(kind, place, part.words)
        if proof := string(item.encrypted_content):
            yield SignatureDelta(self._index, proof)
        yield from super()._rest(item)


class Search(Reader):
    """A search on the web that the upstream runs."""

    @override
    def begin(self, item: Item) -> Events:
        """Open the block."""
        yield self._opened(SearchBlock(self.id))

    @override
    def _rest(self, item: Item) -> Events:
        if item.queries or item.sources:
            yield Searched(self._index, item.queries, item.sources)
