"""docs/faults.md is as playing every fault would write it today, and no fault passes for an answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from outages import FAULTS, FORMS, Fault, Form, encode_page, got, played

AN_ANSWER = "an answer"
ANSWERS_THEMSELVES = {"its turn ends without a word", "the last frame is missing"}


@cache
def result(fault: Fault, form: Form, *, well: bool) -> str:
    return got(played(fault, form, well=well))


def results(fault: Fault, *, well: bool) -> Mapping[Form, str]:
    return {form: result(fault, form, well=well) for form in FORMS}


def test_it_is_fresh(tree: Path) -> None:
    assert (tree / "docs/faults.md").read_text() == encode_page(results), "stale: ./dev docs writes it anew"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_another_account_hides_whatever_nobody_has_seen(fault: Fault) -> None:
    for form in FORMS:
        seen = fault.midway and form[1]
        healed = result(fault, form, well=True).startswith(AN_ANSWER)
        assert healed or seen or not fault.passes


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_without_another_account_no_fault_passes_for_an_answer(fault: Fault) -> None:
    for form in FORMS:
        word = result(fault, form, well=False)
        assert word.startswith(AN_ANSWER) is (fault.name in ANSWERS_THEMSELVES)
