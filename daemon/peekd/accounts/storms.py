"""Provider storms: many accounts of one upstream fail alike at once, and that is not the accounts' doing.

While one rages nobody there is asked, so that no outage burns every account. Then one request tries, and its
answer ends the storm or lets it go on. Accounts do not climb their ladders in it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from peekd.accounts.parties import OF_A_MODEL, party_of
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import Outcome, is_unproven

WINDOW = 10.0
"""Seconds within which failures count as one event."""

MANY = 3
"""Accounts that must fail alike; fewer do, from two on, where they are all that could be asked."""

LADDER = (2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds that a storm rages before it is tried, the first time and each time after; the last repeats."""

_ALIKE: Mapping[type[Outcome], str] = {
    o.RateLimited: "rate_limited",
    o.QuotaExhausted: "rate_limited",
    o.ServerError: "server_error",
    o.Overloaded: "overloaded",
    o.Unreachable: "unreachable",
    o.HeadersTimeout: "unreachable",
}
"""What counts as alike, by the name of one of them."""

STOPPED = "unauthorized"
"""Under this name accounts count that were shut out for good, whatever outcome said so."""


class Hit(msgspec.Struct, frozen=True):
    """A failure that may belong to a storm."""

    account: str
    kind: str
    model: str | None
    at: float


class Storm(msgspec.Struct, frozen=True, gc=False):
    """It rages over one `model` or (None) all, until then. `count`: how often it was found to rage on.

    `probe`: the lease that tries whether it is over.
    """

    kind: str
    model: str | None
    began: float
    until: float
    count: int = 0
    probe: int | None = None

    def over(self, model: str) -> bool:
        """Whether it rages over this model."""
        return self.model in {None, model}


class Sky(msgspec.Struct, frozen=True, gc=False):
    """What one upstream's storms are told by."""

    hits: tuple[Hit, ...] = ()
    storms: tuple[Storm, ...] = ()


CLEAR = Sky()


def raging(sky: Sky, model: str, now: float, soon: float) -> tuple[str, float] | None:
    """What keeps everybody from being asked for a model: its kind, and when it is worth asking again.

    While a storm is being tried, that is after `soon` seconds.
    """
    for storm in sky.storms:
        if storm.over(model) and (now < storm.until or storm.probe is not None):
            return storm.kind, max(storm.until, now + soon) if storm.probe is not None else storm.until
    return None


def tried(sky: Sky, model: str, number: int) -> Sky:
    """A lease was given: it tries whether the storms over its model are over."""
    if not any(storm.over(model) for storm in sky.storms):
        return sky
    storms = tuple(
        msgspec.structs.replace(one, probe=number) if one.over(model) else one for one in sky.storms
    )
    return msgspec.structs.replace(sky, storms=storms)


def cleared(sky: Sky, model: str, since: float) -> Sky:
    """An attempt that began at `since` was answered: storms that began before it are over."""
    if sky is CLEAR:
        return sky
    storms = tuple(one for one in sky.storms if not one.over(model) or one.began > since)
    hits = tuple(one for one in sky.hits if one.model not in {None, model} or one.at > since)
    return Sky(hits, storms) if hits or storms else CLEAR


def struck(sky: Sky, hit: Hit | None, number: int, others: int, now: float) -> Sky:
    """A lease ended in a failure. `others`: how many accounts could be asked for this at most.

    A storm that it tried rages on if it failed alike; else another lease may try it.
    """
    storms = tuple(_tried(one, hit, now) if one.probe == number else one for one in sky.storms)
    if hit is None:
        return msgspec.structs.replace(sky, storms=storms)
    hits = (*(one for one in sky.hits if now - one.at < WINDOW and not _same(one, hit)), hit)
    alike = sum((one.kind, one.model) == (hit.kind, hit.model) for one in hits)
    known = any((one.kind, one.model) == (hit.kind, hit.model) for one in storms)
    if not known and alike >= min(MANY, max(2, others)):
        storms = (*storms, Storm(hit.kind, hit.model, now, now + LADDER[0]))
    return Sky(hits, storms)


def rages(sky: Sky, hit: Hit | None) -> bool:
    """Whether a failure is part of a storm."""
    return hit is not None and any((one.kind, one.model) == (hit.kind, hit.model) for one in sky.storms)


def hit_of(outcome: Outcome, *, account: str, model: str, now: float, own_path: bool = False) -> Hit | None:
    """What an outcome counts as; None where it is no sign of a storm."""
    party = party_of(outcome, own_path=own_path)
    kind = STOPPED if outcome.stop else _ALIKE.get(type(outcome))
    if kind is None or party == "peekd" or is_unproven(outcome) or (kind == "unreachable" and own_path):
        return None
    return Hit(account, kind, model if party in OF_A_MODEL and not outcome.stop else None, now)


def _same(one: Hit, other: Hit) -> bool:
    return (one.account, one.kind, one.model) == (other.account, other.kind, other.model)


def _tried(storm: Storm, hit: Hit | None, now: float) -> Storm:
    if hit is None or hit.kind != storm.kind:
        return msgspec.structs.replace(storm, probe=None)
    count = storm.count + 1
    seconds = LADDER[min(count, len(LADDER) - 1)]
    return msgspec.structs.replace(storm, probe=None, count=count, until=now + seconds)
