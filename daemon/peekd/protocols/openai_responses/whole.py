"""An unstreamed response, as the frames that a stream of it would have. The way back is `collect`.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from peekd.wire.sse import Frame

Json = dict[str, Any]
Said = tuple[str, Json]
"""A frame's kind and what it says besides."""


class _Whole(msgspec.Struct):
    """What makes a body a response that is an answer."""

    output: list[Json]
    status: str = "completed"
    error: Any = None


_ANSWERS: Final = {"completed", "incomplete"}


def decode_whole(body: bytes) -> list[Frame]:
    """Give the frames; none where the body is no response, or one that failed or is not over. Total."""
    try:
        said = msgspec.json.decode(body, type=Json)
        whole = msgspec.convert(said, _Whole)
        if whole.error or whole.status not in _ANSWERS:
            return []
        told = [*_told(said, whole)]
    except (ValueError, RecursionError):
        return []
    return [_frame(kind, number, rest) for number, (kind, rest) in enumerate(told)]


def _told(said: Json, whole: _Whole) -> Iterator[Said]:
    begun: Json = {
        "response": said | {"status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    }
    yield "response.created", begun
    yield "response.in_progress", begun
    for place, item in enumerate(whole.output):
        at = {"item_id": item.get("id"), "output_index": place}
        opening, tell = _KINDS.get(str(item.get("type")), ({}, _nothing))
        yield "response.output_item.added", {"output_index": place, "item": item | _present(opening, item)}
        yield from tell(item, at)
        yield "response.output_item.done", {"output_index": place, "item": item}
    yield f"response.{whole.status}", {"response": said}


def _present(opening: Json, item: Json) -> Json:
    """Give what the item is at first, as far as it has such fields at all."""
    return {key: value for key, value in opening.items() if key in item}


def _frame(kind: str, number: int, rest: Json) -> Frame:
    data = msgspec.json.encode({"type": kind, "sequence_number": number, **rest})
    return Frame(b"event: %b\ndata: %b\n\n" % (kind.encode(), data), kind, data)


# ---- what comes between an item's first frame and its last ------------------------------------------


def _nothing(_item: Json, _at: Json) -> Iterator[Said]:
    return iter(())


def _message(item: Json, at: Json) -> Iterator[Said]:
    for place, part in enumerate(_parts(item, "content")):
        here = at | {"content_index": place}
        field, word = ("refusal", "refusal") if part.get("type") == "refusal" else ("text", "output_text")
        empty: Json = {field: ""} | ({"annotations": []} if "annotations" in part else {})
        yield "response.content_part.added", here | {"part": part | empty}
        if words := part.get(field):
            yield f"response.{word}.delta", here | {"delta": words, **_logprobs(field, part)}
        for number, note in enumerate(_parts(part, "annotations")):
            noted = {"annotation_index": number, "annotation": note}
            yield "response.output_text.annotation.added", here | noted
        yield f"response.{word}.done", here | {field: part.get(field, ""), **_logprobs(field, part)}
        yield "response.content_part.done", here | {"part": part}


def _logprobs(field: str, part: Json) -> Json:
    return {"logprobs": part.get("logprobs") or []} if field == "text" else {}


def _reasoning(item: Json, at: Json) -> Iterator[Said]:
    for place, part in enumerate(_parts(item, "summary")):
        here, words = at | {"summary_index": place}, part.get("text", "")
        yield "response.reasoning_summary_part.added", here | {"part": part | {"text": ""}}
        yield "response.reasoning_summary_text.delta", here | {"delta": words}
        yield "response.reasoning_summary_text.done", here | {"text": words}
        yield "response.reasoning_summary_part.done", here | {"part": part}
    for place, part in enumerate(_parts(item, "content")):
        here, words = at | {"content_index": place}, part.get("text", "")
        yield "response.reasoning_text.delta", here | {"delta": words}
        yield "response.reasoning_text.done", here | {"text": words}


def _parts(holder: Json, field: str) -> list[Json]:
    return msgspec.convert(holder.get(field) or [], list[Json])


def _call(item: Json, at: Json) -> Iterator[Said]:
    arguments = item.get("arguments")
    if isinstance(arguments, str):
        yield "response.function_call_arguments.delta", at | {"delta": arguments}
        named = {"name": item.get("name"), "arguments": arguments}
        yield "response.function_call_arguments.done", at | named


def _custom(item: Json, at: Json) -> Iterator[Said]:
    said = item.get("input", "")
    yield "response.custom_tool_call_input.delta", at | {"delta": said}
    yield "response.custom_tool_call_input.done", at | {"input": said}


_OPEN: Final[Json] = {"status": "in_progress"}
_KINDS: Final[dict[str, tuple[Json, Callable[[Json, Json], Iterator[Said]]]]] = {
    "message": (_OPEN | {"content": []}, _message),
    "reasoning": (_OPEN | {"summary": [], "content": [], "encrypted_content": None}, _reasoning),
    "function_call": (_OPEN | {"arguments": ""}, _call),
    "custom_tool_call": (_OPEN | {"input": ""}, _custom),
}
"""By kind: what of an item comes only later, and how it comes. Others come whole in both frames."""
