"""The ledger's rows: one for each request, one for each attempt, as columns that can be asked about.

`told` holds the whole record as JSON; the other columns are what listings, filters and charts go by. Times
are wall time, in seconds since 1970; durations are seconds.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class RequestRow(msgspec.Struct, frozen=True, gc=False):
    """One request. `words`: what went wrong in it, lower case, for searches by text."""

    id: str
    came: float
    open: bool
    failed: bool
    healed: bool
    outcome: str
    note: str
    status: int | None
    path: str
    protocol: str
    client: str
    key: str
    session: str
    model: str
    mapped_model: str
    account: str
    upstream: str
    attempts: int
    seconds: float | None
    first_meaning: float | None
    prompt: int | None
    cached: int | None
    cache_written: int | None
    output: int | None
    thoughts: int | None
    counted: str
    wasted: int
    cost: float | None
    words: str
    told: bytes


class AttemptRow(msgspec.Struct, frozen=True, gc=False):
    """One attempt of a request. `cause`: its outcome where another attempt was made for it, else ""."""

    request: str
    number: int
    began: float
    open: bool
    account: str
    upstream: str
    model: str
    status: int | None
    outcome: str
    move: str
    cause: str
    prompt: int | None
    cached: int | None
    cache_written: int | None
    output: int | None
    thoughts: int | None
    counted: str
    wasted: int
    cost: float | None
    told: bytes


class BodyRow(msgspec.Struct, frozen=True, gc=False):
    """What was asked, or answered, in words: redacted and capped. `part` is "request" or "answer"."""

    request: str
    part: str
    text: str


Row = RequestRow | AttemptRow | BodyRow


class Draft(msgspec.Struct, gc=False):
    """A row that is made when it is written: of many drafts for one place only the last ever is.

    `make` tells how the row stands then. It is called by the writer's task, never from a thread. `waits`: a
    writer has it and has not made the row yet, so there is nothing new to be told by handing it in again.
    """

    place: tuple[str, int]
    make: Callable[[], Row]
    waits: bool = False
