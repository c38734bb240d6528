"""One attempt's answer: peeked at until it means something, then carried to the client to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec
import trio

from peekd.healing.classify import outcome_of_refusal
from peekd.healing.peek import Watch
from peekd.healing.resume import MISFIT, Misfit
from peekd.healing.settings import HealingSettings
from peekd.protocols.interface import BadArguments, Unfoldable, UpstreamProtocol
from peekd.relay.consumption import Consumption, counted
from peekd.relay.reading import Reading, Seen, Source, read_whole, without
from peekd.relay.rendering import ToBody, TooMuch, ToStream
from peekd.relay.scribe import Scribe
from peekd.relay.words import Words
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.events import Beat
from peekd.vocabulary.outcomes import AnyOutcome
from peekd.vocabulary.refusals import Refusal

HELD_BYTES = 8 * 1024 * 1024
"""How much an upstream may say without meaning anything before that is no answer."""

NOT_AN_ANSWER = 300
"""From this status on."""

BROKEN_BODY = 500
"""An error object in place of a stream, under a 200, is judged as if it had come with this status."""


_BEATS = frozenset({Beat})


class Opened(Source, Protocol):
    """An open attempt, as far as its answer goes."""

    @property
    def failure(self) -> AnyOutcome | None:
        """Why there is no status."""
        ...

    @property
    def status(self) -> int:
        """The answer's status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The answer's headers, by lower-case name."""
        ...

    @property
    def sent(self) -> float:
        """When the request was out, by trio's clock."""
        ...

    async def read_refusal(self) -> bytes:
        """The body of an answer that is none."""
        ...


class Footing(msgspec.Struct, frozen=True, gc=False):
    """What an answer is judged by besides its deadlines. `ends`: when the budget ends, by trio's clock.

    `secret`: the credential it was asked with, which no error may repeat. `thoughts`: the client sees them.
    `hurried`: little of the budget was left when the attempt began.
    """

    ends: float
    secret: str = ""
    thoughts: bool = True
    hurried: bool = False


class Passage:
    """Lives inside the attempt's scope. The watch sees every event first, the client what passed the peek."""

    __slots__ = (
        "_attempt",
        "_healing",
        "_held",
        "_protocol",
        "_reading",
        "_scribe",
        "_secret",
        "_sink",
        "_size",
        "refusal",
        "watch",
        "whole",
    )

    def __init__(
        self,
        attempt: Opened,
        protocol: UpstreamProtocol,
        scribe: Scribe,
        healing: HealingSettings,
        footing: Footing,
    ) -> None:
        self.watch = Watch(
            healing, attempt.sent, footing.ends, hurried=footing.hurried, thoughts=footing.thoughts
        )
        self.refusal: Refusal | None = None
        self.whole: bytes | None = None
        """The answer as it came, where it came unstreamed."""
        self._healing = healing
        self._attempt = attempt
        self._protocol = protocol
        self._scribe = scribe
        self._secret = footing.secret
        unwrap = protocol.unwrap if protocol.enveloped else None
        self._reading = Reading(attempt, protocol.decoder(), self.watch, unwrap, footing.secret)
        self._held: list[Seen] = []
        self._size = 0
        self._sink: ToStream | ToBody | None = None
        """Where the answer goes, once that is known."""

    # ---- peek ----

    async def peek(self) -> AnyOutcome:
        """Read until the first meaningful event, or until it is clear that none comes."""
        if self._attempt.failure is not None:
            return self._attempt.failure
        self._scribe.mark("headers")
        if self._attempt.status >= NOT_AN_ANSWER:
            refusal = await self._attempt.read_refusal()
            self._reading.received += len(refusal)
            return self._refused(self._attempt.status, refusal)
        if self._attempt.headers.get("content-type", "").startswith("application/json"):
            return await self._unstreamed()
        while True:
            verdict = self._hold_ready()
            if verdict is not None:
                return verdict
            if not await self._reading.fill():
                return self._reading.outcome(shown=False)

    def _hold_ready(self) -> AnyOutcome | None:
        """Keep the frames that have come, up to the one that decides."""
        while (seen := self._reading.take()) is not None:
            if not self._held:
                self._scribe.mark("first_byte")
            self._held.append(seen)
            self._size += len(seen.frame.raw)
            if (verdict := self.watch.verdict()) is not None:
                self._scribe.mark("first_meaning")
                return verdict
            if _BEATS.issuperset(map(type, seen.events)):
                self._scribe.heartbeat(seen.frame.raw)
            if self._size > HELD_BYTES:
                return o.Malformed(message=f"{self._size} bytes came and meant nothing")
        return None

    async def _unstreamed(self) -> AnyOutcome:
        """Read an answer that comes at once, asked for or not, and peek at it as if it were streamed."""
        body = await read_whole(self._attempt, self._healing)
        if not isinstance(body, bytes):
            return body
        self._reading.received += len(body)
        body = self._protocol.unwrap(body)
        frames = self._protocol.decode_whole(body)
        if not frames:
            return self._refused(BROKEN_BODY, body)
        self.whole = body
        self._reading.play(frames)
        return self._hold_ready() or self._reading.outcome(shown=False)

    def _refused(self, status: int, body: bytes) -> AnyOutcome:
        words = without(self._secret, body)
        self.refusal = self._protocol.decode_refusal(status, self._attempt.headers, words)
        return outcome_of_refusal(self.refusal)

    def keep(self, words: Words) -> None:
        """Have all words of the answer noted as they come."""
        self._reading.words = words

    def consumed(self, estimate: Callable[[], int]) -> Consumption:
        """What the attempt has consumed until now; `estimate`: its prompt's tokens, where nobody tells."""
        watch = self.watch
        finished = watch.finished
        usage, who = counted(
            watch.usage, self._attempt.status, watch.said, finished=finished is not None, estimate=estimate
        )
        return Consumption(usage, who, finished.reason if finished else "", self._reading.received)

    # ---- carry ----

    async def carry(self, sink: ToStream | ToBody) -> AnyOutcome:
        """Pass on what was held and all that follows; tells what the whole came to."""
        try:
            self._release(sink)
            self._sink = sink
            while self._pass_on(sink):
                began = trio.current_time()
                await sink.flush()
                self.watch.excuse(trio.current_time() - began)
                if not await self._reading.flow(self._flows):
                    sink.take(self._reading.last())
                    break
            self._scribe.mark("last")
            outcome = self._reading.outcome(shown=True)
            if isinstance(outcome, o.Completed):
                sink.finish()
            return self._told(sink, outcome if sink.shown else self._reading.outcome(shown=False))
        except Unfoldable as error:
            return o.Malformed(type=o.UNFOLDABLE, message=str(error))
        except Misfit as error:
            return o.Broken(type=MISFIT, message=str(error))
        except (BadArguments, TooMuch) as error:
            message = str(error)
            return o.Broken(message=message) if sink.shown else o.Malformed(message=message)

    def _release(self, sink: ToStream | ToBody) -> None:
        """Pass on what was held; from then on nobody holds it."""
        held, self._held = self._held, []
        for seen in held:
            sink.take(seen)

    def _told(self, sink: ToStream | ToBody, outcome: AnyOutcome) -> AnyOutcome:
        """What the whole came to; an answer of which the client could be told nothing is none."""
        unsaid = sink.rendering.mute()
        if not unsaid or not isinstance(outcome, o.Completed):
            return outcome
        message = f"the answer holds {unsaid} and nothing else, which this client's protocol cannot say"
        kind = o.Broken if sink.shown else o.Rejected
        return kind(type=o.UNSAYABLE, message=message)

    def _flows(self) -> bool:
        """Pass on what has come, all of it together; False where it was the last, or the client is slower."""
        sink = self._sink
        return sink is not None and self._pass_on(sink) and sink.flush_nowait()

    def _pass_on(self, sink: ToStream | ToBody) -> bool:
        """Take what has come; False where it was the last."""
        watch, reading, together = self.watch, self._reading, sink.together
        while not watch.over:
            if together and reading.several and (run := reading.take_run()) is not None:
                sink.take_run(run)
                continue
            seen = reading.take()
            if seen is None:
                break
            if not (watch.over and (watch.falsely_ended or watch.overtaken)):
                sink.take(seen)
        return not watch.over
