"""What `peekd top` shows, as text of a given size: accounts, requests under way, sums of the last minute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

import msgspec

from peekd.accounts.states import AccountState
from peekd.cli.paint import Paint, columns, plain
from peekd.cli.screen import Size
from peekd.cli.story import result
from peekd.records.entries import RequestRecord
from peekd.records.live import failed

MINUTE = 60.0


class Minute(msgspec.Struct, frozen=True):
    """Sums over the requests that ended in the last minute. `first_word`: their median, in seconds.

    `more`: there were more than the daemon was asked for.
    """

    requests: int
    whole: int
    healed: int
    failed: int
    left: int
    attempts: int
    first_word: float | None
    more: bool = False


class Glance(msgspec.Struct, frozen=True):
    """One look at a daemon. `open`: the oldest first; `done`: the newest first."""

    accounts: tuple[AccountState, ...]
    open: tuple[RequestRecord, ...]
    done: tuple[RequestRecord, ...]
    minute: Minute


def glance(
    accounts: Sequence[AccountState], records: Sequence[RequestRecord], now: float, asked: int
) -> Glance:
    """Make one of the daemon's answers. `asked`: how many records were asked for at most."""
    done = [record for record in records if record.state == "done"]
    under_way = sorted((record for record in records if record.state == "open"), key=lambda one: one.came)
    late = [record for record in done if record.came + (record.seconds or 0.0) > now - MINUTE]
    more = len(records) >= asked and len(late) == len(done)
    return Glance(tuple(accounts), tuple(under_way), tuple(done), _sum(late, more=more))


def _sum(records: Sequence[RequestRecord], *, more: bool) -> Minute:
    whole = [record for record in records if record.outcome == "completed"]
    words = [
        record.attempts[-1].marks["first_meaning"]
        for record in whole
        if record.attempts and "first_meaning" in record.attempts[-1].marks
    ]
    return Minute(
        requests=len(records),
        whole=len(whole),
        healed=sum(len(record.attempts) > 1 for record in whole),
        failed=sum(failed(record) for record in records),
        left=sum(record.outcome == "client_gone" for record in records),
        attempts=sum(len(record.attempts) for record in records),
        first_word=median(words) if words else None,
        more=more,
    )


def phase(record: RequestRecord, now: float) -> str:
    """Say what a request that is open is at.

    >>> phase(RequestRecord("r", 0.0, "POST", "/v1/messages", "anthropic"), 1.0)
    'planning'
    """
    since = now - record.came
    if record.waits:
        at, length, _ = record.waits[-1]
        if at <= since < at + length and not any(one.started > at for one in record.attempts):
            return f"waiting {at + length - since:.0f} s"
    if not record.attempts:
        return "planning"
    last = record.attempts[-1]
    if last.ended is not None:
        return "healing"
    if last.move == "relay":
        return "answering"
    return "peeking" if "headers" in last.marks else "asking"


# ---- text -------------------------------------------------------------------------------------------


def told(seen: Glance, now: float, paint: Paint, size: Size | None = None) -> list[str]:
    """Give the lines; where there is a `size` they fit it, and what has no room is counted."""
    accounts, requests = _accounts(seen), _requests(seen, now)
    latest = [f"  {line}" for line in _latest(seen)]
    if size is not None:
        room = size[1] - 9
        accounts = _short(accounts, max(3, room // 3))
        requests = _short(requests, max(3, room - len(accounts) - 3))
        latest = _short(latest, max(0, room - len(accounts) - len(requests)), counted=False)
    lines = [
        *_wrapped_minute(seen.minute, size[0] if size else 80),
        "",
        paint.head(f"accounts: {_states(seen)}"),
        *accounts,
        "",
        paint.head(f"requests under way: {len(seen.open)}"),
        *requests,
        *(["", paint.head("latest"), *latest] if latest else []),
    ]
    return lines if size is None else [_cut(line, size[0]) for line in lines][: size[1]]


def _wrapped_minute(minute: Minute, width: int) -> list[str]:
    count = f"{'at least ' if minute.more else ''}{minute.requests} request{'s' * (minute.requests != 1)}"
    word = "-" if minute.first_word is None else f"{minute.first_word:.1f} s"
    whole = f"last minute: {count}, {minute.whole} whole ({minute.healed} healed)"
    rest = f"{minute.failed} failed, {minute.left} left; {minute.attempts} attempts; first word {word}"
    return [f"{whole}, {rest}"] if len(whole) + len(rest) + 2 <= width else [whole, rest]


def _states(seen: Glance) -> str:
    counts = Counter(account.state for account in seen.accounts)
    return ", ".join(f"{count} {state}" for state, count in counts.items()) or "none"


def _accounts(seen: Glance) -> list[str]:
    rows = [
        (
            f"  {plain(one.name)}",
            plain(one.upstream),
            one.state + (f" {one.seconds:.0f} s" if one.seconds else ""),
            plain(one.cause) or "-",
            f"{one.in_flight} in flight",
        )
        for one in seen.accounts
    ]
    return columns(rows) if rows else []


def _requests(seen: Glance, now: float) -> list[str]:
    rows = [
        (
            f"  {plain(one.id)}",
            f"{now - one.came:.0f} s",
            phase(one, now),
            f"attempt {len(one.attempts)}",
            plain(one.account) or "-",
            plain(one.model) or "-",
        )
        for one in seen.open
    ]
    return columns(rows) if rows else []


def _latest(seen: Glance) -> Iterator[str]:
    for one in seen.done:
        tries = f"{len(one.attempts)} attempts" if len(one.attempts) != 1 else ""
        parts = (plain(one.id), result(one, Paint()), tries, plain(one.account))
        yield "  ".join(part for part in parts if part)


def _short(lines: list[str], most: int, *, counted: bool = True) -> list[str]:
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], f"  and {len(lines) - most + 1} more"] if counted else lines[:most]


def _cut(line: str, width: int) -> str:
    """Cut a line to a width; colours take no room, and are ended."""
    bare = line.replace("\x1b[1m", "").replace("\x1b[0m", "")
    if len(bare) <= width:
        return line
    cut = f"{bare[: width - 1]}…"
    return f"\x1b[1m{cut}\x1b[0m" if bare != line else cut
