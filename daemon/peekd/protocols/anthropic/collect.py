"""A stream of Anthropic frames, folded into the message that an unstreamed request gets.

https://platform.claude.com/docs/en/api/messages#response
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeGuard

import msgspec

from peekd.protocols.interface import BadArguments, Unfoldable
from peekd.wire.sse import Frame

Json = dict[str, Any]


class AnthropicCollector:
    """Folds the upstream's own frames as well as ours. What it does not know it keeps or refuses.

    An error frame folds to nothing: whoever reads the events has seen it, and asks for no result.
    """

    def __init__(self) -> None:
        self._message: Json = {"type": "message", "role": "assistant", "content": []}
        self._blocks: dict[int, Json] = {}
        self._pieces: dict[int, list[str]] = {}  # of a tool's input, by block
        self._open: set[int] = set()
        self._fault: BadArguments | None = None  # an input that is none, unless a limit has cut it

    def feed(self, frame: Frame) -> None:
        """Fold one frame in. Raises Unfoldable, and BadArguments for a tool's input that is no JSON."""
        if not frame.data:
            return
        try:
            said = msgspec.json.decode(frame.data, type=Json)
        except (ValueError, RecursionError) as fault:
            raise Unfoldable(f"a frame that is no JSON object: {fault}") from fault
        kind = said.pop("type", frame.event)
        fold = _FOLDS.get(kind) if isinstance(kind, str) else None
        if fold is None:
            raise Unfoldable(f"an event of type {kind!r}")
        fold(self, said)

    def result(self) -> bytes:
        """Give the message as JSON. A call that did not end is none."""
        half = {index for index in self._open if self._blocks[index].get("type") == "tool_use"}
        content = [self._blocks[index] for index in sorted(self._blocks) if index not in half]
        return msgspec.json.encode({**self._message, "content": content})

    # ---- one fold a frame -----------------------------------------------------------------------

    def message_start(self, said: Json) -> None:
        """Take the whole message over; content that already stands in it is where the blocks go on from."""
        self._message.update(_object(said, "message"))
        content = self._message["content"]
        for index, block in enumerate(content if _is_list(content) else (content,)):
            if not _is_object(block):
                raise Unfoldable("a message whose content is no list of blocks")
            self._blocks[index] = block

    def content_block_start(self, said: Json) -> None:
        """Take the block over with all its fields."""
        index = _index(said)
        self._blocks[index] = _object(said, "content_block")
        self._open.add(index)

    def content_block_delta(self, said: Json) -> None:
        """Add to the block; a delta of an unknown kind cannot be added."""
        index, delta = _index(said), _object(said, "delta")
        block = self._blocks.get(index)
        if block is None:
            raise Unfoldable(f"a delta of block {index}, which never began")
        kind = delta.pop("type", "")
        match kind:
            case "input_json_delta":
                self._pieces.setdefault(index, []).append(str(delta.pop("partial_json", "")))
            case "citations_delta":
                citations = block.get("citations")
                block["citations"] = [
                    *(citations if _is_list(citations) else ()),
                    delta.pop("citation", None),
                ]
            case "text_delta" | "thinking_delta":
                field = kind.removesuffix("_delta")
                block[field] = f"{block.get(field) or ''}{delta.pop(field, '')}"
            case "signature_delta":
                block["signature"] = delta.pop("signature", "")
            case _:
                raise Unfoldable(f"a delta of type {kind!r}")
        block.update(delta)

    def content_block_stop(self, said: Json) -> None:
        """Read a tool's input, which is whole only now; its text is kept as it was written."""
        index = _index(said)
        self._open.discard(index)
        text = "".join(self._pieces.pop(index, ()))
        if not text.strip():
            return
        try:
            msgspec.json.decode(text, type=Json)
        except (ValueError, RecursionError) as fault:
            self._fault = BadArguments(f"a tool's input is no JSON object: {fault}")
            return
        self._blocks[index]["input"] = msgspec.Raw(text.encode())

    def message_delta(self, said: Json) -> None:
        """Lay stop reason, usage and whatever else came over the message: figures are cumulative."""
        delta = _object(said, "delta")
        self._judge(delta.get("stop_reason"))
        self._message.update(delta)
        said.pop("delta", None)
        before, later = self._message.get("usage"), said.pop("usage", None)
        if _is_object(later):
            counted = {key: value for key, value in later.items() if value is not None}
            self._message["usage"] = {**(before if _is_object(before) else {}), **counted}
        self._message.update(said)

    def _judge(self, reason: object) -> None:
        """Tell what an input that is no JSON amounts to, now that it is known why the model stopped."""
        if self._fault is not None and reason in _LIMITS:
            raise Unfoldable("half a call, at which the model was stopped") from self._fault
        if self._fault is not None:
            raise self._fault

    def nothing(self, said: Json) -> None:
        """Leave out pings and the like, which no folded answer has."""


_LIMITS: Final = ("max_tokens", "model_context_window_exceeded", "refusal")

_FOLDS: Final[dict[str, Callable[[AnthropicCollector, Json], None]]] = {
    "message_start": AnthropicCollector.message_start,
    "content_block_start": AnthropicCollector.content_block_start,
    "content_block_delta": AnthropicCollector.content_block_delta,
    "content_block_stop": AnthropicCollector.content_block_stop,
    "message_delta": AnthropicCollector.message_delta,
    "message_stop": AnthropicCollector.nothing,
    "ping": AnthropicCollector.nothing,
    "error": AnthropicCollector.nothing,
}


def _index(said: Json) -> int:
    index = said.get("index", 0)
    if not isinstance(index, int):
        raise Unfoldable("a block without a number")
    return index


def _object(said: Json, key: str) -> Json:
    value = said.get(key)
    if not _is_object(value):
        raise Unfoldable(f"a frame whose {key} is no object")
    return value


def _is_object(value: object) -> TypeGuard[Json]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
