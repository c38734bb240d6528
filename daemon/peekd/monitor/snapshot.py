"""What a line of the list shows of a request, taken from its record at one moment. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Literal

import msgspec

from peekd.monitor import said
from peekd.records.entries import RequestRecord
from peekd.vocabulary.events import Usage

Kind = Literal["open", "good", "healed", "gone", "failed"]
"""How a request stands, in the five ways that are coloured; each is also said in words."""


class Line(msgspec.Struct, frozen=True):
    """One request in the list. `what`: its result in words; `why`: what went wrong, if anything did."""

    id: str
    came: str
    stamp: str
    kind: Kind
    what: str
    why: str
    model: str
    mapped: str
    account: str
    protocol: str
    path: str
    attempts: int
    first: str
    took: str
    tokens: str
    client: str
    key: str


def kind_of(record: RequestRecord) -> Kind:
    """Tell in which of the five ways a request stands."""
    if record.state == "open":
        return "open"
    if record.failed:
        return "failed"
    if record.outcome == "client_gone":
        return "gone"
    return "healed" if record.healed else "good"


def what_of(record: RequestRecord) -> str:
    """Say in a phrase what became of a request."""
    match kind_of(record):
        case "open":
            attempt = record.attempts[-1] if record.attempts else None
            return f"attempt {attempt.number} under way" if attempt else "open"
        case "healed":
            return f"{record.status} completed, healed"
        case "gone":
            return "the client left"
        case _:
            return f"{record.status or '-'} {record.outcome}"


def why_of(record: RequestRecord) -> str:
    """Say what went wrong: what the client was told, else what the attempts came to before the last."""
    if record.verdict:
        return record.verdict
    failures = [one for one in record.attempts if one.outcome not in {"", "accepted", "completed"}]
    if not failures or kind_of(record) == "gone":
        return record.note
    told = [" ".join(str(word) for word in (one.status, one.outcome) if word) for one in failures]
    return (
        f"{', '.join(told)}: {failures[-1].upstream_error}"
        if failures[-1].upstream_error
        else ", ".join(told)
    )


def tokens_of(usage: Usage) -> str:
    """Say how many tokens went in and came out; "" where neither is known.

    >>> tokens_of(Usage(prompt=1200, output=40)), tokens_of(Usage())
    ('1.2 k in, 40 out', '')
    """
    told = ((said.count(usage.prompt), "in"), (said.count(usage.output), "out"))
    return ", ".join(f"{figure} {word}" for figure, word in told if figure)


def line_of(record: RequestRecord, zone: tzinfo | None) -> Line:
    """Take a line from a record; `zone` None is this machine's."""
    return Line(
        id=record.id,
        came=said.clock(record.came, zone),
        stamp=said.stamp(record.came, zone),
        kind=kind_of(record),
        what=what_of(record),
        why=why_of(record),
        model=record.model,
        mapped=record.mapped_model if record.mapped_model != record.model else "",
        account=record.account,
        protocol=record.protocol,
        path=record.path.partition("?")[0],
        attempts=len(record.attempts),
        first=said.seconds(record.first_meaning),
        took=said.seconds(record.seconds),
        tokens=tokens_of(record.usage),
        client=record.client,
        key=record.key,
    )


def lines_of(records: Iterable[RequestRecord], zone: tzinfo | None) -> list[Line]:
    """Take lines from records, in their order."""
    return [line_of(record, zone) for record in records]


class Page(msgspec.Struct, frozen=True):
    """One page of the list. `older`: the wall time before which the next one begins, None on the last."""

    lines: Sequence[Line]
    older: float | None = None


def page_of(records: Sequence[RequestRecord], limit: int, zone: tzinfo | None) -> Page:
    """Make a page of what was found for a limit: one record more than it says that there is another page."""
    shown = records[:limit]
    return Page(lines_of(shown, zone), shown[-1].came if len(records) > limit else None)
