"""How the accounts stand, for people to read: the admin API, the monitor, `/readyz`."""

from __future__ import annotations

from typing import Literal

import msgspec

from peekd.accounts.account import Account
from peekd.accounts.candidates import busy_until
from peekd.accounts.cooldown import Cooldown
from peekd.accounts.health import Health, person_mends
from peekd.accounts.pool import Pool
from peekd.accounts.storms import Storm

State = Literal[
    "ready",
    "busy",  # it serves as many as it may, or one that tries whether a trouble is over
    "tired",  # usable, others go first
    "resting",  # back by itself
    "to_mend",  # a person must do something
    "disabled",
]

USABLE: frozenset[State] = frozenset({"ready", "busy", "tired"})


class ModelState(msgspec.Struct, frozen=True):
    """One model of an account, or of an upstream, that stands worse than the whole."""

    model: str
    state: State
    cause: str
    seconds: float
    because: str


class AccountState(msgspec.Struct, frozen=True):
    """One account. `cause`: an outcome's name or ""; `seconds` are left of what keeps it from being ready.

    `url`: where a person can mend it. `left`: the least share of its quota that is reported, None: unknown.
    """

    name: str
    upstream: str
    state: State
    usable: bool
    in_flight: int
    cause: str = ""
    seconds: float = 0.0
    because: str = ""
    models: tuple[ModelState, ...] = ()
    url: str = ""
    left: float | None = None


class UpstreamState(msgspec.Struct, frozen=True):
    """What the accounts of one upstream have in common. "resting": a storm rages, nobody there is asked."""

    name: str
    state: State
    cause: str = ""
    seconds: float = 0.0
    because: str = ""
    models: tuple[ModelState, ...] = ()


def describe(pool: Pool, now: float) -> tuple[AccountState, ...]:
    """Tell how every account stands, in the order of the file."""
    return tuple(_describe(account, pool.health[account.name], now) for account in pool.accounts)


def _describe(account: Account, health: Health, now: float) -> AccountState:
    whole = [rest for rest in health.cooldowns if rest.holds(None, now)]
    worst = max(whole, key=_severity, default=None)
    state = _state(account, health, worst, now)
    told = worst if state in {"tired", "resting", "to_mend"} else None
    return AccountState(
        name=account.name,
        upstream=account.upstream,
        state=state,
        usable=state in USABLE,
        in_flight=health.in_flight,
        cause="" if told is None else told.cause,
        seconds=0.0 if told is None else told.until - now,
        because=account.because if account.disabled else "" if told is None else told.because,
        models=tuple(_model_states(health, now)),
        url="" if told is None else told.url,
        left=min((one.share for one in health.reports.values() if now < one.until), default=None),
    )


def _state(account: Account, health: Health, worst: Cooldown | None, now: float) -> State:
    if account.disabled:
        return "disabled"
    if worst is not None and worst.hard:
        return _state_of(worst)
    if busy_until(account, health, "", now) is not None:
        return "busy"
    return "ready" if worst is None else "tired"


def _model_states(health: Health, now: float) -> list[ModelState]:
    ours = [rest for rest in health.cooldowns if rest.model is not None and now < rest.until]
    worst = {rest.model: rest for rest in sorted(ours, key=_severity)}
    return [
        ModelState(model, _state_of(rest), rest.cause, rest.until - now, rest.because)
        for model, rest in sorted(worst.items(), key=lambda item: item[0] or "")
        if model is not None
    ]


def _state_of(rest: Cooldown) -> State:
    if not rest.hard:
        return "tired"
    return "to_mend" if person_mends(rest.cause) else "resting"


def _severity(rest: Cooldown) -> tuple[bool, bool, float]:
    return rest.hard, person_mends(rest.cause), rest.until


# ---- upstreams --------------------------------------------------------------------------------------


def describe_upstreams(pool: Pool, now: float) -> tuple[UpstreamState, ...]:
    """Tell how every upstream stands that has accounts, in the order of the file."""
    names = dict.fromkeys(account.upstream for account in pool.accounts)
    return tuple(_describe_upstream(pool, name, now) for name in names)


def _describe_upstream(pool: Pool, name: str, now: float) -> UpstreamState:
    health = pool.shared.get(name, Health())
    raging = pool.skies[name].storms if name in pool.skies else ()
    storm = next((one for one in raging if one.model is None), None)
    models = [*(_stormy(one, now) for one in raging if one.model is not None), *_model_states(health, now)]
    if storm is not None:
        told = _stormy(storm, now)
        return UpstreamState(name, told.state, told.cause, told.seconds, told.because, tuple(models))
    worst = max((r for r in health.cooldowns if r.holds(None, now)), key=_severity, default=None)
    if worst is None:
        return UpstreamState(name, "ready", models=tuple(models))
    left = worst.until - now
    return UpstreamState(name, "tired", worst.cause, left, worst.because, tuple(models))


def _stormy(storm: Storm, now: float) -> ModelState:
    left = max(0.0, storm.until - now)
    because = "many accounts failed alike at once; one request will try" if left else "one request tries"
    return ModelState(storm.model or "", "resting", storm.kind, left, because)
