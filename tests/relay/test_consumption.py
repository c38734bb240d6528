"""What an attempt consumed: reported, else estimated, else unknown."""

from __future__ import annotations

import pytest

from peekd.records.entries import Counted
from peekd.relay.consumption import Consumption, counted, nothing
from peekd.vocabulary.events import Usage

WHOLE = Usage(prompt=100, cached=20, output=30)


@pytest.mark.parametrize(
    ("reported", "status", "said", "finished", "told"),
    [
        (WHOLE, 200, 9999, True, (WHOLE, "reported")),
        (WHOLE, 200, 40, False, (WHOLE, "reported")),
        (WHOLE, 200, 400, False, (Usage(prompt=100, cached=20, output=100), "estimated")),
        (Usage(prompt=100), 200, 5, True, (Usage(prompt=100, output=2), "estimated")),
        (Usage(), 200, 0, False, (Usage(prompt=77, output=0), "estimated")),
        (Usage(), 429, 0, False, (Usage(), "")),
        (Usage(), 0, 0, False, (Usage(), "")),
        (WHOLE, 500, 0, False, (WHOLE, "reported")),
    ],
)
def test_who_counted_is_told(
    reported: Usage, status: int, said: int, told: tuple[Usage, Counted], *, finished: bool
) -> None:
    assert counted(reported, status, said, finished=finished, estimate=lambda: 77) == told


def test_an_estimate_is_made_only_where_it_is_needed() -> None:
    def never() -> int:
        raise AssertionError

    assert counted(WHOLE, 200, 0, finished=True, estimate=never)[0] == WHOLE
    assert counted(Usage(), 503, 0, finished=False, estimate=never)[0] == Usage()


def test_before_anything_came_nothing_is_known() -> None:
    assert nothing() == Consumption()
    assert (nothing().tokens, Consumption(WHOLE).tokens) == (0, 130)
