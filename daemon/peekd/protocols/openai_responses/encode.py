"""Events of the vocabulary as the events of a response.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from peekd.protocols.halves import HALF
from peekd.protocols.interface import Answering
from peekd.protocols.openai_responses.calls import AnyCall, open_call
from peekd.protocols.openai_responses.output import Output
from peekd.protocols.openai_responses.response import Stream, echo
from peekd.protocols.openai_responses.writers import Message, Reasoning, Search
from peekd.protocols.runs import one_by_one
from peekd.signatures.seal import Kind
from peekd.vocabulary.conversation import Family, Tool
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

FAMILY: Final[Family] = "openai"

_REASONS: Final[dict[StopReason, str | None]] = {
    "end": None,
    "tool_use": None,
    "stop_sequence": None,
    "pause": None,
    "other": None,
    "max_tokens": "max_output_tokens",
    "context_exceeded": "max_output_tokens",
    "refusal": "content_filter",
}
"""Why a response is incomplete; None: it is complete. A malformed end is not among them: it is no answer."""


class ResponsesEncoder:
    """Events -> frames. The terminal and the usage wait for `close`, all words go out at once.

    Thoughts stay open a little after their end: a call that follows may bring the proof that goes with them.
    `dropped` names what was left out.
    """

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._tools = {tool.name: tool for tool in answering.asked.tools}
        self._stream = Stream(answering.ids("resp_"), answering.created, echo(answering.asked))
        self._output = Output(self._stream, answering.ids)
        self._open: dict[int, Message | Reasoning | Search | AnyCall] = {}
        self._waiting: Reasoning | None = None  # finished thoughts that may still get a call's proof
        self._call_ids: set[str] = set()
        self._started = False
        self._owed = b""  # told by a `close` that then failed
        self._usage: Usage | None = None
        self._finished: Finished | None = None
        self.dropped: set[str] = set()

    def feed(self, event: Event) -> bytes:
        """Write one event. Raises BadArguments when a call closes whose arguments cannot be used."""
        match event:
            case TextDelta() | ThinkingDelta():
                return self._add(event.index, event.text)
            case ArgumentsDelta():
                return self._add(event.index, event.fragment)
            case Opened():
                return self._start() + self._close(event.index) + self._begin(event.index, event.block)
            case Closed():
                return self._close(event.index, half=event.half)
            case Started():
                return self._start()
            case _:
                self._note(event)
                return b""

    def feed_run(self, index: int, texts: Sequence[str]) -> bytes:
        """Write a run of words."""
        return one_by_one(self.feed, index, texts)

    def close(self) -> bytes:
        """Give the terminal; b"" where none that is an answer came. Raises BadArguments as `feed` does."""
        if self._finished is None or self._finished.reason not in _REASONS:
            return b""
        self._owed = self._start()
        for index in list(self._open):  # one that cannot be closed leaves what was told before it owed
            self._owed += self._close(index)
        self._owed += self._settle()
        reason = _REASONS[self._finished.reason]
        return self._owed + self._stream.end(self._output.items, self._usage, reason)

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """Give `response.failed`. What was not whole is not ended: a client would act on half of it."""
        return self._owed + self._start() + self._stream.fail(self._output.items, fault, self._usage)

    # ---- items ----------------------------------------------------------------------------------

    def _start(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        return self._stream.begin()

    def _begin(self, index: int, block: Block) -> bytes:
        match block:
            case TextBlock():
                self._open[index] = Message(self._output)
                return self._settle() + self._add(index, block.text)
            case ThinkingBlock():
                return self._settle() + self._think(index, block)
            case RedactedBlock():
                thoughts = self._open[index] = self._thoughts()
                thoughts.prove("redacted", block.data)
                return self._settle()
            case ToolCallBlock():
                return self._call(index, block)
            case SearchBlock():
                settled = self._settle()
                search = self._open[index] = Search(self._output)
                return settled + search.open()
            case OtherBlock():
                self.dropped.add(block.kind)
                return b""

    def _thoughts(self) -> Reasoning:
        shown = self._answering.thoughts and self._answering.shown
        return Reasoning(self._output, self._proven, shown=shown)

    def _think(self, index: int, block: ThinkingBlock) -> bytes:
        thoughts = self._open[index] = self._thoughts()
        if block.signature:
            # Alone in an empty block: it stood on words, or on nothing, and not on thoughts.
            thoughts.prove("thought" if block.text else "text", block.signature)
        return thoughts.add(block.text)

    def _call(self, index: int, block: ToolCallBlock) -> bytes:
        if block.signature:
            self._waiting = self._waiting or self._thoughts()
            self._waiting.prove("call", block.signature)
        settled = self._settle()
        identity = block.id if block.id and block.id not in self._call_ids else self._answering.ids("call_")
        self._call_ids.add(identity)
        tool = self._tools.get(block.name) or Tool(block.name)
        call = self._open[index] = open_call(self._output, tool, identity)
        return settled + call.open()

    def _proven(self, kind: Kind, proof: str, text: str) -> str | None:
        """Give `encrypted_content`: bare where it is OpenAI's own, else a carrier with the thoughts.

        Clients replay it byte for byte, and the summary not always.
        """
        if self._answering.family in {FAMILY, ""}:
            return proof or None
        wanted = proof or (text and self._answering.thoughts)
        return self._answering.carrier(kind, proof, text) if wanted else None

    def _settle(self) -> bytes:
        """End the thoughts that were kept open for a proof, if there are any."""
        thoughts, self._waiting = self._waiting, None
        return thoughts.close() if thoughts is not None else b""

    def _add(self, index: int, text: str) -> bytes:
        item = self._open.get(index)
        return item.add(text) if item is not None and not isinstance(item, Search) else b""

    def _close(self, index: int, *, half: bool = False) -> bytes:
        """End an item; one of half a call never ends, for clients run what is done."""
        item = self._open.pop(index, None)
        if half:
            self.dropped.add(HALF)
        if item is None or half:
            return b""
        if not isinstance(item, Reasoning):
            return item.close()
        if item.is_proven:
            return item.rest() + item.close()
        settled = self._settle()
        self._waiting = item
        return settled + item.rest()

    def _note(self, event: Event) -> None:
        match event:
            case Counted():
                self._usage = merged(self._usage or Usage(), event.usage)
            case SignatureDelta():
                item = self._open.get(event.index)
                if isinstance(item, Reasoning):
                    item.prove("thought", event.signature)
            case Searched():
                item = self._open.get(event.index)
                if isinstance(item, Search):
                    item.note(event)
            case Finished() if self._finished is None:
                self._finished = event
            case DataInline():
                self.dropped.add(event.media_type)
            case OtherDelta():
                self.dropped.add(event.kind)
            case _:
                pass  # Beat, Unknown, Ended, Erred: the protocol has nothing to say, or the caller says it
