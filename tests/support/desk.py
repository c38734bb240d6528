"""A pool at work in a test: leases and settles while the time moves by hand."""

from __future__ import annotations

from peekd.accounts.account import Account
from peekd.accounts.leasing import heard, lease, report, settle
from peekd.accounts.pool import open_pool
from peekd.accounts.settings import Mode, SchedulingSettings
from peekd.accounts.waiting import survey
from peekd.accounts.wanted import Lease, Rest, Survey, Target, Tried, Wanted
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import Outcome
from peekd.vocabulary.quotas import Quota

OPUS = Target("claude", "opus")
HAIKU = Target("claude", "haiku")
PRO = Target("google", "pro")


class Desk:
    """Leases and settles on one pool while `now` moves by hand, so that a test reads as a dialogue."""

    def __init__(self, *accounts: Account | str, mode: Mode = "balance", stay_seconds: float = 30.0) -> None:
        listed = (Account(one, "claude") if isinstance(one, str) else one for one in accounts)
        self.pool = open_pool(listed, SchedulingSettings(mode, stay_seconds))
        self.now = 1000.0

    def lease(
        self,
        *targets: Target,
        session: str | None = None,
        tried: tuple[Tried, ...] = (),
        again: str | None = None,
    ) -> Lease:
        wanted = Wanted(targets or (OPUS,), session, tried, again)
        self.pool, given = lease(self.pool, wanted, self.now)
        assert isinstance(given, Lease)
        return given

    def rest(self, *targets: Target, tried: tuple[Tried, ...] = ()) -> Rest:
        pool, answer = lease(self.pool, Wanted(targets or (OPUS,), tried=tried), self.now)
        assert isinstance(answer, Rest)
        assert pool == self.pool
        return answer

    def settle(self, given: Lease, outcome: Outcome) -> Tried:
        self.pool = settle(self.pool, given, outcome, self.now)
        return given.tried

    def fail(self, name: str, outcome: Outcome, target: Target = OPUS) -> Tried:
        """Ask this account and book this outcome."""
        given = self.lease(target, again=name)
        assert given.account == name
        return self.settle(given, outcome)

    def hear(self, given: Lease, after: float = 0.0) -> None:
        """Let so many seconds pass, and then the attempt's first word come."""
        self.now += after
        self.pool = heard(self.pool, given, self.now)

    def report(self, given: Lease, *quotas: Quota) -> None:
        """Let the upstream say what is left."""
        self.pool = report(self.pool, given, quotas, self.now)

    def serve(self, *targets: Target, session: str | None = None) -> str:
        """Let one request succeed after a second; give the name of who served."""
        given = self.lease(*targets, session=session)
        self.now += 1.0
        self.settle(given, o.Completed())
        return given.account

    def survey(self, *targets: Target, tried: tuple[Tried, ...] = ()) -> Survey:
        return survey(self.pool, Wanted(targets or (OPUS,), tried=tried), self.now)
