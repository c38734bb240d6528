"""What upstreams send is kept as it comes, where an operator wants that: in memory, until the request ends.

Nothing here waits or touches a disk; `house.tapes` takes what is whole to where it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import trio

from peekd.healing.settings import HealingSettings, RouteSettings
from peekd.records.captures import Capture, Heard, Piece
from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.relay.asked import Asked
from peekd.relay.passage import Opened
from peekd.store.settings import Bodies
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.outcomes import AnyOutcome
from peekd.wire.headers import SECRET

MOST_BYTES: Final = 1024 * 1024
"""Of one attempt's answer; what comes after is not kept."""

MOST_ASKED: Final = 8 * 1024 * 1024
"""Of a request's body: nothing is kept of a larger request."""

MOST_HELD: Final = 64 * 1024 * 1024
"""Of all requests that are open; beyond it nothing more is kept of any."""


class Taken(msgspec.Struct, frozen=True):
    """A capture that is whole, with the credentials that may be in it."""

    capture: Capture
    secrets: frozenset[str]


class Tapes:
    """One per house. `take` returns at once and never raises."""

    def __init__(self, wanted: Bodies, take: Callable[[Taken], None]) -> None:
        self.wanted = wanted
        self.take = take
        self.held = 0

    def hold(self, size: int) -> bool:
        """Take room for so many bytes; False where there is none."""
        if self.held + size > MOST_HELD:
            return False
        self.held += size
        return True


class Taping:
    """One request's."""

    def __init__(self, asked: Asked, tapes: Tapes) -> None:
        self._asked = asked
        self._tapes = tapes
        self._held = 0
        self._heard: list[Heard] = []
        self._secrets: set[str] = set()

    def begin(
        self, attempt: AttemptRecord, settings: UpstreamSettings, healing: HealingSettings, secret: str
    ) -> Tape:
        """Begin an attempt's; to be called as it is sent."""
        self._secrets.add(secret)
        heard = Heard(
            number=attempt.number,
            account=attempt.account,
            upstream=attempt.upstream,
            model=attempt.model,
            protocol=settings.protocol,
            platform=settings.platform,
            location=settings.location,
            streams=settings.streams,
            healing=healing,
        )
        self._heard.append(heard)
        return Tape(heard, self._hold)

    def _hold(self, size: int) -> bool:
        if not self._tapes.hold(size):
            return False
        self._held += size
        return True

    def end(self, record: RequestRecord, route: RouteSettings) -> None:
        """The record is closed: hand on what is to be kept."""
        self._tapes.held -= self._held
        self._held = 0
        smooth = record.outcome in {"completed", "client_gone"} and len(record.attempts) == 1
        if not self._heard or (self._tapes.wanted == "failed" and smooth):
            return
        if len(self._asked.body) > MOST_ASKED:
            return
        headers = tuple((name, value) for name, value in self._asked.headers if name not in SECRET)
        capture = Capture(record, headers, self._asked.body, route, tuple(self._heard))
        self._tapes.take(Taken(capture, frozenset(self._secrets)))


class Tape:
    """One attempt's: it listens in on the answer."""

    def __init__(self, heard: Heard, hold: Callable[[int], bool]) -> None:
        self._heard = heard
        self._hold = hold
        self._began = trio.current_time()
        self._size = 0

    def listen(self, attempt: Opened) -> Opened:
        """The attempt is open, or has failed to: give what is to be read in its place."""
        heard, failure = self._heard, attempt.failure
        heard.at = self._now()
        if failure is not None:
            heard.failure = failure.type or "connect_error"
        else:
            heard.status = attempt.status
            heard.headers = tuple(pair for pair in attempt.headers.items() if pair[0] not in SECRET)
        return _Listened(attempt, self)

    def note(self, said: bytes | AnyOutcome) -> None:
        """Keep what a read gave."""
        heard = self._heard
        if heard.end:
            return
        if not isinstance(said, bytes):
            heard.end, heard.broke, heard.ended = "broken", said.type, self._now()
        elif not said:
            heard.end, heard.ended = "whole", self._now()
        elif not heard.cut and self._size + len(said) <= MOST_BYTES and self._hold(len(said)):
            self._size += len(said)
            heard.pieces.append(Piece(self._now(), said))
        else:
            heard.cut = True

    def _now(self) -> float:
        return round(trio.current_time() - self._began, 6)


class _Listened:
    """An open attempt, and a tape that hears what is read of it."""

    def __init__(self, attempt: Opened, tape: Tape) -> None:
        self._attempt = attempt
        self._tape = tape

    @property
    def failure(self) -> AnyOutcome | None:
        return self._attempt.failure

    @property
    def status(self) -> int:
        return self._attempt.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._attempt.headers

    @property
    def sent(self) -> float:
        return self._attempt.sent

    @property
    def at_end(self) -> bool:
        return self._attempt.at_end

    def receive_nowait(self) -> bytes:
        said = self._attempt.receive_nowait()
        if said:
            self._tape.note(said)
        return said

    async def receive(self) -> bytes | AnyOutcome:
        said = await self._attempt.receive()
        self._tape.note(said)
        return said

    async def read_refusal(self) -> bytes:
        said = await self._attempt.read_refusal()
        if said:
            self._tape.note(said)
        self._tape.note(b"")
        return said
