"""A script says who gets which act, and tells every fault in it at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from peekd.simulator.asked import Asked
from peekd.simulator.script import Prompter, Script, load_script
from peekd.vocabulary.errors import OperatorError


def request(key: str = "a", **fields: Any) -> Asked:
    return Asked(
        "anthropic", fields.pop("verb", "generate"), fields.pop("path", "/v1/messages"), key, **fields
    )


def labels(script: Script, *requests: Asked) -> list[str]:
    prompter = Prompter(script)
    return [prompter.next_act(asked).label for asked in requests]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    def write_script(text: str) -> str:
        path = tmp_path / "script.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write_script


def test_each_credential_has_its_own_acts_and_the_last_repeats() -> None:
    script = Script.of({"a": ["429", "answer"], "b": ["empty"]})
    found = labels(script, request("a"), request("b"), request("a"), request("a"), request("b"), request("c"))
    assert found == ["429", "empty", "answer", "answer", "empty", "answer"]


def test_acts_alone_are_for_whoever_asks() -> None:
    assert labels(Script.of(["429", "empty"]), request("a"), request("b")) == ["429", "empty"]


def test_acts_may_start_anew_or_leave_it_to_the_next_play(write: Callable[[str], str]) -> None:
    path = write(
        """
        [[play]]
        key = "a*"
        acts = ["500"]
        after = "pass"
        [[play]]
        acts = ["empty", "answer"]
        after = "cycle"
        """
    )
    found = labels(load_script(path), *(request("alice") for _ in range(5)))
    assert found == ["500", "empty", "answer", "empty", "answer"]


def test_each_credential_may_count_for_itself(write: Callable[[str], str]) -> None:
    path = write('[[play]]\neach = true\nacts = ["500", "answer"]')
    assert labels(load_script(path), request("a"), request("b"), request("a")) == ["500", "500", "answer"]


def test_a_play_may_be_for_a_model_a_path_or_a_kind_of_request(write: Callable[[str], str]) -> None:
    path = write(
        """
        [[play]]
        model = "claude-*[1m]"
        acts = ["404"]
        [[play]]
        path = "*/count_tokens"
        acts = ["429"]
        [[play]]
        when = "signed"
        acts = ["signature"]
        """
    )
    counted = request(verb="count", path="/v1/messages/count_tokens")
    found = labels(
        load_script(path), request(model="claude-opus[1m]"), counted, request(signed=True), request()
    )
    assert found == ["404", "429", "signature", "answer"]


def test_counts_and_lists_use_up_no_act_and_are_well() -> None:
    script = Script.of(["429", "empty"])
    found = labels(script, request(verb="count"), request(), request(verb="models"), request())
    assert found == ["answer", "429", "answer", "empty"]


def test_an_unknown_credential_is_turned_away_where_the_known_ones_are_listed(
    write: Callable[[str], str],
) -> None:
    script = load_script(write('keys = ["a"]\ndefault = "blank"'))
    assert labels(script, request("a"), request("b")) == ["blank", "401"]


@pytest.mark.parametrize("name", ["demo", "well"])
def test_a_bundled_script_is_found_by_its_name(name: str) -> None:
    assert load_script(name).default.label == "answer"


def test_the_demo_shows_its_faults_and_then_is_well() -> None:
    script = load_script("demo")
    requests = [request("sim-alice") for _ in range(40)]
    found = labels(script, request("sim-alice", signed=True), *requests)
    assert found[0] == "signature"
    assert {label.split()[0] for label in found} >= {"429", "empty", "529", "error", "pings", "reset", "cut"}
    assert {label.split()[0] for label in found[-10:]} == {"answer"}


def test_every_fault_of_a_script_is_told_at_once(write: Callable[[str], str]) -> None:
    path = write(
        """
        speed = 3
        keys = "a"
        [[play]]
        acts = ["emtpy", "answer", "cut at=nowhere"]
        [[play]]
        acts = []
        after = "never"
        """
    )
    with pytest.raises(OperatorError) as caught:
        load_script(path)
    told = [fault.removeprefix(f"simulator script {path!r}: ") for fault in caught.value.faults]
    assert [fault.partition(":")[0] for fault in told] == [
        "unknown key 'speed'; there are play, default, keys and strict",
        "play 1, act 1",
        "play 1, act 3",
        "play 2",
        "play 2",
        "keys",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[play]", "at line 1"),
        ("default = " + "9" * 5000, "digits"),
        ("default = " + "[" * 5000, "recursion"),
        ("play = 3", "[[play]]: Expected `array`"),
        ("default = 'x'", "default: unknown act"),
    ],
)
def test_a_script_that_cannot_be_read_is_the_operators_fault(
    write: Callable[[str], str], text: str, fault: str
) -> None:
    with pytest.raises(OperatorError, match=r"simulator script") as caught:
        load_script(write(text))
    assert fault in str(caught.value)


def test_a_script_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no such file, nor one of: demo, well"):
        load_script(str(tmp_path / "none"))
    with pytest.raises(OperatorError, match="directory"):
        load_script(str(tmp_path))


def test_a_strict_script_says_so() -> None:
    assert Script.of(["answer"], strict=True).strict
    assert not Script.of(["answer"]).strict
