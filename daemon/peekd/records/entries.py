"""What is written down: journal entries, one per step, and the record of one request with its attempts.

The sinks are `service.logs`; the registry that keeps records is `live`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from peekd.vocabulary.events import Usage
from peekd.vocabulary.outcomes import AnyOutcome

Phase = Literal["plan", "attempt", "peek", "decide", "wait", "refresh", "commit", "relay", "end"]

DEBUG, INFO, NOTICE, WARNING, ERROR = 7, 6, 5, 4, 3  # syslog priorities, RFC 5424 §6.2.1


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
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

Counted = Literal["", "reported", "estimated"]
"""Where token figures come from: the upstream, or our own estimate; "" is that nothing is known."""

ENDED = "peekd ended"
"""The note of a request that was open when the process ended without closing it."""


class Turn(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One decision with all that it was made from, so that it can be made anew under another policy.

    The fields after `outcome` and `move` are those of the kernel's circumstances, and the dice's throw.
    """

    outcome: AnyOutcome
    move: str
    because: str = ""
    attempt: int = 0
    account: str = ""
    upstream: str = ""
    pace: str = ""
    after: float = 0.0
    attempts: int = 0
    accounts: int = 0
    left: float = 0.0
    another: bool = False
    same: bool = False
    soonest: float | None = None
    refreshable: bool = False
    jitter: float = 0.0


class AttemptRecord(msgspec.Struct, omit_defaults=True, gc=False):
    """One try at one upstream with one account. Times are seconds since the request came in.

    `marks` holds when each phase was over: queue (a connection is free to be had), connect, sent, headers,
    first_byte, first_meaning, last. `usage` is what this attempt consumed; `counted` says who counted.
    `wasted`: tokens of an attempt of which the client got nothing. `cost`: US dollars by our own price list,
    None where the price or the tokens are unknown. `stop`: why the model stopped.
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
    usage: Usage = Usage()
    counted: Counted = ""
    wasted: int = 0
    cost: float | None = None
    sent_bytes: int = 0
    received_bytes: int = 0
    stop: str = ""
    beside: int = 0
    """The attempt that was under way when this one began (a hedge), 0: none."""


class RequestRecord(msgspec.Struct, omit_defaults=True, gc=False):
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
    """Of the attempt that the client saw; what others consumed is `wasted`."""
    counted: Counted = ""
    wasted: int = 0
    """Tokens of all attempts of which the client got nothing."""
    cost: float | None = None
    """US dollars of all attempts whose cost is known, by our own price list; None where none is."""
    stage: Literal[0, 1, 2] = 0
    """How far it went out: nothing, headers and pings, meaning."""
    shown: int = 0
    """The number of the attempt that the client saw an answer of, be it a broken one; 0 for none."""
    asked_bytes: int = 0
    answer_bytes: int = 0
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
    turns: list[Turn] = msgspec.field(default_factory=list[Turn])
    """The decisions that led away from an attempt, or passed on an empty one."""

    @property
    def first_meaning(self) -> float | None:
        """When the client could have its first word: that of the attempt it saw."""
        for attempt in self.attempts:
            if attempt.number == self.shown:
                return attempt.marks.get("first_meaning")
        return None

    @property
    def failed(self) -> bool:
        """Whether the client did not get a whole answer, and had not left."""
        return self.state == "done" and self.outcome not in {"completed", "client_gone"}

    @property
    def healed(self) -> bool:
        """Whether it has a whole answer that the first attempt alone would not have given."""
        return self.outcome == "completed" and len(self.attempts) > 1

    traceparent: str = ""
    """The client's own trace, as its header names it (W3C Trace Context)."""
