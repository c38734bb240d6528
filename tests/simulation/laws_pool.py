"""Laws on how accounts are chosen, over a whole world: who was asked when, whatever request it was for.

They are told from the journal and from what upstreams said; none of them asks peekd's own code anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec

from peekd.accounts.settings import AccountSettings
from peekd.records.entries import Entry
from simulation.transcripts import Said

NEAR = 0.05
"""Seconds within which two notes are of one moment."""

RESTS: Mapping[str, float] = {
    "rate_limited": 30.0,
    "quota_exhausted": 60.0,
    "unauthorized": 60.0,
    "payment_required": 1800.0,
    "validation_required": 600.0,
    "forbidden": 300.0,
    "model_not_found": 300.0,
}
"""Seconds that an account rests at least, where its upstream does not say."""

TOLD = frozenset({"rate_limited", "quota_exhausted"})
"""Where the upstream's word goes before that."""

WHOLE_ACCOUNT = frozenset({"unauthorized", "payment_required", "validation_required"})
PROBED = frozenset({"unauthorized", "quota_exhausted", "payment_required", "validation_required"})

UNPROVEN = "credential_refresh"
"""So ends an attempt whose account had no access token; its upstream was not asked."""

ALIKE = {"server_error": "server_error", "overloaded": "overloaded"}
STORM_WINDOW = 9.0
STORM_SECONDS = 2.0
MANY = 3
MINUTE = 60.0


@dataclass(eq=False)
class Asked:
    """One attempt as the journal tells of it. Times are trio's; `ended` inf: nobody wrote that down."""

    request: str
    account: str
    upstream: str
    model: str
    began: float
    life: int
    ended: float = float("inf")
    heard: float = float("inf")
    outcome: str = ""


class World(msgspec.Struct, frozen=True):
    """What is looked at. `accounts`: those that were there throughout, `all` that ever were.

    `starts`: when each life began. `full`: when the store took nothing. `renewed`: whose credential was.
    `clocks`: when the clock on the wall, the only one that outlives a life, began to show something else.
    """

    asked: Sequence[Asked]
    said: Sequence[Said]
    accounts: Sequence[AccountSettings]
    starts: Sequence[float] = (0.0,)
    full: Sequence[tuple[float, float]] = ()
    renewed: Sequence[tuple[float, str]] = ()
    all: Sequence[AccountSettings] = ()
    clocks: Sequence[float] = ()

    def knows(self, one: Asked) -> bool:
        """Whether its account was there throughout."""
        return any(account.name == one.account for account in self.accounts)

    def forgot(self, one: Asked, until: float) -> bool:
        """Whether a restart in between may have lost what was booked then.

        The store was full, or the clock says that the time is over.
        """
        restarted = any(one.ended < start <= until for start in self.starts)
        full = any(since - NEAR <= one.ended <= to + NEAR for since, to in self.full)
        return restarted and (full or any(one.ended < put <= until for put in self.clocks))


@dataclass
class _Reader:
    starts: Sequence[float]
    asked: dict[tuple[str, int], Asked] = field(default_factory=dict[tuple[str, int], Asked])

    def read(self, at: float, entry: Entry) -> None:
        key = (entry.request, entry.attempt)
        if entry.phase == "attempt" and entry.account and key not in self.asked:
            life = sum(start <= at for start in self.starts)
            self.asked[key] = Asked(entry.request, entry.account, entry.upstream, entry.model, at, life)
        one = self.asked.get(key)
        if one is None:
            return
        if entry.phase in {"peek", "relay"} and entry.outcome == "accepted":
            one.heard = min(one.heard, at)
        elif entry.phase in {"peek", "relay"} and entry.outcome and one.ended > at:
            one.ended, one.outcome = at, UNPROVEN if UNPROVEN in entry.upstream_error else entry.outcome
        elif entry.phase == "end":
            one.ended = min(one.ended, at)


def asked_of(entries: Iterable[tuple[float, Entry]], starts: Sequence[float]) -> list[Asked]:
    """Give all attempts of which a journal tells, in order."""
    reader = _Reader(starts)
    for at, entry in entries:
        reader.read(at, entry)
    return sorted(reader.asked.values(), key=lambda one: one.began)


# ---- rests ------------------------------------------------------------------------------------------


def rests_are_kept(world: World) -> Iterator[str]:
    """While an account rests, nobody asks it, and a restart changes nothing about that."""
    for one in world.asked:
        if one.outcome not in RESTS or not world.knows(one):
            continue
        until = one.ended + _rest(world, one)
        for other in world.asked:
            ours = other.account == one.account and (_whole(one) or other.model == one.model)
            if not ours or not one.ended + NEAR < other.began < until - NEAR:
                continue
            if not world.forgot(one, other.began) and not _mended(world, one, other):
                yield (
                    f"{one.account} was asked {other.began - one.ended:.1f} s after {one.outcome}, "
                    f"of {until - one.ended:.0f} s that it rests ({one.request}, {other.request})"
                )


def _rest(world: World, one: Asked) -> float:
    """How long it rests at least: as the upstream said, where it is certain what it said."""
    if one.outcome not in TOLD:
        return RESTS[one.outcome]
    heard = [
        said
        for said in world.said
        if said.account == one.account and one.began <= said.arrived_at <= one.ended and said.wish
    ]
    if len(heard) != 1 or heard[0].rests is None:
        return 1.0
    return max(1.0, heard[0].rests)


def _whole(one: Asked) -> bool:
    return one.outcome in WHOLE_ACCOUNT


def _mended(world: World, one: Asked, other: Asked) -> bool:
    """Whether its credential may be another since, so that it is right to try."""
    if one.outcome != "unauthorized":
        return False
    fresh = any(name == one.account and one.began <= at <= other.began for at, name in world.renewed)
    return fresh or other.life != one.life


# ---- probes -----------------------------------------------------------------------------------------


def probe_is_single(world: World) -> Iterator[str]:
    """After a rest that was earned by a spent quota or what a person mends, one request tries alone."""
    for one in world.asked:
        if one.outcome not in PROBED or not world.knows(one):
            continue
        later = [
            other
            for other in world.asked
            if other.account == one.account
            and (_whole(one) or other.model == one.model)
            and other.began > one.ended + NEAR
        ]
        for first, second in pairwise(later):
            if min(first.heard, first.ended) <= second.began and _answered(first):
                break
            if any(name == one.account and one.began <= at <= second.began for at, name in world.renewed):
                break
            if first.life != second.life or world.forgot(one, second.began):
                break
            if second.began < min(first.ended, first.heard) - NEAR:
                yield (
                    f"{one.account}, after {one.outcome}, was tried by {first.request} "
                    f"and {second.request} at once"
                )


def _answered(one: Asked) -> bool:
    return one.heard < float("inf") or one.outcome == "completed"


# ---- limits -----------------------------------------------------------------------------------------


def limits_kept(world: World) -> Iterator[str]:
    """No account is asked more often at once, or in a minute, than it may be."""
    by_account: defaultdict[tuple[int, str], list[Asked]] = defaultdict(list)
    for one in world.asked:
        by_account[one.life, one.account].append(one)
    for settings in world.accounts:
        for (_, name), asked in by_account.items():
            if name == settings.name:
                yield from _over(settings, asked)


def _over(settings: AccountSettings, asked: Sequence[Asked]) -> Iterator[str]:
    for number, one in enumerate(asked, 1):
        at_once = sum(other.ended > one.began for other in asked[:number])
        if settings.max_concurrent and at_once > settings.max_concurrent:
            yield f"{settings.name}: {at_once} attempts at once, {settings.max_concurrent} allowed"
        minute = sum(other.began > one.began - MINUTE + NEAR for other in asked[:number])
        if settings.requests_per_minute and minute > settings.requests_per_minute:
            yield f"{settings.name}: {minute} attempts in a minute, {settings.requests_per_minute} allowed"


# ---- storms -----------------------------------------------------------------------------------------


def storm_burns_no_pool(world: World) -> Iterator[str]:
    """Once many accounts of an upstream failed alike at once, nobody there is asked for a moment.

    Where one of them is in the settings no more, it may have gone before it was one too many. A failure of an
    attempt that was under way when the others had failed makes the moment no longer.
    """
    storms: list[Asked] = []
    stayed = {settings.name for settings in world.accounts}
    sizes: defaultdict[str, int] = defaultdict(int)
    for settings in world.all or world.accounts:
        sizes[settings.upstream] += 1
    failed = sorted((one for one in world.asked if one.outcome in ALIKE), key=lambda one: one.ended)
    for last in failed:
        alike = [one for one in failed if _alike(one, last)]
        needed = min(MANY, max(2, sizes[last.upstream]))
        if not stayed.issuperset(one.account for one in alike):
            continue
        if len({one.account for one in alike}) < needed or _answer_between(world, alike[0], last):
            continue
        if any(_alike(one, last) and last.began < one.ended < last.ended for one in storms):
            continue
        storms.append(last)
        for other in world.asked:
            after = other.began - last.ended
            if _same_trouble(other, last) and NEAR < after < STORM_SECONDS - NEAR:
                yield f"{other.account} was asked {after:.1f} s after {needed} accounts were {last.outcome}"


def _alike(one: Asked, last: Asked) -> bool:
    near = last.ended - STORM_WINDOW < one.ended <= last.ended
    return near and one.outcome == last.outcome and _same_trouble(one, last)


def _same_trouble(one: Asked, last: Asked) -> bool:
    """Whether it asked for what the other failed at: an upstream, or one model of it."""
    same = one.upstream == last.upstream and one.life == last.life
    return same and (last.outcome != "overloaded" or one.model == last.model)


def _answer_between(world: World, first: Asked, last: Asked) -> bool:
    """Whether an answer says that it is no storm, or may."""
    return any(
        one.upstream == last.upstream
        and _answered(one)
        and (
            first.ended - NEAR <= one.heard <= last.ended + STORM_SECONDS
            or first.ended - NEAR <= one.ended <= last.ended + STORM_SECONDS
        )
        for one in world.asked
    )


LAWS = {law.__name__: law for law in (rests_are_kept, probe_is_single, limits_kept, storm_burns_no_pool)}


def judge(world: World) -> Iterator[tuple[str, str]]:
    """Try every law; gives the names of those broken, and how."""
    for name, law in LAWS.items():
        for complaint in law(world):
            yield name, complaint
