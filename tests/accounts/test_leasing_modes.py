"""The modes of [scheduling], limits per minute, reserves and reports."""

import pytest
from desk import HAIKU, OPUS, PRO, Desk

from peekd.accounts.account import Account
from peekd.accounts.leasing import lease
from peekd.accounts.settings import Mode
from peekd.accounts.waiting import survey
from peekd.accounts.wanted import Lease, Rest, Resting, Wanted
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.quotas import Quota

# ---- cache-first ------------------------------------------------------------------------------------


def asks(desk: Desk, *, ends: float = 300.0) -> Wanted:
    """Give what a request of session "s" wants that comes now."""
    return Wanted((OPUS,), session="s", began=desk.now, ends=desk.now + ends)


def given(desk: Desk, wanted: Wanted) -> Lease | Rest:
    desk.pool, answer = lease(desk.pool, wanted, desk.now)
    return answer


def tied(mode: Mode = "cache-first", max_concurrent: int = 0) -> tuple[Desk, str]:
    """Give a desk where session "s" is with an account, and its name."""
    accounts = [Account(name, "claude", max_concurrent=max_concurrent) for name in "abc"]
    desk = Desk(*accounts, mode=mode)
    return desk, desk.serve(session="s")


def test_cache_first_waits_for_the_sessions_account_that_is_back_soon() -> None:
    desk, own = tied()
    desk.fail(own, o.RateLimited(retry_after=10))
    wanted = asks(desk)
    answer = given(desk, wanted)
    assert isinstance(answer, Rest)
    assert (answer.soonest, [why.account for why in answer.causes]) == (pytest.approx(10.0), [own])
    assert survey(desk.pool, wanted, desk.now).soonest == pytest.approx(10.0)
    desk.now += 10.0
    served = given(desk, wanted)
    assert isinstance(served, Lease)
    assert (served.account, served.because) == (own, "bound to this session")


@pytest.mark.parametrize("mode", ["balance", "performance-first"])
def test_other_modes_do_not_wait(mode: Mode) -> None:
    desk, own = tied(mode)
    desk.fail(own, o.RateLimited(retry_after=10))
    answer = given(desk, asks(desk))
    assert isinstance(answer, Lease)
    assert answer.account != own


def test_the_wait_for_an_account_is_bounded_and_then_it_moves() -> None:
    desk, own = tied()
    desk.fail(own, o.RateLimited(retry_after=31))
    answer = given(desk, asks(desk))
    assert isinstance(answer, Lease)
    assert answer.account != own


def test_all_waits_of_a_request_together_are_bounded() -> None:
    desk, own = tied(max_concurrent=1)
    desk.lease(again=own)
    wanted = asks(desk)
    while isinstance(answer := given(desk, wanted), Rest):
        desk.now += answer.soonest or 0
    assert answer.account != own
    assert desk.now - (wanted.began or 0) == pytest.approx(30.0, abs=1.0)


def test_it_does_not_wait_beyond_the_requests_budget() -> None:
    desk, own = tied()
    desk.fail(own, o.RateLimited(retry_after=10))
    assert isinstance(given(desk, asks(desk, ends=10.0)), Lease)


def test_it_does_not_wait_for_what_a_person_must_mend() -> None:
    desk, own = tied()
    desk.fail(own, o.PaymentRequired())
    assert isinstance(given(desk, asks(desk)), Lease)


def test_a_session_without_an_account_waits_for_nobody() -> None:
    desk, own = tied()
    desk.fail(own, o.RateLimited(retry_after=10))
    assert isinstance(given(desk, Wanted((OPUS,), session="new", began=desk.now)), Lease)


def test_an_account_that_failed_the_request_twice_is_not_waited_for() -> None:
    desk, own = tied()
    tried = desk.fail(own, o.RateLimited(retry_after=1))
    desk.now += 1
    tried_again = desk.fail(own, o.RateLimited(retry_after=1))
    wanted = Wanted((OPUS,), "s", tried=(tried, tried_again), began=desk.now)
    assert isinstance(given(desk, wanted), Lease)


def test_cache_first_stays_with_a_tired_account_and_balance_does_not() -> None:
    cases: tuple[tuple[Mode, bool], ...] = (("cache-first", True), ("balance", False))
    for mode, stays in cases:
        desk, own = tied(mode)
        desk.fail(own, o.Silent())
        assert (desk.lease(session="s").account == own) is stays


def test_a_session_at_a_later_target_waits_for_it_there() -> None:
    desk = Desk(Account("g", "google"), Account("h", "google"), Account("a", "claude"), mode="cache-first")
    desk.fail("a", o.QuotaExhausted(retry_after=9000))
    own = desk.serve(OPUS, PRO, session="s")
    desk.fail(own, o.RateLimited(retry_after=5), PRO)
    wanted = Wanted((OPUS, PRO), "s", began=desk.now)
    answer = given(desk, wanted)
    assert isinstance(answer, Rest)
    assert [why.account for why in answer.causes] == [own]


# ---- performance-first ------------------------------------------------------------------------------


def paced(**seconds: float) -> Desk:
    """Give a desk whose accounts need so many seconds to their first word."""
    desk = Desk(*(Account(name, "claude") for name in seconds), mode="performance-first")
    for name, after in seconds.items():
        attempt = desk.lease(again=name)
        desk.hear(attempt, after=after)
        desk.settle(attempt, o.Completed())
    return desk


def test_performance_first_asks_the_quickest() -> None:
    desk = paced(a=3.0, b=1.0, c=2.0)
    asked = desk.lease()
    assert asked.account == "b"
    assert asked.because == "the quickest of 3: about 1.0 s to the first word, 0 under way"


def test_a_quick_account_that_is_busy_loses_to_a_slower_one_that_is_free() -> None:
    desk = paced(a=2.5, b=1.0)
    assert [desk.lease().account for _ in range(4)] == ["b", "b", "a", "b"]


def test_the_session_moves_only_where_that_is_clearly_quicker() -> None:
    for other, served in ((0.6, "a"), (0.4, "b")):
        desk = paced(a=1.0, b=other)
        desk.settle(desk.lease(again="a", session="s"), o.Completed())
        assert desk.lease(session="s").account == served


def test_who_is_not_known_yet_is_tried() -> None:
    desk = Desk("a", "b", "c", mode="performance-first")
    assert {desk.serve() for _ in range(3)} == {"a", "b", "c"}


def test_who_was_slow_is_tried_again_after_some_minutes() -> None:
    desk = paced(a=8.0, b=1.0)
    served: list[str] = []
    for _ in range(30):
        attempt = desk.lease()
        desk.hear(attempt, after=1.0)
        desk.settle(attempt, o.Completed())
        served.append(attempt.account)
        desk.now += 60.0
    assert served[0] == "b"
    assert "a" in served


def test_priority_goes_before_speed_and_models_have_their_own_pace() -> None:
    desk = Desk(Account("a", "claude", priority=1), "b", mode="performance-first")
    attempt = desk.lease(again="a")
    desk.hear(attempt, after=60.0)
    assert desk.lease().account == "a"
    assert desk.pool.health["a"].paces.keys() == {"opus"}
    assert desk.lease(HAIKU).because.endswith("unknown to the first word, 2 under way")


# ---- limits per minute ------------------------------------------------------------------------------


def test_no_more_requests_than_its_limit_in_any_minute() -> None:
    desk = Desk(Account("a", "claude", requests_per_minute=3))
    for _ in range(3):
        desk.serve()
    began = desk.now - 3.0
    assert desk.rest().causes == (Resting("a", "busy", began + 60.0),)
    desk.now = began + 60.0
    desk.lease()
    assert desk.rest().soonest == pytest.approx(1.0)


def test_an_account_over_its_limit_lets_others_serve_and_keeps_its_session() -> None:
    desk = Desk(Account("a", "claude", requests_per_minute=1), "b")
    assert [desk.serve(session="s"), desk.serve(session="s")] == ["a", "b"]
    desk.now += 60.0
    assert desk.serve(session="s") == "a"


# ---- reports and reserves ---------------------------------------------------------------------------


def told(desk: Desk, name: str, *quotas: Quota) -> None:
    """Let an answer of this account say what is left."""
    attempt = desk.lease(again=name)
    desk.report(attempt, *quotas)
    desk.settle(attempt, o.Completed())


def test_an_account_below_its_reserve_is_left_even_by_its_session() -> None:
    desk = Desk(Account("a", "claude", reserve=0.2), "b")
    desk.settle(desk.lease(again="a", session="s"), o.Completed())
    told(desk, "a", Quota(0.19, 600.0))
    assert desk.serve(session="s") == "b"


def test_an_account_at_its_reserve_serves() -> None:
    desk = Desk(Account("a", "claude", reserve=0.2, priority=1), "b")
    told(desk, "a", Quota(0.2, 600.0))
    assert desk.serve() == "a"


def test_below_its_reserve_it_serves_where_nobody_else_can() -> None:
    desk = Desk(Account("a", "claude", reserve=0.2), "b")
    told(desk, "a", Quota(0.1, 600.0))
    desk.fail("b", o.RateLimited())
    attempt = desk.lease()
    assert attempt.account == "a"
    assert attempt.because.endswith("; it has little left, but nobody else is")


def test_what_has_little_left_goes_after_the_next_target() -> None:
    desk = Desk(Account("a", "claude", reserve=0.5), Account("g", "google"))
    told(desk, "a", Quota(0.4, 600.0))
    assert desk.lease(OPUS, PRO).account == "g"


def test_others_go_before_an_account_that_is_reported_spent() -> None:
    desk = Desk(Account("a", "claude", priority=5), "b")
    told(desk, "a", Quota(0.0, 600.0))
    assert desk.serve() == "b"


def test_the_least_that_is_reported_counts_and_a_subscription_holds_for_all_models() -> None:
    desk = Desk(Account("a", "claude", priority=5, reserve=0.1), "b")
    told(desk, "a", Quota(0.9, 60.0), Quota(0.05, 60.0))
    assert (desk.serve(OPUS), desk.serve(HAIKU)) == ("b", "a")
    told(desk, "a", Quota(0.05, 60.0, whole=True))
    assert desk.serve(HAIKU) == "b"


def test_a_report_means_nothing_after_its_reset() -> None:
    desk = Desk(Account("a", "claude", priority=5), "b")
    told(desk, "a", Quota(0.0, 600.0))
    desk.now += 600.0
    assert desk.serve() == "a"


def test_an_observed_limit_outranks_any_report_and_ends_belief_in_it() -> None:
    desk = Desk(Account("a", "claude", priority=5), "b")
    told(desk, "a", Quota(1.0, 6000.0))
    desk.fail("a", o.QuotaExhausted())
    assert desk.serve() == "b"
    assert desk.pool.health["a"].left("opus", desk.now) is None


def test_that_a_spent_account_reports_everything_left_brings_it_back_no_sooner() -> None:
    desk = Desk("a")
    attempt = desk.lease()
    desk.settle(attempt, o.QuotaExhausted())
    desk.report(attempt, Quota(1.0, 6000.0))
    assert desk.rest().soonest == pytest.approx(60.0)
