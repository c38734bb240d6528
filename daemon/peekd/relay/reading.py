"""One attempt's stream, taken apart: bytes -> frames -> events, under the deadline of each moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec
import trio

from peekd.healing.peek import Watch
from peekd.healing.settings import HealingSettings
from peekd.protocols.interface import EventDecoder
from peekd.relay.words import Words
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.events import Erred, Event, Run, TextDelta
from peekd.vocabulary.outcomes import AnyOutcome
from peekd.wire.sse import Frame, FrameTooLarge, Splitter


class Source(Protocol):
    """Where the bytes come from: an open attempt."""

    def receive_nowait(self) -> bytes:
        """What has already come, b"" where `receive` must be asked."""
        ...

    @property
    def at_end(self) -> bool:
        """Whether the body's end came with what was given last: `receive` then waits for nothing."""
        ...

    async def receive(self) -> bytes | AnyOutcome:
        """The next bytes, b"" at the end of the body, or what broke it. Cancelled, it has taken nothing."""
        ...


Unwrap = Callable[[bytes], bytes]

KEY = b"[key]"
"""What stands where a credential stood."""

WHOLE_BYTES = 64 * 1024 * 1024
"""How much is collected of an answer in one piece."""


class Seen(msgspec.Struct, frozen=True, gc=False):
    """One frame and what it says."""

    frame: Frame
    events: Sequence[Event]


class SeenRun(msgspec.Struct, frozen=True, gc=False):
    """Frames of words, seen together. `raw`: as they stood on the wire; `last`: the last of them."""

    raw: bytes
    last: Frame
    run: Run


class Reading:
    """Gives a stream's frames one by one, or words together; the watch has seen each before the caller does.

    `unwrap` takes a frame's data out of its envelope, where answers have one. `secret`: the
    credential that the stream was asked for with; an error in it is read without that.
    """

    __slots__ = (
        "_came",
        "_decoder",
        "_fault",
        "_now",
        "_over",
        "_secret",
        "_silent",
        "_source",
        "_speaking",
        "_splitter",
        "_unwrap",
        "received",
        "several",
        "watch",
        "words",
    )

    def __init__(
        self,
        source: Source,
        decoder: EventDecoder,
        watch: Watch,
        unwrap: Unwrap | None = None,
        secret: str = "",
    ) -> None:
        self.watch = watch
        self.words: Words | None = None
        """What keeps the words, where they are to be kept."""
        self.received = 0
        """Bytes that came."""
        self.several = False
        """More frames than one came at once, so it may be that they can be taken together."""
        self._unwrap = unwrap
        self._secret = secret
        self._source = source
        self._decoder = decoder
        self._splitter = Splitter()
        self._speaking = False
        """The last frame was words, so the next ones may be."""
        self._fault: AnyOutcome | None = None
        self._silent = False
        self._over = False
        self._came = 0.0
        self._now = trio.lowlevel.current_clock().current_time  # of which `trio.current_time` is told

    def take(self) -> Seen | None:
        """The next frame that has already come, or None."""
        frame = self._splitter.take()
        if frame is None:
            return None
        if self._unwrap is not None:
            frame = _bare(frame, self._unwrap)
        events = self._decoder.feed(frame)
        seen = Seen(frame, events)
        if Erred in map(type, events):
            seen = _discreet(seen, self._secret)
        self._speaking = bool(events) and isinstance(events[0], TextDelta)
        self._see(seen.events)
        return seen

    def take_run(self) -> SeenRun | None:
        """The next frames together, as far as they are words that go on; None where they are not, or kept."""
        if not self._speaking or self.words is not None or self._unwrap is not None:
            return None
        blocks = self._splitter.ahead()
        if not blocks:
            return None
        run = self._decoder.run(blocks)
        if run is None:
            self._speaking = False
            return None
        self.watch.see_run(run, self._came)
        return SeenRun(*self._splitter.skip(len(run.texts)), run)

    def _see(self, events: Sequence[Event]) -> None:
        watch, came = self.watch, self._came
        for event in events:
            watch.see(event, came)
        if self.words is not None:
            for event in events:
                self.words.see(event)

    async def fill(self) -> bool:
        """Wait for more; False when the stream is over: ended, failed, or silent for too long."""
        return await self.flow(_enough)

    async def flow(self, go_on: Callable[[], bool]) -> bool:
        """Wait for more until `go_on`, which is asked whenever more has come, says no; False as `fill`.

        Every event moves the deadline, but it is looked at only where it may have been reached; what came
        together with the answer's head has none, nor has the end that came with the terminal.
        """
        if not self._over and (here := self._source.receive_nowait()):
            came = self._sort_in(here)
            if not came or self._over or not go_on():
                return came
        if self.watch.finished is not None and not self._over and self._source.at_end:
            return self._sort_in(await self._source.receive())
        while not self._over:
            with trio.CancelScope(deadline=self.watch.deadline()):
                while self._sort_in(await self._source.receive()):
                    if self._over or not go_on():
                        return True
                return False
            self._silent = self._over = trio.current_time() >= self.watch.deadline()
        return False

    def _sort_in(self, chunk: bytes | AnyOutcome) -> bool:
        self._came = now = self._now()
        if not isinstance(chunk, bytes) or not chunk:
            self._flush()
            return self._end(None if isinstance(chunk, bytes) else chunk)
        self.watch.see_bytes(now)
        self.received += len(chunk)
        try:
            self.several = self._splitter.put(chunk)
        except FrameTooLarge as error:
            return self._end(o.Malformed(message=str(error)))
        return True

    def _end(self, fault: AnyOutcome | None) -> bool:
        self._fault = fault
        self._over = True
        return self._splitter.waits

    def _flush(self) -> None:
        """The body ended: a last frame without its blank line counts only if what it says is whole."""
        rest = self._splitter.close()
        if rest is not None and is_whole(rest.data):
            self._splitter.give([Frame(raw=rest.raw + b"\n\n", event=rest.event, data=rest.data)])

    def play(self, frames: Iterable[Frame]) -> None:
        """Take the frames of an answer that came at once: there is nothing to wait for any more."""
        self._splitter.give(frames)
        self._came = trio.current_time()
        self._over = True

    def last(self) -> Seen:
        """What the decoder still held when the body ended."""
        events = self._decoder.close()
        self._see(events)
        return Seen(Frame(raw=b""), events)

    def outcome(self, *, shown: bool) -> AnyOutcome:
        """What the stream amounts to, now that it is over. `shown`: the client has seen meaning of it."""
        if self.watch.finished is not None:
            return self.watch.at_end(shown=shown)
        if self._silent:
            return self.watch.at_silence(shown=shown)
        if self._fault is not None:
            if shown:
                return o.Broken(type=self._fault.type, message=self._fault.message)
            return self._fault
        return self.watch.at_end(shown=shown)


def _bare(frame: Frame, unwrap: Unwrap) -> Frame:
    """Take a frame's data out of its platform's envelope, if it has one."""
    data = unwrap(frame.data)
    return frame if data is frame.data else Frame(b"data: %b\r\n\r\n" % data, frame.event, data)


def _enough() -> bool:
    return False


async def read_whole(source: Source, healing: HealingSettings) -> bytes | AnyOutcome:
    """Read an answer that is not streamed to its end; or tell what became of it.

    Silence ends at `idle_seconds`, and the whole of it at `reasoning_seconds`.
    """
    body = bytearray()
    ends = trio.current_time() + healing.reasoning_seconds
    while len(body) <= WHOLE_BYTES:
        with trio.CancelScope(deadline=min(ends, trio.current_time() + healing.idle_seconds)) as patience:
            piece = await source.receive()
            if not isinstance(piece, bytes):
                return piece
            if not piece:
                return bytes(body)
            body += piece
        if patience.cancelled_caught:
            return o.Silent(message=f"nothing more came of {len(body)} bytes")
    return o.Malformed(message=f"an answer of more than {WHOLE_BYTES} bytes")


def is_whole(data: bytes) -> bool:
    """Whether a frame's data is a JSON object to its end."""
    try:
        msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):
        return False
    return True


def without(secret: str, words: bytes) -> bytes:
    """Give an upstream's words without the credential it was sent; some repeat it in their errors.

    >>> without("sk-1", b"Incorrect API key provided: sk-1.")
    b'Incorrect API key provided: [key].'
    """
    return words.replace(secret.encode(), KEY) if secret else words


def _discreet(seen: Seen, secret: str) -> Seen:
    """Give an error without the credential, in its frame and in what was read of it."""
    if not secret or secret.encode() not in seen.frame.raw:
        return seen
    raw, data = without(secret, seen.frame.raw), without(secret, seen.frame.data)
    events = [
        msgspec.structs.replace(event, message=event.message.replace(secret, KEY.decode()))
        if isinstance(event, Erred)
        else event
        for event in seen.events
    ]
    return Seen(msgspec.structs.replace(seen.frame, raw=raw, data=data), events)


def erred(events: Sequence[Event]) -> Erred | None:
    """The error object among a frame's events, if there is one."""
    for event in events:
        if isinstance(event, Erred):
            return event
    return None
