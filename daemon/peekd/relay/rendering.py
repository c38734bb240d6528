"""What the client gets of each frame: itself on a verbatim path, on another its meaning in their words.

Two ways to render, two places to render to (a stream, a folded body); any pair fits. What a route's options
do to a stream on its way (`atomic`, `joint`) is done before it is rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from peekd.healing.resume import Shown
from peekd.protocols.halves import Halves
from peekd.protocols.interface import ClientProtocol, Collector, EventEncoder, Following
from peekd.protocols.mending import Mender
from peekd.relay.atomic import Atomic
from peekd.relay.delivery import Delivery
from peekd.relay.joint import Joint
from peekd.relay.learning import Learning
from peekd.relay.reading import WHOLE_BYTES, Seen, SeenRun, is_whole
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import (
    Beat,
    Block,
    Closed,
    Counted,
    DataInline,
    Ended,
    Erred,
    Event,
    Finished,
    Opened,
    OtherBlock,
    SearchBlock,
    Searched,
    SignatureDelta,
    Started,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
    Usage,
)
from peekd.wire.sse import Frame, Splitter

ACCOUNTS_OWN = frozenset({"unauthorized", "payment_required", "forbidden", "validation_required"})
"""Errors inside a stream that are between peekd and the account: never passed on as the client's."""

_PLAIN: Final[frozenset[type[Event]]] = frozenset({
    TextDelta,
    ThinkingDelta,
    Counted,
    Beat,
    Started,
    SignatureDelta,
    Closed,
    Finished,
    Ended,
})
_WORDS: Final[frozenset[type[Block]]] = frozenset({TextBlock, ThinkingBlock})
"""Events, and blocks that open, which pass calls' mending and naming by while no call is open."""

_LAST = frozenset({Ended, Erred})
"""Events behind which nothing belongs to the answer."""

_SEARCH = "web search"
"""How encoders name a search that they cannot say."""


class TooMuch(ValueError):
    """An answer is larger than what is collected for a client that wants it in one piece."""


class Rendering(Protocol):
    """How one frame becomes the client's bytes."""

    def render(self, seen: Seen) -> bytes:
        """Whole frames of the client's protocol, or b"". Raises BadArguments for a call that is no JSON."""
        ...

    def render_run(self, seen: SeenRun) -> bytes:
        """The same for frames of words that were seen together."""
        ...

    def close(self) -> bytes:
        """The frames still owed at a whole end."""
        ...

    def dropped(self) -> frozenset[str]:
        """What of the answer could not be said, by kind."""
        ...

    def repaired(self) -> frozenset[str]:
        """What of the calls' arguments was mended, by tool and place."""
        ...

    def mute(self) -> str:
        """What could not be said, where nothing else was and the end does not tell why; else ""."""
        ...

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """The frames that end what was said with an error; b"" where the upstream's own went through."""
        ...

    def end_at_call(self, usage: Usage) -> bytes:
        """The frames that end what was said as an answer that waits for a tool's result."""
        ...


class Verbatim:
    """The upstream's frames as they came. `counted` False: but for those that tell usage alone.

    `owns_end` True: and for its errors, since more may be made of a broken answer than an error.
    """

    __slots__ = ("_counted", "_ended", "_erred", "_following", "_learning", "_owns_end", "_protocol")

    def __init__(
        self,
        protocol: ClientProtocol,
        following: Following,
        *,
        counted: bool = True,
        learning: Learning | None = None,
        owns_end: bool = False,
    ) -> None:
        self._protocol = protocol
        self._owns_end = owns_end
        self._following = following
        self._learning = learning
        self._counted = counted
        self._ended = False
        self._erred = False

    def render(self, seen: Seen) -> bytes:
        """The frame's own bytes; withheld is an account's own error, and one that no client would read."""
        learning = self._learning
        for event in seen.events:
            if learning is not None:
                learning.see(event)
            if type(event) not in _LAST:
                continue
            if isinstance(event, Ended):
                self._ended = True
            elif isinstance(event, Erred):
                if event.kind in ACCOUNTS_OWN or not self._is_shown(seen.frame):
                    return b""
                self._erred = True
        if not self._counted and seen.events and all(isinstance(event, Counted) for event in seen.events):
            return b""
        self._following.see(seen.frame)
        return seen.frame.raw

    def render_run(self, seen: SeenRun) -> bytes:
        """Their own bytes."""
        if self._learning is not None:
            self._learning.see_run(seen.run)
        self._following.see(seen.last)
        return seen.raw

    def _is_shown(self, frame: Frame) -> bool:
        """Whether clients read it as an error; what is torn, be it around one, they cannot read at all."""
        return not self._owns_end and self._protocol.shows_error(frame) and is_whole(frame.data)

    def close(self) -> bytes:
        """The last frame, where the upstream forgot it."""
        return b"" if self._ended else self._protocol.encode_last_frame()

    def dropped(self) -> frozenset[str]:
        """Nothing: what came goes on."""
        return frozenset()

    def repaired(self) -> frozenset[str]:
        """Nothing either."""
        return frozenset()

    def mute(self) -> str:
        """Never: what came goes on."""
        return ""

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """An error that goes on from the upstream's last frame; b"" where its own went through."""
        return b"" if self._erred else self._following.fail(fault, request_id)

    def end_at_call(self, usage: Usage) -> bytes:
        """What is missing of the upstream's own frames, in their way."""
        return self._following.end_at_call(usage if self._counted else None)


class Translated:
    """The upstream's events in the client's words. `counted` False: usage is not told.

    `mender`: what the calls go through before. `learning`: names them, and sees what becomes of them.
    """

    __slots__ = ("_counted", "_encoder", "_halves", "_learning", "_mender", "_said", "_unsaid")

    def __init__(
        self,
        encoder: EventEncoder,
        *,
        counted: bool = True,
        mender: Mender | None = None,
        learning: Learning | None = None,
    ) -> None:
        self._encoder = encoder
        self._learning = learning
        self._mender = mender or Mender((), whole=False)
        self._halves = Halves()
        self._counted = counted
        self._said = False
        self._unsaid: dict[str, None] = {}

    def render(self, seen: Seen) -> bytes:
        """What the client's protocol says for the frame's events."""
        events = seen.events
        if self._halves.idle:
            for event in events:
                if not (type(event) in _PLAIN or (type(event) is Opened and type(event.block) in _WORDS)):
                    break
            else:
                return self._render_plain(events)
        if self._learning is not None:
            events = self._learning.named(events)
        passed = self._halves.feed(self._mender.feed(events))
        return b"".join(self._feed(event) for event in passed if self._passes(event))

    def _render_plain(self, events: Sequence[Event]) -> bytes:
        """Render what nearly all frames hold: nothing on its way could change, hold or name any of it."""
        written = b""
        for event in events:
            if isinstance(event, Counted):
                if not self._counted:
                    continue
            elif self._learning is not None:
                self._learning.see(event)
            if not self._said:
                self._said = _says(event)
            written += self._encoder.feed(event)
        return written

    def render_run(self, seen: SeenRun) -> bytes:
        """Render words, and before them the end of a call that waited for what follows."""
        run, released = seen.run, b""
        if self._halves.waits:
            released = b"".join([self._feed(closed) for closed in self._halves.release()])
        if self._learning is not None:
            self._learning.see_run(run)
        self._said = True
        if run.usage is not None and self._counted:
            self._encoder.feed(Counted(run.usage))
        return released + self._encoder.feed_run(run.index, run.texts)

    def _feed(self, event: Event) -> bytes:
        if self._learning is not None:
            self._learning.see(event)
        written = self._encoder.feed(event)
        self._said = self._said or _says(event)
        match event:
            case Opened(block=OtherBlock(kind=kind)):
                self._unsaid[kind] = None
            case DataInline(media_type=kind) if not written:
                self._unsaid[kind] = None
            case DataInline():
                self._said = True
            case Opened(block=SearchBlock()):
                self._unsaid[_SEARCH] = None
            case Searched(queries=asked, sources=found) if _SEARCH not in self._encoder.dropped:
                self._said = self._said or bool(asked or found)
            case _:
                pass
        return written

    def _passes(self, event: object) -> bool:
        if isinstance(event, Counted):
            return self._counted
        return not isinstance(event, Erred)

    def close(self) -> bytes:
        """The frames that end a whole answer."""
        if self._halves.idle:
            return self._encoder.close()
        held = b"".join(self._feed(event) for event in self._halves.feed(self._mender.close()))
        return held + self._encoder.close()

    def dropped(self) -> frozenset[str]:
        """What the client's protocol has no word for."""
        return frozenset(self._encoder.dropped)

    def repaired(self) -> frozenset[str]:
        """What its schema proved to be meant otherwise."""
        return frozenset(self._mender.repaired)

    def mute(self) -> str:
        """What the client's protocol could not say, of an answer of which it said nothing else."""
        return "" if self._said else ", ".join(self._unsaid)

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """The error: an upstream's own is never rendered here."""
        return self._encoder.fail(fault, request_id)

    def end_at_call(self, usage: Usage) -> bytes:
        """The terminal; the encoder has been told the usage as it came."""
        return self._feed(Finished("tool_use")) + self.close()


def _says(event: Event) -> bool:
    """Whether an answer that holds it is not mute: it says something, or why it says nothing."""
    match event:
        case TextDelta(text=text) | Opened(block=TextBlock(text=text)):
            return bool(text)
        case Opened(block=ToolCallBlock()) | Finished(reason="max_tokens" | "refusal" | "context_exceeded"):
            return True
        case _:
            return False


# ---- where to -------------------------------------------------------------------------------------


class ToStream:
    """Renders into the client's stream; what is taken goes out with the next flush.

    `told` sees what goes out, and `atomic` holds what does not yet; `begin` is called when the first is
    rendered. Without `atomic` that is from the start.
    """

    __slots__ = ("_atomic", "_begin", "_delivery", "_joint", "_ready", "rendering", "shown", "told")

    def __init__(
        self,
        rendering: Rendering,
        delivery: Delivery,
        *,
        told: Shown | None = None,
        atomic: Atomic | None = None,
        begin: Callable[[ToStream], None] | None = None,
    ) -> None:
        self.rendering = rendering
        self.told = told
        self.shown = False
        """Whether the client gets any of it; before, the attempt can be replaced unseen."""
        self._delivery = delivery
        self._atomic = atomic
        self._begin = begin
        self._joint: Joint | None = None
        self._ready: list[bytes] = []
        if atomic is None:
            self._show()

    def _show(self) -> None:
        self.shown = True
        begin, self._begin = self._begin, None
        if begin is not None:
            begin(self)

    def say(self, frames: bytes) -> None:
        """Put frames of our own before what follows."""
        self._ready.append(frames)

    def take(self, seen: Seen) -> None:
        """Render one frame, and what waited for it. Raises Misfit where a continuation does not fit."""
        if self._joint is None and self._atomic is None and self.told is None:
            self._ready.append(self.rendering.render(seen))  # shown from the start
            return
        for joined in (seen,) if self._joint is None else self._joint.take(seen):
            for free in (joined,) if self._atomic is None else self._atomic.take(joined):
                self._render(free)

    @property
    def together(self) -> bool:
        """Whether it takes runs: where frames wait for nothing, and nobody looks at each."""
        return self._atomic is None and self._joint is None and self.told is None

    def take_run(self, seen: SeenRun) -> None:
        """Render frames of words that were seen together."""
        if not self.shown:
            self._show()
        self._ready.append(self.rendering.render_run(seen))

    def _render(self, seen: Seen) -> None:
        if not self.shown:
            self._show()
        self._ready.append(self.rendering.render(seen))
        if self.told is not None:
            for event in seen.events:
                self.told.see(event)

    def join(self, joint: Joint) -> None:
        """What is taken from now on is a continuation; what waited of the answer before is dropped."""
        self._joint = joint
        if self._atomic is not None:
            self._atomic.drop()

    def finish(self) -> None:
        """The answer is whole: nothing waits any longer."""
        for free in () if self._atomic is None else self._atomic.rest():
            self._render(free)

    def flush_nowait(self) -> bool:
        """Hand over what is ready, in one piece; False where that must be waited for."""
        ready = b"".join(self._ready)
        if ready and not self._delivery.give_nowait(ready):
            return False
        self._ready.clear()
        return True

    async def flush(self) -> None:
        """Hand over what is ready, in one piece; where that is cancelled it is ready still."""
        ready = b"".join(self._ready)
        if ready:
            await self._delivery.give(ready)
        self._ready.clear()

    def rest(self) -> bytes:
        """Give what was taken and not yet handed over."""
        ready = b"".join(self._ready)
        self._ready.clear()
        return ready


class ToBody:
    """Folds into the body of a client that does not stream; nothing is shown before it is whole."""

    __slots__ = ("_collector", "_size", "_splitter", "_whole", "rendering")

    shown = False
    together = True

    def __init__(self, rendering: Rendering, collector: Collector, whole: bytes | None = None) -> None:
        """`whole`: the body as an upstream of the client's own protocol gave it; then nothing is folded."""
        self.rendering = rendering
        self._collector = collector
        self._whole = whole
        self._splitter = Splitter()
        self._size = 0

    def take(self, seen: Seen) -> None:
        """Render one frame and fold it in. Raises BadArguments, Unfoldable or TooMuch."""
        self._take(self.rendering.render(seen))

    def take_run(self, seen: SeenRun) -> None:
        """Do the same with frames of words that were seen together."""
        self._take(self.rendering.render_run(seen))

    def _take(self, rendered: bytes) -> None:
        self._size += len(rendered)
        if self._size > WHOLE_BYTES:
            raise TooMuch(f"an answer of more than {WHOLE_BYTES} bytes")
        self._fold(rendered)

    def finish(self) -> None:
        """Nothing waits."""

    def flush_nowait(self) -> bool:
        """Nothing to hand over before the end."""
        return True

    async def flush(self) -> None:
        """The same."""

    def body(self) -> bytes:
        """The folded body of a whole answer."""
        self._fold(self.rendering.close())
        return self._collector.result() if self._whole is None else self._whole

    def _fold(self, rendered: bytes) -> None:
        if self._whole is None:
            for frame in self._splitter.feed(rendered):
                self._collector.feed(frame)
