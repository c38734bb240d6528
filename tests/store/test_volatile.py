"""A store without a disk keeps the same as one with, for as long as it lives."""

from __future__ import annotations

from steps_told import NOW, SESSION, step, thought

from peekd.store.interface import Bound, Forgotten, Kept, Loaded, Refused, Touched
from peekd.store.volatile import Nowhere, Volatile

ONE, TWO = step(thought("a")), step(thought("b"))


async def test_it_gives_back_what_it_took() -> None:
    store = Volatile()
    for deed in (
        Kept(ONE, NOW),
        Kept(TWO, NOW + 1),
        Touched(ONE.key, NOW + 2),
        Touched("nobody", NOW),
        Refused(SESSION, ("x",), NOW),
        Bound("id", "alice", NOW),
        Bound("id", "bob", NOW),
    ):
        store.write(deed)
    assert await store.load() == Loaded(
        (Kept(TWO, NOW + 1), Kept(ONE, NOW + 2)), (Refused(SESSION, ("x",), NOW),), (Bound("id", "bob", NOW),)
    )
    store.write(Forgotten(ONE.key))
    assert (await store.load()).steps == (Kept(TWO, NOW + 1),)


async def test_nowhere_keeps_nothing() -> None:
    store = Nowhere()
    store.write(Kept(ONE, NOW))
    assert await store.load() == Loaded()
