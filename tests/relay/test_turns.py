"""A decision is written down with what it was made from, and without what may not be kept."""

from __future__ import annotations

import msgspec

from peekd.healing.decide import Circumstances
from peekd.records.entries import Turn
from peekd.relay.turns import turn_of
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Decision, Step

AROUND = Circumstances(
    "alice", 1, 2, 3, 8, left=60.0, another=True, same=False, soonest=4.0, refreshable=True
)


def test_outcome_decision_and_circumstances_stand_in_it_and_come_back() -> None:
    step = Step(
        o.RateLimited(status=429, retry_after=5),
        Decision("rotate", "why", 1.5, pace="fixed"),
        "alice",
        "up",
        2,
    )
    turn = turn_of(step, AROUND, 0.25)
    assert (turn.move, turn.because, turn.after, turn.pace, turn.attempt) == (
        "rotate",
        "why",
        1.5,
        "fixed",
        2,
    )
    assert (turn.attempts, turn.accounts, turn.left, turn.another) == (1, 2, 60.0, True)
    assert (turn.same, turn.soonest, turn.refreshable, turn.jitter) == (False, 4.0, True, 0.25)
    assert msgspec.json.decode(msgspec.json.encode(turn), type=Turn) == turn


def test_secrets_and_private_links_are_left_out() -> None:
    outcome = o.ValidationRequired(message="key sk-ant-api03-abcdefghijklmnop", url="https://x/?token=y")
    turn = turn_of(Step(outcome, Decision("rotate", ""), "alice", "up", 1), AROUND, 0.0)
    assert turn.outcome == o.ValidationRequired(message="key [key]")
