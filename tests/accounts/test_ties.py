from __future__ import annotations

from desk import HAIKU, OPUS, PRO, Desk

from peekd.accounts.account import Account
from peekd.accounts.leasing import lease
from peekd.accounts.pool import open_pool
from peekd.accounts.ties import holder, keep, strangers
from peekd.accounts.waiting import survey
from peekd.accounts.wanted import Lease, Rest, Survey, Wanted
from peekd.vocabulary import outcomes as o


def test_an_account_is_back_only_when_all_that_holds_it_has_ended() -> None:
    desk = Desk("a")
    first, second = desk.lease(), desk.lease()
    desk.settle(first, o.RateLimited(retry_after=5))
    desk.settle(second, o.QuotaExhausted(retry_after=50))
    assert desk.rest().soonest == 50


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
