"""What is counted of requests, and that nothing a client says makes more labels."""

from hypothesis import given
from hypothesis import strategies as st

from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.records.tally import ANSWER_SECONDS, LAG_SECONDS, MOST_EVENTS, MOST_MODELS, OTHER, Histogram, Tally
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Decision, Step
from peekd.vocabulary.events import Usage


def attempt(number: int, outcome: str, model: str = "m", **marks: float) -> AttemptRecord:
    return AttemptRecord(number, "alice", "up", model, 0.0, marks=marks, outcome=outcome)


def closed(*attempts: AttemptRecord, outcome: str = "completed", usage: Usage | None = None) -> RequestRecord:
    record = RequestRecord("r", 0.0, "POST", "/v1/messages", "anthropic", outcome=outcome, seconds=3.0)
    record.attempts = list(attempts)
    record.usage = usage or Usage()
    return record


def test_a_request_and_each_of_its_attempts_count_once() -> None:
    tally = Tally()
    tally.closed(closed(attempt(1, "rate_limited"), attempt(2, "completed", first_meaning=1.5)))
    assert tally.requests == {("anthropic", "completed"): 1}
    assert tally.attempts == {("up", "rate_limited"): 1, ("up", "completed"): 1}
    assert (tally.seconds["anthropic"].count, tally.seconds["anthropic"].total) == (1, 3.0)
    assert (tally.meaning["anthropic"].count, tally.meaning["anthropic"].total) == (1, 1.5)


def test_what_meant_something_and_was_not_passed_on_is_no_first_meaning() -> None:
    tally = Tally()
    tally.closed(closed(attempt(1, "blank", first_meaning=1.5), outcome="blank"))
    tally.closed(closed(outcome="rejected"))
    assert not tally.meaning
    assert tally.seconds["anthropic"].count == 2


def test_tokens_are_booked_to_who_reported_them_and_what_was_not_reported_is_nothing() -> None:
    tally = Tally()
    usage = Usage(prompt=100, cached=80, output=7)
    for _ in range(2):
        tally.closed(closed(attempt(1, "completed"), usage=usage))
    assert tally.tokens == {("up", "m", "prompt"): 200, ("up", "m", "cached"): 160, ("up", "m", "output"): 14}


def test_models_that_clients_make_up_share_one_label() -> None:
    tally = Tally()
    for number in range(MOST_MODELS + 40):
        tally.closed(closed(attempt(1, "completed", f"m{number}"), usage=Usage(output=1)))
    assert len(tally.tokens) == MOST_MODELS + 1
    assert tally.tokens["up", OTHER, "output"] == 40
    tally.closed(closed(attempt(1, "completed", "m0"), usage=Usage(output=1)))
    assert tally.tokens["up", "m0", "output"] == 2


def test_events_are_counted_by_word_and_bounded() -> None:
    tally = Tally()
    for number in range(MOST_EVENTS + 3):
        tally.happened(f"e{number}")
    tally.happened("e0")
    assert (tally.events["e0"], tally.events[OTHER]) == (2, 3)


def test_decisions_count_by_move_and_by_what_they_were_made_on() -> None:
    tally = Tally()
    tally.stepped(Step(o.Silent(), Decision("rotate", "because"), "alice", "up", 1))
    assert tally.decisions == {("rotate", "silent"): 1}


@given(st.lists(st.floats(0, 3000)))
def test_buckets_are_cumulative_and_the_last_holds_all(values: list[float]) -> None:
    seen = Histogram(ANSWER_SECONDS)
    for value in values:
        seen.note(value)
    *limited, (name, every) = seen.buckets
    assert (name, every) == ("+Inf", len(values) == seen.count and seen.count)
    assert [count for _, count in limited] == [
        sum(value <= limit for value in values) for limit in ANSWER_SECONDS
    ]


def test_limits_ascend() -> None:
    assert list(ANSWER_SECONDS) == sorted(set(ANSWER_SECONDS))
    assert list(LAG_SECONDS) == sorted(set(LAG_SECONDS))
