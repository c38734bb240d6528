"""Who serves the next attempt, and what is booked while it runs and when it ends.

Values in, values out: every verb gives a new pool, and `now` is the caller's monotonic clock in seconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

import msgspec

from peekd.accounts import storms
from peekd.accounts.account import Account, serves
from peekd.accounts.candidates import MINUTE, chosen, obstacles
from peekd.accounts.choice import Candidate
from peekd.accounts.cooldown import GOOD
from peekd.accounts.health import Health, blamed, doubted, praised, reported
from peekd.accounts.pace import learned
from peekd.accounts.parties import SHARED, party_of
from peekd.accounts.pool import Pool, listed, shared_of, sky_of
from peekd.accounts.sessions import Bindings, bind
from peekd.accounts.ties import own_account, session_key
from peekd.accounts.waiting import rest, staying
from peekd.accounts.wanted import Lease, Rest, Target, Wanted
from peekd.vocabulary.outcomes import Outcome, QuotaExhausted, RateLimited, name_of
from peekd.vocabulary.quotas import Quota

# ---- lease ----------------------------------------------------------------------------------------


def lease(pool: Pool, wanted: Wanted, now: float) -> tuple[Pool, Lease | Rest]:
    """Take an account for the next attempt, or tell why there is none; without one the pool is unchanged."""
    stays = staying(pool, wanted, now)
    if stays is not None:
        return pool, stays
    found = chosen(pool, wanted, now)
    if found is None:
        return pool, rest(pool, wanted, now)
    target, candidate, because = found
    account = candidate.account
    tied = own_account(pool, wanted, target)
    given = Lease(
        pool.leased,
        account.name,
        target.upstream,
        target.model,
        wanted.session,
        now,
        because,
        tied is None or tied == account.name or _rebinds(pool, wanted, target, tied, now),
    )
    return _leased(pool, given, candidate, tied), given


def _leased(pool: Pool, given: Lease, candidate: Candidate, tied: str | None) -> Pool:
    """Book a lease: the account is busier, has had its turn, and a session without a tie gets one.

    `tied`: the account that the session is tied to.
    """
    before, upstream = candidate.health, given.upstream
    health = msgspec.structs.replace(
        before,
        leases=before.leases | {given.number},
        last_used=given.since,
        share=candidate.turn + 1 / candidate.account.weight,
        probe=given.number if _probes(before, given.model) else before.probe,
        begun=_begun(candidate.account, before, given.since),
    )
    key = session_key(given.session, upstream, given.model) if tied is None else None
    sky = sky_of(pool, upstream)
    skies = pool.skies
    if sky.storms:
        skies = {**skies, upstream: storms.tried(sky, given.model, given.number)}
    return msgspec.structs.replace(
        pool,
        health={**pool.health, given.account: health},
        skies=skies,
        bindings=pool.bindings if key is None else bind(pool.bindings, key, given.account),
        leased=pool.leased + 1,
        rounds={**pool.rounds, upstream: candidate.turn},
    )


def _probes(health: Health, model: str) -> bool:
    """Whether a lease given now is the one that tries whether a trouble is over."""
    return bool(health.streaks) and health.probe is None and health.half_open(model)


def _begun(account: Account, health: Health, now: float) -> tuple[float, ...]:
    """When the attempts of the last minute were begun, this one among them, where that is limited."""
    if not account.requests_per_minute:
        return ()
    return (*health.begun[bisect_right(health.begun, now - MINUTE) :], now)


def _rebinds(pool: Pool, wanted: Wanted, target: Target, name: str, now: float) -> bool:
    """Whether a success elsewhere unties the session from the account of this name.

    One that merely escapes its own account while that is tired or busy goes back to it; one whose account
    failed it, rests or is gone does not.
    """
    if any(tried.account == name for tried in wanted.tried):
        return True
    own = next((one for one in listed(pool, wanted, target) if one.name == name), None)
    if own is None or pool.scheduling.mode == "performance-first":
        return True
    return any(why.cause != "busy" for why in obstacles(pool, own, target.model, now))


# ---- while it runs ----------------------------------------------------------------------------------


def report(pool: Pool, given: Lease, quotas: tuple[Quota, ...], now: float) -> Pool:
    """Take over what the upstream says is left of the account's quota."""
    if not quotas:
        return pool
    health = reported(pool.health[given.account], quotas, model=given.model, now=now)
    return msgspec.structs.replace(pool, health={**pool.health, given.account: health})


def heard(pool: Pool, given: Lease, now: float) -> Pool:
    """The attempt's first meaningful event has come: what it tried is over, and its pace is learned."""
    health = pool.health[given.account]
    pace = learned(health.paces.get(given.model), now - given.since, now)
    health = msgspec.structs.replace(
        praised(health, model=given.model, since=given.since, now=now),
        paces={**health.paces, given.model: pace},
        probe=None if health.probe == given.number else health.probe,
    )
    return _answered(pool, given, {**pool.health, given.account: health}, pool.bindings, now)


def _answered(pool: Pool, given: Lease, health: Mapping[str, Health], bindings: Bindings, now: float) -> Pool:
    """An answer came, and so all stand now: what kept the whole upstream from giving one is over."""
    upstream, skies, shared = given.upstream, pool.skies, pool.shared
    if upstream in skies:
        skies = {**skies, upstream: storms.cleared(skies[upstream], given.model, given.since)}
    if upstream in shared:
        common = shared[upstream]
        for by in ("", given.account):
            common = praised(common, model=given.model, since=given.since, now=now, by=by)
        shared = {**shared, upstream: common}
    return msgspec.structs.replace(pool, health=health, bindings=bindings, skies=skies, shared=shared)


# ---- settle -----------------------------------------------------------------------------------------


def settle(pool: Pool, given: Lease, outcome: Outcome, now: float) -> Pool:
    """End a lease and book what became of the attempt. Raises ValueError where it has been settled before."""
    health = pool.health[given.account]
    if given.number not in health.leases:
        raise ValueError(f"lease {given.number} of {given.account} is not open")
    health = msgspec.structs.replace(
        health,
        leases=health.leases - {given.number},
        probe=None if health.probe == given.number else health.probe,
    )
    if name_of(outcome) in GOOD:
        return _succeeded(pool, given, health, now)
    pool = msgspec.structs.replace(pool, health={**pool.health, given.account: health})
    return _failed(pool, given, outcome, now)


def _succeeded(pool: Pool, given: Lease, health: Health, now: float) -> Pool:
    """Book a success with an account that stands so."""
    health = praised(health, model=given.model, since=given.since, now=now)
    key = session_key(given.session, given.upstream, given.model) if given.rebinds else None
    bindings = pool.bindings if key is None else bind(pool.bindings, key, given.account)
    return _answered(pool, given, {**pool.health, given.account: health}, bindings, now)


def _failed(pool: Pool, given: Lease, outcome: Outcome, now: float) -> Pool:
    """Book a failure with the one party whose doing it is, and look whether it belongs to a storm."""
    account = next((one for one in pool.accounts if one.name == given.account), None)
    own_path = account is not None and account.own_path
    hit = storms.hit_of(outcome, account=given.account, model=given.model, now=now, own_path=own_path)
    sky = _struck(pool, given, hit, now)
    party = party_of(outcome, own_path=own_path)
    if sky is not sky_of(pool, given.upstream):
        pool = msgspec.structs.replace(pool, skies={**pool.skies, given.upstream: sky})
    if party is None or party in {"client", "peekd", "request"}:
        return pool
    shares = party in SHARED
    before = shared_of(pool, given.upstream) if shares else pool.health[given.account]
    after = blamed(
        before,
        outcome,
        model=given.model,
        since=given.since,
        now=now,
        by=given.account if party == "upstream" else "",
        climbs=not storms.rages(sky, hit),
    )
    if shares:
        return msgspec.structs.replace(pool, shared={**pool.shared, given.upstream: after})
    if isinstance(outcome, RateLimited | QuotaExhausted):
        after = doubted(after, given.model)
    return msgspec.structs.replace(pool, health={**pool.health, given.account: after})


def _struck(pool: Pool, given: Lease, hit: storms.Hit | None, now: float) -> storms.Sky:
    sky = sky_of(pool, given.upstream)
    if hit is None and not sky.storms:
        return sky
    others = sum(
        one.upstream == given.upstream and not one.disabled and serves(one, given.model)
        for one in pool.accounts
    )
    return storms.struck(sky, hit, given.number, others, now)
