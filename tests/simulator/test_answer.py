"""What the model says where a script says nothing: enough for an agent to go on with."""

from __future__ import annotations

from typing import Any

import pytest

from peekd.simulator.acts import Act, ToolUse
from peekd.simulator.answer import Answer, compose
from peekd.simulator.asked import Asked

WELL = Act("answer")


def asked(**fields: Any) -> Asked:
    return Asked("anthropic", "generate", "/v1/messages", **fields)


def test_words_are_echoed() -> None:
    answer = compose(WELL, asked(text="Good morning"))
    assert "Good morning" in answer.text
    assert (answer.tools, answer.thinking) == ((), None)


@pytest.mark.parametrize("tool", ["Bash", "run_shell_command", "shell", "exec_command"])
def test_a_shell_that_is_offered_and_asked_for_is_called(tool: str) -> None:
    answer = compose(WELL, asked(text="Run the command `date`, please.", tools=("Read", tool)))
    assert [call.name for call in answer.tools] == [tool]
    assert "echo peekd" in answer.tools[0].input.values()


def test_a_patch_that_is_offered_and_asked_for_is_made() -> None:
    (call,) = compose(WELL, asked(text="Apply a patch.", tools=("Bash", "apply_patch"))).tools
    assert call.name == "apply_patch"
    assert call.input["input"].startswith("*** Begin Patch\n")
    assert call.input["input"].endswith("\n*** End Patch")


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({}, {"command": "echo peekd", "description": "Say peekd"}),
        ({"properties": {"path": {"type": "string"}}}, {"command": "echo peekd", "description": "Say peekd"}),
        ({"properties": {"cmd": {"type": "string"}}, "required": ["cmd"]}, {"cmd": "echo peekd"}),
        (
            {"properties": {"command": {"type": "ARRAY", "items": {"type": "STRING"}}}},
            {"command": ["bash", "-c", "echo peekd"]},
        ),
        (
            {
                "properties": {"command": {}, "description": {}, "is_background": {"type": "boolean"}},
                "required": ["command", "is_background"],
            },
            {"command": "echo peekd", "is_background": False, "description": "Say peekd"},
        ),
    ],
)
def test_a_shell_is_called_as_its_schema_has_it(schema: dict[str, Any], wanted: dict[str, Any]) -> None:
    answer = compose(WELL, asked(text="Run it", tools=("shell",), inputs={"shell": schema}))
    assert [call.input for call in answer.tools] == [wanted]


def test_a_shell_that_nobody_asks_for_is_left_alone() -> None:
    assert compose(WELL, asked(text="Good morning", tools=("Bash",))).tools == ()


def test_a_tools_result_is_answered_with_words() -> None:
    answer = compose(WELL, asked(text="Run it", result="peekd\n", tools=("Bash",)))
    assert (answer.tools, "peekd" in answer.text) == ((), True)


def test_json_that_is_asked_for_has_the_shape_asked_for() -> None:
    schema = {
        "type": "object",
        "properties": {
            "title": {"type": "STRING"},
            "n": {"type": "integer"},
            "kind": {"enum": ["a"]},
            "x": {},
        },
        "required": ["title", "n", "kind"],
    }
    assert compose(WELL, asked(schema=schema)).text == '{"title":"simulated","n":1,"kind":"a"}'


def test_thoughts_come_when_asked_for_and_their_signature_proves_them() -> None:
    first = compose(WELL, asked(text="x", thinks=True, model="a"))
    assert first.thinking
    assert len(first.signature) >= 50
    assert first.signature == compose(WELL, asked(text="y", thinks=True, model="a")).signature
    assert first.signature != compose(WELL, asked(text="x", thinks=True, model="b")).signature
    assert first.signature != compose(Act("answer", thinking="else"), asked(model="a")).signature


def test_what_the_act_says_goes_first() -> None:
    act = Act(
        "answer", text="Hi", thinking="Hm", signature="s", tool="Read", tools=(ToolUse("Edit", {"a": 1}),)
    )
    answer = compose(act, asked(text="Run it", tools=("Bash",)))
    assert (answer.text, answer.thinking, answer.signature) == ("Hi", "Hm", "s")
    assert [call.name for call in answer.tools] == ["Read", "Edit"]


def test_blank_is_blank() -> None:
    answer = compose(Act("answer", text=""), asked(text="x", thinks=True, tools=("Bash",)))
    assert (answer.text, answer.thinking, answer.tools) == ("", None, ())


def test_a_break_inside_a_call_needs_a_call() -> None:
    assert [call.name for call in compose(Act("cut", at="tool"), asked(text="x")).tools] == ["Bash"]


def test_pieces_join_to_the_whole() -> None:
    answer = Answer(" One  two\n three ", "a b", "", (), "", "", malformed=False, usage={})
    assert "".join(answer.words()) == answer.text
    assert "".join(answer.thoughts()) == "a b"
    assert answer.size() == 3
