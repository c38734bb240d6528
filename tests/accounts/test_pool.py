from __future__ import annotations

from collections.abc import Callable

import pytest

from peekd.accounts.account import Account
from peekd.accounts.pool import (
    Pool,
    disable,
    enable,
    holder,
    keep,
    lease,
    open_pool,
    renew,
    reset,
    settle,
    strangers,
    survey,
)
from peekd.accounts.wanted import Lease, Rest, Resting, Survey, Target, Tried, Wanted
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import Outcome

OPUS = Target("claude", "opus")
HAIKU = Target("claude", "haiku")
PRO = Target("google", "pro")


class Desk:
    """Leases and settles on one pool while `now` moves by hand, so that a test reads as a dialogue."""

    def __init__(self, *accounts: Account | str) -> None:
        self.pool = open_pool(Account(one, "claude") if isinstance(one, str) else one for one in accounts)
        self.now = 1000.0

    def lease(
        self,
        *targets: Target,
        session: str | None = None,
        tried: tuple[Tried, ...] = (),
        again: str | None = None,
    ) -> Lease:
        wanted = Wanted(targets or (OPUS,), session, tried, again)
        self.pool, given = lease(self.pool, wanted, self.now)
        assert isinstance(given, Lease)
        return given

    def rest(self, *targets: Target, tried: tuple[Tried, ...] = ()) -> Rest:
        pool, answer = lease(self.pool, Wanted(targets or (OPUS,), tried=tried), self.now)
        assert isinstance(answer, Rest)
        assert pool == self.pool
        return answer

    def settle(self, given: Lease, outcome: Outcome) -> Tried:
        self.pool = settle(self.pool, given, outcome, self.now)
        return given.tried

    def fail(self, name: str, outcome: Outcome, target: Target = OPUS) -> Tried:
        """Ask this account and book this outcome."""
        given = self.lease(target, again=name)
        assert given.account == name
        return self.settle(given, outcome)

    def serve(self, *targets: Target, session: str | None = None) -> str:
        """Let one request succeed after a second; give the name of who served."""
        given = self.lease(*targets, session=session)
        self.now += 1.0
        self.settle(given, o.Completed())
        return given.account

    def survey(self, *targets: Target, tried: tuple[Tried, ...] = ()) -> Survey:
        return survey(self.pool, Wanted(targets or (OPUS,), tried=tried), self.now)


# ---- leases -----------------------------------------------------------------------------------------


def test_two_accounts_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        open_pool([Account("a", "claude"), Account("a", "google")])


def test_a_lease_is_settled_once() -> None:
    desk = Desk("a")
    given = desk.lease()
    desk.settle(given, o.Completed())
    with pytest.raises(ValueError, match="not open"):
        desk.settle(given, o.Completed())


def test_what_a_lease_counts_is_given_back_whatever_the_outcome() -> None:
    desk = Desk("a")
    for outcome in (o.Completed(), o.ClientGone(), o.Silent(), o.Rejected()):
        given = desk.lease()
        assert desk.pool.health["a"].in_flight == 1
        desk.settle(given, outcome)
        assert desk.pool.health["a"].in_flight == 0


def test_the_upstream_and_the_models_of_an_account_bound_what_it_serves() -> None:
    desk = Desk(Account("g", "google"), Account("h", "claude", models=("haiku*",)), Account("o", "claude"))
    assert desk.lease(OPUS).account == "o"
    assert desk.lease(PRO).account == "g"
    assert not desk.rest(Target("elsewhere", "opus")).exists


def test_the_next_target_serves_when_the_one_before_has_no_account_left() -> None:
    desk = Desk("a", Account("g", "google"))
    assert desk.lease(OPUS, PRO).account == "a"
    desk.fail("a", o.QuotaExhausted())
    given = desk.lease(OPUS, PRO)
    assert (given.account, given.model) == ("g", "pro")
    assert given.because == "the only one that is left; nobody else for claude/opus"


def test_the_same_account_serves_the_next_target_where_only_its_first_model_is_limited() -> None:
    desk = Desk("a")
    tried = (desk.fail("a", o.RateLimited(scope="model")),)
    assert desk.survey(OPUS, HAIKU, tried=tried).another
    assert desk.lease(OPUS, HAIKU, tried=tried).model == "haiku"


def test_an_account_at_its_limit_is_left_out_and_asked_again_soon() -> None:
    desk = Desk(Account("a", "claude", max_concurrent=1))
    given = desk.lease()
    assert desk.rest() == Rest(1.0, (Resting("a", "busy", 1001.0),), (), exists=True)
    desk.settle(given, o.ClientGone())
    assert desk.lease().account == "a"


def test_equal_accounts_serve_in_turn_and_heavier_ones_more_often() -> None:
    desk = Desk(Account("a", "claude", weight=3), "b")
    served = [desk.serve() for _ in range(40)]
    assert (served.count("a"), served.count("b")) == (30, 10)


def test_an_account_that_comes_back_gets_its_turn_and_no_more() -> None:
    desk = Desk("a", "b")
    desk.fail("b", o.QuotaExhausted())
    for _ in range(20):
        assert desk.serve() == "a"
    desk.now += 60
    served = [desk.serve() for _ in range(10)]
    assert served.count("b") == 5


def test_an_account_nobody_knows_yet_is_not_ranked_first_for_ever() -> None:
    desk = Desk("new", "good")
    served: list[str] = []
    for _ in range(20):
        given = desk.lease()
        desk.settle(given, o.ServerError() if given.account == "new" else o.Completed())
        served.append(given.account)
        desk.now += 1.0
    assert served.count("new") == 1


# ---- cooldowns --------------------------------------------------------------------------------------


def test_a_lock_is_looked_up_by_the_name_it_was_set_by() -> None:
    desk = Desk(Account("alice@example.com", "claude"))
    given = desk.lease()
    desk.settle(given, o.RateLimited(retry_after=40))
    assert desk.rest().causes == (Resting(given.account, "rate_limited", 1040.0),)
    assert list(desk.pool.health) == ["alice@example.com"]


def test_a_resting_account_is_back_when_it_was_told_and_not_before() -> None:
    desk = Desk("a")
    desk.fail("a", o.RateLimited(retry_after=2.9))
    assert desk.rest().soonest == pytest.approx(2.9)
    desk.now += 2.8
    assert desk.rest().soonest == pytest.approx(0.1)
    desk.now += 0.11
    assert desk.lease().account == "a"


def test_asking_while_all_rest_clears_no_lock() -> None:
    desk = Desk("a", "b")
    desk.fail("a", o.RateLimited(retry_after=1))
    desk.fail("b", o.QuotaExhausted(retry_after=3600))
    for _ in range(5):
        assert desk.rest().soonest == pytest.approx(1.0)
    desk.now += 1.0
    assert desk.lease().account == "a"
    assert desk.pool.health["b"].resting("opus", desk.now)


def test_a_reset_clears_one_account_and_never_the_others() -> None:
    desk = Desk("a", "b")
    desk.fail("a", o.QuotaExhausted())
    desk.fail("b", o.QuotaExhausted())
    other = desk.pool.health["b"]
    desk.pool = reset(desk.pool, "a")
    assert desk.lease().account == "a"
    assert desk.pool.health["b"] == other


def test_a_resting_account_never_blocks_a_healthy_sibling() -> None:
    desk = Desk("a", "b")
    desk.fail("a", o.QuotaExhausted(retry_after=9000))
    assert desk.survey().another
    assert desk.lease().account == "b"


def test_a_limit_of_one_model_leaves_the_others_of_that_account() -> None:
    desk = Desk("a")
    desk.fail("a", o.QuotaExhausted(scope="model"))
    assert desk.lease(HAIKU).account == "a"
    assert not desk.rest(OPUS).mend


def test_a_tired_account_serves_where_nobody_else_can() -> None:
    desk = Desk("a", "b")
    desk.fail("a", o.Silent())
    assert desk.lease().account == "b"
    desk.fail("b", o.RateLimited())
    assert desk.lease().account == "a"


def test_what_a_person_must_mend_is_named_and_not_waited_for() -> None:
    desk = Desk("a", "b")
    desk.fail("a", o.Unauthorized())
    desk.fail("b", o.PaymentRequired())
    rest = desk.rest()
    assert (rest.soonest, rest.mend) == (None, ("a", "b"))
    assert [why.until for why in rest.causes] == [None, None]


def test_an_account_is_back_only_when_all_that_holds_it_has_ended() -> None:
    desk = Desk("a")
    first, second = desk.lease(), desk.lease()
    desk.settle(first, o.RateLimited(retry_after=5))
    desk.settle(second, o.QuotaExhausted(retry_after=50))
    assert desk.rest().soonest == 50


def test_a_limit_on_an_account_to_be_mended_is_not_waited_for() -> None:
    desk = Desk("a")
    first, second = desk.lease(), desk.lease()
    desk.settle(first, o.RateLimited(retry_after=5))
    desk.settle(second, o.Unauthorized())
    assert desk.rest().soonest is None


def test_a_disabled_account_is_not_asked_until_it_is_enabled() -> None:
    desk = Desk("a")
    desk.pool = disable(desk.pool, "a")
    assert desk.rest() == Rest(None, (Resting("a", "disabled", None),), (), exists=True)
    desk.pool = enable(desk.pool, "a")
    assert desk.lease().account == "a"


def test_disabling_lets_what_runs_go_on() -> None:
    desk = Desk("a")
    given = desk.lease()
    desk.pool = disable(desk.pool, "a")
    desk.settle(given, o.Completed())
    assert desk.pool.health["a"].in_flight == 0


def test_a_new_credential_is_tried_at_once_and_if_turned_away_too_rests_longer() -> None:
    desk = Desk("a")
    tried = (desk.fail("a", o.Unauthorized()),)
    desk.rest(tried=tried)
    desk.pool = renew(desk.pool, "a")
    desk.now += 0.1
    desk.settle(desk.lease(tried=tried, again="a"), o.Unauthorized())
    assert [rest.until for rest in desk.pool.health["a"].cooldowns] == [pytest.approx(desk.now + 300)]


def test_a_new_credential_ends_no_limit() -> None:
    desk = Desk("a")
    first, second = desk.lease(), desk.lease()
    desk.settle(first, o.RateLimited())
    desk.settle(second, o.Unauthorized())
    desk.pool = renew(desk.pool, "a")
    assert [why.cause for why in desk.rest().causes] == ["rate_limited"]


@pytest.mark.parametrize("verb", [enable, disable, reset, renew])
def test_an_account_that_does_not_exist_is_an_error(verb: Callable[[Pool, str], Pool]) -> None:
    with pytest.raises(KeyError):
        verb(open_pool([]), "nobody")


# ---- one request ------------------------------------------------------------------------------------


def test_an_account_not_asked_yet_goes_before_those_that_failed() -> None:
    desk = Desk(Account("a", "claude", priority=9), "b")
    tried = (desk.fail("a", o.Silent()),)
    desk.now += 60
    given = desk.lease(tried=tried)
    assert given.account == "b"
    assert desk.lease(tried=(*tried, given.tried)).account == "a"


def test_again_means_the_same_account_and_the_same_model() -> None:
    desk = Desk(Account("a", "claude", priority=-1), "b")
    tried = (desk.fail("a", o.Overloaded(), HAIKU),)
    given = desk.lease(OPUS, HAIKU, tried=tried, again="a")
    assert (given.account, given.model, given.because) == ("a", "haiku", "the same account once more")


def test_where_the_same_account_can_no_more_another_serves() -> None:
    desk = Desk("a", "b")
    tried = (desk.fail("a", o.Overloaded()),)
    desk.fail("a", o.RateLimited())
    assert desk.lease(tried=tried, again="a").account == "b"


def test_an_account_that_failed_twice_goes_last() -> None:
    desk = Desk("a", "b")
    tried = (desk.fail("a", o.Empty()), desk.fail("a", o.Empty()), desk.fail("b", o.Empty()))
    assert desk.lease(tried=tried).account == "b"
    assert not desk.survey(tried=(tried[2], *tried[:2])).same


def test_an_account_that_failed_twice_serves_where_it_is_the_only_one() -> None:
    desk = Desk("a")
    tried = (desk.fail("a", o.Empty()), desk.fail("a", o.Empty()))
    assert desk.survey(tried=tried) == Survey(another=False, same=True, soonest=None)
    assert desk.lease(tried=tried).account == "a"


def test_a_limited_account_that_this_request_asked_serves_it_after_its_rest() -> None:
    desk = Desk("a", "b")
    tried = (desk.fail("a", o.RateLimited(retry_after=3)), desk.fail("b", o.RateLimited(retry_after=9)))
    assert desk.survey(tried=tried) == Survey(another=False, same=False, soonest=3.0)
    desk.now += 3
    assert desk.lease(tried=tried).account == "a"


def test_a_survey_knows_who_has_not_been_asked() -> None:
    desk = Desk("a", "b")
    tried = (desk.fail("a", o.Silent()),)
    assert desk.survey(tried=tried) == Survey(another=True, same=True, soonest=None)
    desk.fail("b", o.RateLimited(retry_after=7))
    assert desk.survey(tried=tried) == Survey(another=False, same=True, soonest=7.0)


# ---- sessions ---------------------------------------------------------------------------------------


def test_a_session_stays_where_it_was_served() -> None:
    desk = Desk("a", "b", "c")
    first = desk.serve(session="s")
    assert {desk.serve(session="s") for _ in range(5)} == {first}
    assert {desk.serve() for _ in range(5)} == {"a", "b", "c"}


def test_requests_of_one_session_at_once_go_to_one_account() -> None:
    desk = Desk("a", "b", "c")
    assert len({desk.lease(session="s").account for _ in range(4)}) == 1


def test_after_a_forced_rotation_the_session_stays_with_who_served_it() -> None:
    desk = Desk("a", "b")
    first = desk.lease(session="s")
    tried = (desk.settle(first, o.Silent()),)
    second = desk.lease(session="s", tried=tried)
    desk.settle(second, o.Completed())
    desk.now += 3600
    assert desk.serve(session="s") == second.account != first.account


def test_a_soft_escape_goes_back_to_the_sessions_account() -> None:
    desk = Desk("a", "b")
    assert desk.serve(session="s") == "a"
    desk.fail("a", o.Silent())
    assert desk.serve(session="s") == "b"
    desk.now += 60
    assert desk.serve(session="s") == "a"


def test_an_escape_from_a_busy_account_goes_back_to_it() -> None:
    desk = Desk(Account("a", "claude", max_concurrent=1), "b")
    given = desk.lease(session="s")
    assert desk.serve(session="s") == "b"
    desk.settle(given, o.Completed())
    assert desk.serve(session="s") == "a"


def test_a_hard_failure_ties_the_session_to_who_serves_it_next() -> None:
    desk = Desk("a", "b")
    assert desk.serve(session="s") == "a"
    desk.fail("a", o.RateLimited(retry_after=5))
    assert desk.serve(session="s") == "b"
    desk.now += 60
    assert desk.serve(session="s") == "b"


def test_a_lock_of_one_model_releases_the_session_for_that_model_alone() -> None:
    desk = Desk("a", "b")
    assert [desk.serve(target, session="s") for target in (OPUS, HAIKU)] == ["a", "b"]
    desk.fail("a", o.QuotaExhausted(scope="model"), OPUS)
    assert desk.serve(OPUS, session="s") == "b"
    desk.fail("b", o.QuotaExhausted(scope="model", retry_after=9000), HAIKU)
    assert desk.serve(HAIKU, session="s") == "a"
    assert desk.serve(OPUS, session="s") == "b"


def test_a_disabled_account_lets_its_sessions_go() -> None:
    desk = Desk("a", "b")
    assert desk.serve(session="s") == "a"
    desk.pool = disable(desk.pool, "a")
    assert desk.serve(session="s") == "b"
    desk.pool = enable(desk.pool, "a")
    assert desk.serve(session="s") == "b"


# ---- what accounts hold -----------------------------------------------------------------------------


def test_only_the_holder_serves_what_it_alone_holds() -> None:
    desk = Desk("a", "b")
    desk.pool = keep(desk.pool, "b", ["file_1"])
    assert holder(desk.pool, ["file_0", "file_1"], [OPUS]) == "b"
    for _ in range(3):
        desk.pool, given = lease(desk.pool, Wanted((OPUS,), only="b"), desk.now)
        assert isinstance(given, Lease)
        assert (given.account, given.because) == ("b", "it alone holds what the request names")


def test_while_the_holder_rests_its_time_is_told_and_nobody_else_is_another() -> None:
    desk = Desk("a", "b")
    tried = desk.fail("b", o.RateLimited(retry_after=40))
    wanted = Wanted((OPUS,), tried=(tried,), only="b")
    _, rest = lease(desk.pool, wanted, desk.now)
    assert isinstance(rest, Rest)
    assert (rest.soonest, [why.account for why in rest.causes]) == (40, ["b"])
    assert survey(desk.pool, wanted, desk.now) == Survey(another=False, same=False, soonest=40)


def test_nobody_holds_what_was_never_seen_or_what_no_target_can_give() -> None:
    pool = keep(open_pool([Account("a", "claude"), Account("g", "google")]), "g", ["file_1"])
    assert holder(pool, ["file_2"], [OPUS]) is None
    assert holder(pool, ["file_1"], [OPUS]) is None
    assert holder(pool, ["file_1"], [OPUS, PRO]) == "g"


def test_strangers_are_what_another_is_known_to_hold() -> None:
    pool = keep(keep(open_pool([Account("a", "claude"), Account("b", "claude")]), "a", ["1"]), "b", ["2"])
    assert strangers(pool, "a", ["1", "2", "3"]) == {"2"}
    assert keep(pool, "a", []) is pool


# ---- what is booked, figure by figure ---------------------------------------------------------------


def test_a_lease_is_booked_with_its_number_its_moment_and_its_share() -> None:
    desk = Desk(Account("a", "claude", weight=2))
    first, second = desk.lease(), desk.lease()
    assert (first.number, second.number) == (0, 1)
    health = desk.pool.health["a"]
    assert (health.last_used, health.leases, health.share) == (1000.0, frozenset({0, 1}), 1.0)
    assert (desk.pool.leased, desk.pool.rounds) == (2, {"claude": 0.5})


def test_of_two_that_had_their_turn_the_longest_unused_is_next() -> None:
    desk = Desk("a", "b")
    assert [desk.serve() for _ in range(4)] == ["a", "b", "a", "b"]
    assert desk.pool.health["a"].last_used == 1002.0


def test_no_more_accounts_are_asked_than_the_request_may_ask() -> None:
    pool = open_pool(Account(name, "claude") for name in "abc")
    asked = (Tried("a", "opus"), Tried("b", "opus"))
    for most, account in ((3, "c"), (2, "a")):
        _, given = lease(pool, Wanted((OPUS,), tried=asked, most=most), 0.0)
        assert isinstance(given, Lease)
        assert given.account == account


def test_who_was_passed_over_is_named_in_order_and_only_then() -> None:
    desk = Desk(Account("a", "google"))
    assert desk.lease(PRO).because == "the only one that is left"
    opus_and_haiku = desk.lease(OPUS, HAIKU, PRO)
    assert opus_and_haiku.because.endswith("; nobody else for claude/opus, claude/haiku")


def test_a_model_that_is_tired_makes_its_account_tired_for_that_model_alone() -> None:
    desk = Desk("a", "b")
    desk.fail("a", o.Overloaded())
    assert [desk.serve(OPUS) for _ in range(2)] == ["b", "b"]
    assert desk.serve(HAIKU) == "a"


def test_a_success_ends_the_tiredness_of_the_model_that_was_asked() -> None:
    desk = Desk("a")
    desk.fail("a", o.Overloaded())
    desk.now += 1.0
    desk.serve()
    assert desk.pool.health["a"].cooldowns == ()


def test_who_rests_for_one_model_is_told_when_that_model_is_asked_for() -> None:
    desk = Desk("a")
    desk.fail("a", o.RateLimited(scope="model", retry_after=40))
    told = desk.rest(OPUS)
    assert (told.soonest, told.causes) == (40.0, (Resting("a", "rate_limited", 1040.0),))
    assert desk.lease(HAIKU).account == "a"


def test_a_session_is_one_for_each_upstream_and_each_model() -> None:
    desk = Desk("a", "b", Account("c", "google"), Account("d", "google"))
    assert desk.serve(OPUS, session="s") == "a"
    assert desk.serve(HAIKU, session="s") == "b"
    assert desk.serve(OPUS, session="t") == "a"
    assert [desk.serve(OPUS, session="s") for _ in range(3)] == ["a"] * 3


def test_an_escape_from_a_busy_account_ties_nothing_whatever_became_of_what_kept_it_busy() -> None:
    desk = Desk(Account("a", "claude", max_concurrent=1), "b")
    desk.serve(session="s")
    given = desk.lease(session="s")
    assert desk.serve(session="s") == "b"
    desk.settle(given, o.ClientGone())
    assert [desk.serve(session="s") for _ in range(2)] == ["a", "a"]


def test_a_session_whose_account_rests_for_its_model_stays_with_who_served_it_then() -> None:
    desk = Desk("a", "b")
    assert desk.serve(session="s") == "a"
    desk.fail("a", o.RateLimited(scope="model", retry_after=40))
    assert desk.serve(session="s") == "b"
    desk.now += 100.0
    assert [desk.serve(session="s") for _ in range(2)] == ["b", "b"]


def test_a_session_is_tied_to_the_holder_that_alone_may_serve_it() -> None:
    desk = Desk("a", "b")
    assert desk.serve(session="s") == "a"
    desk.pool, given = lease(desk.pool, Wanted((OPUS,), "s", only="b"), desk.now)
    assert isinstance(given, Lease)
    desk.settle(given, o.Completed())
    assert [desk.serve(session="s") for _ in range(2)] == ["b", "b"]


def test_sessions_at_once_keep_to_their_own_accounts() -> None:
    desk = Desk("a", "b")
    assert [desk.serve(session=session) for session in "sttsst"] == ["a", "b", "b", "a", "a", "b"]


def test_a_model_of_one_name_is_another_at_another_upstream() -> None:
    desk = Desk("a", "b", Account("c", "google"))
    same = Target("google", OPUS.model)
    assert [desk.serve(target, session="s") for target in (OPUS, same, OPUS, same, OPUS)] == list("acaca")


def test_an_account_that_is_enabled_is_as_it_was() -> None:
    pool = open_pool([Account("a", "claude")])
    assert enable(disable(pool, "a"), "a") == pool


def test_a_reset_forgets_the_failures_too() -> None:
    desk = Desk("a")
    desk.fail("a", o.QuotaExhausted())
    assert desk.pool.health["a"].streaks
    assert reset(desk.pool, "a").health["a"].streaks == ()


@pytest.mark.parametrize("verb", [enable, disable, reset, renew])
def test_an_account_that_is_not_there_is_named(verb: Callable[[Pool, str], Pool]) -> None:
    with pytest.raises(KeyError, match="nobody"):
        verb(open_pool([]), "nobody")


def test_whoever_failed_twice_is_asked_again_only_where_no_other_is_left() -> None:
    pool = open_pool([Account("a", "claude"), Account("b", "claude")])
    twice = (Tried("a", "opus"), Tried("a", "opus"))
    spent = (Tried("b", "opus"), Tried("b", "opus"), *twice)
    assert survey(pool, Wanted((OPUS,), tried=twice), 0.0) == Survey(another=True, same=False, soonest=None)
    assert survey(pool, Wanted((OPUS,), tried=spent), 0.0) == Survey(another=False, same=True, soonest=None)
    assert survey(pool, Wanted((OPUS,)), 0.0) == Survey(another=True, same=False, soonest=None)
