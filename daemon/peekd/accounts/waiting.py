"""Who could be asked next, and when somebody can be where nobody can now."""

from __future__ import annotations

from peekd.accounts.account import Account
from peekd.accounts.candidates import (
    FRESH,
    SPENT,
    TWICE,
    candidates,
    obstacles,
    pass_of,
    within,
)
from peekd.accounts.health import person_mends
from peekd.accounts.pool import Pool, listed
from peekd.accounts.ties import own_account
from peekd.accounts.wanted import Rest, Resting, Survey, Wanted


def survey(pool: Pool, wanted: Wanted, now: float) -> Survey:
    """Tell who could be asked next, without taking anybody; `wanted.tried` ends with the last one asked."""
    passes = {
        (one.account.name, pass_of(wanted, target, one))
        for target in wanted.targets
        for one in candidates(pool, wanted, target, now)
    }
    last = wanted.tried[-1].account if wanted.tried else ""
    usable = any(name == last for name, _ in passes)
    spent = (last, SPENT) in passes
    others = any(name != last and rank != SPENT for name, rank in passes)
    own = staying(pool, wanted, now)
    return Survey(
        another=any(rank == FRESH for _, rank in passes),
        same=usable and not (spent and others),
        soonest=_soonest(pool, wanted, now) if own is None else own.soonest,
    )


def rest(pool: Pool, wanted: Wanted, now: float) -> Rest:
    """Tell why nobody can be asked now, and when somebody can."""
    causes = {
        resting: None
        for target in wanted.targets
        for account in listed(pool, wanted, target)
        for resting in obstacles(pool, account, target.model, now)
    }
    mend = {why.account: None for why in causes if person_mends(why.cause)}
    return Rest(
        soonest=_soonest(pool, wanted, now), causes=tuple(causes), mend=tuple(mend), exists=bool(causes)
    )


def staying(pool: Pool, wanted: Wanted, now: float) -> Rest | None:
    """Why a request waits for its session's own account though others could serve; None: it does not.

    So it is for "cache-first", at the first target that the session is tied at or anybody could serve: where
    the account is back before the request's patience and its budget end, and has not failed it twice.
    """
    if pool.scheduling.mode != "cache-first" or wanted.began is None:
        return None
    for target in wanted.targets:
        name = own_account(pool, wanted, target)
        own = next((one for one in listed(pool, wanted, target) if one.name == name), None)
        if own is not None:
            held = obstacles(pool, own, target.model, now)
            return _waited_for(pool, wanted, own, held, now)
        if any(True for _ in candidates(pool, wanted, target, now)):
            return None
    return None


def _waited_for(
    pool: Pool, wanted: Wanted, own: Account, held: tuple[Resting, ...], now: float
) -> Rest | None:
    """Why a request waits for this account of its session's; None: it does not, or need not."""
    back = _back(held)
    if back is None or wanted.began is None or wanted.again not in {None, own.name}:
        return None
    if back > wanted.began + pool.scheduling.stay_seconds or back >= wanted.ends:
        return None
    failed = sum(tried.account == own.name for tried in wanted.tried)
    if failed >= TWICE or not within(wanted, own):
        return None
    return Rest(soonest=back - now, causes=held, mend=(), exists=True, own=own.name)


def _back(held: tuple[Resting, ...]) -> float | None:
    """When all that holds an account has ended by itself; None: never, or nothing does."""
    untils = [why.until for why in held if why.until is not None]
    return max(untils) if untils and len(untils) == len(held) else None


def _soonest(pool: Pool, wanted: Wanted, now: float) -> float | None:
    """Seconds until the first account that cannot be asked now is back: all that holds it must have ended."""
    ends: list[float] = []
    for target in wanted.targets:
        for account in listed(pool, wanted, target):
            held = obstacles(pool, account, target.model, now)
            back = _back(held) if held else None
            if back is not None and within(wanted, account):
                ends.append(back)
    return min(ends) - now if ends else None
