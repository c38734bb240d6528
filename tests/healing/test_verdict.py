"""What a client is told: the first row that applies, with a true time, and never another's fault."""

import pytest

from peekd.healing.verdict import Setting, broken_off, verdict
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Decision, History, Step
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.outcomes import AnyOutcome
from peekd.vocabulary.refusals import Refusal

LIMITED = o.RateLimited(status=429, retry_after=12.0)
BUSY = o.Overloaded(status=529, type="overloaded_error")
REVOKED = o.Unauthorized(status=401)
NOBODY = o.NoAccount()


def history(*outcomes: AnyOutcome) -> History:
    names = "abcdefgh"
    return tuple(
        Step(outcome, Decision("rotate", ""), "" if outcome is NOBODY else names[n], "u", n + 1)
        for n, outcome in enumerate(outcomes)
    )


def told(*outcomes: AnyOutcome, setting: Setting | None = None) -> Fault:
    return verdict(history(*outcomes), setting or Setting(model="m"))


def test_the_requests_own_fault_goes_before_all_else_with_the_upstreams_words() -> None:
    refusal = Refusal("invalid", 422, "no", words=b'{"error":1}', content_type="application/json; x")
    fault = told(BUSY, o.Rejected(status=422, message="no"), setting=Setting(refusal=refusal))
    assert (fault.kind, fault.status, fault.words) == ("invalid_request", 422, b'{"error":1}')
    assert fault.content_type == "application/json; x"


def test_an_upstream_of_another_protocol_is_quoted_in_the_clients_own() -> None:
    refusal = Refusal("invalid", 400, "no", words=b'{"error":{"code":400}}')
    fault = told(o.Rejected(status=400, message="no"), setting=Setting(refusal=refusal, same_protocol=False))
    assert (fault.words, fault.message, fault.status) == (b"", "no", 400)


def test_a_rejection_inside_a_200_gets_a_true_status() -> None:
    assert told(o.Rejected(status=200, message="no")).status is None


def test_a_signature_error_after_its_repair_is_the_clients_400() -> None:
    assert told(o.Signature(status=400), o.Signature(status=400)).kind == "invalid_request"


def test_too_large_stays_too_large() -> None:
    assert told(o.TooLarge(status=413)).kind == "too_large"


def test_a_model_that_no_account_may_serve_is_not_found() -> None:
    fault = told(o.ModelNotFound(status=404), o.ModelNotFound(status=404), NOBODY)
    assert (fault.kind, fault.status) == ("not_found", 404)


def test_a_passing_cause_anywhere_is_a_503_with_a_time() -> None:
    fault = told(LIMITED, BUSY, REVOKED)
    assert fault.kind == "overloaded"
    assert fault.retry_after == 1
    assert "overloaded (overloaded_error) from b" in fault.message


def test_limits_alone_are_a_429_with_the_soonest_time() -> None:
    fault = told(LIMITED, LIMITED, NOBODY, setting=Setting(soonest=11.2))
    assert (fault.kind, fault.retry_after) == ("rate_limit", 12)
    assert "(a, b)" in fault.message


def test_limits_name_the_accounts_that_a_person_must_mend_too() -> None:
    fault = told(LIMITED, REVOKED, setting=Setting(soonest=5.0, mend=("z",)))
    assert fault.kind == "rate_limit"
    assert "b, z" in fault.message


def test_resting_accounts_that_this_request_never_asked_are_limits() -> None:
    assert told(NOBODY, setting=Setting(soonest=40.0)).kind == "rate_limit"


def test_only_what_a_person_must_mend_is_a_503_without_retry() -> None:
    fault = told(REVOKED, o.PaymentRequired(status=402), NOBODY)
    assert (fault.kind, fault.should_retry, fault.retry_after) == ("overloaded", False, None)
    assert "a, b" in fault.message


def test_an_account_that_is_shut_out_for_good_ends_the_request_with_the_upstreams_words() -> None:
    fault = told(LIMITED, o.Unauthorized(status=401, message="token revoked", stop=True))
    assert (fault.kind, fault.should_retry, fault.retry_after) == ("overloaded", False, None)
    assert fault.message.startswith(
        "b is shut out by its upstream: token revoked; no other account was asked"
    )


def test_where_nobody_was_asked_since_the_upstream_fails_for_all_it_is_no_limit() -> None:
    refused: History = (Step(NOBODY, Decision("give_up", "")),)
    fault = verdict(refused, Setting(soonest=3.2, troubled=True, resting=("a", "b")))
    assert (fault.kind, fault.retry_after) == ("overloaded", 4)
    assert "fails for all its accounts" in fault.message


def test_no_account_at_all_names_the_file_to_edit() -> None:
    fault = told(NOBODY, setting=Setting(configured=False, model="m", where="/etc/peekd/peekd.toml"))
    assert (fault.kind, fault.should_retry) == ("overloaded", False)
    assert "/etc/peekd/peekd.toml" in fault.message


def test_a_wait_beyond_five_minutes_says_its_true_time_and_not_to_retry() -> None:
    fault = told(o.QuotaExhausted(status=429), NOBODY, setting=Setting(soonest=3600.0))
    assert (fault.retry_after, fault.should_retry) == (3600, False)


def test_a_bug_of_ours_is_a_500() -> None:
    assert told(BUSY, o.Internal()).kind == "internal"


@pytest.mark.parametrize("outcome", [o.Broken(type="reset", message="gone"), o.Stalled(message="quiet")])
def test_a_broken_answer_is_told_as_what_may_be_retried(outcome: AnyOutcome) -> None:
    fault = broken_off(outcome)
    assert fault.kind == "overloaded"
    assert outcome.message in fault.message


def test_an_answer_that_cannot_be_told_is_no_matter_of_trying_again() -> None:
    broken = broken_off(o.Broken(type=o.UNSAYABLE, message="a picture"))
    assert (broken.kind, broken.message) == ("invalid_request", "a picture")
    fault = told(o.Rejected(type=o.UNSAYABLE, message="a picture"))
    assert (fault.kind, fault.quoted, fault.message) == ("invalid_request", False, "a picture")
    assert told(o.Rejected(message="max_tokens")).quoted


def test_a_model_that_all_accounts_are_known_not_to_have_is_not_found_without_asking() -> None:
    fault = told(NOBODY, setting=Setting(model="m", missing=True))
    assert (fault.kind, fault.status) == ("not_found", 404)


# ---- word for word: what a person reads ------------------------------------------------------------

WORDS: list[tuple[tuple[AnyOutcome, ...], Setting, Fault]] = [
    ((o.Internal(),), Setting(), Fault("internal", "peekd met a bug of its own")),
    (
        (o.Rejected(status=400),),
        Setting(),
        Fault("invalid_request", "the upstream rejected the request", 400),
    ),
    (
        (o.Rejected(status=400, message="no", should_retry=False),),
        Setting(),
        Fault("invalid_request", "no", 400, should_retry=False, quoted=True),
    ),
    (
        (NOBODY,),
        Setting(configured=False, model="m", where="f"),
        Fault("overloaded", "no account is configured for model m: add one to f", should_retry=False),
    ),
    (
        (o.ModelNotFound(status=404),),
        Setting(Refusal("model_not_found", 404, words=b"{}"), model="m"),
        Fault("not_found", "model: m: no account may serve it", 404, words=b"{}"),
    ),
    (
        (o.Empty(),),
        Setting(),
        Fault(
            "overloaded",
            "no answer after 1 attempt with 1 account; last: empty from a; try again in 1 s",
            retry_after=1,
        ),
    ),
    (
        (BUSY, o.Silent(message="quiet", retry_after=2.5)),
        Setting(),
        Fault(
            "overloaded",
            "no answer after 2 attempts with 2 accounts; last: silent (quiet) from b; try again in 1 s",
            retry_after=1,
        ),
    ),
    (
        (o.Overloaded(retry_after=2.5),),
        Setting(),
        Fault(
            "overloaded",
            "no answer after 1 attempt with 1 account; last: overloaded from a; try again in 3 s",
            retry_after=3,
        ),
    ),
    (
        (LIMITED,),
        Setting(),
        Fault("rate_limit", "all accounts are at their limits (a); try again in 1 s", retry_after=1),
    ),
    (
        (NOBODY,),
        Setting(soonest=300.0),
        Fault(
            "rate_limit", "all accounts are at their limits (resting); try again in 300 s", retry_after=300
        ),
    ),
    (
        (NOBODY,),
        Setting(soonest=7.0, resting=("a", "b", "c"), mend=("b",)),
        Fault(
            "rate_limit",
            "all accounts are at their limits (a, c); to be mended by a person: b; try again in 7 s",
            retry_after=7,
        ),
    ),
    (
        (LIMITED, REVOKED),
        Setting(soonest=5.0),
        Fault(
            "rate_limit",
            "all accounts are at their limits (a); to be mended by a person: b; try again in 5 s",
            retry_after=5,
        ),
    ),
    (
        (NOBODY,),
        Setting(resting=("x", "y")),
        Fault(
            "overloaded",
            "no account can serve until a person mends it: x, y (peekd check --connect)",
            should_retry=False,
        ),
    ),
    (
        (NOBODY,),
        Setting(),
        Fault(
            "overloaded",
            "no account can serve until a person mends it: every account (peekd check --connect)",
            should_retry=False,
        ),
    ),
]


@pytest.mark.parametrize(("outcomes", "setting", "fault"), WORDS)
def test_a_client_is_told_word_for_word(
    outcomes: tuple[AnyOutcome, ...], setting: Setting, fault: Fault
) -> None:
    assert verdict(history(*outcomes), setting) == fault


def test_a_cause_that_no_account_had_is_told_so() -> None:
    drained = (Step(o.Drained(), Decision("give_up", ""), "", "", 0),)
    fault = verdict(drained, Setting(soonest=4.0))
    assert fault.message == (
        "no answer after 0 attempts with 0 accounts; last: drained from no account; try again in 4 s"
    )


def test_without_any_time_to_name_it_is_a_second() -> None:
    assert verdict((Step(o.Drained(), Decision("give_up", ""), "", "", 0),), Setting()).retry_after == 1


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (o.Broken(type="reset", message="gone"), "reset: gone"),
        (o.Stalled(message="quiet"), "quiet"),
        (o.Stalled(), "stalled"),
    ],
)
def test_a_broken_answer_says_how_it_broke(outcome: AnyOutcome, words: str) -> None:
    assert broken_off(outcome) == Fault("overloaded", f"the answer broke off and is not whole: {words}")
