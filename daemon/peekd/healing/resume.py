"""What may follow an answer that broke off in front of its client: an end at a tool call, or more text.

Both are a route's options and off by default. Promised in docs/promises.md, "Beyond the commit point".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from peekd.vocabulary import events as e
from peekd.vocabulary.events import Event

MISFIT: Final = "misfit"
"""The type of a `Broken` answer whose continuation does not go on from what the client has seen."""

REPEATED: Final = 16
"""Characters: a shorter repeat of what was said is taken for new words."""

TELLING: Final = 8
"""Letters and digits that a repeat must hold: rules and indents come up by themselves."""

LOOK_BACK: Final = 2000
"""Characters of the end in which a repeat is looked for."""


class Misfit(ValueError):
    """The continuation begins anew, or goes on from somewhere else."""


class Shown:
    """What the client has been given of one answer; sees every event that was rendered, and no other."""

    def __init__(self) -> None:
        self._open: dict[int, e.Block] = {}
        self._arguments: dict[int, list[str]] = {}
        self._words: list[str] = []
        self._blocks = 0
        self._alone = True  # nothing but words of one block
        self._called = False  # the last block that was closed is a call, and it and all others can be used
        self._unusable = False
        self._finished = False

    def see(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case e.Opened():
                self._begin(event.index, event.block)
            case e.TextDelta(text=text):
                self._words.append(text)
            case e.ArgumentsDelta(index=index) if index in self._arguments:
                self._arguments[index].append(event.fragment)
            case e.Closed():
                self._close(event)
            case e.Finished() | e.Ended():
                self._finished = True
            case e.Started() | e.Beat() | e.Counted() | e.Kept() | e.Erred():
                pass  # an error is what broke it off, and is told in our words if at all
            case _:
                self._alone = False

    def _begin(self, index: int, block: e.Block) -> None:
        self._open[index] = block
        self._blocks += 1
        match block:
            case e.TextBlock(text=text):
                self._words.append(text)
                self._alone = self._alone and self._blocks == 1 and index == 0
            case e.ToolCallBlock():
                self._arguments[index] = []
                self._alone = False
            case _:
                self._alone = False

    def _close(self, event: e.Closed) -> None:
        block = self._open.pop(event.index, None)
        pieces = self._arguments.pop(event.index, None)
        usable = pieces is None or (not event.half and _is_input("".join(pieces)))
        self._unusable = self._unusable or not usable
        self._called = isinstance(block, e.ToolCallBlock)
        self._alone = False

    @property
    def at_call(self) -> bool:
        """Whether it may end here as tool use: a call was closed last, and nothing is open or unusable."""
        return self._called and not self._open and not self._unusable and not self._finished

    @property
    def words(self) -> str:
        """The words to go on from; "" where the answer is anything but one block of text, still open."""
        if not self._alone or self._finished or not self._open:
            return ""
        words = "".join(self._words)
        return words if words.strip() else ""


def begun_with(words: str) -> str:
    """Give what an upstream is told to have said: no upstream takes blanks at the end of it.

    >>> begun_with("Hello, ")
    'Hello,'
    """
    return words.rstrip()


def seam(words: str, said: str, *, final: bool) -> int | None:
    r"""Give how many characters of a continuation the client has seen already; None: more must be said first.

    `words` were shown, `said` is what came after `begun_with(words)`, up to now; `final`: no more comes.
    Raises Misfit where it does not go on from there.

    >>> seam("Hello, ", " world, this is me", final=False), seam("One two", " three", final=True)
    (1, 0)
    >>> seam("Now all is well and done", "all is well and done, and more", final=False)
    20
    """
    base = begun_with(words)
    repeated = _repeated(base, said, final=final)
    if repeated is None:
        return None
    gap, rest = words[len(base) :], said[repeated:]
    if rest.startswith(gap):
        return repeated + len(gap)
    if gap.startswith(rest):
        return len(said) if final else None
    raise Misfit("the continuation leaves out the blank that was shown")


def _repeated(base: str, said: str, *, final: bool) -> int | None:
    """Give how long a repeat of the end of `base` is, with which `said` begins; 0 where there is none."""
    least = min(REPEATED, len(base))
    if len(said) < least and not final:
        return None
    if len(said) < least or not _tells(said[:least]):
        return 0
    waits = False
    for place in _places(base, said[:least]):
        rest = base[place:]
        if said.startswith(rest):
            return len(rest)
        if rest.startswith(said):
            waits = True
        elif place == 0:
            raise Misfit("the continuation begins anew")
    if waits and final:
        raise Misfit("the continuation repeats a part and stops")
    return None if waits else 0


def _places(base: str, probe: str) -> Iterator[int]:
    """Give where in the text `probe` stands: at its beginning, and towards its end; in order."""
    if base.startswith(probe):
        yield 0
    place = base.find(probe, max(1, len(base) - LOOK_BACK))
    while place >= 0:
        yield place
        place = base.find(probe, place + 1)


def _tells(text: str) -> bool:
    return sum(character.isalnum() for character in text) >= TELLING


def _is_input(text: str) -> bool:
    """Whether arguments are a JSON object, or nothing at all, which means an empty one."""
    if not text.strip():
        return True
    try:
        msgspec.json.decode(text, type=dict[str, Any])
    except (ValueError, RecursionError):
        return False
    return True
