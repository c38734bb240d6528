"""What is written down: journal entries, one per step, and the record of one request with its attempts.

The sinks are `service.logs`; the registry that keeps records is `live`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from peekd.vocabulary.events import Usage

Phase = Literal["plan", "attempt", "peek", "decide", "wait", "refresh", "commit", "relay", "end"]

DEBUG, INFO, NOTICE, WARNING, ERROR = 7, 6, 5, 4, 3  # syslog priorities, RFC 5424 §6.2.1


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a request, as the journal keeps it: PEEKD_* fields beside MESSAGE and PRIORITY.

    `upstream_error`: type and first 200 characters of the upstream's words, redacted.
    """

    message: str
    priority: int = INFO
    request: str = ""
    attempt: int = 0
    account: str = ""
    model: str = ""
    upstream: str = ""
    phase: Phase | Literal[""] = ""
    outcome: str = ""
    move: str = ""
    status: int | None = None
    upstream_error: str = ""


Journal = Callable[[Entry], None]
"""Takes an entry and returns at once; it never raises and never waits."""


class AttemptRecord(msgspec.Struct, omit_defaults=True):
    """One try at one upstream with one account. Times are seconds since the request came in.

    `marks` holds them by phase: sent, headers, first_byte, first_meaning, last.
    """

    number: int
    account: str
    upstream: str
    model: str
    started: float
    marks: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    status: int | None = None
    upstream_request_id: str = ""
    outcome: str = ""
    upstream_error: str = ""
    move: str = ""
    because: str = ""
    after: float = 0.0
    ended: float | None = None
    beside: int = 0
    """The attempt that was under way when this one began (a hedge), 0: none."""


class RequestRecord(msgspec.Struct, omit_defaults=True):
    """One request from its first byte to its last. `came` is wall time, seconds since 1970."""

    id: str
    came: float
    method: str
    path: str
    protocol: str
    client: str = ""
    key: str = ""
    session: str = ""
    model: str = ""
    mapped_model: str = ""
    stream: bool = False
    attempts: list[AttemptRecord] = msgspec.field(default_factory=list[AttemptRecord])
    state: Literal["open", "done"] = "open"
    commit: Literal["", "early", "late"] = ""
    status: int | None = None
    outcome: str = ""
    note: str = ""
    account: str = ""
    usage: Usage = Usage()
    dropped: tuple[str, ...] = ()
    spliced: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    """What the client had lost of its thoughts and signatures, and was put back."""
    repaired: tuple[str, ...] = ()
    """Arguments of tool calls that their schemas proved to be meant otherwise: tool and place."""
    waits: list[tuple[float, float, str]] = msgspec.field(default_factory=list[tuple[float, float, str]])
    """Pauses: when (seconds since it came), how long, why."""
    verdict: str = ""
    """What the client was told where it got no answer."""
    advice: str = ""
    """What a person can do, in one line; "" where nothing is to be done."""
    seconds: float | None = None
    first_byte: float | None = None
    traceparent: str = ""
    """The client's own trace, as its header names it (W3C Trace Context)."""
