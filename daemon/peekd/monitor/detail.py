"""All that the page of one request tells besides its drawing, in the order of time. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from operator import itemgetter

import msgspec

from peekd.monitor import said
from peekd.monitor.snapshot import Line, line_of
from peekd.monitor.timeline import Drawing, draw
from peekd.records.advice import advice
from peekd.records.entries import AttemptRecord, Counted, RequestRecord
from peekd.records.tale import tale
from peekd.vocabulary.events import Usage

Facts = tuple[tuple[str, str], ...]
"""Names and values; what is not known does not stand there."""

MARKS = {
    "queue": "connection free",
    "connect": "connected",
    "sent": "sent",
    "headers": "status line",
    "first_byte": "first byte",
    "first_meaning": "first meaning",
    "last": "last byte",
}


_COUNTED: Mapping[Counted, str] = {
    "": "",
    "reported": "by the upstream",
    "estimated": "by peekd, roughly",
}


class Step(msgspec.Struct, frozen=True):
    """An attempt, or a pause before one (`outcome` ""). `then`: what was decided on it; `because`: why."""

    title: str
    at: str
    outcome: str = ""
    status: str = ""
    good: bool = True
    words: str = ""
    then: str = ""
    because: str = ""
    facts: Facts = ()


class Detail(msgspec.Struct, frozen=True):
    """One request. `commands`: what to type for more; `bodies`: part and words, where they are kept."""

    line: Line
    drawing: Drawing
    facts: Facts
    changes: Facts
    steps: tuple[Step, ...]
    tale: str
    told: str
    advice: str
    headers: Facts
    commands: tuple[str, ...]
    bodies: Facts
    outcomes: tuple[str, ...]


class Beside(msgspec.Struct, frozen=True):
    """What is known of a request besides its record: the headers of its answer, and its words if kept."""

    headers: Facts = ()
    bodies: Facts = ()


def detail_of(record: RequestRecord, beside: Beside, now: float, zone: tzinfo | None) -> Detail:
    """Tell of a request as it stands at `now` (wall time); `zone` None is this machine's."""
    outcomes = dict.fromkeys(one.outcome for one in record.attempts if one.outcome)
    return Detail(
        line=line_of(record, zone),
        drawing=draw(record, now),
        facts=_told(_facts(record, zone)),
        changes=_told(_changes(record)),
        steps=tuple(_steps(record)),
        tale=tale(record),
        told=record.verdict,
        advice=advice(record) or "wait: it is under way",
        headers=beside.headers,
        commands=(f"peekd explain {record.id}", f"journalctl -u peekd PEEKD_REQUEST={record.id}"),
        bodies=beside.bodies,
        outcomes=tuple(dict.fromkeys([*outcomes, *([record.outcome] if record.outcome else [])])),
    )


def _facts(record: RequestRecord, zone: tzinfo | None) -> Iterator[tuple[str, str]]:
    yield "came", said.clock(record.came, zone)
    yield "path", f"{record.method} {record.path}"
    yield "protocol", record.protocol
    yield "asked for", "a stream" if record.stream else "an answer in one piece"
    yield "model", record.model
    yield "model upstream", record.mapped_model
    yield "account", record.account
    yield "client", record.client
    yield "client key", record.key
    yield "session", record.session
    yield "note", record.note
    yield "commit", record.commit
    yield "first byte after", said.seconds(record.first_byte)
    yield "first meaning after", said.seconds(record.first_meaning)
    yield "over after", said.seconds(record.seconds)
    yield from _usage(record.usage)
    yield "tokens counted", _COUNTED[record.counted]
    yield "tokens wasted", said.count(record.wasted or None)
    yield "cost", said.dollars(record.cost)
    yield "bytes asked", said.count(record.asked_bytes or None)
    yield "bytes answered", said.count(record.answer_bytes or None)


def _usage(usage: Usage) -> Iterator[tuple[str, str]]:
    yield "tokens in", said.count(usage.prompt)
    yield "tokens from cache", said.count(usage.cached)
    yield "tokens to cache", said.count(usage.cache_written)
    yield "tokens out", said.count(usage.output)
    yield "tokens of thoughts", said.count(usage.thoughts)


def _changes(record: RequestRecord) -> Iterator[tuple[str, str]]:
    yield "changed", ", ".join(record.spliced)
    yield "dropped", ", ".join(record.dropped)
    yield "restored", ", ".join(record.restored)
    yield "repaired", ", ".join(record.repaired)


def _steps(record: RequestRecord) -> Iterator[Step]:
    """Give attempts and pauses in the order of time."""
    steps = [(attempt.started, _attempt(attempt, record)) for attempt in record.attempts]
    steps += [
        (at, Step(title=f"pause of {said.seconds(length)}", at=_after(at), because=because))
        for at, length, because in record.waits
    ]
    yield from (step for _, step in sorted(steps, key=itemgetter(0)))


def _attempt(attempt: AttemptRecord, record: RequestRecord) -> Step:
    pause = f" after {said.seconds(attempt.after)}" if attempt.after else ""
    shown = " (the client saw this one)" if attempt.number == record.shown else ""
    return Step(
        title=f"attempt {attempt.number}{shown}",
        at=_after(attempt.started),
        outcome=attempt.outcome or "under way",
        status=str(attempt.status or ""),
        good=attempt.outcome in {"", "accepted", "completed"},
        words=attempt.upstream_error,
        then=f"{attempt.move}{pause}" if attempt.move else "",
        because=attempt.because,
        facts=_told(_of_attempt(attempt)),
    )


def _of_attempt(attempt: AttemptRecord) -> Iterator[tuple[str, str]]:
    yield "account", attempt.account
    yield "upstream", attempt.upstream
    yield "model", attempt.model
    yield "the upstream calls it", attempt.upstream_request_id
    for mark, words in MARKS.items():
        yield words, _after(attempt.marks.get(mark))
    yield "ended", _after(attempt.ended)
    yield "the model stopped by", attempt.stop
    yield from _usage(attempt.usage)
    yield "tokens wasted", said.count(attempt.wasted or None)
    yield "cost", said.dollars(attempt.cost)
    yield "bytes sent", said.count(attempt.sent_bytes or None)
    yield "bytes received", said.count(attempt.received_bytes or None)


def _after(at: float | None) -> str:
    return "" if at is None else f"at {at:.3f} s"


def _told(facts: Iterator[tuple[str, str]] | Sequence[tuple[str, str]]) -> Facts:
    return tuple((name, value) for name, value in facts if value)
