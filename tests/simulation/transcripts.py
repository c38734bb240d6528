"""What was seen of one request: what the client got, what each upstream really said, what was noted."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import h11
import msgspec

from peekd.healing.settings import HealingSettings, RouteSettings
from peekd.records.entries import Entry, RequestRecord
from peekd.serving.settings import ServerSettings
from simulation.asking import Wish
from simulation.heard import Heard
from simulation.tongues import TONGUES
from simulation.wire import Line

OK = 200
LAG = 0.25
"""Seconds that connections and scheduling may add to a promised time."""

WALL = 1_790_000_000.0
"""What the wall clock reads when a world begins."""

Pieces = list[tuple[float, bytes]]

End = Literal["", "whole", "cut", "refused", "left", "gave up"]
"""How an exchange ended for the client: a whole HTTP answer, one cut short, no connection, or by itself."""


def joined(pieces: Pieces) -> bytes:
    """Give the bytes alone."""
    return b"".join(piece for _, piece in pieces)


@dataclass(eq=False)
class Said:
    """One request at an upstream, and what was answered. Times are trio's.

    `tag` stands in every word of the answer. `fault`: what the upstream did wrong or refused, "" where it was
    well. `finished_at`: when it had said all it would. `line`: peekd's end of the connection.
    """

    number: int
    upstream: str
    language: str
    account: str
    wish: int
    tag: str
    line: Line
    arrived_at: float
    streams: bool = True
    label: str = ""
    fault: str = ""
    thinks: bool = False
    counted: int | None = None
    rests: float | None = None
    """Seconds that it asked to stay away."""
    sent: bytes = b""
    """What it was asked, where thoughts are replayed."""
    proof: str = ""
    """The signature that its answer has."""
    talk: str = ""
    pieces: Pieces = field(default_factory=list[tuple[float, bytes]])
    finished_at: float | None = None
    token: str = ""
    """The access token that it came with."""
    token_ends: float | None = None

    @property
    def left_at(self) -> float | None:
        """When peekd closed before all was said; None: it did not."""
        closed = self.line.closed_at
        if closed is None or (self.finished_at is not None and self.finished_at <= closed):
            return None
        return closed

    @property
    def ended_at(self) -> float | None:
        """When it was over, whoever ended it."""
        return self.left_at if self.left_at is not None else self.finished_at

    @property
    def meant_at(self) -> float | None:
        """When the first word of its own went out."""
        seen = b""
        for at, piece in self.pieces:
            seen = (seen + piece)[-len(piece) - len(self.tag) :]
            if self.tag.encode() in seen:
                return at
        return None

    @property
    def last_at(self) -> float:
        """When it was last heard of."""
        return self.pieces[-1][0] if self.pieces else self.arrived_at

    @property
    def answer(self) -> Answer:
        """What it amounts to, as far as it has come."""
        return self._answer if self.ended_at is not None else read_answer(joined(self.pieces))

    @property
    def heard(self) -> Heard:
        """What it says, to a reader of its language, as far as it has come."""
        return self._heard if self.ended_at is not None else self._read()

    @cached_property
    def _answer(self) -> Answer:
        return read_answer(joined(self.pieces))

    @cached_property
    def _heard(self) -> Heard:
        return self._read()

    def _read(self) -> Heard:
        if self.answer.status != OK:
            return Heard()
        tongue = TONGUES[self.language]
        if not self.streams:
            return tongue.read_whole(self.answer.body) if self.answer.complete else Heard()
        return tongue.read(self.answer.body)


@dataclass(eq=False)
class Minting:
    """One request for an access token."""

    account: str
    life: int
    arrived_at: float
    line: Line
    label: str
    fault: str
    token: str = ""
    seconds: float = 0.0
    finished_at: float | None = None

    @property
    def ended_at(self) -> float:
        """When it was over, whoever ended it; infinite where it is not."""
        closed = self.line.closed_at
        ends = [at for at in (self.finished_at, closed) if at is not None]
        return min(ends, default=float("inf"))

    @property
    def left_at(self) -> float | None:
        """When peekd closed before it was answered; None: it did not."""
        closed = self.line.closed_at
        return closed if self.finished_at is None or (closed or self.finished_at) < self.finished_at else None


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer; status 0: there is none. `complete`: it is as long as it says."""

    status: int = 0
    body: bytes = b""
    complete: bool = False


def read_answer(raw: bytes) -> Answer:
    """Read an answer as far as it goes, unzipped."""
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
    parser.send(h11.EndOfMessage())
    status, body, zipped, complete = 0, b"", False, False
    try:
        parser.receive_data(raw)
        while True:
            match parser.next_event():
                case h11.InformationalResponse():
                    pass
                case h11.Response() as head:
                    status = head.status_code
                    zipped = (b"content-encoding", b"gzip") in list(head.headers)
                case h11.Data(data=data):
                    body += bytes(data)
                case h11.EndOfMessage():
                    complete = True
                    break
                case _:
                    break
    except h11.RemoteProtocolError:
        pass
    return Answer(status, _unzipped(body) if zipped else body, complete)


def _unzipped(body: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(body)
    except zlib.error:
        return b""


@dataclass(eq=False)
class Call:
    """One request as its client saw it.

    `began`: when it was first due an answer (a pipelined one: when the one before it was over). `asked_at`:
    when its last byte was handed over; None: it never was. `life`: which life of the daemon it met.
    """

    wish: Wish
    tongue: str
    manner: str
    key: str
    life: int
    errand: Literal["converse", "count", "stranger", "nonsense", "lost"] = "converse"
    began: float = 0.0
    asked_at: float | None = None
    prompt: bool = True
    """It reads what comes as soon as it comes."""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    head_at: float = 0.0
    pieces: Pieces = field(default_factory=list[tuple[float, bytes]])
    size: int = 0
    end: End = ""
    ended_at: float = 0.0
    line: Line | None = None
    """The daemon's end of its connection."""
    reused: bool = False
    """Its connection had served before."""
    stopping: bool = False
    """The daemon was told to stop while it was under way, or just before."""
    request: str = ""
    """Its id, where it should be in the ledger; known once it is over."""
    disturbed: bool = False
    """The daemon crashed or was told to hurry while it was under way."""

    @property
    def body(self) -> bytes:
        """The answer's body, as far as it came."""
        return joined(self.pieces)

    @cached_property
    def heard(self) -> Heard:
        """What it was told, to a reader of its language; only to be asked once it is over."""
        tongue = TONGUES[self.tongue]
        if self.status != OK:
            return Heard(error=tongue.error(self.body))
        return tongue.read(self.body) if self.wish.stream else tongue.read_whole(self.body)

    @property
    def well(self) -> bool:
        """Whether the client takes it for a whole answer."""
        if self.status != OK or self.heard.error or self.heard.torn:
            return False
        return bool(self.heard.ends) if self.wish.stream else self.end == "whole"

    @property
    def left_at(self) -> float | None:
        """When word of the client's leaving reached the daemon; None: it stayed to the end."""
        if self.end != "left" or self.line is None or self.line.peer_left_at == float("inf"):
            return None
        return self.line.peer_left_at


class Rules(msgspec.Struct, frozen=True):
    """What was promised for this request."""

    healing: HealingSettings
    server: ServerSettings
    accounts: tuple[str, ...]
    """Those that may serve it."""
    goals: frozenset[tuple[str, str]] = frozenset()
    """Upstreams, and the models to ask them for."""
    limited: frozenset[str] = frozenset()
    """Those that serve only so many requests at once, or in a minute."""
    options: RouteSettings = RouteSettings("*", ())
    """Its route, for the options."""


class Blame(msgspec.Struct, frozen=True):
    """An account's rest that was there after the request: why, and since when."""

    account: str
    cause: str
    since: float


class Case(msgspec.Struct, frozen=True):
    """One request from every side.

    `others`: what upstreams said to all requests so far. `mintings`: all exchanges for access tokens so far.
    `bad_lines`: when a connection to which upstream
    failed or was ended by it. `idle`: accounts that could have served it throughout, and were not asked.
    `record` None: there is none. `request`: its id, where it should be in the ledger; `row`: what the ledger
    has of it when all is over, `missed`: the ledger lost a row of it, `closes`: how often it was closed.
    `intact`: nothing that the store was given is lost.
    """

    call: Call
    said: Sequence[Said]
    entries: Sequence[tuple[float, Entry]]
    record: RequestRecord | None
    rules: Rules
    blames: Sequence[Blame] = ()
    others: Sequence[Said] = ()
    mintings: Sequence[Minting] = ()
    bad_lines: Sequence[tuple[float, str]] = ()
    idle: Sequence[str] = ()
    request: str = ""
    row: RequestRecord | None = None
    missed: bool = False
    closes: int = 1
    intact: bool = True


def streamed(call: Call) -> bool:
    """Whether it got a stream."""
    return call.status == OK and call.wish.stream and call.errand == "converse"


def finished(call: Call) -> bool:
    """Whether the client got all that the daemon had for it."""
    return call.end == "whole"
