import msgspec
import pytest
from desk import OPUS, Desk

from peekd.accounts.hands import disable
from peekd.accounts.pool import Pool, open_pool
from peekd.accounts.standing import Standing, restored, standing_of
from peekd.accounts.waiting import rest
from peekd.accounts.wanted import Wanted
from peekd.vocabulary import outcomes as o

WALL = 1_790_000_000.0


def kept(desk: Desk, *, disabled: bool = False) -> list[Standing]:
    """Give what a process would have written, whose clock read `now` as WALL."""
    shift = WALL - desk.now
    found = [standing_of(desk.pool, one.name, disabled=disabled, shift=shift) for one in desk.pool.accounts]
    return msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=list[Standing])


def after(desk: Desk, standings: list[Standing], seconds: float, *, now: float = 7.0) -> Pool:
    """Give the pool of a process that starts so many seconds later, and whose own clock reads `now`."""
    return restored(open_pool(desk.pool.accounts), standings, now=now, shift=WALL + seconds - now)


def test_a_rest_goes_on_after_a_restart_until_its_own_time() -> None:
    desk = Desk("a")
    desk.fail("a", o.QuotaExhausted(retry_after=3600))
    pool = after(desk, kept(desk), 600.0)
    assert rest(pool, Wanted((OPUS,)), 7.0).soonest == pytest.approx(3000.0)


def test_a_rest_that_ended_meanwhile_is_over_and_one_request_tries() -> None:
    desk = Desk("a")
    desk.fail("a", o.QuotaExhausted())
    pool = after(desk, kept(desk), 61.0)
    assert pool.health["a"].cooldowns == ()
    assert pool.health["a"].half_open("opus")


def test_the_ladder_goes_on_where_it_stood() -> None:
    desk = Desk("a")
    desk.fail("a", o.QuotaExhausted())
    again = Desk("a")
    again.pool = after(desk, kept(desk), 100.0, now=again.now)
    again.fail("a", o.QuotaExhausted())
    assert again.rest().soonest == pytest.approx(300.0)


def test_a_clock_that_was_set_back_prolongs_no_rest() -> None:
    desk = Desk("a")
    desk.fail("a", o.RateLimited())
    pool = after(desk, kept(desk), -86_400.0)
    assert rest(pool, Wanted((OPUS,)), 7.0).soonest == pytest.approx(30.0)


def test_failures_of_the_future_are_of_now() -> None:
    desk = Desk("a")
    desk.fail("a", o.QuotaExhausted())
    pool = after(desk, kept(desk), -86_400.0)
    assert pool.health["a"].streaks[0].at == 7.0
    assert pool.health["a"].cooldowns[0].since == 7.0


def test_a_clock_that_was_set_forward_ends_rests() -> None:
    desk = Desk("a")
    desk.fail("a", o.RateLimited())
    assert after(desk, kept(desk), 86_400.0).health["a"].cooldowns == ()


def test_what_a_credential_was_turned_away_for_is_tried_at_once_by_one_request() -> None:
    desk = Desk("a")
    desk.fail("a", o.Unauthorized())
    again = Desk("a")
    again.pool = after(desk, kept(desk), 1.0, now=again.now)
    again.lease()
    again.rest()


def test_an_account_that_was_shut_out_for_good_is_not_tried_by_a_restart() -> None:
    desk = Desk("a")
    desk.fail("a", o.Unauthorized(stop=True))
    again = Desk("a")
    again.pool = after(desk, kept(desk), 1.0, now=again.now)
    assert again.rest().mend == ("a",)


def test_an_account_disabled_by_hand_stays_so_with_its_reason() -> None:
    desk = Desk("a")
    desk.pool = disable(desk.pool, "a", "its owner is on leave")
    pool = after(desk, kept(desk, disabled=True), 5.0)
    assert (pool.accounts[0].disabled, pool.accounts[0].because) == (True, "its owner is on leave")


def test_one_that_the_settings_disable_is_theirs_to_enable() -> None:
    desk = Desk("a")
    desk.pool = disable(desk.pool, "a")
    assert not restored(open_pool(Desk("a").pool.accounts), kept(desk), now=0, shift=0).accounts[0].disabled


def test_what_was_kept_of_an_account_that_is_gone_is_let_go() -> None:
    desk = Desk("a", "b")
    desk.fail("b", o.RateLimited())
    pool = restored(open_pool(Desk("a").pool.accounts), kept(desk), now=0.0, shift=WALL)
    assert list(pool.health) == ["a"]


def test_a_cause_that_nobody_knows_any_more_is_let_go() -> None:
    desk = Desk("a")
    desk.fail("a", o.RateLimited())
    old = kept(desk)[0]
    strange = msgspec.structs.replace(old.cooldowns[0], cause="boredom")
    standing = msgspec.structs.replace(old, cooldowns=(strange,))
    assert after(desk, [standing], 0.0).health["a"].cooldowns == ()
