"""How words, thoughts and searches become output items; an item of which nothing is said is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from peekd.protocols.openai_responses.output import Output, Slot
from peekd.signatures.seal import Kind
from peekd.vocabulary.events import Searched

Json = dict[str, Any]

Proven = Callable[[Kind, str, str], str | None]
"""Gives `encrypted_content` for what a proof stood on, the proof and the thoughts, or None."""

_TEXT: Final = "response.output_text"
_SUMMARY: Final = "response.reasoning_summary"


class Message:
    """An item of words, one part."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._slot: Slot | None = None
        self._said: list[str] = []

    def add(self, text: str) -> bytes:
        """Say more words."""
        if not text:
            return b""
        begun = b""
        if self._slot is None:
            self._slot = self._output.open("msg_", "message")
            begun = self._slot.added(status="in_progress", role="assistant", content=[])
            begun += self._slot.frame("response.content_part.added", content_index=0, part=_words(""))
        self._said.append(text)
        return begun + self._slot.frame(f"{_TEXT}.delta", content_index=0, delta=text, logprobs=[])

    def close(self) -> bytes:
        """End the item."""
        if self._slot is None:
            return b""
        text = "".join(self._said)
        return b"".join((
            self._slot.frame(f"{_TEXT}.done", content_index=0, text=text, logprobs=[]),
            self._slot.frame("response.content_part.done", content_index=0, part=_words(text)),
            self._slot.done(status="completed", role="assistant", content=[_words(text)]),
        ))


def _words(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


class Reasoning:
    """An item of thoughts: a summary of one part where they are shown, and what proves them."""

    def __init__(self, output: Output, proven: Proven, *, shown: bool) -> None:
        self._output = output
        self._proven = proven
        self._shown = shown
        self._slot: Slot | None = None
        self._said: list[str] = []
        self._kind: Kind = "thought"
        self._proof = ""

    @property
    def is_proven(self) -> bool:
        """Whether a proof came."""
        return bool(self._proof)

    def prove(self, kind: Kind, proof: str) -> None:
        """Take the proof, which goes out with the end."""
        self._kind, self._proof = kind, proof

    def add(self, text: str) -> bytes:
        """Think on."""
        if not text:
            return b""
        self._said.append(text)
        if not self._shown:
            return b""
        begun = b""
        if self._slot is None:
            self._slot, begun = self._begin()
            begun += self._slot.frame(f"{_SUMMARY}_part.added", summary_index=0, part=_summary(""))
        return begun + self._slot.frame(f"{_SUMMARY}_text.delta", summary_index=0, delta=text)

    def rest(self) -> bytes:
        """End the thoughts; the item stays open, for a proof may follow."""
        if self._slot is None:
            return b""
        text = "".join(self._said)
        told = self._slot.frame(f"{_SUMMARY}_text.done", summary_index=0, text=text)
        return told + self._slot.frame(f"{_SUMMARY}_part.done", summary_index=0, part=_summary(text))

    def close(self) -> bytes:
        """End the item."""
        text = "".join(self._said)
        sealed = self._proven(self._kind, self._proof, text)
        if self._slot is None and sealed is None:
            return b""
        slot, begun = self._begin() if self._slot is None else (self._slot, b"")
        summary = [_summary(text)] if text and self._shown else []
        return begun + slot.done(summary=summary, encrypted_content=sealed)

    def _begin(self) -> tuple[Slot, bytes]:
        slot = self._output.open("rs_", "reasoning")
        return slot, slot.added(summary=[], encrypted_content=None)


def _summary(text: str) -> Json:
    return {"type": "summary_text", "text": text}


class Search:
    """An item of a search that the upstream ran."""

    def __init__(self, output: Output) -> None:
        self._slot = output.open("ws_", "web_search_call")
        self._queries: list[str] = []
        self._sources: list[Json] = []

    def open(self) -> bytes:
        """Begin the item."""
        return b"".join((
            self._slot.added(status="in_progress", action={"type": "search", "query": ""}),
            self._slot.frame("response.web_search_call.in_progress"),
            self._slot.frame("response.web_search_call.searching"),
        ))

    def note(self, event: Searched) -> None:
        """Take what was looked for and found."""
        self._queries += event.queries
        self._sources += ({"type": "url", "url": source.url} for source in event.sources)

    def close(self) -> bytes:
        """End the item."""
        query = self._queries[0] if self._queries else ""
        action = {"type": "search", "query": query, "queries": self._queries, "sources": self._sources}
        completed = self._slot.frame("response.web_search_call.completed")
        return completed + self._slot.done(status="completed", action=action)
