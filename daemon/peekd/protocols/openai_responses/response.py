"""The response object, and the frames around it: one id, one count of frames.

https://platform.openai.com/docs/api-reference/responses/object
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from peekd.vocabulary.conversation import Conversation, ToolChoice
from peekd.vocabulary.errors import ErrorKind, Fault
from peekd.vocabulary.events import Usage

Json = dict[str, Any]
Status = Literal["in_progress", "completed", "incomplete", "failed"]

_CODES: Final[Mapping[ErrorKind, str]] = {
    "rate_limit": "rate_limit_exceeded",
    "invalid_request": "invalid_prompt",
    "not_found": "invalid_prompt",
    "too_large": "invalid_prompt",
}
"""What a failed response calls a fault; all else is a server_error. Codex gives up on invalid_prompt."""

_MODES: Final = {"auto": "auto", "any": "required", "none": "none"}


class Stream:
    """One response as it is told: gives frames, and counts them. `number`: that of the next frame."""

    def __init__(self, identity: str, created: int, echo: Mapping[str, Any], number: int = 0) -> None:
        self.id = identity
        self._fixed = {"id": identity, "object": "response", "created_at": created, **echo}
        self._number = number

    def frame(self, kind: str, **said: object) -> bytes:
        """Give one frame of the stream."""
        told = {"type": kind, "sequence_number": self._number, **said}
        self._number += 1
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode(told))

    def begin(self) -> bytes:
        """Give the frames with which every stream begins."""
        begun = self._response("in_progress", ())
        return self.frame("response.created", response=begun) + self.frame(
            "response.in_progress", response=begun
        )

    def end(self, output: Sequence[Json | msgspec.Raw], usage: Usage | None, incomplete: str | None) -> bytes:
        """Give the terminal. `incomplete`: why the model was stopped, where it was."""
        status: Status = "completed" if incomplete is None else "incomplete"
        said = self._response(status, output, usage)
        said["incomplete_details"] = None if incomplete is None else {"reason": incomplete}
        return self.frame(f"response.{status}", response=said)

    def fail(self, output: Sequence[Json | msgspec.Raw], fault: Fault, usage: Usage | None = None) -> bytes:
        """Give the terminal of a stream that broke; `output` holds what was whole by then."""
        said = self._response("failed", output, usage)
        said["error"] = {"code": _CODES.get(fault.kind, "server_error"), "message": _words(fault)}
        return self.frame("response.failed", response=said)

    def _response(
        self, status: Status, output: Sequence[Json | msgspec.Raw], usage: Usage | None = None
    ) -> Json:
        return {
            **self._fixed,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "output": list(output),
            "usage": None if usage is None else told_usage(usage),
        }


def _words(fault: Fault) -> str:
    """Give the message; where to wait helps, in the words by which Codex knows for how long."""
    if fault.kind != "rate_limit" or fault.retry_after is None or "try again in" in fault.message:
        return fault.message
    return f"{fault.message} Please try again in {fault.retry_after}s."


def told_usage(usage: Usage) -> Json:
    """Give usage in this API's terms: cached tokens are part of the input, thoughts of the output."""
    prompt, output = usage.prompt or 0, usage.output or 0
    return {
        "input_tokens": prompt,
        "input_tokens_details": {
            "cached_tokens": usage.cached or 0,
            "cache_write_tokens": usage.cache_written or 0,
        },
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": usage.thoughts or 0},
        "total_tokens": prompt + output,
    }


# ---- what was asked, said again -------------------------------------------------------------------


def bare(model: str) -> Json:
    """Give what a response says of a request of which nothing but the model is known."""
    return {"model": model, "instructions": None, "metadata": {}, **_tools(None)}


def echo(asked: Conversation) -> Json:
    """Give what a response says again of what was asked; not instructions and tools, which are long."""
    thought = asked.thought
    effort = "none" if thought is not None and thought.mode == "disabled" else thought and thought.effort
    return {
        **bare(asked.model),
        **_tools(asked.tool_choice),
        "background": False,
        "max_output_tokens": asked.max_tokens,
        "previous_response_id": None,
        "reasoning": {"effort": effort, "summary": "auto" if thought and thought.shown else None},
        "store": False,
        "temperature": asked.temperature,
        "text": {"format": _format(asked)},
        "top_p": asked.top_p,
        "truncation": "disabled",
    }


def _tools(choice: ToolChoice | None) -> Json:
    told: object = "auto"
    if choice is not None:
        told = _MODES.get(choice.mode) or {"type": "function", "name": choice.name}
    return {"tools": [], "tool_choice": told, "parallel_tool_calls": choice is None or choice.parallel}


def _format(asked: Conversation) -> Json:
    match asked.output_schema:
        case None:
            return {"type": "text"}
        case {**keywords} if not keywords:
            return {"type": "json_object"}
        case schema:
            return {"type": "json_schema", "name": "output", "schema": schema}
