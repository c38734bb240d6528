"""What holds of a pool whatever requests come, in whatever order they end."""

from __future__ import annotations

import math

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from peekd.accounts.account import Account
from peekd.accounts.cooldown import GOOD, SPARED, Cooldown
from peekd.accounts.leasing import lease, settle
from peekd.accounts.pool import Pool, open_pool
from peekd.accounts.wanted import Lease, Rest, Target, Tried, Wanted
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import Outcome, name_of

OPUS, HAIKU, PRO = Target("claude", "opus"), Target("claude", "haiku"), Target("google", "pro")
ACCOUNTS = (
    Account("a", "claude", priority=1),
    Account("b", "claude", weight=3, max_concurrent=2),
    Account("c", "claude", models=("opus",)),
    Account("g", "google"),
)
GENTLE = (o.Completed, o.ClientGone, o.Rejected, o.TooLarge, o.Signature, o.Blank, o.Superseded, o.Internal)
FAILURES = (o.Unauthorized, o.Forbidden, o.ModelNotFound, o.Overloaded, o.Silent, o.Broken)
LIMITS = (o.RateLimited, o.QuotaExhausted)
OUTCOMES = tuple(
    outcome
    for told in (None, 0.0, 0.5, 5.0, 400.0, math.inf)
    for outcome in (
        *(kind(retry_after=told) for kind in (*GENTLE, *FAILURES)),
        *(kind(retry_after=told, scope=scope) for kind in LIMITS for scope in ("account", "model")),
    )
)


class Requests(RuleBasedStateMachine):
    """Many requests at once, any outcome in any order; what must hold whatever happens."""

    def __init__(self) -> None:
        super().__init__()
        self.pool: Pool = open_pool(ACCOUNTS)
        self.now = 0.0
        self.open: list[Lease] = []
        self.hard: list[tuple[str, Cooldown]] = []

    @rule(seconds=st.sampled_from([0.0, 0.4, 1.0, 29.0, 300.0, 8000.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @rule(
        wishes=st.lists(st.sampled_from([OPUS, HAIKU, PRO]), min_size=1, max_size=3, unique=True),
        session=st.sampled_from([None, "s", "t"]),
        failed=st.lists(
            st.builds(Tried, st.sampled_from("abcg"), st.sampled_from(["opus", "pro"])), max_size=4
        ),
        again=st.sampled_from([None, "a", "b", "g"]),
    )
    def ask(self, wishes: list[Target], session: str | None, failed: list[Tried], again: str | None) -> None:
        wanted = Wanted(tuple(wishes), session, tuple(failed), again)
        pool, answer = lease(self.pool, wanted, self.now)
        assert lease(self.pool, wanted, self.now) == (pool, answer)
        able = [one.name for one in ACCOUNTS for target in wishes if self.able(one, target)]
        if isinstance(answer, Rest):
            assert not able
            assert pool == self.pool
        else:
            assert answer.account in able
            assert Target(answer.upstream, answer.model) in wishes
            self.open.append(answer)
            self.pool = pool

    def able(self, account: Account, target: Target) -> bool:
        """Whether by the test's own books nothing keeps an account from serving a target."""
        return (
            account.upstream == target.upstream
            and (not account.models or target.model in account.models)
            and (not account.max_concurrent or self.under_way(account.name) < account.max_concurrent)
            and not any(
                name == account.name and rest.holds(target.model, self.now) for name, rest in self.hard
            )
        )

    def under_way(self, name: str) -> int:
        return sum(given.account == name for given in self.open)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def end(self, data: st.DataObject, outcome: Outcome) -> None:
        given = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        before = self.pool.health[given.account]
        self.pool = settle(self.pool, given, outcome, self.now)
        after = self.pool.health[given.account]
        self.hard += [
            (given.account, rest) for rest in after.cooldowns if rest.hard and rest not in before.cooldowns
        ]
        if name_of(outcome) in SPARED:
            assert (after.cooldowns, after.streaks) == (before.cooldowns, before.streaks)
        if name_of(outcome) in SPARED | GOOD:
            assert not [rest for rest in after.cooldowns if rest not in before.cooldowns]
        with pytest.raises(ValueError, match="not open"):
            settle(self.pool, given, outcome, self.now)

    @invariant()
    def what_is_under_way_is_counted(self) -> None:
        for account in ACCOUNTS:
            assert self.pool.health[account.name].in_flight == self.under_way(account.name)


TestAnyOrderOfRequests = Requests.TestCase
TestAnyOrderOfRequests.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
