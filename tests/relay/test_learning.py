"""What an answer proved is kept with the ids that the client got, whichever path it took."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from steps_told import SESSION, proof

from peekd.relay.archive import Archive
from peekd.relay.learning import Learning
from peekd.signatures.settings import SignatureSettings
from peekd.signatures.steps import Origin
from peekd.store.interface import Kept
from peekd.store.volatile import Volatile
from peekd.vocabulary.events import Beat, Closed, Event, Opened, TextBlock, ThinkingBlock, ToolCallBlock

ORIGIN = Origin("gemini", SESSION, 0, "google", "gemini-3", "alice")


class Case:
    """A learning, and what it wrote."""

    def __init__(self, *, renames: bool, origin: Origin = ORIGIN) -> None:
        self.store = Volatile()
        self.asked_before = 0
        numbers = count(1)
        fresh: Callable[[], str] | None = (lambda: f"call_{next(numbers)}") if renames else None
        archive = Archive(SignatureSettings(), self.store, lambda: 7.0)
        self._archive = archive
        self._fresh = fresh
        self._origin = origin
        self.begin()

    def begin(self) -> None:
        """Let another answer come to the same request."""
        self.learning = Learning(self._archive, self._origin, lambda: 5, self._fresh, self._before)

    def _before(self) -> str:
        self.asked_before += 1
        return "all that was said"

    def see(self, *events: Event) -> list[str]:
        """Give the ids of the calls as the client gets them."""
        named = self.learning.named(events)
        for event in named:
            self.learning.see(event)
        opened = [event.block for event in named if isinstance(event, Opened)]
        return [block.id for block in opened if isinstance(block, ToolCallBlock)]

    async def kept(self) -> list[Kept]:
        self.learning.keep()
        return [*(await self.store.load()).steps]


def call(index: int, identity: str) -> Opened:
    return Opened(index, ToolCallBlock(identity, "f", proof(f"s{index}")))


async def test_a_translated_call_without_a_fit_id_gets_one_and_is_learned_under_it() -> None:
    case = Case(renames=True)
    assert case.see(call(0, ""), call(1, "fine"), call(2, "fine"), call(3, "a:b")) == [
        "call_1",
        "fine",
        "call_2",
        "call_3",
    ]
    (kept,) = await case.kept()
    assert [piece.tool for piece in kept.step.calls] == ["call_1", "fine", "call_2", "call_3"]


async def test_a_verbatim_call_is_learned_under_the_id_that_it_has() -> None:
    case = Case(renames=False)
    assert case.see(call(0, ""), call(1, "x:y")) == ["", "x:y"]
    (kept,) = await case.kept()
    assert [piece.tool for piece in kept.step.calls] == ["", "x:y"]


async def test_where_it_comes_from_is_kept_with_it() -> None:
    case = Case(renames=False)
    case.see(Opened(0, ThinkingBlock("hm", proof("s"))), Closed(0))
    (kept,) = await case.kept()
    assert kept.step.origin == Origin("gemini", SESSION, 5, "google", "gemini-3", "alice")
    assert (kept.used, kept.step.learned) == (7.0, 7.0)


@pytest.mark.parametrize("origin", [ORIGIN, Origin("gemini", "")])
async def test_without_proof_or_session_nothing_is_kept(origin: Origin) -> None:
    case = Case(renames=True, origin=origin)
    case.see(Beat(), Opened(0, TextBlock("words")))
    if not origin.session:
        case.see(call(1, "x"))
    assert await case.kept() == []


def test_events_that_open_nothing_go_on_as_the_very_same() -> None:
    events = (Beat(),)
    assert Case(renames=True).learning.named(events) is events


async def test_what_was_said_before_is_asked_and_kept_only_for_a_second_answer_that_says_the_same() -> None:
    case = Case(renames=False)
    for number, name in enumerate(("f", "g", "f")):
        case.begin()
        case.see(Opened(0, ToolCallBlock("", name, proof(f"s{number}"))))
        case.learning.keep()
    kept = (await case.store.load()).steps
    assert case.asked_before == 1
    assert [one.step.origin.before for one in kept] == ["", "", "all that was said"]
