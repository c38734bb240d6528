"""What choosing costs a request: the verbs of the pool, among as many accounts as one likes."""

from __future__ import annotations

import time
from collections.abc import Callable

from peekd.accounts.account import Account
from peekd.accounts.leasing import heard, lease, settle
from peekd.accounts.pool import Pool, open_pool
from peekd.accounts.settings import Mode, SchedulingSettings
from peekd.accounts.waiting import survey
from peekd.accounts.wanted import Lease, Target, Wanted
from peekd.vocabulary import outcomes as o

TARGET = Target("up", "claude-opus")
ROUNDS = 2000


def costs(accounts: int, mode: Mode) -> dict[str, float]:
    """Give microseconds of processor time by verb, the mean of many requests of which one in seven fails."""
    listed = [Account(f"a{n}", "up", models=("claude-*",), requests_per_minute=30) for n in range(accounts)]
    pool = open_pool(listed, SchedulingSettings(mode))
    spent = dict.fromkeys(("lease", "survey", "settle"), 0.0)
    for number in range(ROUNDS):
        now = number * 0.5
        wanted = Wanted((TARGET,), session=f"s{number % 200}", began=now, ends=now + 300)
        before, asked_for = pool, wanted
        spent["lease"] += _timed(lambda p=before, w=asked_for, at=now: lease(p, w, at))
        spent["survey"] += _timed(lambda p=before, w=asked_for, at=now: survey(p, w, at))
        pool, given = lease(pool, wanted, now)
        if isinstance(given, Lease):
            outcome = o.Silent() if number % 7 == 0 else o.Completed()
            leased, taken = pool, given
            spent["settle"] += _timed(lambda p=leased, g=taken, at=now, end=outcome: _end(p, g, end, at))
            pool = _end(pool, given, outcome, now)
    return {verb: 1e6 * seconds / ROUNDS for verb, seconds in spent.items()}


def _end(pool: Pool, given: Lease, outcome: o.Outcome, now: float) -> Pool:
    return settle(heard(pool, given, now + 1), given, outcome, now + 1)


def _timed(verb: Callable[[], object]) -> float:
    began = time.process_time()
    verb()
    return time.process_time() - began


def told(accounts: int, mode: Mode) -> str:
    """Write the figures as a line."""
    figures = ", ".join(f"{verb} {cost:.0f} us" for verb, cost in costs(accounts, mode).items())
    return f"{mode}, {accounts} accounts: {figures}"
