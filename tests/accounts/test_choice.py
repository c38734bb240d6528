import msgspec
import pytest

from peekd.accounts.account import Account
from peekd.accounts.choice import Candidate, select
from peekd.accounts.health import Health

PLAIN = Account("", "claude")
FIRST = Account("", "claude", priority=9)
HEAVY = Account("", "claude", weight=4)


def one(
    name: str,
    *,
    busy: int = 0,
    tired: bool = False,
    turn: float = 0.0,
    used: float | None = None,
    like: Account = PLAIN,
) -> Candidate:
    account = msgspec.structs.replace(like, name=name)
    return Candidate(account, Health(frozenset(range(busy)), last_used=used), tired, turn)


def chosen(*candidates: Candidate, bound: str | None = None) -> tuple[str, str]:
    candidate, because = select(candidates, bound)
    return candidate.account.name, because


@pytest.mark.parametrize(
    ("candidates", "name", "because"),
    [
        ((one("a"),), "a", "the only one that is left"),
        ((one("a", tired=True),), "a", "tired, but nobody else is left"),
        ((one("a", tired=True), one("b")), "b", "the only one of 2 that is not tired"),
        ((one("a"), one("b", like=FIRST)), "b", "the highest priority of 2"),
        ((one("a", busy=2), one("b", busy=1), one("c", busy=3)), "b", "the least busy of 3"),
        ((one("a", busy=3, like=HEAVY), one("b", busy=1)), "a", "the least busy of 2"),
        ((one("a", turn=2.0), one("b", turn=1.0)), "b", "the next in turn of 2"),
        ((one("a", used=7.0), one("b", used=5.0)), "b", "the longest unused of 2"),
        ((one("a", used=7.0), one("b")), "b", "the longest unused of 2"),
        ((one("a"), one("b")), "a", "the first of 2"),
    ],
)
def test_who_goes_first_and_why(candidates: tuple[Candidate, ...], name: str, because: str) -> None:
    assert chosen(*candidates) == (name, because)


def test_the_sessions_own_account_goes_before_priority_and_load() -> None:
    assert chosen(one("a", like=FIRST), one("b", busy=5), bound="b") == ("b", "bound to this session")


def test_a_tired_account_loses_even_its_own_session_and_its_priority() -> None:
    assert chosen(one("a", tired=True, like=FIRST), one("b"), bound="a")[0] == "b"


def test_where_all_are_tired_the_session_stays() -> None:
    assert chosen(one("a", tired=True), one("b", tired=True), bound="b")[0] == "b"


def test_where_all_are_tired_the_order_is_as_ever() -> None:
    two = (one("a", tired=True, busy=1), one("b", tired=True))
    assert chosen(*two) == ("b", "the least busy of 2; all are tired")
