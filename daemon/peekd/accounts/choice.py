"""Which of several accounts that could serve goes first, and why."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from peekd.accounts.account import Account
from peekd.accounts.health import Health


class Candidate(msgspec.Struct, frozen=True):
    """An account that could serve now. `turn`: its place in the weighted round, the least is next."""

    account: Account
    health: Health
    tired: bool
    turn: float


def select(candidates: Sequence[Candidate], bound: str | None) -> tuple[Candidate, str]:
    """Pick one of at least one candidate and say why.

    The session's own account goes first. A tired one goes only where all are tired. Then: higher priority,
    fewest attempts under way for its weight, the next in turn, the longest unused, the order of the file.
    """
    rested = [one for one in candidates if not one.tired]
    among = rested or candidates
    mine = next((one for one in among if one.account.name == bound), None)
    if mine is not None:
        return mine, "bound to this session"
    first, *others = sorted(among, key=_rank)
    if not others:
        return first, _alone(first, len(candidates))
    because = _why(first, others[0], len(among))
    return first, because if rested else f"{because}; all are tired"


def _rank(one: Candidate) -> tuple[float, ...]:
    used = one.health.last_used
    return (
        -one.account.priority,
        one.health.in_flight / one.account.weight,
        one.turn,
        float("-inf") if used is None else used,
    )


_REASONS = ("the highest priority", "the least busy", "the next in turn", "the longest unused")


def _why(first: Candidate, second: Candidate, count: int) -> str:
    """Name what set the first apart from the second."""
    pairs = zip(_REASONS, _rank(first), _rank(second), strict=True)
    reason = next((reason for reason, one, other in pairs if one != other), "the first")
    return f"{reason} of {count}"


def _alone(only: Candidate, count: int) -> str:
    if only.tired:
        return "tired, but nobody else is left"
    return "the only one that is left" if count == 1 else f"the only one of {count} that is not tired"
