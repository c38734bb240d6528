"""What holds of a pool whatever requests come, in whatever order they end."""

from __future__ import annotations

import math
from collections import defaultdict

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from peekd.accounts.account import Account
from peekd.accounts.cooldown import COOLDOWNS, GOOD, SPARED, Cooldown
from peekd.accounts.leasing import heard, lease, report, settle
from peekd.accounts.parties import SHARED, party_of
from peekd.accounts.pool import Pool, open_pool
from peekd.accounts.settings import SchedulingSettings
from peekd.accounts.standing import restored, standing_of
from peekd.accounts.waiting import survey
from peekd.accounts.wanted import Lease, Rest, Target, Tried, Wanted
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import Outcome, name_of
from peekd.vocabulary.quotas import Quota

OPUS, HAIKU, PRO = Target("claude", "opus"), Target("claude", "haiku"), Target("google", "pro")
ACCOUNTS = (
    Account("a", "claude", priority=1, requests_per_minute=4),
    Account("b", "claude", weight=3, max_concurrent=2),
    Account("c", "claude", models=("opus",), reserve=0.3),
    Account("d", "claude"),
    Account("e", "claude", own_path=True),
    Account("g", "google"),
)
GENTLE = (o.Completed, o.ClientGone, o.Rejected, o.TooLarge, o.Signature, o.Blank, o.Superseded, o.Internal)
FAILURES = (
    o.Unauthorized,
    o.Forbidden,
    o.ModelNotFound,
    o.Overloaded,
    o.ServerError,
    o.Unreachable,
    o.Broken,
)
LIMITS = (o.RateLimited, o.QuotaExhausted)
OUTCOMES = (
    *(
        outcome
        for told in (None, 0.0, 0.5, 5.0, 400.0, math.inf)
        for outcome in (
            *(kind(retry_after=told) for kind in (*GENTLE, *FAILURES)),
            *(kind(retry_after=told, scope=scope) for kind in LIMITS for scope in ("account", "model")),
        )
    ),
    o.Unauthorized(stop=True),
    o.Forbidden(stop=True),
)
WANTED = st.builds(
    Wanted,
    st.lists(st.sampled_from([OPUS, HAIKU, PRO]), min_size=1, max_size=3, unique=True).map(tuple),
    session=st.sampled_from([None, "s", "t"]),
    tried=st.lists(
        st.builds(Tried, st.sampled_from("abcdeg"), st.sampled_from(["opus", "pro"])), max_size=4
    ).map(tuple),
    again=st.sampled_from([None, "a", "b", "g"]),
)


ROUNDING = 1e-3
"""Seconds that a restart may lose: wall time is a large number."""


class Requests(RuleBasedStateMachine):
    """Many requests at once, any outcome in any order; what must hold whatever happens.

    `hard`: every rest that was ever given, by the test's own books; nothing but time ends one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pool: Pool = open_pool(ACCOUNTS)
        self.now = 0.0
        self.open: list[Lease] = []
        self.hard: list[tuple[str, Cooldown]] = []
        self.begun: defaultdict[str, list[float]] = defaultdict(list)

    @rule(mode=st.sampled_from(["cache-first", "balance", "performance-first"]))
    def reload(self, mode: str) -> None:
        scheduling = msgspec.convert({"mode": mode}, SchedulingSettings)
        self.pool = msgspec.structs.replace(self.pool, scheduling=scheduling)

    @rule(seconds=st.sampled_from([0.0, 0.4, 1.0, 29.0, 300.0, 8000.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @rule(wanted=WANTED, waits=st.booleans())
    def ask(self, wanted: Wanted, *, waits: bool) -> None:
        wanted = msgspec.structs.replace(wanted, began=self.now if waits else None)
        pool, answer = lease(self.pool, wanted, self.now)
        assert lease(self.pool, wanted, self.now) == (pool, answer)
        seen = survey(self.pool, wanted, self.now)
        if isinstance(answer, Rest):
            assert pool == self.pool
            stays = answer.causes and answer.soonest == seen.soonest and waits
            assert stays or not (seen.another or seen.same)
            assert answer.soonest is None or answer.soonest > 0
            return
        account = next(one for one in ACCOUNTS if one.name == answer.account)
        assert Target(answer.upstream, answer.model) in wanted.targets
        assert answer.upstream == account.upstream
        assert not account.models or answer.model in account.models
        assert not self.resting(answer)
        self.keeps_its_limits(account)
        self.begun[answer.account].append(self.now)
        self.open.append(answer)
        self.pool = pool

    def resting(self, given: Lease) -> list[Cooldown]:
        """Rests that, by the test's own books, are in force for what a lease is for."""
        return [
            rest
            for name, rest in self.hard
            if name == given.account and rest.holds(given.model, self.now + ROUNDING)
        ]

    def keeps_its_limits(self, account: Account) -> None:
        last = [at for at in self.begun[account.name] if at > self.now - 60.0]
        assert not account.requests_per_minute or len(last) < account.requests_per_minute
        assert not account.max_concurrent or self.under_way(account.name) < account.max_concurrent

    def under_way(self, name: str) -> int:
        return sum(given.account == name for given in self.open)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), share=st.sampled_from([0.0, 0.2, 1.0]))
    def hear(self, data: st.DataObject, share: float) -> None:
        given = self.open[data.draw(st.integers(0, len(self.open) - 1))]
        self.pool = report(self.pool, given, (Quota(share, 100.0),), self.now)
        self.pool = heard(self.pool, given, self.now)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def end(self, data: st.DataObject, outcome: Outcome) -> None:
        given = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        before, shared = self.pool.health, self.pool.shared
        self.pool = settle(self.pool, given, outcome, self.now)
        after = self.pool.health[given.account]
        old = before[given.account]
        self.hard += [(given.account, r) for r in after.cooldowns if r.hard and r not in old.cooldowns]
        assert [
            name for name in before if name != given.account and before[name] != self.pool.health[name]
        ] == []
        own_path = given.account == "e"
        if name_of(outcome) in SPARED or party_of(outcome, own_path=own_path) in SHARED:
            assert (after.cooldowns, after.streaks) == (old.cooldowns, old.streaks)
        elif name_of(outcome) not in GOOD:
            assert self.pool.shared == shared
        if name_of(outcome) in SPARED | GOOD:
            assert not [r for r in after.cooldowns if r not in old.cooldowns]
        with pytest.raises(ValueError, match="not open"):
            settle(self.pool, given, outcome, self.now)

    @rule(shift=st.sampled_from([0.0, 1e9]), jump=st.sampled_from([-4000.0, 0.0, 4000.0]))
    def restart(self, shift: float, jump: float) -> None:
        """Everything under way is lost; what rested rests on, unless the clock was set forward meanwhile."""
        kept = [standing_of(self.pool, one.name, disabled=False, shift=shift) for one in ACCOUNTS]
        self.pool = restored(open_pool(ACCOUNTS), kept, now=self.now, shift=shift + jump)
        self.open, self.begun = [], defaultdict(list)
        if jump > 0:
            self.hard = []
        self.hard = [
            (name, rest) for name, rest in self.hard if rest.cause != "unauthorized" or rest.final
        ]  # a credential may be another after a restart

    @invariant()
    def what_is_under_way_is_counted(self) -> None:
        for account in ACCOUNTS:
            assert self.pool.health[account.name].in_flight == self.under_way(account.name)

    @invariant()
    def one_at_a_time_tries_whether_a_trouble_is_over(self) -> None:
        leases = {given.number: given for given in self.open}
        for name, health in self.pool.health.items():
            assert health.probe is None or leases[health.probe].account == name
        for sky in self.pool.skies.values():
            assert all(storm.probe is None or storm.probe in leases for storm in sky.storms)

    @invariant()
    def no_lock_is_cleared_but_by_its_time(self) -> None:
        for name, rest in self.hard:
            if self.now < rest.until - ROUNDING:
                ours = self.pool.health[name].resting(rest.model, self.now)
                assert any(one.cause == rest.cause and one.until >= rest.until - ROUNDING for one in ours)

    @invariant()
    def every_rest_has_a_row(self) -> None:
        assert all(r.cause in COOLDOWNS for h in self.pool.health.values() for r in h.cooldowns)


TestAnyOrderOfRequests = Requests.TestCase
TestAnyOrderOfRequests.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
