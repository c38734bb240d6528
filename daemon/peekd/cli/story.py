"""The story of one request, for a person: what was tried, what came of it, what to do. Text from a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from operator import itemgetter

from peekd.cli.paint import Paint, plain
from peekd.records.advice import advice
from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.records.live import failed

MARKS: Mapping[str, str] = {
    "sent": "sent",
    "headers": "status line",
    "first_byte": "first byte",
    "first_meaning": "first meaning",
    "last": "last byte",
}


def tell(record: RequestRecord, zone: tzinfo | None, paint: Paint) -> str:
    """Tell the whole timeline of a request; `zone` None is this machine's."""
    lines = [*_head(record, zone, paint), ""]
    lines += _attempts(record, paint) or ["no attempt was made"]
    for title, words in (("The client was told", record.verdict), ("What you can do", advice(record))):
        if words:
            lines += ["", paint.head(title), f"  {plain(words)}"]
    return "\n".join(lines) + "\n"


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
    if usage := _usage(record):
        yield f"  tokens   {usage}"
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


def _usage(record: RequestRecord) -> str:
    usage = record.usage
    figures = (
        ("in", usage.prompt),
        ("from cache", usage.cached),
        ("to cache", usage.cache_written),
        ("out", usage.output),
        ("of them thoughts", usage.thoughts),
    )
    return ", ".join(f"{figure} {word}" for word, figure in figures if figure is not None)


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
    lines = [f"attempt {attempt.number:<2}{attempt.started:6.2f} s  {paint.head(who)}"]
    marks = [f"{MARKS.get(mark, plain(mark))} {at:.2f}" for mark, at in attempt.marks.items()]
    if attempt.ended is not None:
        marks.append(f"ended {attempt.ended:.2f}")
    if marks:
        lines.append(indent + paint.dim(", ".join(marks)))
    what = " ".join(str(part) for part in (attempt.status, plain(attempt.outcome)) if part) or "under way"
    good = attempt.outcome in {"", "accepted", "completed"}
    said = f": {plain(attempt.upstream_error)}" if attempt.upstream_error else ""
    lines.append(indent + (paint.good(what) if good else paint.bad(what)) + said)
    if attempt.move:
        after = f" after {attempt.after:.2f} s" if attempt.after else ""
        because = f": {plain(attempt.because)}" if attempt.because else ""
        lines.append(f"{indent}→ {attempt.move}{after}{because}")
    if attempt.upstream_request_id:
        lines.append(indent + paint.dim(f"the upstream calls it {plain(attempt.upstream_request_id)}"))
    return lines
