"""Events of the vocabulary as Anthropic's server-sent events.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from peekd.protocols.anthropic.carriers import FAMILY
from peekd.protocols.anthropic.errors import encode_stream_error
from peekd.protocols.anthropic.searching import FOREIGN, search_blocks
from peekd.protocols.halves import HALF
from peekd.protocols.interface import Answering, BadArguments
from peekd.protocols.runs import written
from peekd.signatures.seal import Kind
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Block,
    Closed,
    Counted,
    DataInline,
    Event,
    Finished,
    Opened,
    OtherBlock,
    OtherDelta,
    RedactedBlock,
    SearchBlock,
    Searched,
    SignatureDelta,
    Started,
    StopReason,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
    Usage,
    merged,
)

LAST_FRAME: Final = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
PING: Final = b'event: ping\ndata: {"type": "ping"}\n\n'

_REASONS: Final[dict[StopReason, str]] = {
    "end": "end_turn",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "pause": "pause_turn",
    "refusal": "refusal",
    "context_exceeded": "model_context_window_exceeded",
    "other": "end_turn",
}
"""A malformed end is not among them: it is no answer."""

_DELTA: Final = (
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":%%d,"delta":{"type":"%b","%b":%%b}}\n\n'
)
_TEXT: Final = _DELTA % (b"text_delta", b"text")
_THOUGHT: Final = _DELTA % (b"thinking_delta", b"thinking")
_SIGNATURE: Final = _DELTA % (b"signature_delta", b"signature")
_ARGUMENTS: Final = _DELTA % (b"input_json_delta", b"partial_json")
"""Each around an index and one JSON string."""
_BEFORE, _, _AFTER = _TEXT.partition(b"%b")
_STOP: Final = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'

_START: Final = (
    b"event: message_start\n"
    b'data: {"type":"message_start","message":{"id":%b,"type":"message","role":"assistant","model":%b,'
    b'"content":[],"stop_reason":null,"stop_sequence":null,"usage":%b}}\n\n'
)
_OPENING: Final = (
    b'event: content_block_start\ndata: {"type":"content_block_start","index":%d,"content_block":%b}\n\n'
)
_TERMINAL: Final = (
    b"event: message_delta\n"
    b'data: {"type":"message_delta","delta":{"stop_reason":%b,"stop_sequence":%b},"usage":%b}\n\n'
)
"""Around JSON values."""
_NO_WORDS: Final = b'{"type":"text","text":""}'
_NO_THOUGHTS: Final = b'{"type":"thinking","thinking":"","signature":""}'

_ID: Final = re.compile(r"[A-Za-z0-9_-]+")
"""What the API takes as a tool call's id when it is replayed."""

_UNTOLD: Final = Usage()

_json: Final = msgspec.json.Encoder().encode


class AnthropicEncoder:
    """Events -> frames. The terminal and the usage wait for `close`, all words go out at once.

    Blocks that may not or cannot be shown leave no gap in the indices. `dropped` names what was left out.
    """

    __slots__ = (
        "_answering",
        "_arguments",
        "_call_ids",
        "_carriers",
        "_finished",
        "_held",
        "_ids",
        "_next",
        "_places",
        "_searches",
        "_started",
        "_thinking",
        "_usage",
        "_waiting",
        "dropped",
    )

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._ids = answering.ids
        self._next = 0
        self._places: dict[int, int] = {}  # the index of an open block upstream -> ours
        self._thinking: set[int] = set()  # our indices of thinking blocks
        self._carriers: dict[int, str] = {}  # a thinking block's signature, by our index
        self._arguments: dict[int, list[str]] = {}  # a call's pieces, by our index
        self._searches: dict[int, Searched] = {}  # by the index upstream
        self._waiting: int | None = None  # a finished thinking block that may still get a call's signature
        self._held = ""  # a carrier for words, until something follows them
        self._call_ids: set[str] = set()
        self._started = False
        self._usage = _UNTOLD
        self._finished: Finished | None = None
        self.dropped: set[str] = set()

    def feed(self, event: Event) -> bytes:
        """Write one event. Raises BadArguments when a call closes whose arguments are no JSON object."""
        match event:
            case TextDelta() | ThinkingDelta():
                return self._say(event)
            case ArgumentsDelta():
                return self._argue(event)
            case Opened():
                return self._start() + self._open(event.index, event.block)
            case Closed():
                return self._close(event.index, half=event.half)
            case Started():
                return self._start()
            case _:
                self._note(event)
                return b""

    def feed_run(self, index: int, texts: Sequence[str]) -> bytes:
        """Write a run of words."""
        place = self._places.get(index)
        return b"" if place is None else written(_BEFORE % place, texts, _AFTER)

    def close(self) -> bytes:
        """Give the terminal: stop reason, usage, message_stop. b"" where none that is an answer came."""
        reason = _REASONS.get(self._finished.reason) if self._finished is not None else None
        if self._finished is None or reason is None:
            return b""
        if reason == "end_turn" and self._call_ids:
            reason = "tool_use"
        if self._held:
            # Claude Code takes an answer's last block for its words: `claude -p` would print nothing at all.
            self.dropped.add("signature of the last words")
        ends = b"".join(self._close(index) for index in (*self._places, *self._searches))
        stopped = _json(self._finished.stop_sequence)
        terminal = _TERMINAL % (_json(reason), stopped, _json(_told(self._usage)))
        return self._start() + ends + self._settle() + terminal + LAST_FRAME

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """Give the frame that ends a begun stream with an error."""
        return encode_stream_error(fault, request_id)

    def _proof(self, kind: Kind, proof: str) -> str:
        """Give a proof as a thinking block holds it: bare where it is Anthropic's own."""
        return proof if self._answering.family == FAMILY else self._answering.carrier(kind, proof)

    # ---- frames ---------------------------------------------------------------------------------

    def _start(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        usage = {**_told(self._usage), "output_tokens": 0}
        return _START % (_json(self._ids("msg_")), _json(self._answering.asked.model), _json(usage))

    def _open(self, index: int, block: Block) -> bytes:
        match block:
            case TextBlock():
                opened = self._release() + self._begin(index, _NO_WORDS)
                return opened + (self.feed(TextDelta(index, block.text)) if block.text else b"")
            case ThinkingBlock():
                return self._release() + (self._think(index, block) if self._answering.thoughts else b"")
            case RedactedBlock():
                shown = {"type": "redacted_thinking", "data": self._proof("redacted", block.data)}
                return self._release() + (
                    self._begin(index, _json(shown)) if self._answering.thoughts else b""
                )
            case ToolCallBlock():
                return self._call(index, block)
            case OtherBlock():
                self.dropped.add(block.kind)
                return b""
            case SearchBlock():
                self._searches[index] = Searched(index)
                return self._settle()

    def _begin(self, index: int, block: bytes) -> bytes:
        """Open a block; `block` is its JSON."""
        place = self._places[index] = self._next
        self._next += 1
        return _OPENING % (place, block)

    def _think(self, index: int, block: ThinkingBlock) -> bytes:
        if block.signature and not block.text:
            # Alone in an empty block: it stood on words, or on nothing, and not on thoughts.
            self._held = self._proof("text", block.signature)
            return b""
        opened = self._begin(index, _NO_THOUGHTS)
        self._thinking.add(self._places[index])
        if block.signature:
            self._carriers[self._places[index]] = self._proof("thought", block.signature)
        return opened + (self.feed(ThinkingDelta(index, block.text)) if block.text else b"")

    def _call(self, index: int, block: ToolCallBlock) -> bytes:
        signed = self._lead(block.signature) if block.signature and self._answering.thoughts else b""
        fits = _ID.fullmatch(block.id) and block.id not in self._call_ids
        identity = block.id if fits else self._ids("toolu_")
        self._call_ids.add(identity)
        call: dict[str, Any] = {"type": "tool_use", "id": identity, "name": block.name, "input": {}}
        opened = signed + self._release() + self._begin(index, _json(call))
        self._arguments[self._places[index]] = []
        return opened

    def _lead(self, signature: str) -> bytes:
        """Put a call's signature on the thoughts directly before it, else on an empty thinking block."""
        carrier = self._proof("call", signature)
        if self._waiting is None:
            return self._release() + self._vessel(carrier)
        self._carriers[self._waiting] = carrier
        return b""

    def _vessel(self, carrier: str) -> bytes:
        """Begin an empty thinking block for a carrier; it waits for whatever comes next."""
        opened = self._begin(-1, _NO_THOUGHTS)
        self._waiting = self._places.pop(-1)
        self._carriers[self._waiting] = carrier
        return opened

    def _release(self) -> bytes:
        """Make room for a block: close what waits, and put the held carrier before it."""
        closed = self._settle()
        carrier, self._held = self._held, ""
        return closed + (self._vessel(carrier) + self._settle() if carrier else b"")

    def _settle(self) -> bytes:
        """Close the thinking block that was kept open for a signature, if there is one."""
        place, self._waiting = self._waiting, None
        if place is None:
            return b""
        carrier = self._carriers.pop(place, "")
        signed = _SIGNATURE % (place, _json(carrier)) if carrier else b""
        return signed + _STOP % place

    def _close(self, index: int, *, half: bool = False) -> bytes:
        if index in self._searches:
            return self._search(self._searches.pop(index))
        place = self._places.pop(index, None)
        if place is None:
            return b""
        if place in self._thinking:
            self._waiting = place
            return self._settle() if place in self._carriers else b""
        if place in self._arguments:
            return self._cut(place) if half else self._conclude(place)
        return _STOP % place

    def _search(self, searched: Searched) -> bytes:
        """Tell of a search as Anthropic's own tool does; each block whole, as results always come."""
        identities = [self._ids(FOREIGN) for _ in searched.queries or ("",)]
        told = b""
        for block in search_blocks(identities, searched):
            place, asked = self._next, block.get("input")
            told += self._begin(-1, _json(block if asked is None else {**block, "input": {}}))
            del self._places[-1]
            if asked:
                text = _json(asked).decode()
                told += _ARGUMENTS % (place, _json(text))
            told += _STOP % place
        return told

    def _cut(self, place: int) -> bytes:
        """End a half call as the API does: its input stays as it is. What is folded leaves out open calls."""
        del self._arguments[place]
        self.dropped.update(() if self._answering.asked.stream else {HALF})
        return _STOP % place if self._answering.asked.stream else b""

    def _conclude(self, place: int) -> bytes:
        text = "".join(self._arguments.pop(place))
        if not text.strip():
            return _ARGUMENTS % (place, b'"{}"') + _STOP % place
        try:
            msgspec.json.decode(text, type=dict[str, Any])
        except (ValueError, RecursionError) as fault:
            raise BadArguments(f"a tool call's arguments are no JSON object: {fault}") from fault
        return _STOP % place

    def _say(self, event: TextDelta | ThinkingDelta) -> bytes:
        place = self._places.get(event.index)
        hidden = isinstance(event, ThinkingDelta) and not self._answering.shown
        if place is None or not event.text or hidden:
            return b""
        return (_TEXT if isinstance(event, TextDelta) else _THOUGHT) % (place, _json(event.text))

    def _argue(self, event: ArgumentsDelta) -> bytes:
        place = self._places.get(event.index, -1)
        pieces = self._arguments.get(place)
        if pieces is None or not event.fragment:
            return b""
        pieces.append(event.fragment)
        return _ARGUMENTS % (place, _json(event.fragment))

    def _note(self, event: Event) -> None:
        match event:
            case Counted():
                self._usage = merged(self._usage, event.usage)
            case SignatureDelta() if event.index in self._places:
                self._carriers[self._places[event.index]] = self._proof("thought", event.signature)
            case Searched():
                self._searches[event.index] = event
            case Finished() if self._finished is None:
                self._finished = event
            case DataInline():
                # The API has no such block; as words it would come back as tokens with every later turn.
                self.dropped.add(event.media_type)
            case OtherDelta():
                self.dropped.add(event.kind)
            case _:
                pass  # Beat, Unknown, Ended, Erred: the protocol has nothing to say, or the caller says it


def encode_call_end(last: bytes, usage: Usage | None) -> bytes:
    """Give the frames that end an answer at a call, whatever was said `last`."""
    told = {"output_tokens": (usage.output or 0) if usage is not None else 0}
    return _TERMINAL % (b'"tool_use"', b"null", _json(told)) + LAST_FRAME


def _told(usage: Usage) -> dict[str, Any]:
    """Give usage in this API's terms; `input_tokens` leaves out what the cache took or gave."""
    cached, written = usage.cached, usage.cache_written
    told: dict[str, Any] = {"input_tokens": max(0, (usage.prompt or 0) - (cached or 0) - (written or 0))}
    if cached is not None:
        told["cache_read_input_tokens"] = cached
    if written is not None:
        told["cache_creation_input_tokens"] = written
    told["output_tokens"] = usage.output or 0
    if usage.thoughts is not None:
        told["output_tokens_details"] = {"thinking_tokens": usage.thoughts}
    return told
