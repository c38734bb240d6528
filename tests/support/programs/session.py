"""What an agent did in one session, read from the lines of JSON that it prints, and what it must have done."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Read = Callable[[Sequence[Json]], "Session"]

LAST_WORDS = "the simulator is content"
"""What the simulator ends with after a tool's result; so words that hold it have come a whole way round."""


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


def judge(session: Session, shell: str) -> None:
    """Hold a session to what it must show: one call of the shell, its result, and words about that. Raises Amiss."""
    if [call.tool for call in session.calls] != [shell]:
        raise Amiss(f"tool calls: {[call.tool for call in session.calls]}, not one of {shell}; {session.words!r}")
    call = session.calls[0]
    if "echo peekd" not in call.input:
        raise Amiss(f"the tool was called with {call.input}")
    if not call.worked or "peekd" not in call.result:
        raise Amiss(f"the tool answered {call.result!r}")
    if "peekd" not in session.words or LAST_WORDS not in session.words:
        raise Amiss(f"the last words were {session.words!r}")


# ---- each agent's own events --------------------------------------------------------------------


def read_blocks(events: Sequence[Json]) -> Session:
    """Read the messages of Claude Code (`--output-format stream-json`), and of qwen-code, which prints the same."""
    uses, results = blocks(events, "tool_use"), {block["tool_use_id"]: block for block in blocks(events, "tool_result")}
    calls = [
        Call(use["name"], json.dumps(use["input"]), _told(result), worked=result is not None and not result.get("is_error"))
        for use in uses
        for result in [results.get(use["id"])]
    ]
    last = events[-1] if events else {}
    if last.get("type") != "result" or last.get("is_error"):
        raise Amiss(f"the last event is {json.dumps(last)[:400]}")
    return Session(tuple(calls), str(last["result"]))


def blocks(events: Iterable[Json], kind: str) -> list[Json]:
    """Give the content blocks of one kind, in order."""
    contents = [event["message"]["content"] for event in events if event.get("type") in {"assistant", "user"}]
    return [block for content in contents if isinstance(content, list) for block in content if block["type"] == kind]


def _told(result: Json | None) -> str:
    return str(result["content"]) if result else ""


def read_gemini(events: Sequence[Json]) -> Session:
    """Read the events of gemini-cli (`--output-format stream-json`)."""
    results = {event["tool_id"]: event for event in events if event["type"] == "tool_result"}
    calls: list[Call] = []
    words = ""
    for event in events:
        if event["type"] == "tool_use":
            result = results.get(event["tool_id"], {})
            told = str(result.get("output", result))
            worked = result.get("status") == "success"
            calls.append(Call(event["tool_name"], json.dumps(event["parameters"]), told, worked=worked))
            words = ""
        elif event["type"] == "message" and event["role"] == "assistant":
            words += event["content"]
    last = events[-1] if events else {}
    if last.get("type") != "result" or last.get("status") != "success":
        raise Amiss(f"the last event is {json.dumps(last)[:400]}")
    return Session(tuple(calls), words)


def read_codex(events: Sequence[Json]) -> Session:
    """Read the events of Codex (`exec --json`)."""
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    runs = [item for item in items if item["type"] == "command_execution"]
    said = [item["text"] for item in items if item["type"] == "agent_message"]
    last = events[-1] if events else {}
    if last.get("type") != "turn.completed":
        raise Amiss(f"the last event is {json.dumps(last)[:400]}")
    calls = [
        Call(run["type"], run["command"], run["aggregated_output"], worked=run["exit_code"] == 0) for run in runs
    ]
    return Session(tuple(calls), said[-1] if said else "")


def read_opencode(events: Sequence[Json]) -> Session:
    """Read the events of opencode (`run --format json`)."""
    failed = [event for event in events if event["type"] == "error"]
    if failed:
        raise Amiss(f"it says {json.dumps(failed[-1])[:400]}")
    parts = [event["part"] for event in events if event["type"] == "tool_use"]
    said = [event["part"]["text"] for event in events if event["type"] == "text"]
    calls = [
        Call(
            part["tool"],
            json.dumps(part["state"]["input"]),
            str(part["state"].get("output", "")),
            worked=part["state"]["status"] == "completed",
        )
        for part in parts
    ]
    return Session(tuple(calls), said[-1] if said else "")
