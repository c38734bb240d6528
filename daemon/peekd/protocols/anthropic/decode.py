"""Anthropic's server-sent events as events of the vocabulary.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec

from peekd.protocols.anthropic.frames import (
    ContentBlock,
    Delta,
    Error,
    Figures,
    Message,
    Outline,
    Page,
    Query,
    Said,
)
from peekd.protocols.anthropic.refusals import kind_of_type
from peekd.protocols.anthropic.runs import read_run
from peekd.protocols.anthropic.searching import SEARCH_NAME
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Beat,
    Block,
    Closed,
    Counted,
    Ended,
    Erred,
    Event,
    Finished,
    Kept,
    Opened,
    OtherBlock,
    OtherDelta,
    RedactedBlock,
    Run,
    SearchBlock,
    Searched,
    SignatureDelta,
    Source,
    Started,
    StopReason,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
    Unknown,
    Usage,
)
from peekd.wire.sse import Frame

_REASONS: Final[dict[str, StopReason]] = {
    "end_turn": "end",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "pause_turn": "pause",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_exceeded",
}
"""Any other word is "other"."""


class _SoFar(msgspec.Struct):
    """What is kept of an answer: its figures, and the pieces of each search's input by block."""

    usage: Figures = msgspec.field(default_factory=Figures)
    searches: dict[int, list[str]] = msgspec.field(default_factory=dict[int, list[str]])


_frames: Final = msgspec.json.Decoder(Said)
_outlines: Final = msgspec.json.Decoder(Outline)

_LONE: Final = re.compile(
    rb"(?<!\\)((?:\\\\)*)(?:(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
"""A pair of surrogates, or one that stands alone: JSON allows that, msgspec does not."""


class AnthropicDecoder:
    """One answer's frames -> events. Total: an unreadable frame is `Erred`, one of a new kind `Unknown`."""

    __slots__ = ("_so_far",)

    def __init__(self) -> None:
        self._so_far = _SoFar()

    def feed(self, frame: Frame) -> list[Event]:
        """Read one frame; one without data is a `Beat`."""
        if not frame.data:
            return [Beat()]
        try:
            said = _decoded(frame.data)
        except (ValueError, RecursionError) as fault:
            return [Erred("server_error", f"the upstream sent what cannot be read: {fault}", "undecodable")]
        kind = said.type or frame.event or ("error" if said.error is not None else "")
        read = _READERS.get(kind)
        return [Unknown(kind)] if read is None else read(said, self._so_far)

    def run(self, blocks: Sequence[bytes]) -> Run | None:
        """Read frames of words together; see `runs.read_run`."""
        run = read_run(blocks)
        return None if run is None or run.index in self._so_far.searches else run

    def close(self) -> list[Event]:
        """Nothing is ever held back here."""
        return []


def _decoded(data: bytes) -> Said:
    try:
        return _frames.decode(data)
    except msgspec.ValidationError:
        outline = _outlines.decode(data)
        if not _is_new(outline):
            raise
        delta, block = Delta(_kind(outline.delta)), ContentBlock(_kind(outline.content_block))
        return Said(outline.type, outline.index, delta, block)
    except msgspec.DecodeError:
        # Only the watching copy is mended: the frame itself goes on as it came.
        return _frames.decode(without_lone_surrogates(data))


def _is_new(outline: Outline) -> bool:
    match outline.type:
        case "content_block_start":
            return _kind(outline.content_block) not in _BLOCKS
        case "content_block_delta":
            return _kind(outline.delta) not in _DELTAS
        case _:
            return outline.type not in _READERS


def _kind(value: object) -> str:
    try:
        return str(msgspec.convert(value, dict[str, Any]).get("type", ""))
    except msgspec.ValidationError:
        return ""


def without_lone_surrogates(data: bytes) -> bytes:
    """Give JSON with U+FFFD for each surrogate that stands alone."""
    return _LONE.sub(_paired, data)


def _paired(match: re.Match[bytes]) -> bytes:
    return match.group() if match[2] else match[1] + b"\\ufffd"


# ---- one reader a frame ---------------------------------------------------------------------------


def _message_start(said: Said, so_far: _SoFar) -> list[Event]:
    message = said.message or Message()
    return [Started(message.id or "", message.model or ""), *_counted(message.usage, so_far.usage)]


def _content_block_start(said: Said, so_far: _SoFar) -> list[Event]:
    block = said.content_block or ContentBlock()
    if block.type == "server_tool_use" and block.name == SEARCH_NAME:
        so_far.searches[said.index] = []
        return [Opened(said.index, SearchBlock(block.id or ""))]
    if block.type == "web_search_tool_result":
        found = Searched(said.index, sources=_sources(block.content))
        return [Opened(said.index, SearchBlock(block.tool_use_id or "")), found]
    make = _BLOCKS.get(block.type)
    return [Opened(said.index, OtherBlock(block.type) if make is None else make(block))]


def _content_block_delta(said: Said, so_far: _SoFar) -> list[Event]:
    delta = said.delta or Delta()
    if said.index in so_far.searches:
        so_far.searches[said.index].append(delta.partial_json or "")
        return [Beat()]
    known = _DELTAS.get(delta.type)
    if known is None:
        return [OtherDelta(said.index, delta.type)]
    make, words = known
    return [make(said.index, words(delta) or "")]


def _content_block_stop(said: Said, so_far: _SoFar) -> list[Event]:
    pieces = so_far.searches.pop(said.index, None)
    queries = [] if pieces is None else [Searched(said.index, queries=_queries("".join(pieces)))]
    return [*queries, Closed(said.index)]


def _message_delta(said: Said, so_far: _SoFar) -> list[Event]:
    events, delta = _counted(said.usage, so_far.usage), said.delta or Delta()
    if delta.container is not None:
        events.append(Kept(delta.container.id))
    native = delta.stop_reason
    if native is not None:
        events.append(Finished(_REASONS.get(native, "other"), native, delta.stop_sequence))
    return events


def _message_stop(said: Said, so_far: _SoFar) -> list[Event]:
    return [Ended()]


def _ping(said: Said, so_far: _SoFar) -> list[Event]:
    return [Beat()]


def _error(said: Said, so_far: _SoFar) -> list[Event]:
    error = said.error or Error()
    return [Erred(kind_of_type(error.type, error.message), error.message, error.type)]


def _queries(text: str) -> tuple[str, ...]:
    """Give what a search's input asks for; one of another shape asks for nothing that we know."""
    try:
        return (msgspec.json.decode(text, type=Query).query,)
    except (ValueError, RecursionError):
        return ()


def _sources(content: msgspec.Raw) -> tuple[Source, ...]:
    """Give the pages that were found; none where an error stands in their place."""
    try:
        return tuple(Source(page.url, page.title) for page in msgspec.json.decode(content, type=list[Page]))
    except (ValueError, RecursionError):
        return ()


def _counted(usage: Figures | None, so_far: Figures) -> list[Event]:
    """Lay the figures over those `so_far`, and give all in the vocabulary's terms.

    Here `input_tokens` leaves out what the cache took or gave; a later frame may report only some of them.
    """
    figures = {} if usage is None else msgspec.structs.asdict(usage)
    reported = {name: figure for name, figure in figures.items() if figure is not None}
    for name, figure in reported.items():
        setattr(so_far, name, figure)
    prompt = so_far.input_tokens
    if prompt is not None:
        prompt += (so_far.cache_read_input_tokens or 0) + (so_far.cache_creation_input_tokens or 0)
    counted = Usage(
        prompt, so_far.cache_read_input_tokens, so_far.cache_creation_input_tokens, so_far.output_tokens
    )
    return [Counted(counted)] if reported else []


_READERS: Final[dict[str, Callable[[Said, _SoFar], list[Event]]]] = {
    "content_block_delta": _content_block_delta,
    "content_block_start": _content_block_start,
    "content_block_stop": _content_block_stop,
    "message_start": _message_start,
    "message_delta": _message_delta,
    "message_stop": _message_stop,
    "ping": _ping,
    "error": _error,
}

_BLOCKS: Final[dict[str, Callable[[ContentBlock], Block]]] = {
    "text": lambda block: TextBlock(block.text or ""),
    "thinking": lambda block: ThinkingBlock(block.thinking or "", block.signature or ""),
    "redacted_thinking": lambda block: RedactedBlock(block.data or ""),
    "tool_use": lambda block: ToolCallBlock(block.id or "", block.name or ""),
}

_DELTAS: Final[dict[str, tuple[Callable[[int, str], Event], Callable[[Delta], str | None]]]] = {
    "text_delta": (TextDelta, attrgetter("text")),
    "input_json_delta": (ArgumentsDelta, attrgetter("partial_json")),
    "thinking_delta": (ThinkingDelta, attrgetter("thinking")),
    "signature_delta": (SignatureDelta, attrgetter("signature")),
}
