"""The benchmark's command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import parser, stages
from stages import STAGES

TREE = Path(__file__).parents[2]


def test_without_names_all_stages_are_run() -> None:
    assert stages([]) == list(STAGES)


def test_a_name_is_one_stage_and_a_beginning_is_all_that_begin_so() -> None:
    assert [stage.name for stage in stages(["paced"])] == ["paced"]
    assert [stage.name for stage in stages(["paced-"])] == ["paced-gemini", "paced-chat"]
    assert [stage.name for stage in stages(["cancel", "start"])] == ["start", "cancel"]


def test_systems_stand_between_commas() -> None:
    assert parser().parse_args(["--with", "nginx,litellm"]).peers == {"nginx", "litellm"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--with", "nginx,apache"], "'apache' is none of claude-code-router, direct"),
        (["--stage", "nosuch"], "no stage is called 'nosuch'"),
        (["--beside", "bench"], "is no source tree of peekd"),
    ],
)
def test_a_wrong_word_is_told_with_what_there_is(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_another_source_tree_may_be_named() -> None:
    assert parser().parse_args(["--beside", str(TREE)]).beside == TREE
