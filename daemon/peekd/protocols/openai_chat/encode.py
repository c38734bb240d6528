"""Events of the vocabulary as Chat Completions chunks.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from peekd.protocols.following import named_in
from peekd.protocols.interface import Answering, BadArguments
from peekd.protocols.openai.words import LAST_FRAME, joined_usage, told_usage
from peekd.protocols.openai_chat.errors import encode_stream_error
from peekd.protocols.runs import written
from peekd.vocabulary.conversation import Family
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
    Started,
    StopReason,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
    Usage,
)

GOOGLE: Final[Family] = "gemini"

_WORDS: Final = msgspec.Raw(b"\n")

_REASONS: Final[dict[StopReason, str]] = {
    "end": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "stop_sequence": "stop",
    "pause": "stop",
    "refusal": "content_filter",
    "context_exceeded": "length",
    "other": "stop",
}
"""A malformed end is not among them: it is no answer."""


def encode_call_end(last: bytes, usage: Usage | None) -> bytes:
    """Give the terminal of an answer that ends at a call, the usage and [DONE], named as the `last` chunk."""
    known = {"object": "chat.completion.chunk", **named_in(last, ("id", "object", "created", "model"))}
    choice: dict[str, Any] = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "tool_calls"}
    chunks: list[dict[str, Any]] = [{**known, "choices": [choice]}]
    if usage is not None and usage != Usage():
        chunks.append({**known, "choices": [], "usage": told_usage(usage)})
    return b"".join(b"data: %b\n\n" % msgspec.json.encode(chunk) for chunk in chunks) + LAST_FRAME


class ChatEncoder:
    """Events -> chunks of one id. The terminal, the usage and [DONE] wait for `close`.

    What may not or cannot be shown leaves no trace; `dropped` names what was left out.
    """

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._ids = answering.ids
        self._thoughts = answering.thoughts and answering.shown
        self._id = ""
        self._chunks: dict[str, bytes] = {}  # around words, by field
        self._calls: dict[int, int] = {}  # an open call's block -> its index
        self._arguments: dict[int, list[str]] = {}  # its pieces, by block
        self._call_ids: set[str] = set()
        self._usage: Usage | None = None
        self._finished: Finished | None = None
        self._called = 0
        self.dropped: set[str] = set()

    def feed(self, event: Event) -> bytes:
        """Write one event. Raises BadArguments when a call closes whose arguments are no JSON object."""
        match event:
            case TextDelta() | ThinkingDelta():
                return self._say(event)
            case ArgumentsDelta():
                return self._argue(event.index, event.fragment)
            case Opened():
                return self._open(event.index, event.block)
            case Closed():
                return self._close(event.index, half=event.half)
            case Started():
                return self._start()
            case _:
                self._note(event)
                return b""

    def feed_run(self, index: int, texts: Sequence[str]) -> bytes:
        """Write a run of words."""
        started = self._start()
        before, _, after = (self._around("content") % bytes(_WORDS)).partition(bytes(_WORDS))
        return started + written(before, texts, after)

    def close(self) -> bytes:
        """Give the terminal, the usage if any was told, and [DONE]; b"" where no answer ended."""
        reason = _REASONS.get(self._finished.reason) if self._finished is not None else None
        if reason is None:
            return b""
        if reason == "stop" and self._called:
            reason = "tool_calls"
        ends = self._start() + b"".join(self._close(index) for index in list(self._calls))
        choice: dict[str, Any] = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": reason}
        counted = b""
        if self._usage is not None:
            counted = self._chunk(choices=[], usage=told_usage(self._usage))
        return ends + self._chunk(choices=[choice]) + counted + LAST_FRAME

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """Give the frame that ends a begun stream with an error."""
        return encode_stream_error(fault, request_id)

    # ---- frames ---------------------------------------------------------------------------------

    def _start(self) -> bytes:
        if self._id:
            return b""
        self._id = self._ids("chatcmpl-")
        return self._delta({"role": "assistant", "content": ""})

    def _chunk(self, **said: object) -> bytes:
        fixed: dict[str, object] = {"id": self._id, "object": "chat.completion.chunk"}
        fixed |= {"created": self._answering.created, "model": self._answering.asked.model}
        return b"data: %b\n\n" % msgspec.json.encode(fixed | said)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        return self._chunk(choices=[choice])

    def _say(self, event: TextDelta | ThinkingDelta) -> bytes:
        if isinstance(event, TextDelta):
            return self._words("content", event.text)
        return self._words("reasoning_content", event.text) if self._thoughts else b""

    def _words(self, field: str, text: str) -> bytes:
        return self._start() + self._around(field) % msgspec.json.encode(text) if text else b""

    def _around(self, field: str) -> bytes:
        """Give the chunk around some words; all that is said of one answer have the same for each field.

        The line end stands for the words until the others' percent signs are doubled: JSON holds none.
        """
        around = self._chunks.get(field)
        if around is None:
            chunk = self._delta({field: _WORDS}).replace(b"%", b"%%")
            around = self._chunks[field] = chunk.replace(bytes(_WORDS), b"%b", 1)
        return around

    def _open(self, index: int, block: Block) -> bytes:
        match block:
            case TextBlock():
                return self._start() + self._words("content", block.text)
            case ThinkingBlock():
                return self._start() + self.feed(ThinkingDelta(index, block.text))
            case ToolCallBlock():
                return self._start() + self._call(index, block)
            case RedactedBlock():
                self.dropped.add("redacted")
            case OtherBlock():
                self.dropped.add(block.kind)
            case SearchBlock():
                self.dropped.add("web search")
        return self._start()

    def _call(self, index: int, block: ToolCallBlock) -> bytes:
        place = self._calls[index] = self._called
        self._called += 1
        self._arguments[index] = []
        identity = block.id if block.id and block.id not in self._call_ids else self._ids("call_")
        self._call_ids.add(identity)
        function = {"name": block.name, "arguments": ""}
        call: dict[str, Any] = {"index": place, "id": identity, "type": "function", "function": function}
        if block.signature and self._answering.family == GOOGLE:
            # Where Google's own compatible API has it, and clients know to replay it.
            call["extra_content"] = {"google": {"thought_signature": block.signature}}
        return self._delta({"tool_calls": [call]})

    def _argue(self, index: int, fragment: str) -> bytes:
        if index not in self._calls or not fragment:
            return b""
        self._arguments[index].append(fragment)
        return self._delta({
            "tool_calls": [{"index": self._calls[index], "function": {"arguments": fragment}}]
        })

    def _close(self, index: int, *, half: bool = False) -> bytes:
        """End a call: its arguments must be a JSON object by now, and be it an empty one.

        A half one is left as it is, as the API does, and the terminal tells why.
        """
        if index not in self._calls:
            return b""
        text = "".join(self._arguments.pop(index))
        if half:
            del self._calls[index]
            return b""
        if not text.strip():
            self._arguments[index] = []
            added = self._argue(index, "{}")
            del self._calls[index], self._arguments[index]
            return added
        del self._calls[index]
        try:
            msgspec.json.decode(text, type=dict[str, Any])
        except (ValueError, RecursionError) as fault:
            raise BadArguments(f"a tool call's arguments are no JSON object: {fault}") from fault
        return b""

    def _note(self, event: Event) -> None:
        match event:
            case Counted():
                self._usage = joined_usage(self._usage, event.usage)
            case Finished() if self._finished is None:
                self._finished = event
            case DataInline():
                self.dropped.add(event.media_type)
            case OtherDelta():
                self.dropped.add(event.kind)
            case _:
                pass  # Beat, Unknown, Ended, Erred, a signature: nothing to say, or the caller says it
