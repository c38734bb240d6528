"""Decisions word for word, as the journal and `peekd explain` show them; and the edges of every limit."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.healing.decide import Circumstances, decide
from peekd.healing.policy import POLICY, Policy, Rule
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Decision, History, Step
from peekd.vocabulary.outcomes import AnyOutcome

AROUND = Circumstances("a", 1, 1, 3, 8, left=300.0, another=True, same=True, soonest=None)
ALONE: dict[str, Any] = {"another": False}
NOBODY: dict[str, Any] = {"account": "", "another": False, "same": False}
BUSY = o.Overloaded(status=529)
BROKEN = o.ServerError(status=500)


def ask(
    outcome: AnyOutcome,
    history: History = (),
    policy: Policy = POLICY,
    jitter: float = 0.0,
    **changes: object,
) -> Decision:
    around = msgspec.convert({**msgspec.structs.asdict(AROUND), **changes}, Circumstances)
    return decide(outcome, history, policy, around, jitter=jitter)


def past(outcome: AnyOutcome, decision: Decision, account: str = "a") -> Step:
    return Step(outcome, decision, account, "u", 1)


AGAIN = Decision("again", "", pace="fixed")
ONE_MORE = "the same account once more"
TIME_SPENT = Decision("give_up", "the time for this request is spent")

WORDS: list[tuple[AnyOutcome, dict[str, Any], Decision]] = [
    (o.Accepted(), {}, Decision("relay", "the first meaningful event has come: commit and relay")),
    (o.Completed(), {}, Decision("relay", "the answer is whole")),
    (BUSY, {}, Decision("again", ONE_MORE, after=1.0, pace="exponential")),
    (
        BROKEN,
        ALONE,
        Decision("again", f"{ONE_MORE}, no other account is left", after=0.5, pace="linear"),
    ),
    (o.RateLimited(), {}, Decision("rotate", "another account")),
    (o.RateLimited(), ALONE, Decision("rotate", "another account, if one comes back in time")),
    (
        o.Unauthorized(),
        {"refreshable": True},
        Decision("refresh", "the credential is fetched anew", after=0.1, pace="fixed"),
    ),
    (
        o.Signature(),
        {},
        Decision("repair", "once more with its thoughts and signatures mended", after=0.2, pace="fixed"),
    ),
    (
        o.Signature(),
        {"attempts": 3},
        Decision("repair", "once more with its thoughts and signatures mended", after=0.2, pace="fixed"),
    ),
    (o.Rejected(), {}, Decision("give_up", "there is no move that helps")),
    (BUSY, {"attempts": 3}, Decision("give_up", "all 3 attempts are spent")),
    (BUSY, {"attempts": 2}, Decision("again", ONE_MORE, after=1.0, pace="exponential")),
    (
        o.RateLimited(),
        {"attempts": 0, "accounts": 8},
        Decision("give_up", "all 8 accounts for one request are spent"),
    ),
    (
        o.Overloaded(should_retry=False),
        ALONE,
        Decision("give_up", "the upstream asks not to be asked again"),
    ),
    (o.RateLimited(), {"left": 0.0}, TIME_SPENT),
    (o.RateLimited(), {"left": 0.5}, Decision("rotate", "another account")),
    (BUSY, {"left": 1.0}, TIME_SPENT),
    (BUSY, {"left": 1.1}, Decision("again", ONE_MORE, after=1.0, pace="exponential")),
    (
        o.NoAccount(),
        {**NOBODY, "soonest": 20.04},
        Decision("wait", "the soonest is back in 20.0 s", after=20.04),
    ),
    (o.NoAccount(), NOBODY, Decision("give_up", "no account comes back by itself")),
    (
        o.NoAccount(),
        {**NOBODY, "soonest": 300.0},
        Decision("give_up", "the soonest is back in 300 s, beyond the 300 s left"),
    ),
    (
        o.NoAccount(),
        {**NOBODY, "soonest": 1.0, "attempts": 3},
        Decision("give_up", "all 3 attempts are spent"),
    ),
    (
        o.NoAccount(),
        {**NOBODY, "soonest": 1.0, "attempts": 2},
        Decision("wait", "the soonest is back in 1.0 s", after=1.0),
    ),
]


@pytest.mark.parametrize(("outcome", "changes", "decision"), WORDS)
def test_every_decision_says_why(outcome: AnyOutcome, changes: dict[str, Any], decision: Decision) -> None:
    assert ask(outcome, **changes) == decision


def test_a_second_blank_is_passed_on_as_what_it_is() -> None:
    said = "nothing was said twice: it is the model's answer (blank_accepted)"
    assert ask(o.Blank(), (past(o.Blank(), AGAIN),)) == Decision("relay", said)


def test_what_an_operator_lets_pass_is_said_to_be_policy() -> None:
    policy = {**POLICY, "empty": Rule(("relay",))}
    assert ask(o.Empty(), policy=policy) == Decision("relay", "passed on as the policy says")


def test_a_ladder_that_ends_says_how_long_it_was() -> None:
    policy = {**POLICY, "empty": Rule(("again", "rotate"))}
    history = (past(o.Empty(), AGAIN), past(o.Empty(), Decision("rotate", "")))
    assert ask(o.Empty(), history, policy) == Decision("give_up", "all 2 moves are spent")


# ---- ladders ---------------------------------------------------------------------------------------


def test_a_ladder_without_end_repeats_its_last_rung() -> None:
    policy = {**POLICY, "empty": Rule(("again", "rotate", "relay"), repeat=True)}
    history = tuple(past(o.Empty(), Decision(move, "")) for move in ("again", "rotate", "relay", "relay"))
    assert [ask(o.Empty(), history[:count], policy).move for count in range(5)] == [
        "again",
        "rotate",
        "relay",
        "relay",
        "relay",
    ]


def test_a_ladder_of_the_whole_request_repeats_its_last_rung_only_where_it_is_told_to() -> None:
    rows = {"blank": Rule(("again", "rotate", "relay"), anew=False)}
    history = tuple(past(o.Blank(), Decision("rotate", "")) for _ in range(4))
    assert ask(o.Blank(), history, {**POLICY, **rows}).move == "give_up"
    rows = {"blank": Rule(("again", "rotate", "relay"), repeat=True, anew=False)}
    assert ask(o.Blank(), history, {**POLICY, **rows}).move == "relay"
    rows = {"blank": Rule((), repeat=True, anew=False)}
    assert ask(o.Blank(), history, {**POLICY, **rows}).move == "give_up"


def test_a_refresh_that_cannot_help_is_left_out_of_a_requests_ladder() -> None:
    rows = {"blank": Rule(("refresh", "relay"), anew=False)}
    assert ask(o.Blank(), policy={**POLICY, **rows}, **ALONE).move == "relay"
    assert ask(o.Blank(), policy={**POLICY, **rows}, refreshable=True).move == "refresh"


# ---- pauses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "move", "after"), [(None, "again", 1.0), (10.0, "again", 10.0), (10.1, "rotate", 0.0)]
)
def test_ten_seconds_are_the_longest_pause_that_an_upstream_is_given(
    told: float | None, move: str, after: float
) -> None:
    decision = ask(o.Overloaded(retry_after=told))
    assert (decision.move, decision.after) == (move, after)


def test_only_pauses_for_the_same_cause_make_the_next_one_longer() -> None:
    others = (past(o.Empty(), AGAIN, "b"), past(BROKEN, Decision("rotate", ""), "b"))
    assert ask(BROKEN, others, **ALONE).after == 0.5
    assert ask(BROKEN, (*others, past(BROKEN, AGAIN, "b")), **ALONE).after == 1.0


def test_a_pause_that_was_told_holds_for_the_account_that_told_it_and_no_credential() -> None:
    refused = o.Unauthorized(retry_after=9.0)
    assert ask(refused, refreshable=True).after == 0.1


def test_jitter_makes_a_pause_longer_by_a_quarter_at_most() -> None:
    assert [ask(BUSY, jitter=share).after for share in (0.0, 0.5, 1.0)] == [1.0, 1.125, 1.25]
