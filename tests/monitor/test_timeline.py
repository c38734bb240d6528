from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.monitor.timeline import LEFT, PHASES, WIDTH, draw, stretches
from peekd.records.entries import AttemptRecord, RequestRecord

times = st.floats(0, 1000)


def attempt(ended: float | None = None, started: float = 0.0, **marks: float) -> AttemptRecord:
    return AttemptRecord(1, "a", "u", "m", started, marks=marks, ended=ended)


def test_an_attempt_is_parted_by_what_was_waited_for() -> None:
    told = attempt(4.0, sent=0.5, headers=1.0, first_byte=1.5, first_meaning=2.0, last=3.5)
    assert list(stretches(told, 9.0)) == [
        ("sent", 0.0, 0.5),
        ("headers", 0.5, 1.0),
        ("first_byte", 1.0, 1.5),
        ("first_meaning", 1.5, 2.0),
        ("last", 2.0, 3.5),
        ("end", 3.5, 4.0),
    ]


@pytest.mark.parametrize(
    ("marks", "phase"),
    [
        ({}, "sent"),
        ({"sent": 1.0}, "headers"),
        ({"sent": 1.0, "headers": 1.0}, "first_byte"),
        ({"sent": 1.0, "headers": 1.0, "first_byte": 1.0}, "first_meaning"),
        ({"sent": 1.0, "first_meaning": 1.0}, "last"),
    ],
)
def test_what_an_attempt_ended_in_is_what_it_waited_for(marks: dict[str, float], phase: str) -> None:
    *_, last = stretches(attempt(5.0, **marks), 9.0)
    assert last == (phase, max(marks.values(), default=0.0), 5.0)


def test_an_attempt_under_way_goes_on_until_now() -> None:
    assert list(stretches(attempt(sent=1.0), 7.0)) == [("sent", 0.0, 1.0), ("headers", 1.0, 7.0)]


@given(st.dictionaries(st.sampled_from([*PHASES, "odd"]), times), times, st.none() | times, times)
def test_stretches_follow_each_other_without_gap_or_overlap(
    marks: dict[str, float], started: float, ended: float | None, until: float
) -> None:
    told = list(stretches(attempt(ended, started, **marks), until))
    assert all(begin <= over for _, begin, over in told)
    assert all(over == begin for (_, _, over), (_, begin, _) in pairwise(told))
    assert all(phase in PHASES for phase, _, _ in told)


@given(st.lists(st.tuples(times, times)), st.lists(st.tuples(times, times)), st.none() | times, times)
def test_whatever_is_drawn_lies_within_the_drawing(
    tries: list[tuple[float, float]],
    pauses: list[tuple[float, float]],
    took: float | None,
    now: float,
) -> None:
    record = RequestRecord("a", 0.0, "POST", "/", "anthropic", seconds=took)
    record.attempts = [attempt(ended, started, sent=started) for started, ended in tries]
    record.waits = [(at, length, "because") for at, length in pauses]
    drawing = draw(record, now)
    assert len(drawing.bars) == len(tries) + len(pauses)
    for bar in drawing.bars:
        assert 0 <= bar.y < drawing.height
        for part in bar.stretches:
            assert LEFT - 2 <= part.x <= part.x + part.width <= WIDTH
            assert part.width > 0


def test_each_phase_that_comes_up_is_named_with_the_drawing(healed: RequestRecord) -> None:
    drawing = draw(healed, 0.0)
    assert [bar.name for bar in drawing.bars] == ["attempt 1", "pause", "attempt 2"]
    assert [bar.good for bar in drawing.bars] == [False, True, True]
    phases = {part.phase for bar in drawing.bars for part in bar.stretches}
    assert {phase for phase, _ in drawing.phases} == phases
    assert drawing.took == "3.42 s"
    assert [tick.label for tick in drawing.ticks][::5] == ["0 ms", "3.42 s"]
