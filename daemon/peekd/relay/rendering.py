"""What the client gets of each frame: itself on a verbatim path, on another its meaning in their words.

Two ways to render, two places to render to (a stream, a folded body); any pair fits.
"""

from __future__ import annotations

from typing import Protocol

from peekd.protocols.halves import Halves
from peekd.protocols.interface import ClientProtocol, Collector, EventEncoder, Following
from peekd.protocols.mending import Mender
from peekd.relay.delivery import Delivery
from peekd.relay.learning import Learning
from peekd.relay.reading import WHOLE_BYTES, Seen, erred, is_whole
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import (
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
    TextBlock,
    TextDelta,
    ToolCallBlock,
)
from peekd.wire.sse import Frame, Splitter

ACCOUNTS_OWN = frozenset({"unauthorized", "payment_required", "forbidden", "validation_required"})
"""Errors inside a stream that are between peekd and the account: never passed on as the client's."""


_SEARCH = "web search"
"""How encoders name a search that they cannot say."""


class TooMuch(ValueError):
    """An answer is larger than what is collected for a client that wants it in one piece."""


class Rendering(Protocol):
    """How one frame becomes the client's bytes."""

    def render(self, seen: Seen) -> bytes:
        """Whole frames of the client's protocol, or b"". Raises BadArguments for a call that is no JSON."""
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


class Verbatim:
    """The upstream's frames as they came. `counted` False: but for those that tell usage alone."""

    def __init__(
        self,
        protocol: ClientProtocol,
        following: Following,
        *,
        counted: bool = True,
        learning: Learning | None = None,
    ) -> None:
        self._protocol = protocol
        self._following = following
        self._learning = learning
        self._counted = counted
        self._ended = False
        self._erred = False

    def render(self, seen: Seen) -> bytes:
        """The frame's own bytes; withheld is an account's own error, and one that no client would read."""
        if self._learning is not None:
            for event in seen.events:
                self._learning.see(event)
        error = erred(seen)
        if error is not None:
            if error.kind in ACCOUNTS_OWN or not self._is_shown(seen.frame):
                return b""
            self._erred = True
        self._ended = self._ended or any(isinstance(event, Ended) for event in seen.events)
        if not self._counted and seen.events and all(isinstance(event, Counted) for event in seen.events):
            return b""
        self._following.see(seen.frame)
        return seen.frame.raw

    def _is_shown(self, frame: Frame) -> bool:
        """Whether clients read it as an error; what is torn, be it around one, they cannot read at all."""
        return self._protocol.shows_error(frame) and is_whole(frame.data)

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


class Translated:
    """The upstream's events in the client's words. `counted` False: usage is not told.

    `mender`: what the calls go through before. `learning`: names them, and sees what becomes of them.
    """

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
        events = seen.events if self._learning is None else self._learning.named(seen.events)
        passed = self._halves.feed(self._mender.feed(events))
        return b"".join(self._feed(event) for event in passed if self._passes(event))

    def _feed(self, event: Event) -> bytes:
        if self._learning is not None:
            self._learning.see(event)
        written = self._encoder.feed(event)
        match event:
            case TextDelta(text=text) | Opened(block=TextBlock(text=text)):
                self._said = self._said or bool(text)
            case (
                Opened(block=ToolCallBlock()) | Finished(reason="max_tokens" | "refusal" | "context_exceeded")
            ):
                self._said = True
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


# ---- where to -------------------------------------------------------------------------------------


class ToStream:
    """Renders into the client's stream; what is taken goes out with the next flush."""

    shown = True

    def __init__(self, rendering: Rendering, delivery: Delivery) -> None:
        self.rendering = rendering
        self._delivery = delivery
        self._ready: list[bytes] = []

    def say(self, frames: bytes) -> None:
        """Put frames of our own before what follows."""
        self._ready.append(frames)

    def take(self, seen: Seen) -> None:
        """Render one frame."""
        self._ready.append(self.rendering.render(seen))

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

    shown = False

    def __init__(self, rendering: Rendering, collector: Collector, whole: bytes | None = None) -> None:
        """`whole`: the body as an upstream of the client's own protocol gave it; then nothing is folded."""
        self.rendering = rendering
        self._collector = collector
        self._whole = whole
        self._splitter = Splitter()
        self._size = 0

    def take(self, seen: Seen) -> None:
        """Render one frame and fold it in. Raises BadArguments, Unfoldable or TooMuch."""
        rendered = self.rendering.render(seen)
        self._size += len(rendered)
        if self._size > WHOLE_BYTES:
            raise TooMuch(f"an answer of more than {WHOLE_BYTES} bytes")
        self._fold(rendered)

    async def flush(self) -> None:
        """Nothing to hand over before the end."""

    def body(self) -> bytes:
        """The folded body of a whole answer."""
        self._fold(self.rendering.close())
        return self._collector.result() if self._whole is None else self._whole

    def _fold(self, rendered: bytes) -> None:
        if self._whole is None:
            for frame in self._splitter.feed(rendered):
                self._collector.feed(frame)
