"""Events of the vocabulary as chunks of a legacy completion: words, a reason to stop, usage.

https://platform.openai.com/docs/api-reference/completions/object
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from peekd.protocols.interface import Answering
from peekd.protocols.openai.errors import error_body
from peekd.protocols.openai.words import LAST_FRAME, joined_usage, told_usage
from peekd.protocols.runs import one_by_one
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import (
    Block,
    Counted,
    DataInline,
    Event,
    Finished,
    Opened,
    OtherBlock,
    OtherDelta,
    RedactedBlock,
    SearchBlock,
    StopReason,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ToolCallBlock,
    Usage,
)

_REASONS: Final[dict[StopReason, str]] = {
    "end": "stop",
    "tool_use": "stop",
    "max_tokens": "length",
    "stop_sequence": "stop",
    "pause": "stop",
    "refusal": "content_filter",
    "context_exceeded": "length",
    "other": "stop",
}
"""A malformed end is not among them: it is no answer."""

_UNSAID: Final[dict[type[Block], str]] = {
    ThinkingBlock: "thinking",
    RedactedBlock: "redacted",
    ToolCallBlock: "tool_call",
    SearchBlock: "web search",
}


class CompletionsEncoder:
    """Events -> chunks of one id. The terminal, the usage and [DONE] wait for `close`.

    The API has words alone; `dropped` names what else the answer held.
    """

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._id = ""
        self._usage: Usage | None = None
        self._finished: Finished | None = None
        self.dropped: set[str] = set()

    def feed(self, event: Event) -> bytes:
        """Write one event."""
        match event:
            case TextDelta():
                return self._say(event.text)
            case Opened(block=TextBlock(text=text)):
                return self._say(text)
            case Counted():
                self._usage = joined_usage(self._usage, event.usage)
            case Finished():
                self._finished = self._finished or event
            case _:
                self._note(event)
        return b""

    def feed_run(self, index: int, texts: Sequence[str]) -> bytes:
        """Write a run of words."""
        return one_by_one(self.feed, index, texts)

    def close(self) -> bytes:
        """Give the terminal, the usage if any was told, and [DONE]; b"" where no answer ended."""
        reason = _REASONS.get(self._finished.reason) if self._finished is not None else None
        if reason is None:
            return b""
        ends = self._chunk(choices=[_choice("", reason)])
        if self._usage is not None:
            ends += self._chunk(choices=[], usage=told_usage(self._usage))
        return ends + LAST_FRAME

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """Give the frame that ends a begun stream with an error; no [DONE] may follow it."""
        return encode_stream_error(fault, request_id)

    def _say(self, text: str) -> bytes:
        return self._chunk(choices=[_choice(text, None)]) if text else b""

    def _chunk(self, **said: object) -> bytes:
        self._id = self._id or self._answering.ids("cmpl-")
        fixed: dict[str, object] = {"id": self._id, "object": "text_completion"}
        fixed |= {"created": self._answering.created, "model": self._answering.asked.model}
        return b"data: %b\n\n" % msgspec.json.encode(fixed | said)

    def _note(self, event: Event) -> None:
        match event:
            case Opened(block=OtherBlock(kind=kind)) | OtherDelta(kind=kind):
                self.dropped.add(kind)
            case Opened() if type(event.block) in _UNSAID:
                self.dropped.add(_UNSAID[type(event.block)])
            case DataInline():
                self.dropped.add(event.media_type)
            case _:
                pass  # a start, a beat, what belongs to a block that is left out: nothing to say


def encode_stream_error(fault: Fault, request_id: str) -> bytes:
    """Give the frame that ends a begun stream; the SDK raises on any data that has an `error`."""
    return b"data: %b\n\n" % msgspec.json.encode(error_body(fault, request_id))


def _choice(text: str, reason: str | None) -> dict[str, Any]:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": reason}
