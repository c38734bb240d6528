"""A stream of chunks, folded into the chat completion that an unstreamed request gets.

https://platform.openai.com/docs/api-reference/chat/object
"""

from __future__ import annotations

from typing import Any, Final, TypeGuard

import msgspec

from peekd.protocols.interface import Unfoldable
from peekd.protocols.openai_chat.calls import Piece, Slots
from peekd.wire.sse import Frame

Json = dict[str, Any]

_JOINED: Final = ("content", "refusal", "reasoning_content", "reasoning")
"""Words that come in pieces."""

_NO_CALL: Final = {"index", "id", "function"}


class ChatCollector:
    """Folds the upstream's own chunks as well as ours. What it does not know it keeps or refuses.

    An error folds to nothing: whoever reads the events has seen it, and asks for no result.
    """

    def __init__(self) -> None:
        self._said: Json = {"object": "chat.completion"}
        self._message: Json = {"role": "assistant", "content": None}
        self._choice: Json = {"index": 0}
        self._slots = Slots()
        self._calls: list[Json] = []  # what else stood on each call
        self._finish: object = None
        self._logprobs: object = None

    def feed(self, frame: Frame) -> None:
        """Fold one frame in. Raises Unfoldable."""
        data = frame.data.strip()
        if not data or data == b"[DONE]":
            return
        try:
            said = msgspec.json.decode(data, type=Json)
        except (ValueError, RecursionError) as fault:
            raise Unfoldable(f"a chunk that is no JSON object: {fault}") from fault
        choices = said.pop("choices", None)
        said.pop("object", None)
        self._said.update({key: value for key, value in said.items() if value is not None})
        for choice in choices if _is_list(choices) else ():
            self._fold(choice)

    def result(self) -> bytes:
        """Give the chat completion as JSON."""
        message = self._message
        if self._calls:
            message = {**message, "tool_calls": [self._call(number) for number in range(len(self._calls))]}
        choice = {**self._choice, "message": message, "logprobs": self._logprobs}
        usage = self._said.pop("usage", None)
        body = {**self._said, "choices": [choice | {"finish_reason": self._finish}]}
        return msgspec.json.encode(body if usage is None else body | {"usage": usage})

    # ---- one choice -----------------------------------------------------------------------------

    def _fold(self, choice: object) -> None:
        if not _is_object(choice) or choice.get("index", 0) != 0:
            raise Unfoldable("a second choice")
        rest = dict(choice)
        delta = rest.pop("delta", None)
        if _is_object(delta):
            for key, value in delta.items():
                if value is not None:
                    self._add(key, value)
        reason = rest.pop("finish_reason", None)
        self._finish = self._finish or reason
        logprobs = rest.pop("logprobs", None)
        if _is_object(logprobs):
            self._logprobs = _extended(self._logprobs, logprobs)
        self._choice.update({key: value for key, value in rest.items() if value is not None})

    def _add(self, key: str, value: object) -> None:
        before = self._message.get(key)
        if key == "tool_calls" and _is_list(value):
            for piece in value:
                self._take(piece)
        elif key in _JOINED and isinstance(value, str):
            self._message[key] = f"{before or ''}{value}" or None
        elif _is_list(value) and (before is None or _is_list(before)):
            self._message[key] = [*(before or ()), *value]
        elif before is None or before == value:
            self._message[key] = value
        else:
            raise Unfoldable(f"a delta of {key!r}")

    def _take(self, said: object) -> None:
        try:
            slot, begins, _ = self._slots.take(msgspec.convert(_raw_arguments(said), Piece))
        except (msgspec.ValidationError, ValueError) as fault:
            raise Unfoldable(f"a tool call: {fault}") from fault
        if begins:
            self._calls.append({})
        rest = {key: value for key, value in msgspec.convert(said, Json).items() if key not in _NO_CALL}
        self._calls[slot.number].update({key: value for key, value in rest.items() if value is not None})

    def _call(self, number: int) -> Json:
        slot = self._slots.all[number]
        function = {"name": slot.name, "arguments": slot.arguments}
        return {"id": slot.id, "type": "function", "function": function} | self._calls[number]


def _raw_arguments(said: object) -> object:
    """Give a piece of a call with its arguments as JSON, as a decoder of bytes would see them."""
    if not _is_object(said) or not _is_object(said.get("function")):
        return said
    function = dict(said["function"])
    if "arguments" in function:
        function["arguments"] = msgspec.Raw(msgspec.json.encode(function["arguments"]))
    return said | {"function": function}


def _extended(before: object, later: Json) -> Json:
    """Join lists of log probabilities by name."""
    joined = dict(before) if _is_object(before) else {}
    for key, value in later.items():
        known = joined.get(key)
        joined[key] = [*(known or ()), *value] if _is_list(value) else known or value
    return joined


def _is_object(value: object) -> TypeGuard[Json]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
