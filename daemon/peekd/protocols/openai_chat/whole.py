"""An unstreamed chat completion, as the chunks that a stream of it would have. The way back is `collect`.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from peekd.wire.sse import Frame

Json = dict[str, Any]

_DONE: Final = Frame(b"data: [DONE]\n\n", "", b"[DONE]")


class _Choice(msgspec.Struct):
    message: dict[str, Any]
    index: int = 0
    logprobs: Any = None
    finish_reason: str | None = None


def decode_whole(body: bytes) -> list[Frame]:
    """Give the frames; none where the body is no chat completion. Total.

    Nothing is added: a choice without a reason to stop gives a stream without one.
    """
    try:
        said = msgspec.json.decode(body, type=Json)
        choices = msgspec.convert(said.get("choices"), list[_Choice])
        return [*_frames(said, choices)] if choices and not said.get("error") else []
    except (ValueError, RecursionError):
        return []


def _frames(said: Json, choices: list[_Choice]) -> Iterator[Frame]:
    usage = said.get("usage")
    fixed = {key: value for key, value in said.items() if key not in {"choices", "usage"}}
    fixed["object"] = "chat.completion.chunk"
    for choice in choices:
        told = {"index": choice.index, "delta": _delta(choice.message), "logprobs": choice.logprobs}
        yield _frame(fixed | {"choices": [told | {"finish_reason": choice.finish_reason}]})
    if usage is not None:
        yield _frame(fixed | {"choices": [], "usage": usage})
    yield _DONE


def _delta(message: Json) -> Json:
    """Number the calls, as a stream does."""
    calls = message.get("tool_calls")
    if not calls:
        return {key: value for key, value in message.items() if key != "tool_calls"}
    numbered = [{"index": number, **call} for number, call in enumerate(msgspec.convert(calls, list[Json]))]
    return message | {"tool_calls": numbered}


def _frame(said: Json) -> Frame:
    data = msgspec.json.encode(said)
    return Frame(b"data: %b\n\n" % data, "", data)
