"""How the accounts stand, for people to read: the admin API, the monitor, `/readyz`."""

from __future__ import annotations

from typing import Literal

import msgspec

from peekd.accounts.account import Account
from peekd.accounts.cooldown import COOLDOWNS, Cooldown
from peekd.accounts.health import Health
from peekd.accounts.pool import Pool

State = Literal[
    "ready",
    "busy",  # it serves as many as it may at once
    "tired",  # usable, others go first
    "resting",  # back by itself
    "to_mend",  # a person must do something
    "disabled",
]

USABLE: frozenset[State] = frozenset({"ready", "busy", "tired"})


class ModelState(msgspec.Struct, frozen=True):
    """One model of an account that stands worse than the account itself."""

    model: str
    state: State
    cause: str
    seconds: float
    because: str


class AccountState(msgspec.Struct, frozen=True):
    """One account. `cause`: an outcome's name or ""; `seconds` are left of what keeps it from being ready."""

    name: str
    upstream: str
    state: State
    usable: bool
    in_flight: int
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
    state = _state(account, health, worst)
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
    )


def _state(account: Account, health: Health, worst: Cooldown | None) -> State:
    if account.disabled:
        return "disabled"
    if worst is not None and worst.hard:
        return _state_of(worst)
    if 0 < account.max_concurrent <= health.in_flight:
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
    return "to_mend" if COOLDOWNS[rest.cause].person else "resting"


def _severity(rest: Cooldown) -> tuple[bool, bool, float]:
    return rest.hard, COOLDOWNS[rest.cause].person, rest.until
