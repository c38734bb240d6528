"""How `./dev agents` reads and judges what an agent prints: what is amiss is seen to be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from programs.agents import AGENTS, Agent
from programs.session import Amiss, Call, Session, judge, lines

Json = dict[str, Any]

WORDS = "The tool answered: peekd\nThat is all; the simulator is content."
GOOD = Session((Call("Bash", '{"command": "echo peekd"}', "peekd\n", worked=True),), WORDS)


def claude(*, error: bool = False, result: str = WORDS) -> list[Json]:
    use = {"type": "tool_use", "id": "a", "name": "Bash", "input": {"command": "echo peekd"}}
    told = {"type": "tool_result", "tool_use_id": "a", "content": "peekd\n", "is_error": error}
    return [
        {"type": "system"},
        {"type": "user", "message": {"content": "the prompt"}},
        {"type": "assistant", "message": {"content": [use]}},
        {"type": "user", "message": {"content": [told]}},
        {"type": "result", "is_error": False, "result": result},
    ]


def gemini(*, error: bool = False, result: str = WORDS) -> list[Json]:
    call = {"tool_name": "run_shell_command", "parameters": {"command": "echo peekd"}}
    status = "error" if error else "success"
    said = [{"type": "message", "role": "assistant", "content": piece} for piece in result.split(" ", 1)]
    said[1:] = [{**piece, "content": f" {piece['content']}"} for piece in said[1:]]
    return [
        {"type": "message", "role": "user", "content": "the prompt"},
        {"type": "message", "role": "assistant", "content": "I will."},
        {"type": "tool_use", "tool_id": "a", **call},
        {"type": "tool_result", "tool_id": "a", "status": status, "output": "peekd"},
        *said,
        {"type": "result", "status": "success"},
    ]


def codex(*, error: bool = False, result: str = WORDS) -> list[Json]:
    run = {"type": "command_execution", "command": "bash -lc 'echo peekd'", "aggregated_output": "peekd\n"}
    return [
        {"type": "turn.started"},
        {"type": "item.completed", "item": {**run, "exit_code": int(error)}},
        {"type": "item.completed", "item": {"type": "agent_message", "text": result}},
        {"type": "turn.completed"},
    ]


def opencode(*, error: bool = False, result: str = WORDS) -> list[Json]:
    state = {
        "status": "error" if error else "completed",
        "input": {"command": "echo peekd"},
        "output": "peekd",
    }
    return [
        {"type": "tool_use", "part": {"tool": "bash", "state": state}},
        {"type": "text", "part": {"text": result}},
    ]


PRINTED: dict[str, Callable[..., list[Json]]] = {
    "claude": claude,
    "qwen": claude,
    "gemini": gemini,
    "codex": codex,
    "opencode": opencode,
}


def told(agent: Agent, **how: Any) -> Session:
    printed = "\n".join(["a warning", *map(json.dumps, PRINTED[agent.program](**how))])
    return agent.read(lines(printed))


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_a_session_is_read(agent: Agent) -> None:
    session = told(agent)
    assert session.words == WORDS
    assert [("echo peekd" in call.input, call.result.strip(), call.worked) for call in session.calls] == [
        (True, "peekd", True)
    ]


@pytest.mark.parametrize("how", [{"error": True}, {"result": "Words of its own"}, {"result": ""}], ids=str)
@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_a_tool_that_failed_and_other_words_are_amiss(agent: Agent, how: dict[str, Any]) -> None:
    session = told(agent, **how)
    with pytest.raises(Amiss):
        judge(session, session.calls[0].tool)


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_a_session_without_an_end_is_amiss(agent: Agent) -> None:
    with pytest.raises(Amiss):
        judge(agent.read(lines("")), agent.tool)


@pytest.mark.parametrize(
    "session",
    [
        Session((), WORDS),
        Session(GOOD.calls * 2, WORDS),
        Session((Call("Read", "echo peekd", "peekd", worked=True),), WORDS),
        Session((Call("Bash", "date", "peekd", worked=True),), WORDS),
        Session((Call("Bash", "echo peekd", "", worked=True),), WORDS),
    ],
)
def test_other_calls_than_the_one_wanted_are_amiss(session: Session) -> None:
    judge(GOOD, "Bash")
    with pytest.raises(Amiss):
        judge(session, "Bash")
