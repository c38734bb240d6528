"""docs/faults.md is as playing every fault would write it today, and peekd keeps its word about each."""

from __future__ import annotations

from typing import get_args

import pytest
from simulation.heard import Heard
from simulation.tongues import TONGUES

from faults.page import HEADS, NAMES, PAGE, STREAMS, differing, encode_page, played
from faults.stage import CASES, Case, Cell, Scene, judge
from faults.table import FAULTS, WORDS, Fault, Kind
from faults.without import WITHOUT
from peekd.protocols.registry import CLIENTS, UPSTREAMS

TOLD = {"words, then an error", "error in the stream"}
BY_KEY = {fault.key: fault for fault in FAULTS}


def cells(*kinds: Kind, stream: bool | None = None, case: Case | None = None) -> dict[Scene, Cell]:
    """Give what was played of these kinds, before every client and through every protocol."""
    found = {
        scene: cell
        for scene, cell in played().items()
        if scene.fault.kind in kinds and stream in {None, scene.stream} and case in {None, scene.case}
    }
    assert found
    return found


def named(found: dict[Scene, Cell], *, but: set[str]) -> list[str]:
    """Tell which came out otherwise."""
    return [
        f"{scene.fault.name}, {scene.client} to {scene.upstream}, {scene.case}: {cell.words}"
        for scene, cell in found.items()
        if cell.result not in but
    ]


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text() == encode_page(), "stale: ./dev docs writes it anew"


# ---- laws -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["passing", "account"])
def test_another_account_answers_whatever_came_before_words(kind: Kind) -> None:
    assert named(cells(kind, case="another"), but={"answer"}) == []


def test_the_only_account_answers_once_a_cause_has_passed() -> None:
    assert named(cells("passing", "blank", case="once"), but={"answer"}) == []


@pytest.mark.parametrize("case", ["another", "once"])
def test_an_answer_in_one_piece_is_healed_up_to_its_last_byte(case: Case) -> None:
    assert named(cells("late", stream=False, case=case), but={"answer"}) == []


def test_what_breaks_after_words_is_told_in_the_stream() -> None:
    here = cells("late", stream=True)
    begun = {
        scene: cell
        for scene, cell in here.items()
        if scene.fault.key != "cut-tool" or scene.upstream != "gemini"
    }
    assert named(begun, but=TOLD) == []
    assert named(here, but={*TOLD, "answer", "refused"}) == []


def test_no_200_is_empty_and_no_part_of_an_answer_passes_for_whole() -> None:
    every = cells("passing", "account", "own", "blank", "late", "whole")
    assert len(every) == len(played())
    assert named(every, but={*TOLD, "answer", "refused", "empty turn"}) == []


def test_only_the_models_own_empty_turns_are_passed_on() -> None:
    passed_on = {scene: cell for scene, cell in played().items() if cell.result == "empty turn"}
    assert {scene.fault.kind for scene in passed_on} == {"blank"}
    assert {cell.note for cell in passed_on.values()} == {"blank_accepted"}


def test_a_request_at_fault_is_told_at_once_and_as_it_came() -> None:
    for scene, cell in cells("own").items():
        assert (cell.status, cell.moves, cell.seconds) == (400, (), 0)
        assert cell.verbatim == (scene.client == scene.upstream)


def test_a_missing_last_frame_costs_nothing() -> None:
    assert all(cell == Cell("answer", note="last_frame_supplied") for cell in cells("whole").values())


def test_a_refusal_is_one_that_agents_take_as_it_is_meant() -> None:
    refused = {scene: cell for scene, cell in played().items() if cell.result == "refused"}
    assert {cell.status for cell in refused.values()} == {400, 404, 429, 503}
    for cell in refused.values():
        if cell.status in {429, 503}:
            assert (cell.retry_after or 0) >= 1 or not cell.should_retry


def test_a_translated_path_differs_where_a_tool_call_is_cut_and_nowhere_else() -> None:
    found = differing()
    assert {scene.fault.key for scene in found} == {"cut-tool"}
    assert all(scene.stream and "gemini" in {scene.client, scene.upstream} for scene in found)


# ---- what they rest on ------------------------------------------------------------------------------


def test_half_an_answer_and_none_are_found_out() -> None:
    assert judge(Heard(text=WORDS, starts=1, ends=1, reason="stop")) == "answer"
    assert judge(Heard(text=WORDS[:9], starts=1, ends=1, reason="stop")) == "PART FOR WHOLE"
    assert judge(Heard(text=WORDS, starts=1, ends=1)) == "PART FOR WHOLE"
    assert judge(Heard(text=WORDS, starts=1, reason="stop")) == "PART FOR WHOLE"
    assert judge(Heard()) == "NOTHING"
    assert judge(Heard(starts=1, ends=1, reason="stop")) == "empty turn"
    assert (
        judge(Heard(text=WORDS[:9], starts=1, error="overloaded_error: Overloaded")) == "words, then an error"
    )
    assert judge(Heard(error="overloaded_error: Overloaded")) == "error in the stream"


def test_every_protocol_is_played_both_ways_and_has_programs_that_were_tried() -> None:
    played_by = {(scene.client, scene.upstream) for scene in played()}
    assert played_by == {(client, upstream) for client in TONGUES for upstream in UPSTREAMS}
    assert CLIENTS.keys() - TONGUES.keys() == {"openai-completions"}, "no agent was tried on the legacy one"
    assert TONGUES.keys() == NAMES.keys() == WITHOUT.keys()
    assert set(HEADS) == set(CASES)
    assert {scene.stream for scene in played()} == set(STREAMS)


def test_faults_are_named_once_and_of_every_kind() -> None:
    assert len(BY_KEY) == len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert {fault.kind for fault in FAULTS} == set(get_args(Kind))


@pytest.mark.parametrize("client", WITHOUT)
def test_each_run_is_of_a_fault_in_the_table(client: str) -> None:
    for program in WITHOUT[client]:
        faults: list[Fault] = [BY_KEY[key] for key in program.runs]
        assert len(faults) >= 8
        assert all(client not in fault.but for fault in faults)
