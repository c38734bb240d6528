"""Other accounts in place of those there are: what goes on by name, what begins anew, what is forgotten."""

from __future__ import annotations

from peekd.accounts.account import Account
from peekd.accounts.hands import disable, enable
from peekd.accounts.leasing import lease, settle
from peekd.accounts.pool import Pool, open_pool
from peekd.accounts.sessions import bound
from peekd.accounts.succession import adopt, forget, switched
from peekd.accounts.ties import keep
from peekd.accounts.wanted import Lease, Rest, Target, Wanted
from peekd.vocabulary import outcomes as o

ALICE, BOB, CAROL = (Account(name, "up") for name in ("alice", "bob", "carol"))
OFF = Account("alice", "up", disabled=True)
WANTED = Wanted((Target("up", "m"),))


def rested(*crew: Account) -> Pool:
    """The first one has used up its quota."""
    pool, given = lease(open_pool(crew), WANTED, 100.0)
    assert isinstance(given, Lease)
    return settle(pool, given, o.QuotaExhausted(retry_after=50), 100.0)


def test_health_and_ties_go_on_by_name_in_the_order_of_the_new_file() -> None:
    pool = keep(rested(ALICE, BOB), "alice", ["resp_1"])
    after = adopt(pool, (ALICE, BOB), (CAROL, ALICE))
    assert after.accounts == (CAROL, ALICE)
    assert after.health["alice"] is pool.health["alice"]
    assert after.health["carol"].last_used is None
    assert bound(after.held, "resp_1") == "alice"


def test_what_runs_with_an_account_that_is_gone_is_settled_and_then_forgotten() -> None:
    pool, given = lease(open_pool((ALICE,)), WANTED, 100.0)
    assert isinstance(given, Lease)
    pool = forget(adopt(pool, (ALICE,), (BOB,)), {"bob"})
    assert set(pool.health) == {"alice", "bob"}
    pool = forget(settle(pool, given, o.Completed(), 101.0), {"bob"})
    assert set(pool.health) == {"bob"}


def test_turns_of_an_upstream_without_accounts_are_forgotten() -> None:
    pool = adopt(rested(ALICE), (ALICE,), (Account("bob", "other"),))
    assert pool.rounds
    assert not forget(pool, {"bob"}).rounds


def test_an_account_at_another_upstream_begins_anew_but_what_it_does_there_goes_on() -> None:
    pool, given = lease(rested(ALICE, BOB), WANTED, 101.0)
    assert isinstance(given, Lease)
    after = adopt(pool, (ALICE, BOB), (Account("alice", "other"), Account("bob", "other")))
    assert not after.health["alice"].cooldowns
    assert after.health["bob"].leases == {given.number}
    assert not settle(after, given, o.Completed(), 102.0).health["bob"].leases


def test_a_request_of_an_earlier_file_is_served_by_the_accounts_of_that_file() -> None:
    pool = adopt(open_pool((ALICE,)), (ALICE,), (BOB,))
    earlier = Wanted(WANTED.targets, among=switched((ALICE,), pool))
    _, mine = lease(pool, earlier, 100.0)
    _, theirs = lease(pool, WANTED, 100.0)
    assert isinstance(mine, Lease)
    assert isinstance(theirs, Lease)
    assert (mine.account, theirs.account) == ("alice", "bob")


# ---- switches ----------------------------------------------------------------------------------------


def state(pool: Pool) -> tuple[bool, str]:
    return next((one.disabled, one.because) for one in pool.accounts if one.name == "alice")


def test_what_a_hand_disabled_stays_so_whatever_the_file_says() -> None:
    pool = disable(open_pool((ALICE,)), "alice", "by hand")
    assert state(adopt(pool, (ALICE,), (ALICE,))) == (True, "by hand")
    assert state(adopt(pool, (ALICE,), (OFF,))) == (True, "by hand")
    assert state(adopt(adopt(pool, (ALICE,), (OFF,)), (OFF,), (ALICE,))) == (True, "by hand")


def test_what_the_file_disables_and_enables_is_done_and_a_hand_in_between_holds_till_it_changes() -> None:
    pool = open_pool((ALICE,))
    off = adopt(pool, (ALICE,), (OFF,))
    assert state(off) == (True, "")
    assert state(adopt(off, (OFF,), (ALICE,))) == (False, "")
    by_hand = enable(off, "alice")
    assert state(adopt(by_hand, (OFF,), (OFF,))) == (False, "")


def test_a_switch_by_hand_holds_for_earlier_requests_too() -> None:
    pool = disable(adopt(open_pool((ALICE,)), (ALICE,), (ALICE, BOB)), "alice", "by hand")
    _, given = lease(pool, Wanted(WANTED.targets, among=switched((ALICE,), pool)), 100.0)
    assert isinstance(given, Rest)
    assert [why.cause for why in given.causes] == ["disabled"]
