"""Which of several accounts that could serve goes first, and why."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from peekd.accounts.account import Account
from peekd.accounts.health import Health
from peekd.accounts.settings import Mode

FAMILIAR = 0.5
"""What part of its time an account is expected to need for a session that it knows: its cache helps. Vendors
tell of more ("up to 85 %" less latency for long prompts)."""

UNKNOWN = 1.0
"""Seconds that are expected where nobody's are known."""


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """An account that could serve now. `turn`: its place in the weighted round, the least is next.

    `low`: little is left of its quota. `pace`: seconds it is expected to need to its first word, if known.
    """

    account: Account
    health: Health
    tired: bool
    turn: float
    low: bool = False
    pace: float | None = None


def select(
    candidates: Sequence[Candidate], bound: str | None, mode: Mode = "balance"
) -> tuple[Candidate, str]:
    """Pick one of at least one candidate and say why.

    The session's own account goes first, but for "performance-first". A tired one goes only where all are
    tired, or for "cache-first" where it is the session's own. Then: higher priority, fewest attempts under
    way for its weight, the next in turn, the longest unused, the order of the file. "performance-first" has
    the fewest seconds to the first word that the attempts under way leave to expect, after the priority.
    """
    rested = [one for one in candidates if not one.tired]
    among = rested or candidates
    if mode == "performance-first":
        first, because = _quickest(among, bound)
        return first, because if rested else f"{because}; all are tired"
    own = candidates if mode == "cache-first" else among
    mine = next((one for one in own if one.account.name == bound), None) if bound is not None else None
    if mine is not None:
        return mine, "bound to this session" + ("; tired, but its cache is kept" * (mine not in among))
    if len(among) == 1:
        return among[0], _alone(among[0], len(candidates))
    first, *others = sorted(among, key=_rank)
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


# ---- performance-first --------------------------------------------------------------------------------


def _quickest(candidates: Sequence[Candidate], bound: str | None) -> tuple[Candidate, str]:
    """Pick whose first word is to be expected first; one not known yet counts as quick as the best."""
    best = min((one.pace for one in candidates if one.pace is not None), default=UNKNOWN)

    def seconds(one: Candidate) -> float:
        pace = best if one.pace is None else one.pace
        waiting = (1 + one.health.in_flight) / one.account.weight
        return pace * waiting * (FAMILIAR if one.account.name == bound else 1.0)

    def rank(one: Candidate) -> tuple[float, ...]:
        priority, _, *turns = _rank(one)
        return priority, seconds(one), *turns

    first = min(candidates, key=rank)
    if len(candidates) == 1:
        return first, "the only one that is left"
    known = "unknown" if first.pace is None else f"about {first.pace:.1f} s"
    under_way = first.health.in_flight
    return first, f"the quickest of {len(candidates)}: {known} to the first word, {under_way} under way"
