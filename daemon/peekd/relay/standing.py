"""How accounts and settings stand, as the admin API tells it. No secret is in it."""

from __future__ import annotations

from typing import Any

import msgspec

from peekd.accounts.states import AccountState
from peekd.accounts.tally import Tally

RATE_DIGITS = 4


class SettingsState(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the settings were last read, `at` that wall time. `loads`: how often they were taken over.

    `faults`: what is wrong with those that were last read, so that the ones before are still in force.
    `restart`: settings that have changed, and whose change waits for a restart.
    """

    file: str = ""
    at: float = 0.0
    loads: int = 0
    faults: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()


def stand(state: AccountState, tally: Tally, wall: float) -> dict[str, Any]:
    """Tell of one account: how it stands, until when (wall time, None: no time is known), and its counts."""
    rate = tally.success_rate
    return {
        **msgspec.to_builtins(state),
        "until": wall + state.seconds if state.seconds else None,
        "requests": tally.requests,
        "served": tally.served,
        "failed": tally.failed,
        "success_rate": None if rate is None else round(rate, RATE_DIGITS),
        "last_error": tally.last_error,
        "last_error_at": tally.last_error_at,
    }
