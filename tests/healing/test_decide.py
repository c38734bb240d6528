"""The kernel: which move, in which order, and that there is always an end."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peekd.healing.decide import Circumstances, decide, passed_on
from peekd.healing.history import attempts_spent
from peekd.healing.policy import POLICY, Policy
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Decision, History, Step
from peekd.vocabulary.outcomes import AnyOutcome

OPEN = Circumstances(
    account="a",
    attempts=1,
    accounts=1,
    max_attempts=3,
    max_accounts=8,
    left=300.0,
    another=True,
    same=True,
    soonest=None,
)


def around(**changes: object) -> Circumstances:
    return msgspec.convert({**msgspec.structs.asdict(OPEN), **changes}, Circumstances)


def ask(outcome: AnyOutcome, history: History = (), **changes: object) -> Decision:
    return decide(outcome, history, POLICY, around(**changes), jitter=0.0)


def past(outcome: AnyOutcome, move: str, account: str = "a", *, pace: str = "") -> Step:
    decision = msgspec.convert({"move": move, "because": "", "pace": pace}, Decision)
    return Step(outcome, decision, account, "u", 1)


ROTATES = [
    o.RateLimited(status=429),
    o.QuotaExhausted(status=429),
    o.Unauthorized(status=401),
    o.PaymentRequired(status=402),
    o.Forbidden(status=403),
    o.ValidationRequired(status=403),
    o.ModelNotFound(status=404),
    o.ServerError(status=500),
    o.HeadersTimeout(),
    o.Silent(status=200),
]


@pytest.mark.parametrize("outcome", ROTATES)
def test_a_cause_of_the_account_or_a_timeout_rotates_at_once(outcome: AnyOutcome) -> None:
    decision = ask(outcome)
    assert (decision.move, decision.after) == ("rotate", 0.0)


@pytest.mark.parametrize("outcome", [o.Overloaded(status=status) for status in (503, 529)])
def test_an_overload_is_asked_again_once_after_a_pause_then_rotates(outcome: AnyOutcome) -> None:
    first = ask(outcome)
    assert (first.move, first.after, first.pace) == ("again", 1.0, "exponential")
    assert ask(outcome, (past(outcome, "again"),)).move == "rotate"


@pytest.mark.parametrize(
    "outcome", [o.Unreachable(), o.Empty(), o.ErrorInStream(), o.Malformed(), o.Truncated()]
)
def test_a_fault_that_came_at_once_is_asked_again_once_then_rotates(outcome: AnyOutcome) -> None:
    assert ask(outcome).move == "again"
    assert ask(outcome, (past(outcome, "again"),)).move == "rotate"


def test_asking_again_starts_anew_with_each_account() -> None:
    history = (past(o.Empty(), "again", "a"), past(o.Empty(), "rotate", "a"))
    assert ask(o.Empty(), history, account="b").move == "again"


def test_an_account_that_failed_twice_is_not_asked_again_while_another_is_left() -> None:
    history = (past(o.ServerError(), "rotate", "b"),)
    assert ask(o.Empty(), history, account="b").move == "rotate"
    assert ask(o.Empty(), history, account="b", another=False).move == "again"


def test_the_one_retry_of_a_blank_is_had_from_another_account_where_the_same_may_not_be_asked() -> None:
    history = (past(o.Empty(), "again"),)
    assert ask(o.Blank(), history).move == "rotate"
    assert ask(o.Blank(), (*history, past(o.Blank(), "rotate")), account="b").move == "relay"
    assert ask(o.Blank(), history, another=False).move == "again"
    assert ask(o.Blank(), history, another=False, same=False).move == "rotate"


def test_without_another_account_a_passing_cause_is_asked_again_after_its_pause() -> None:
    decision = ask(o.ServerError(status=500), another=False)
    assert (decision.move, decision.after) == ("again", 0.5)
    assert (
        ask(o.ServerError(status=500), (past(o.ServerError(), "again", pace="linear"),), another=False).after
        == 1.0
    )


def test_a_limit_never_asks_the_same_account_again() -> None:
    assert ask(o.RateLimited(status=429), another=False).move == "rotate"


def test_an_upstream_that_says_not_to_retry_is_not_asked_again() -> None:
    assert ask(o.Overloaded(status=529, should_retry=False)).move == "rotate"
    assert ask(o.Overloaded(status=529, should_retry=False), another=False).move == "give_up"


def test_a_told_pause_is_kept_and_a_long_one_is_not_waited_for() -> None:
    assert ask(o.Overloaded(status=503, retry_after=4.0)).after == 4.0
    assert ask(o.Overloaded(status=503, retry_after=60.0)).move == "rotate"


def test_a_refused_credential_is_fetched_anew_once_where_that_can_help() -> None:
    refused = o.Unauthorized(status=401)
    assert ask(refused, refreshable=True).move == "refresh"
    assert ask(refused, (past(refused, "refresh"),), refreshable=True).move == "rotate"
    assert ask(refused, refreshable=False).move == "rotate"


def test_a_signature_error_is_repaired_once_and_then_passed_on() -> None:
    broken = o.Signature(status=400)
    assert ask(broken).move == "repair"
    assert ask(broken, (past(broken, "repair"),)).move == "give_up"


def test_nothing_said_twice_is_the_models_answer() -> None:
    assert ask(o.Blank()).move == "again"
    assert ask(o.Blank(), (past(o.Blank(), "again"),)).move == "relay"


def test_nothing_said_twice_is_the_models_answer_whichever_account_said_it() -> None:
    history = (past(o.Blank(), "again", "a"), past(o.RateLimited(), "rotate", "a"))
    assert ask(o.Blank(), history, account="b").move == "relay"


@pytest.mark.parametrize("outcome", [o.Rejected(status=400), o.TooLarge(status=413)])
def test_the_requests_own_fault_is_never_retried(outcome: AnyOutcome) -> None:
    assert ask(outcome).move == "give_up"


@pytest.mark.parametrize("outcome", [o.Broken(), o.Stalled()])
def test_what_the_client_has_seen_is_never_retried(outcome: AnyOutcome) -> None:
    assert ask(outcome).move == "give_up"


def test_the_last_attempt_is_followed_by_no_pause() -> None:
    decision = ask(o.ServerError(status=500), attempts=3, another=False)
    assert (decision.move, decision.after) == ("give_up", 0.0)


def test_accounts_that_cost_nothing_rotate_beyond_the_attempts_but_not_for_ever() -> None:
    assert ask(o.RateLimited(status=429), attempts=0, accounts=7).move == "rotate"
    assert ask(o.RateLimited(status=429), attempts=0, accounts=8).move == "give_up"


def test_a_pause_that_ends_after_the_budget_is_not_begun() -> None:
    assert ask(o.Overloaded(status=503), left=0.5).move == "give_up"


def test_the_soonest_account_is_waited_for_only_within_the_budget() -> None:
    waiting = ask(o.NoAccount(), account="", another=False, same=False, soonest=20.0)
    assert (waiting.move, waiting.after) == ("wait", 20.0)
    assert ask(o.NoAccount(), account="", another=False, same=False, soonest=301.0).move == "give_up"
    assert ask(o.NoAccount(), account="", another=False, same=False, soonest=None).move == "give_up"


OUTCOMES = st.sampled_from([kind for kind in get_args(AnyOutcome) if kind is not o.NoAccount])

RELAYED = {**POLICY, "silent": msgspec.structs.replace(POLICY["silent"], ladder=("relay",))}


@given(
    kind=st.sampled_from(get_args(AnyOutcome)),
    before=st.lists(st.tuples(OUTCOMES, st.sampled_from(["again", "rotate", "relay"])), max_size=3),
    policy=st.sampled_from([POLICY, RELAYED]),
    circumstances=st.builds(
        Circumstances,
        account=st.sampled_from(["", "a"]),
        attempts=st.integers(0, 9),
        accounts=st.integers(0, 9),
        max_attempts=st.integers(1, 4),
        max_accounts=st.integers(1, 5),
        left=st.floats(-1, 300),
        another=st.booleans(),
        same=st.booleans(),
        soonest=st.none() | st.floats(0, 400),
    ),
)
def test_what_is_decided_at_once_is_decided_so_in_all_circumstances(
    kind: type[AnyOutcome], before: list[tuple[Any, str]], policy: Policy, circumstances: Circumstances
) -> None:
    outcome = kind()
    history = tuple(past(one(), move) for one, move in before)
    decision = passed_on(outcome, history, policy)
    if not history and isinstance(outcome, o.Accepted | o.Completed):
        assert decision is not None
    if decision is not None:
        assert decision == decide(outcome, history, policy, circumstances, jitter=0.5)


def test_an_account_that_is_shut_out_is_nothing_to_pass_on() -> None:
    assert passed_on(o.Accepted(stop=True), (), POLICY) is None


@settings(max_examples=300)
@given(
    data=st.data(),
    accounts=st.integers(1, 12),
    max_attempts=st.integers(1, 4),
    max_accounts=st.integers(1, 5),
)
def test_whatever_an_upstream_does_there_is_an_end(
    data: st.DataObject, accounts: int, max_attempts: int, max_accounts: int
) -> None:
    """Attempts stay within max_attempts + max_accounts + 1, with at most one pause before each."""
    history: History = ()
    asked: list[str] = []
    account = "0"
    while True:
        asked.append(account)
        assert len(asked) <= max_attempts + max_accounts + 1
        outcome = data.draw(OUTCOMES)(status=data.draw(st.sampled_from([None, 200, 400, 429, 500])))
        steps = [(step.account, step.outcome) for step in history] + [(account, outcome)]
        circumstances = Circumstances(
            account=account,
            attempts=attempts_spent(steps),
            accounts=len(set(asked)),
            max_attempts=max_attempts,
            max_accounts=max_accounts,
            left=300.0,
            another=len(set(asked)) < accounts,
            same=data.draw(st.booleans()),
            soonest=None,
            refreshable=data.draw(st.booleans()),
        )
        decision = decide(outcome, history, POLICY, circumstances, jitter=data.draw(st.floats(0, 1)))
        assert decision.because
        if decision.move in {"relay", "give_up"}:
            return
        history = (*history, Step(outcome, decision, account, "u", len(asked)))
        if decision.move == "rotate":
            if not circumstances.another:
                return
            account = str(len(set(asked)))


@pytest.mark.parametrize("kind", [o.Unauthorized, o.Forbidden])
def test_an_account_that_is_shut_out_for_good_is_the_end_whatever_the_ladder_says(
    kind: type[o.Unauthorized | o.Forbidden],
) -> None:
    assert ask(kind(), refreshable=False).move == "rotate"
    decision = ask(kind(stop=True), refreshable=True)
    assert decision.move == "give_up"
    assert decision.because == "the account is shut out for good, and others are not asked lest they are too"


def test_a_blank_that_nobody_can_try_again_now_waits_for_whoever_comes_back() -> None:
    """An account over its requests a minute is such: its first blank is no answer yet."""
    assert ask(o.Blank(), another=False, same=False, soonest=20.0, left=60.0).move == "rotate"
    assert ask(o.NoAccount(), another=False, same=False, soonest=60.0, left=60.0).move == "give_up"
    assert ask(o.Blank(), another=False, same=False, soonest=None).move == "rotate"
    assert ask(o.NoAccount(), another=False, same=False, soonest=None).move == "give_up"


# ---- what may be sent again, and what follows a part of an answer ---------------------------------


@pytest.mark.parametrize(
    ("resent", "most", "move"), [(900, 0, "rotate"), (900, 900, "rotate"), (901, 900, "give_up")]
)
def test_a_retry_that_would_send_too_much_prompt_again_is_given_up(resent: int, most: int, move: str) -> None:
    decision = ask(o.Silent(), resent=resent, max_resent=most)
    assert decision.move == move
    if move == "give_up":
        assert decision.because == "about 901 tokens of prompt would be sent again, and 900 may be"


def test_so_is_a_wait_for_an_account() -> None:
    assert ask(o.NoAccount(), account="", soonest=5.0, resent=2, max_resent=1).move == "give_up"
    assert ask(o.NoAccount(), account="", soonest=5.0, resent=1, max_resent=1).move == "wait"


@pytest.mark.parametrize("outcome", [o.Broken(), o.Stalled()])
def test_what_broke_off_goes_on_only_as_its_route_allows(outcome: AnyOutcome) -> None:
    assert ask(outcome).move == "give_up"
    assert ask(outcome).because == "there is no move that helps"
    assert ask(outcome, beyond=("relay",)).move == "relay"
    assert "completed_at_tool_boundary" in ask(outcome, beyond=("relay",)).because
    assert ask(outcome, beyond=("resume",)).move == "resume"
    assert ask(outcome, (past(outcome, "resume"),), beyond=("resume",)).move == "resume"
    assert ask(outcome, beyond=("relay", "resume")).move == "relay"


@pytest.mark.parametrize("limit", [{"attempts": 3}, {"left": 0.0}, {"resent": 2, "max_resent": 1}])
def test_text_goes_on_within_the_budget_only(limit: dict[str, Any]) -> None:
    assert ask(o.Broken(), beyond=("resume",), **limit).move == "give_up"
