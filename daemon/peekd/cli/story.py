"""The story of one request, for a person: what was tried, what came of it, what to do. Text from a record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from operator import itemgetter
from textwrap import wrap

from peekd.cli.paint import Paint, plain
from peekd.records.advice import advice
from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.records.live import failed
from peekd.records.prices import AS_OF
from peekd.records.tale import tale
from peekd.vocabulary.events import Usage

MARKS: Mapping[str, str] = {
    "queue": "free connection",
    "connect": "connected",
    "sent": "sent",
    "headers": "status line",
    "first_byte": "first byte",
    "first_meaning": "first meaning",
    "last": "last byte",
}

WIDTH = 80
COLOUR = re.compile(r"\x1b\[[0-9]+m")


def tell(record: RequestRecord, zone: tzinfo | None, paint: Paint) -> str:
    """Tell a request in sentences, then its whole timeline, then what to do; `zone` None: this machine's."""
    head = (line for long in _head(record, zone, paint) for line in _folded(long))
    lines = [*head, "", *wrap(plain(tale(record)), WIDTH), ""]
    lines += _attempts(record, paint) or ["no attempt was made"]
    todo = advice(record) or "wait: it is under way"
    for title, words in (("The client was told", record.verdict), ("What you can do", todo)):
        if words:
            lines += ["", paint.head(title), *_wrapped(plain(words), 2)]
    return "\n".join(lines) + "\n"


def _folded(line: str) -> Iterator[str]:
    """Break a line of the head at its commas; colours take no room."""
    held = ""
    for part in line.split(", "):
        longer = f"{held}, {part}" if held else part
        if held and len(COLOUR.sub("", longer)) > WIDTH:
            yield f"{held},"
            longer = f"{' ' * 11}{part}"
        held = longer
    yield held


def _wrapped(text: str, indent: int) -> list[str]:
    """Break a text into lines; a word longer than a line stays whole, to be copied."""
    margin = " " * indent
    broken = wrap(
        text,
        WIDTH,
        initial_indent=margin,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return broken or [margin]


def result(record: RequestRecord, paint: Paint) -> str:
    """Say in one phrase what the client got."""
    if record.state == "open":
        return paint.warn("open")
    words = f"{record.status or '-'} {record.outcome}"
    if failed(record):
        return paint.bad(words)
    return paint.good(words) if record.outcome == "completed" else paint.warn(words)


def clock(record: RequestRecord, zone: tzinfo | None) -> str:
    """Say when a request came, by the clock of `zone`."""
    return datetime.fromtimestamp(record.came, tz=zone).strftime("%Y-%m-%d %H:%M:%S")


def _head(record: RequestRecord, zone: tzinfo | None, paint: Paint) -> Iterator[str]:
    yield f"{paint.head(plain(record.id))}  {plain(f'{record.method} {record.path}')}"
    since = {"from": record.client, "key": record.key, "session": record.session}
    told = [f"{word} {plain(value)}" for word, value in since.items() if value]
    yield f"  came     {', '.join([clock(record, zone), *told])}"
    mapped = f" → {plain(record.mapped_model)}" if record.mapped_model not in {"", record.model} else ""
    kind = "streaming" if record.stream else "not streaming"
    yield f"  asked    {plain(record.model) or '-'}{mapped}, {plain(record.protocol)}, {kind}"
    yield f"  got      {', '.join(_got(record, paint))}"
    if usage := _usage(record.usage, record.counted):
        yield f"  tokens   {usage}"
    if record.wasted:
        by = ", ".join(str(attempt.number) for attempt in record.attempts if attempt.wasted)
        yield f"  wasted   {record.wasted} tokens, by attempt {by}"
    if record.cost is not None:
        yield f"  cost     about ${record.cost:.4f}, by the prices of {AS_OF}"
    if record.spliced:
        yield f"  changed  {plain(', '.join(record.spliced))}"
    if record.restored:
        yield f"  restored {plain(', '.join(record.restored))}"
    if record.dropped:
        yield f"  dropped  {plain(', '.join(record.dropped))}"
    if record.repaired:
        yield f"  repaired arguments: {plain(', '.join(record.repaired))}"


def _got(record: RequestRecord, paint: Paint) -> Iterator[str]:
    note = f" ({plain(record.note)})" if record.note else ""
    yield result(record, paint) + note
    if record.seconds is not None:
        yield f"after {record.seconds:.2f} s"
    if record.first_byte is not None:
        yield f"first byte after {record.first_byte:.2f} s"
    if record.commit:
        yield f"committed {record.commit}"
    if record.account:
        yield f"by {plain(record.account)}"


def _usage(usage: Usage, counted: str) -> str:
    figures = (
        ("in", usage.prompt),
        ("from cache", usage.cached),
        ("to cache", usage.cache_written),
        ("out", usage.output),
        ("of them thoughts", usage.thoughts),
    )
    told = ", ".join(f"{figure} {word}" for word, figure in figures if figure is not None)
    return f"{told} (estimated)" if told and counted == "estimated" else told


def _attempts(record: RequestRecord, paint: Paint) -> list[str]:
    """Give attempts and pauses in the order of time."""
    told = [(attempt.started, _attempt(attempt, paint)) for attempt in record.attempts]
    told += [(at, [_pause(at, length, why)]) for at, length, why in record.waits]
    return [line for _, lines in sorted(told, key=itemgetter(0)) for line in lines]


def _pause(at: float, length: float, why: str) -> str:
    return f"{'':9}{at:7.2f} s  pause of {length:.2f} s: {plain(why)}"


def _attempt(attempt: AttemptRecord, paint: Paint) -> list[str]:
    indent = " " * 20
    who = f"{plain(attempt.account)} at {plain(attempt.upstream)}, {plain(attempt.model) or 'no model'}"
    hedge = f", beside attempt {attempt.beside}" if attempt.beside else ""
    lines = [f"attempt {attempt.number:<2}{attempt.started:6.2f} s  {paint.head(who)}{hedge}"]
    marks = [f"{MARKS.get(mark, plain(mark))} {at:.2f}" for mark, at in attempt.marks.items()]
    if attempt.ended is not None:
        marks.append(f"ended {attempt.ended:.2f}")
    lines += [
        paint.dim(line)
        for line in wrap(", ".join(marks), WIDTH, initial_indent=indent, subsequent_indent=indent)
    ]
    what = " ".join(str(part) for part in (attempt.status, plain(attempt.outcome)) if part) or "under way"
    good = attempt.outcome in {"", "accepted", "completed", "superseded"}
    said = f": {plain(attempt.upstream_error)}" if attempt.upstream_error else ""
    first, *more = _wrapped(what + said, len(indent))
    shown = first.strip().removeprefix(what)
    lines += [indent + (paint.good(what) if good else paint.bad(what)) + shown, *more]
    if attempt.move:
        after = f" after {attempt.after:.2f} s" if attempt.after else ""
        because = f": {plain(attempt.because)}" if attempt.because else ""
        lines += _wrapped(f"→ {attempt.move}{after}{because}", len(indent))
    if used := _usage(attempt.usage, attempt.counted):
        wasted = ", wasted" if attempt.wasted else ""
        lines.append(indent + paint.dim(f"tokens {used}{wasted}"))
    if attempt.upstream_request_id:
        lines.append(indent + paint.dim(f"the upstream calls it {plain(attempt.upstream_request_id)}"))
    return lines
