"""A stream of completion chunks, folded into the completion that an unstreamed request gets."""

from __future__ import annotations

import msgspec

from peekd.protocols.interface import Unfoldable
from peekd.wire.sse import Frame


class _Choice(msgspec.Struct, gc=False):
    text: str = ""
    finish_reason: str | None = None


class _Chunk(msgspec.Struct, gc=False):
    id: str
    created: int
    model: str
    choices: list[_Choice]
    usage: msgspec.Raw = msgspec.Raw(b"")


_chunks = msgspec.json.Decoder(_Chunk)


class CompletionsCollector:
    """Folds chunks of our own: no upstream speaks this language, so there are no others."""

    def __init__(self) -> None:
        self._last: _Chunk | None = None
        self._usage: msgspec.Raw | None = None
        self._words: list[str] = []
        self._reason: str | None = None

    def feed(self, frame: Frame) -> None:
        """Fold one frame in. Raises Unfoldable."""
        data = frame.data.strip()
        if not data or data == b"[DONE]":
            return
        try:
            chunk = self._last = _chunks.decode(data)
        except (ValueError, RecursionError) as fault:
            raise Unfoldable(f"a chunk that is no completion: {fault}") from fault
        if len(chunk.usage):
            self._usage = chunk.usage
        for choice in chunk.choices:
            self._words.append(choice.text)
            self._reason = self._reason or choice.finish_reason

    def result(self) -> bytes:
        """Give the completion as JSON."""
        fixed = self._last or _Chunk("", 0, "", [])
        choice = {"text": "".join(self._words), "index": 0, "logprobs": None, "finish_reason": self._reason}
        body: dict[str, object] = {
            "id": fixed.id,
            "object": "text_completion",
            "created": fixed.created,
            "model": fixed.model,
            "choices": [choice],
        }
        return msgspec.json.encode(body if self._usage is None else body | {"usage": self._usage})
