"""Who could serve the next attempt, who could not, and for what reason."""

from __future__ import annotations

from collections.abc import Iterator

from peekd.accounts.account import Account
from peekd.accounts.choice import Candidate, select
from peekd.accounts.cooldown import COOLDOWNS
from peekd.accounts.health import Health
from peekd.accounts.pace import expected
from peekd.accounts.pool import Pool, listed, shared_of, sky_of
from peekd.accounts.storms import raging
from peekd.accounts.ties import own_account
from peekd.accounts.wanted import Resting, Target, Wanted

BUSY_SECONDS = 1.0
"""When an account that serves all it may at once is worth asking again: nobody knows, so soon."""

MINUTE = 60.0
"""Seconds that a limit of requests is counted over."""

TWICE = 2
"""Failures in one request after which it prefers anyone else."""

PASSES = FRESH, ASKED, SPENT = range(3)
"""Accounts this request has not asked for the model, those it has, and those that failed it twice."""


def chosen(pool: Pool, wanted: Wanted, now: float) -> tuple[Target, Candidate, str] | None:
    """Find whom to ask for what: the account asked for again, else the first of three passes that has one.

    In each pass an account that has little left goes after all targets' others.
    """
    able = [(target, [*candidates(pool, wanted, target, now)]) for target in wanted.targets]
    if wanted.again is not None:
        last = wanted.tried[-1].model if wanted.tried else ""
        for target, those in sorted(able, key=lambda pair: pair[0].model != last):
            for candidate in those:
                if candidate.account.name == wanted.again:
                    return target, candidate, "the same account once more"
    mode, fresh = pool.scheduling.mode, not wanted.tried
    for rank in (FRESH,) if fresh else PASSES:
        for low in (False, True):
            for place, (target, those) in enumerate(able):
                ours = [
                    one for one in those if one.low is low and (fresh or ranked(wanted, target, one) == rank)
                ]
                if ours:
                    one, because = select(ours, own_account(pool, wanted, target), mode)
                    because = "it alone holds what the request names" if wanted.only else because
                    because += "; it has little left, but nobody else is" if low else ""
                    return target, one, because + _passed_over(wanted.targets[:place]) if place else because
    return None


def ranked(wanted: Wanted, target: Target, candidate: Candidate) -> int | None:
    """Give the pass in which it may serve; None: the request may ask no more accounts."""
    if not wanted.tried:
        return FRESH
    if not within(wanted, candidate.account):
        return None
    return pass_of(wanted, target, candidate)


def pass_of(wanted: Wanted, target: Target, candidate: Candidate) -> int:
    """Give the pass that what it did to this request puts it in."""
    name = candidate.account.name
    if sum(tried.account == name for tried in wanted.tried) >= TWICE:
        return SPENT
    return ASKED if any((t.account, t.model) == (name, target.model) for t in wanted.tried) else FRESH


def within(wanted: Wanted, account: Account) -> bool:
    """Whether the request may ask this account, too."""
    asked = {tried.account for tried in wanted.tried}
    return account.name in asked or not wanted.most or len(asked) < wanted.most


def _passed_over(targets: tuple[Target, ...]) -> str:
    return f"; nobody else for {', '.join(f'{target.upstream}/{target.model}' for target in targets)}"


def candidates(pool: Pool, wanted: Wanted, target: Target, now: float) -> Iterator[Candidate]:
    """Give the accounts that could serve a target now."""
    model = target.model
    if raging(sky_of(pool, target.upstream), model, now, BUSY_SECONDS) is not None:
        return
    shared = shared_of(pool, target.upstream)
    last = pool.rounds.get(target.upstream, 0.0)
    for account in listed(pool, wanted, target):
        health = pool.health[account.name]
        if _own_obstacles(account, health, model, now):
            continue
        left = health.left(model, now) if health.reports else None
        yield Candidate(
            account,
            health,
            _is_tired(account, health, shared, model, now),
            max(last, health.share),
            left is not None and (left <= 0 or left < account.reserve),
            expected(health.paces.get(model), now),
        )


def _is_tired(account: Account, health: Health, shared: Health, model: str, now: float) -> bool:
    return bool(
        (health.cooldowns and health.tired(model, now))
        or (shared.cooldowns and shared.tired(model, now, by=account.name))
    )


def obstacles(pool: Pool, account: Account, model: str, now: float) -> tuple[Resting, ...]:
    """Why an account cannot be asked for a model now; empty: it can."""
    own = _own_obstacles(account, pool.health[account.name], model, now)
    if account.disabled:
        return own
    storm = raging(sky_of(pool, account.upstream), model, now, BUSY_SECONDS)
    return own if storm is None else (*own, Resting(account.name, *storm))


def _own_obstacles(account: Account, health: Health, model: str, now: float) -> tuple[Resting, ...]:
    if account.disabled:
        return (Resting(account.name, "disabled", None),)
    if health.cooldowns and (rests := health.resting(model, now)):
        return tuple(
            Resting(account.name, rest.cause, rest.until if COOLDOWNS[rest.cause].passes else None)
            for rest in rests
        )
    until = busy_until(account, health, model, now)
    return () if until is None else (Resting(account.name, "busy", until),)


def busy_until(account: Account, health: Health, model: str, now: float) -> float | None:
    """When an account that is well is worth asking that serves all it may; None: it may serve more.

    That is one request, where it tries whether a trouble is over.
    """
    until = now
    if 0 < account.max_concurrent <= health.in_flight:
        until = now + BUSY_SECONDS
    if health.probe is not None and health.half_open(model):
        until = now + BUSY_SECONDS
    if 0 < account.requests_per_minute <= len(health.begun):
        until = max(until, health.begun[-account.requests_per_minute] + MINUTE)
    return until if until > now else None
