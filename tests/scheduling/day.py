"""A day of requests, played event by event: sessions of many turns, each request healed as peekd heals."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import Final

import msgspec
from simulation.dice import Dice
from typing_extensions import override

from peekd.accounts.account import Account
from peekd.accounts.leasing import heard, lease, report, settle
from peekd.accounts.pool import open_pool
from peekd.accounts.settings import Mode, SchedulingSettings
from peekd.accounts.waiting import survey
from peekd.accounts.wanted import Lease, Rest, Target, Tried, Wanted
from peekd.healing.decide import Circumstances, decide
from peekd.healing.history import attempts_spent
from peekd.healing.policy import POLICY
from peekd.healing.settings import HealingSettings
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Decision, History, Step
from peekd.vocabulary.outcomes import AnyOutcome
from scheduling.provider import Answer, Provider, Vendor

MODEL: Final = Target("up", "model")
HEALING: Final = HealingSettings()
UNDECIDED: Final = Decision("give_up", "")


class Told(msgspec.Struct):
    """What became of one request. `first`: seconds to its first word."""

    session: int
    attempts: int = 0
    failed: int = 0
    served: str = ""
    first: float = 0.0
    cached: bool = False
    stayed: bool | None = None


class Chooser:
    """Who serves the next attempt, and what is learned from it: peekd's pool in one of its modes."""

    def __init__(self, provider: Provider, mode: Mode) -> None:
        accounts = [Account(one.name, MODEL.upstream) for one in provider.vendors]
        self.pool = open_pool(accounts, SchedulingSettings(mode))

    def lease(self, wanted: Wanted, now: float) -> Lease | Rest:
        """Take an account."""
        self.pool, given = lease(self.pool, wanted, now)
        return given

    def hear(self, given: Lease, answer: Answer, now: float) -> None:
        """The first word came."""
        self.pool = heard(report(self.pool, given, answer.quotas, now), given, now)

    def settle(self, given: Lease, outcome: AnyOutcome, now: float) -> None:
        """An attempt is over."""
        self.pool = settle(self.pool, given, outcome, now)

    def around(self, wanted: Wanted, now: float) -> tuple[bool, bool, float | None]:
        """Whether another could serve, whether the same could, and when the soonest is back."""
        seen = survey(self.pool, wanted, now)
        return seen.another, seen.same, seen.soonest


class Turns(Chooser):
    """Plain turns: the next account in the row, whatever became of it before. Nobody ever rests."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider, "balance")
        self._names = [one.name for one in provider.vendors]
        self._next = count()

    @override
    def lease(self, wanted: Wanted, now: float) -> Lease | Rest:
        """Take the next one."""
        number = next(self._next)
        name = wanted.again or self._names[number % len(self._names)]
        return Lease(number, name, MODEL.upstream, MODEL.model, wanted.session, now, "the next in turn")

    @override
    def hear(self, given: Lease, answer: Answer, now: float) -> None:
        """Learn nothing."""

    @override
    def settle(self, given: Lease, outcome: AnyOutcome, now: float) -> None:
        """Learn nothing."""

    @override
    def around(self, wanted: Wanted, now: float) -> tuple[bool, bool, float | None]:
        """Anybody could, at any time."""
        return len({tried.account for tried in wanted.tried}) < len(self._names), True, None


class Day:
    """Plays sessions against a provider. `told`: one for each request, in the order of their ends."""

    def __init__(
        self, provider: Provider, chooser: Chooser, *, requests: int, seconds: float, seed: int
    ) -> None:
        self.told: list[Told] = []
        self._provider = provider
        self._chooser = chooser
        self._numbers = {one.name: number for number, one in enumerate(provider.vendors)}
        self._dice = Dice(f"clients {seed}")
        self._jitter = Dice(f"jitter {seed}")
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()
        self._last: dict[int, str] = {}
        turns = 0
        for session in count():
            if turns >= requests:
                break
            length = min(self._dice.randint(3, 40), requests - turns)
            turns += length
            begins = self._dice.triangular(0, seconds * 0.95, seconds * 0.6)
            self.at(begins, lambda now, s=session, n=length: self._turn(s, n, now))

    def at(self, when: float, deed: Callable[[float], None]) -> None:
        """Do this then."""
        heapq.heappush(self._events, (when, next(self._order), deed))

    def play(self) -> None:
        """Play to the end."""
        while self._events:
            now, _, deed = heapq.heappop(self._events)
            deed(now)

    def _turn(self, session: int, left: int, now: float) -> None:
        def over(told: Told, at: float) -> None:
            if told.served:
                before = self._last.get(session)
                told.stayed = None if before is None else before == told.served
                self._last[session] = told.served
            self.told.append(told)
            if left > 1:
                pause = self._dice.uniform(1, 40)
                self.at(at + pause, lambda then: self._turn(session, left - 1, then))

        _Request(self, session, now, over).ask(now)

    # ---- what a request works with ----

    @property
    def chooser(self) -> Chooser:
        """Who chooses."""
        return self._chooser

    def jitter(self) -> float:
        """Give chance from 0 to 1."""
        return self._jitter.random()

    def attempt(self, given: Lease, session: int, now: float) -> Answer:
        """Ask the provider."""
        number = self._numbers[given.account]
        answer = self._provider.answer(number, session, now)
        vendor = self._provider.vendors[number]
        vendor.under_way += 1
        self.at(now + answer.after + answer.words, lambda _: _left(vendor))
        return answer


def _left(vendor: Vendor) -> None:
    vendor.under_way -= 1


class _Request:
    """One request's way, as `relay.trip` and `relay.journey` go it."""

    def __init__(self, day: Day, session: int, now: float, over: Callable[[Told, float], None]) -> None:
        self._day = day
        self._told = Told(session)
        self._began = now
        self._over = over
        self._history: History = ()
        self._tried: tuple[Tried, ...] = ()
        self._own: str | None = None

    def _wanted(self, again: str | None = None) -> Wanted:
        return Wanted(
            (MODEL,),
            session=f"s{self._told.session}",
            tried=self._tried,
            again=again or self._own,
            most=HEALING.max_accounts,
            began=self._began,
            ends=self._began + HEALING.budget_seconds,
        )

    def ask(self, now: float, again: str | None = None) -> None:
        """Make one attempt, or wait."""
        given = self._day.chooser.lease(self._wanted(again), now)
        if isinstance(given, Rest):
            self._own = given.own
            self._go_on(o.NoAccount(retry_after=given.soonest), "", now)
            return
        self._told.attempts += 1
        answer = self._day.attempt(given, self._told.session, now)
        end = self._answered if isinstance(answer.outcome, o.Completed) else self._failed
        self._day.at(now + answer.after, lambda then: end(given, answer, then))

    def _answered(self, given: Lease, answer: Answer, now: float) -> None:
        self._day.chooser.hear(given, answer, now)
        self._told.served, self._told.cached = given.account, answer.cached
        self._told.first = now - self._began

        def end(then: float) -> None:
            self._day.chooser.settle(given, answer.outcome, then)
            self._over(self._told, then)

        self._day.at(now + answer.words, end)

    def _failed(self, given: Lease, answer: Answer, now: float) -> None:
        self._told.failed += 1
        self._own = None
        self._day.chooser.settle(given, answer.outcome, now)
        self._tried = (*self._tried, given.tried)
        self._go_on(answer.outcome, given.account, now)

    def _go_on(self, outcome: AnyOutcome, account: str, now: float) -> None:
        step = Step(outcome, UNDECIDED, account, MODEL.upstream, self._told.attempts if account else 0)
        decision = decide(
            outcome, self._history, POLICY, self._circumstances(step, now), jitter=self._day.jitter()
        )
        self._history = (*self._history, msgspec.structs.replace(step, decision=decision))
        if decision.move == "give_up":
            self._over(self._told, now)
            return
        again = account if decision.move == "again" else None
        self._day.at(now + decision.after, lambda then: self.ask(then, again))

    def _circumstances(self, step: Step, now: float) -> Circumstances:
        another, same, soonest = self._day.chooser.around(self._wanted(), now)
        steps = [*((past.account, past.outcome) for past in self._history), (step.account, step.outcome)]
        return Circumstances(
            account=step.account,
            attempts=attempts_spent(steps),
            accounts=len({name for name, _ in steps if name}),
            max_attempts=HEALING.max_attempts,
            max_accounts=HEALING.max_accounts,
            left=self._began + HEALING.budget_seconds - now,
            another=another,
            same=same,
            soonest=soonest,
        )
