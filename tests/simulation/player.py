"""Plays worlds by their seeds, judges what came of them, and tells what went wrong, to be seen again."""

from __future__ import annotations

import gc
import hashlib
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import msgspec
import trio
import trio.testing
from typing_extensions import override

from peekd.records.entries import ERROR
from simulation.dice import loaded
from simulation.laws import judge
from simulation.leanings import leaning_of
from simulation.timeline import tell
from simulation.transcripts import Case
from simulation.world import Played, play

REQUESTS = 40
"""Turns of all clients of one world together, about."""

WARM_WORLDS = 10
GROWTH = 20.0
"""Objects a request may leave behind, on the mean; caches fill slowly, a leak of anything leaves hundreds."""


class Broken(msgspec.Struct, frozen=True):
    """A law that was broken: where, how, and the story of the request."""

    seed: int
    law: str
    complaint: str
    story: str = ""

    @override
    def __str__(self) -> str:
        again = f"./dev simulate --seed {self.seed}"
        return f"seed {self.seed}: {self.law}: {self.complaint}\n{self.story}\nPlay it again: {again}"


class Tally(msgspec.Struct):
    """How much was played."""

    worlds: int = 0
    requests: int = 0
    attempts: int = 0
    whole: int = 0
    healed: int = 0
    virtual: float = 0.0
    cpu: float = 0.0

    @override
    def __str__(self) -> str:
        rate = self.requests / self.cpu if self.cpu else 0.0
        return (
            f"{self.requests} requests in {self.worlds} worlds, {self.attempts} attempts; "
            f"{self.whole} whole answers, {self.healed} of them healed; "
            f"{self.virtual:.0f} s virtual in {self.cpu:.1f} s CPU: {rate:.0f} requests/s"
        )


def play_seed(seed: int) -> Played:
    """Play the world of this seed."""
    clock = trio.testing.MockClock(autojump_threshold=0)
    with loaded(str(seed)) as dice:
        return trio.run(partial(play, dice, REQUESTS, leaning_of(seed)), clock=clock)


def trace_of(played: Played) -> str:
    """Give what two runs of one seed must agree on, as a digest: every byte, note and time of it."""
    digest = hashlib.sha256()
    for at, entry in played.entries:
        digest.update(repr((at, entry)).encode())
    for case in played.cases:
        call = case.call
        digest.update(
            repr((call.wish, call.manner, call.status, call.end, call.ended_at, call.pieces)).encode()
        )
        digest.update(repr([(said.arrived_at, said.label, said.pieces) for said in case.said]).encode())
    return digest.hexdigest()


def faults_of(seed: int, played: Played) -> Iterator[Broken]:
    """Try every law on what came of a world."""
    for case in played.cases:
        for law, complaint in judge(case):
            yield Broken(seed, law, complaint, tell(case))
    for ending in played.endings:
        yield Broken(seed, ending.law, ending.complaint)
    for _, entry in played.entries:
        if entry.priority <= ERROR:
            yield Broken(seed, "no bug of peekd's own", entry.message)


class Player:
    """Plays seed after seed, and counts."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._objects = 0
        self._since = 0

    def play(self, seeds: Iterable[int]) -> Iterator[tuple[int, Sequence[Broken]]]:
        """Play these worlds; gives what was broken in each."""
        for seed in seeds:
            began = time.process_time()
            try:
                played = play_seed(seed)
            except (Exception, BaseExceptionGroup) as fault:  # noqa: BLE001  told with its seed, and played on
                told = "".join(traceback.format_exception(fault))
                yield seed, [Broken(seed, "the world holds together", repr(fault), told)]
                continue
            broken = list(faults_of(seed, played))
            self._count(played, time.process_time() - began)
            del played
            yield seed, [*broken, *self._weigh(seed)]

    def _count(self, played: Played, cpu: float) -> None:
        tally = self.tally
        tally.worlds += 1
        tally.requests += len(played.cases)
        tally.attempts += sum(len(case.said) for case in played.cases)
        well = [case for case in played.cases if case.call.errand == "converse" and case.call.well]
        tally.whole += len(well)
        tally.healed += sum(_was_healed(case) for case in well)
        tally.virtual += played.seconds
        tally.cpu += cpu

    def _weigh(self, seed: int) -> Iterator[Broken]:
        """Memory stays flat: no request leaves anything behind, in whichever world."""
        if self.tally.worlds % WARM_WORLDS:
            return
        gc.collect()
        objects, requests = len(gc.get_objects()), self.tally.requests
        if self._objects:
            growth = (objects - self._objects) / (requests - self._since)
            if growth > GROWTH:
                yield Broken(seed, "memory is flat", f"{growth:.1f} objects more for each request")
        self._objects, self._since = objects, requests


def _was_healed(case: Case) -> bool:
    return len(case.record.attempts) > 1 if case.record else False
