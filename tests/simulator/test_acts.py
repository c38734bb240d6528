"""Acts are read from lines and tables, and every fault of one is told."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from peekd.simulator.acts import NAMES, PLACES, Act, ToolUse, read_act

PAGE = Path(__file__).parents[2] / "docs/simulator.md"


@pytest.mark.parametrize("name", [*NAMES, "400", "429", "502", "529", "599"])
def test_each_name_is_an_act_that_remembers_how_it_was_written(name: str) -> None:
    faults: list[str] = []
    act = read_act(name, "here", faults)
    assert act is not None
    assert (act.label, faults) == (name, [])


def test_a_line_holds_keys_with_values_of_any_type() -> None:
    faults: list[str] = []
    act = read_act(
        "429 retry-after=2.5 should-retry=false 'message=Not now' delay=0.5 chunk=3", "here", faults
    )
    assert act is not None
    assert (act.status, act.retry_after, act.should_retry) == (429, "2.5", False)
    assert (act.message, act.delay, act.chunk) == ("Not now", 0.5, 3)


def test_a_table_holds_what_a_line_cannot() -> None:
    spec = {
        "do": "answer",
        "tools": ["Bash", {"name": "Read", "input": {"path": "x"}}],
        "usage": {"a": 1},
        "at": 12,
    }
    act = read_act(spec, "here", [])
    assert act is not None
    assert act.tools == ("Bash", ToolUse("Read", {"path": "x"}))
    assert (act.usage, act.at, act.label) == ({"a": 1}, "12", "answer")


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("emtpy", "here: unknown act 'emtpy' (nearest: empty)"),
        ("399", "here: unknown act '399'"),
        ("", "here: an empty line is no act"),
        ("answer text", "here: 'text' is not key=value"),
        ("answer 'text", 'here: "answer \'text": No closing quotation'),
        ("answer txt=x", "here: unknown key 'txt' (nearest: text)"),
        ("answer delay=soon", "here: delay = 'soon': Expected `float`, got `str`"),
        ("answer delay=-1", "here: delay = -1.0: below zero"),
        ("cut at=here", "here: at = 'here': expected an offset or one of status, first, start, middle, "),
        (
            "cut at=status",
            'here: at = "status": only a drop, a reset or a stall can come before the status line',
        ),
        ("pings length=3", "here: length: only a whole answer can have a wrong length"),
        (7, "here: an act is a line or a table, not 7"),
        ({"text": "x"}, 'here: an act\'s table needs do = "NAME"'),
        ({"do": "answer", "tool": {"name": "x", "inputs": {}}}, "here: tool = "),
    ],
)
def test_a_fault_says_where_and_what(spec: object, fault: str) -> None:
    faults: list[str] = []
    assert read_act(spec, "here", faults) is None
    assert [found[: len(fault)] for found in faults] == [fault]


def test_all_faults_of_an_act_are_told_at_once() -> None:
    faults: list[str] = []
    assert read_act("answer txt=x delay=soon pace=-1", "here", faults) is None
    assert len(faults) == 3


def test_every_name_key_and_place_is_documented() -> None:
    text = PAGE.read_text()
    firsts = re.findall(r"^\| (.+?) \|", text.split("## Acts")[1], re.MULTILINE)
    documented = {word for first in firsts for word in re.findall(r"`(.+?)`", first)}
    keys = {field.name for field in msgspec.structs.fields(Act)} - {"kind", "label", "refusal"}
    assert documented == {*NAMES, *keys, "400", "599"}
    assert set(PLACES) <= set(re.findall(r"`(\w+)`\s\(", text))
