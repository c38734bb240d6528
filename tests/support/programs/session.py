"""What an agent did in one session, read from the JSON that it prints, and what it must have done."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Read = Callable[[Sequence[Json]], "Session"]

LAST_WORDS = "the simulator is content"
"""What the simulator ends with after a tool's result; words that hold it have come a whole way round."""


@dataclass(frozen=True)
class Call:
    """One tool call, and what came of it. `worked`: the tool itself says so."""

    tool: str
    input: str
    result: str
    worked: bool


@dataclass(frozen=True)
class Session:
    """Calls in order, and the last words of the agent."""

    calls: tuple[Call, ...]
    words: str


class Amiss(Exception):
    """A session did not go as it must, and how."""


def lines(printed: str) -> list[Json]:
    """Give the events among what an agent printed: one JSON object a line."""
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


def judge(session: Session, tool: str) -> None:
    """Hold a session to one call of the shell, its result, and words about that. Raises Amiss."""
    called = [call.tool for call in session.calls]
    if called != [tool]:
        raise Amiss(f"tools called: {called}, where {tool} should be; last words: {session.words!r}")
    call = session.calls[0]
    if "echo peekd" not in call.input:
        raise Amiss(f"the tool was called with {call.input}")
    if not call.worked or "peekd" not in call.result:
        raise Amiss(f"the tool answered {call.result!r}")
    if "peekd" not in session.words or LAST_WORDS not in session.words:
        raise Amiss(f"the last words were {session.words!r}")


def _last(events: Sequence[Json], kind: str) -> Json:
    """Give the last event, which must be of this kind."""
    last = events[-1] if events else {}
    if last.get("type") != kind:
        raise Amiss(f"the last event is {json.dumps(last)[:400]}")
    return last


# ---- each agent's own events --------------------------------------------------------------------


def read_blocks(events: Sequence[Json]) -> Session:
    """Read Claude Code's messages (`--output-format stream-json`); qwen-code prints the same."""
    results = {block["tool_use_id"]: block for block in blocks(events, "tool_result")}
    calls: list[Call] = []
    for use in blocks(events, "tool_use"):
        result = results.get(use["id"], {"content": "", "is_error": True})
        worked = not result.get("is_error")
        calls.append(Call(use["name"], json.dumps(use["input"]), str(result["content"]), worked=worked))
    last = _last(events, "result")
    if last["is_error"]:
        raise Amiss(f"it ended with {json.dumps(last)[:400]}")
    return Session(tuple(calls), str(last["result"]))


def blocks(events: Iterable[Json], kind: str) -> list[Json]:
    """Give the content blocks of one kind, in order."""
    messages = [event["message"] for event in events if event.get("type") in {"assistant", "user"}]
    contents: list[list[Json] | str] = [message["content"] for message in messages]
    listed = [block for content in contents if not isinstance(content, str) for block in content]
    return [block for block in listed if block["type"] == kind]


def read_gemini(events: Sequence[Json]) -> Session:
    """Read gemini-cli's events (`--output-format stream-json`)."""
    results = {event["tool_id"]: event for event in events if event["type"] == "tool_result"}
    calls: list[Call] = []
    words = ""
    for event in events:
        if event["type"] == "tool_use":
            result = results.get(event["tool_id"], {})
            told, worked = str(result.get("output", result)), result.get("status") == "success"
            calls.append(Call(event["tool_name"], json.dumps(event["parameters"]), told, worked=worked))
            words = ""
        elif event["type"] == "message" and event["role"] == "assistant":
            words += event["content"]
    if _last(events, "result")["status"] != "success":
        raise Amiss(f"it ended with {json.dumps(events[-1])[:400]}")
    return Session(tuple(calls), words)


def read_codex(events: Sequence[Json]) -> Session:
    """Read Codex's events (`exec --json`)."""
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    calls = [
        Call(item["type"], item["command"], item["aggregated_output"], worked=item["exit_code"] == 0)
        for item in items
        if item["type"] == "command_execution"
    ]
    said = [item["text"] for item in items if item["type"] == "agent_message"]
    _last(events, "turn.completed")
    return Session(tuple(calls), said[-1] if said else "")


def read_opencode(events: Sequence[Json]) -> Session:
    """Read opencode's events (`run --format json`)."""
    failed = [event for event in events if event["type"] == "error"]
    if failed:
        raise Amiss(f"it says {json.dumps(failed[-1])[:400]}")
    calls: list[Call] = []
    for event in events:
        if event["type"] == "tool_use":
            part, state = event["part"], event["part"]["state"]
            worked = state["status"] == "completed"
            output = str(state.get("output", ""))
            calls.append(Call(part["tool"], json.dumps(state["input"]), output, worked=worked))
    said = [event["part"]["text"] for event in events if event["type"] == "text"]
    return Session(tuple(calls), said[-1] if said else "")
