"""What a request asks of the pool, and what it gets: a lease, or the reasons why there is none."""

from __future__ import annotations

import math

import msgspec

from peekd.accounts.account import Account


class Target(msgspec.Struct, frozen=True, gc=False):
    """An upstream and the model to ask it for."""

    upstream: str
    model: str


class Tried(msgspec.Struct, frozen=True, gc=False):
    """An attempt of this request that failed: which account was asked, and for which model."""

    account: str
    model: str


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """What one request wants for its next attempt.

    `targets` in order: the next serves when those before have no account left. `tried`: its failed attempts,
    oldest first, one entry each. `again`: the account to be asked once more, if it still can. `most`:
    distinct accounts that it may ask, 0: any number. `only`: the one account that may serve, since it holds
    what the request names. `began`: when the request came; without it, it waits for nobody. `ends`: when no
    attempt may be begun any more. `among`: the accounts to choose from, where they are not the pool's own.
    """

    targets: tuple[Target, ...]
    session: str | None = None
    tried: tuple[Tried, ...] = ()
    again: str | None = None
    most: int = 0
    only: str | None = None
    began: float | None = None
    ends: float = math.inf
    among: tuple[Account, ...] | None = None


class Lease(msgspec.Struct, frozen=True, gc=False):
    """An account taken for one attempt; it must be settled exactly once. `because`: why this one, in words.

    `rebinds`: if the attempt succeeds, the session is from then on tied to this account.
    """

    number: int
    account: str
    upstream: str
    model: str
    session: str | None
    since: float
    because: str
    rebinds: bool = True

    @property
    def tried(self) -> Tried:
        """The entry to add to `Wanted.tried` where the attempt fails."""
        return Tried(self.account, self.model)


class Resting(msgspec.Struct, frozen=True, gc=False):
    """Why an account cannot be asked: an outcome's name, "disabled" or "busy".

    `until`: when it is back by itself (monotonic seconds), None: only by somebody's hand.
    """

    account: str
    cause: str
    until: float | None


class Rest(msgspec.Struct, frozen=True, gc=False):
    """Nobody can be asked now.

    `soonest`: seconds until the first one is back by itself, None: none ever is. `mend`: accounts that a
    person must mend. `exists` False: no account, resting or not, is configured for what was wanted.
    `own`: others could serve, but the session's own account is waited for.
    """

    soonest: float | None
    causes: tuple[Resting, ...]
    mend: tuple[str, ...]
    exists: bool
    own: str | None = None


MOST_NAMED = 8
"""Accounts of which it is told why they cannot be asked; of a larger pool the others are counted."""


def why_nobody(rest: Rest, now: float) -> str:
    """Say of each account why it cannot be asked, "" where there is none.

    >>> causes = (Resting("alice", "rate_limited", 30.0), Resting("bob", "disabled", None))
    >>> why_nobody(Rest(20.0, causes, (), exists=True), 10.0)
    'alice: rate_limited, 20 s more; bob: disabled'
    """
    said: dict[str, str] = {}
    for why in rest.causes:
        more = "" if why.until is None else f", {max(0.0, why.until - now):.0f} s more"
        said.setdefault(why.account, f"{why.account}: {why.cause}{more}")
    rows = list(said.values())
    left = [f"{len(rows) - MOST_NAMED} others"] if len(rows) > MOST_NAMED else []
    return "; ".join([*rows[:MOST_NAMED], *left])


class Survey(msgspec.Struct, frozen=True, gc=False):
    """Who could be asked next. `another`: one this request has not asked. `same`: the last one once more.

    `soonest`: seconds until the first of those that cannot be asked now is back by itself.
    """

    another: bool
    same: bool
    soonest: float | None
