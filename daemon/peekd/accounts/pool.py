"""All accounts together: who serves the next attempt, and what is booked when it ends.

Values in, values out: every verb gives a new pool, and `now` is the caller's monotonic clock in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from peekd.accounts.account import Account, serves
from peekd.accounts.choice import Candidate, select
from peekd.accounts.cooldown import COOLDOWNS, GOOD
from peekd.accounts.health import Health, blamed, praised
from peekd.accounts.sessions import Bindings, Key, bind, bound
from peekd.accounts.wanted import Lease, Rest, Resting, Survey, Target, Wanted
from peekd.vocabulary.outcomes import Outcome, Unauthorized, name_of

BUSY_SECONDS = 1.0
"""When an account that serves all it may at once is worth asking again: nobody knows, so soon."""

TWICE = 2
"""Failures in one request after which it prefers anyone else."""


TURNED_AWAY = name_of(Unauthorized)


class Pool(msgspec.Struct, frozen=True):
    """Accounts in the order of the file, the health of each by name, and the sessions' ties.

    `leased` counts the leases ever given, and numbers them. `rounds`: per upstream, the turn that was last.
    `held`: which account holds what a request may name by an id.
    """

    accounts: tuple[Account, ...]
    health: Mapping[str, Health]
    bindings: Bindings = Bindings()
    held: Bindings = Bindings()
    leased: int = 0
    rounds: Mapping[str, float] = msgspec.field(default_factory=dict[str, float])


def open_pool(accounts: Iterable[Account]) -> Pool:
    """Give a pool in which nobody has been asked yet. Raises ValueError where two accounts share a name."""
    listed = tuple(accounts)
    health = {account.name: Health() for account in listed}
    if len(health) < len(listed):
        raise ValueError("two accounts have the same name")
    return Pool(listed, health)


# ---- lease ----------------------------------------------------------------------------------------


def lease(pool: Pool, wanted: Wanted, now: float) -> tuple[Pool, Lease | Rest]:
    """Take an account for the next attempt, or tell why there is none; without one the pool is unchanged."""
    chosen = _chosen(pool, wanted, now)
    if chosen is None:
        return pool, _rest(pool, wanted, now)
    target, candidate, because = chosen
    account = candidate.account
    given = Lease(
        number=pool.leased,
        account=account.name,
        upstream=target.upstream,
        model=target.model,
        session=wanted.session,
        since=now,
        because=because,
        rebinds=_rebinds(pool, wanted, target, account, now),
    )
    return _leased(pool, given, candidate), given


def _leased(pool: Pool, given: Lease, candidate: Candidate) -> Pool:
    """Book a lease: the account is busier, has had its turn, and a session without a tie gets one."""
    health = msgspec.structs.replace(
        candidate.health,
        leases=candidate.health.leases | {given.number},
        last_used=given.since,
        share=candidate.turn + 1 / candidate.account.weight,
    )
    key = _key(given.session, given.upstream, given.model)
    untied = key is not None and bound(pool.bindings, key) is None
    return msgspec.structs.replace(
        pool,
        health={**pool.health, given.account: health},
        bindings=bind(pool.bindings, key, given.account) if key is not None and untied else pool.bindings,
        leased=pool.leased + 1,
        rounds={**pool.rounds, given.upstream: candidate.turn},
    )


def _chosen(pool: Pool, wanted: Wanted, now: float) -> tuple[Target, Candidate, str] | None:
    """Find whom to ask for what: the account asked for again, else the first of three passes that has one."""
    last = wanted.tried[-1].model if wanted.tried else ""
    for target in sorted(wanted.targets, key=lambda target: target.model != last):
        for candidate in _candidates(pool, wanted, target, now):
            if candidate.account.name == wanted.again:
                return target, candidate, "the same account once more"
    for rank in _PASSES:
        for place, target in enumerate(wanted.targets):
            able = (one for one in _candidates(pool, wanted, target, now) if _within(wanted, one.account))
            ours = [one for one in able if _pass(wanted, target, one) == rank]
            if ours:
                one, because = select(ours, _bound(pool, wanted, target))
                because = "it alone holds what the request names" if wanted.only else because
                return target, one, because + _passed_over(wanted.targets[:place])
    return None


_PASSES = FRESH, ASKED, SPENT = range(3)
"""Accounts this request has not asked for the model, those it has, and those that failed it twice."""


def _pass(wanted: Wanted, target: Target, candidate: Candidate) -> int:
    name = candidate.account.name
    if sum(tried.account == name for tried in wanted.tried) >= TWICE:
        return SPENT
    return ASKED if any((t.account, t.model) == (name, target.model) for t in wanted.tried) else FRESH


def _within(wanted: Wanted, account: Account) -> bool:
    """Whether the request may ask this account, too."""
    asked = {tried.account for tried in wanted.tried}
    return account.name in asked or not wanted.most or len(asked) < wanted.most


def _passed_over(targets: tuple[Target, ...]) -> str:
    names = ", ".join(f"{target.upstream}/{target.model}" for target in targets)
    return f"; nobody else for {names}" if names else ""


def _listed(pool: Pool, wanted: Wanted, target: Target) -> Iterator[Account]:
    for one in pool.accounts if wanted.among is None else wanted.among:
        if one.upstream == target.upstream and serves(one, target.model) and wanted.only in {None, one.name}:
            yield one


def _candidates(pool: Pool, wanted: Wanted, target: Target, now: float) -> Iterator[Candidate]:
    """Give the accounts that could serve a target now."""
    last = pool.rounds.get(target.upstream, 0.0)
    for account in _listed(pool, wanted, target):
        health = pool.health[account.name]
        if not _obstacles(account, health, target.model, now):
            tired = bool(health.tired(target.model, now))
            yield Candidate(account, health, tired, turn=max(health.share, last))


def _obstacles(account: Account, health: Health, model: str, now: float) -> tuple[Resting, ...]:
    """Why an account cannot be asked for a model now; empty: it can."""
    if account.disabled:
        return (Resting(account.name, "disabled", None),)
    rests = tuple(
        Resting(account.name, rest.cause, rest.until if COOLDOWNS[rest.cause].passes else None)
        for rest in health.resting(model, now)
    )
    if not rests and 0 < account.max_concurrent <= health.in_flight:
        return (Resting(account.name, "busy", now + BUSY_SECONDS),)
    return rests


# ---- nobody to be had -------------------------------------------------------------------------------


def survey(pool: Pool, wanted: Wanted, now: float) -> Survey:
    """Tell who could be asked next, without taking anybody; `wanted.tried` ends with the last one asked."""
    passes = {
        (one.account.name, _pass(wanted, target, one))
        for target in wanted.targets
        for one in _candidates(pool, wanted, target, now)
    }
    last = wanted.tried[-1].account if wanted.tried else ""
    usable = any(name == last for name, _ in passes)
    spent = (last, SPENT) in passes
    others = any(name != last and rank != SPENT for name, rank in passes)
    return Survey(
        another=any(rank == FRESH for _, rank in passes),
        same=usable and not (spent and others),
        soonest=_soonest(pool, wanted, now),
    )


def _rest(pool: Pool, wanted: Wanted, now: float) -> Rest:
    causes = {
        resting: None
        for target in wanted.targets
        for account in _listed(pool, wanted, target)
        for resting in _obstacles(account, pool.health[account.name], target.model, now)
    }
    mend = {why.account: None for why in causes if why.cause in COOLDOWNS and COOLDOWNS[why.cause].person}
    return Rest(
        soonest=_soonest(pool, wanted, now), causes=tuple(causes), mend=tuple(mend), exists=bool(causes)
    )


def _soonest(pool: Pool, wanted: Wanted, now: float) -> float | None:
    """Seconds until the first account that cannot be asked now is back: all that holds it must have ended."""
    ends: list[float] = []
    for target in wanted.targets:
        for account in _listed(pool, wanted, target):
            obstacles = _obstacles(account, pool.health[account.name], target.model, now)
            untils = [why.until for why in obstacles if why.until is not None]
            if untils and len(untils) == len(obstacles) and _within(wanted, account):
                ends.append(max(untils))
    return min(ends) - now if ends else None


# ---- settle -----------------------------------------------------------------------------------------


def settle(pool: Pool, given: Lease, outcome: Outcome, now: float) -> Pool:
    """End a lease and book what became of the attempt. Raises ValueError where it has been settled before."""
    health = pool.health[given.account]
    if given.number not in health.leases:
        raise ValueError(f"lease {given.number} of {given.account} is not open")
    health = msgspec.structs.replace(health, leases=health.leases - {given.number})
    bindings = pool.bindings
    if name_of(outcome) in GOOD:
        health = praised(health, model=given.model, since=given.since, now=now)
        key = _key(given.session, given.upstream, given.model)
        if key is not None and given.rebinds:
            bindings = bind(bindings, key, given.account)
    else:
        health = blamed(health, outcome, model=given.model, since=given.since, now=now)
    return msgspec.structs.replace(pool, health={**pool.health, given.account: health}, bindings=bindings)


# ---- what accounts hold -----------------------------------------------------------------------------


def keep(pool: Pool, account: str, ids: Iterable[str]) -> Pool:
    """Remember that an account holds these: responses, files, containers, thoughts only it can read."""
    held = pool.held
    for one in ids:
        held = bind(held, one, account)
    return pool if held is pool.held else msgspec.structs.replace(pool, held=held)


def holder(
    pool: Pool, ids: Iterable[str], targets: Iterable[Target], among: tuple[Account, ...] | None = None
) -> str | None:
    """Give the account that holds the first of these of which that is known, if it can serve a target."""
    known = next((name for one in ids if (name := bound(pool.held, one)) is not None), None)
    wanted = Wanted(tuple(targets), only=known, among=among)
    listed = any(True for target in wanted.targets for _ in _listed(pool, wanted, target))
    return known if listed else None


def strangers(pool: Pool, account: str, ids: Iterable[str]) -> frozenset[str]:
    """Give those of these that some other account is known to hold."""
    return frozenset(one for one in ids if bound(pool.held, one) not in {None, account})


# ---- sessions ---------------------------------------------------------------------------------------


def _key(session: str | None, upstream: str, model: str) -> Key | None:
    return None if session is None else Key(session, upstream, model)


def _bound(pool: Pool, wanted: Wanted, target: Target) -> str | None:
    key = _key(wanted.session, target.upstream, target.model)
    return None if key is None else bound(pool.bindings, key)


def _rebinds(pool: Pool, wanted: Wanted, target: Target, account: Account, now: float) -> bool:
    """Whether a success here ties the session to this account.

    One that merely escapes its own account while that is tired or busy goes back to it; one whose account
    failed it, rests or is gone does not.
    """
    name = _bound(pool, wanted, target)
    if name in {None, account.name} or any(tried.account == name for tried in wanted.tried):
        return True
    own = next((one for one in _listed(pool, wanted, target) if one.name == name), None)
    if own is None:
        return True
    obstacles = _obstacles(own, pool.health[own.name], target.model, now)
    return any(why.cause != "busy" for why in obstacles)


# ---- by hand ----------------------------------------------------------------------------------------


def enable(pool: Pool, name: str) -> Pool:
    """Let an account serve. Raises KeyError where there is no such account; so do the three below."""
    return _switched(pool, name, disabled=False, because="")


def disable(pool: Pool, name: str, because: str = "") -> Pool:
    """Keep an account from serving until it is enabled, and say why; what it does now goes on."""
    return _switched(pool, name, disabled=True, because=because)


def reset(pool: Pool, name: str) -> Pool:
    """Forget the cooldowns and failures of this account, and of no other."""
    health = msgspec.structs.replace(pool.health[name], streaks=(), cooldowns=())
    return msgspec.structs.replace(pool, health={**pool.health, name: health})


def renew(pool: Pool, name: str) -> Pool:
    """The account has a new credential: what the old one was turned away for no longer holds."""
    health = pool.health[name]
    kept = tuple(rest for rest in health.cooldowns if rest.cause != TURNED_AWAY)
    health = msgspec.structs.replace(health, cooldowns=kept)
    return msgspec.structs.replace(pool, health={**pool.health, name: health})


def _switched(pool: Pool, name: str, *, disabled: bool, because: str) -> Pool:
    if name not in pool.health:
        raise KeyError(name)
    accounts = tuple(
        msgspec.structs.replace(one, disabled=disabled, because=because) if one.name == name else one
        for one in pool.accounts
    )
    return msgspec.structs.replace(pool, accounts=accounts)
