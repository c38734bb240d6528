"""The phrases that people search for stand in the journal."""

import pytest

from peekd.records import narrate
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Decision, Move, Step
from peekd.vocabulary.outcomes import AnyOutcome


def step(outcome: AnyOutcome, move: Move = "rotate", after: float = 0.0) -> Step:
    return Step(outcome, Decision(move, "because", after=after, pace="exponential"), "a", "u", 2)


@pytest.mark.parametrize(
    ("outcome", "phrase"),
    [
        (o.Empty(), "Stream ended during peek (Empty Response), retrying..."),
        (o.ErrorInStream(type="reset", message="gone"), "Stream error during peek: reset: gone, retrying..."),
        (
            o.Silent(message="nothing came for 120 s"),
            "Timeout waiting for first data (120s)",
        ),
        (o.RateLimited(status=429, message="slow down"), "rate_limited 429: slow down"),
    ],
)
def test_an_outcome_is_told_in_the_words_people_search_for(outcome: AnyOutcome, phrase: str) -> None:
    assert narrate.of_outcome(step(outcome)).startswith(phrase)


def test_a_repair_is_told_as_one() -> None:
    assert "Retrying with all thinking blocks removed." in narrate.of_outcome(step(o.Signature(), "repair"))


def test_the_last_failure_does_not_claim_to_be_retried() -> None:
    assert narrate.of_outcome(step(o.Empty(), "give_up")).endswith("giving up")


def test_a_pause_tells_its_shape_status_attempt_and_delay() -> None:
    told = narrate.of_pause(step(o.Overloaded(status=529), "again", 1.5))
    assert told == "Retry with exponential backoff: status=529, attempt=2, delay=1.50s"


def test_a_heartbeat_is_told_without_flooding() -> None:
    told = narrate.skipped_heartbeat(b": ping " * 50)
    assert told.startswith("Skipping peek heartbeat: ")
    assert len(told) < 120


def test_loudness_follows_the_move() -> None:
    assert narrate.priority_of(step(o.Empty(), "give_up")) < narrate.priority_of(step(o.Empty(), "relay"))
