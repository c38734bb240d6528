from hypothesis import given
from hypothesis import strategies as st

from peekd.accounts.sessions import CAPACITY, Bindings, Key, bind, bound


def key(session: str, model: str = "m") -> Key:
    return Key(session, "claude", model)


def test_a_session_is_tied_to_what_it_was_last_tied_to() -> None:
    bindings = bind(bind(Bindings(), key("s"), "a"), key("s"), "b")
    assert bound(bindings, key("s")) == "b"
    assert bound(bindings, key("t")) is None


def test_one_session_may_be_tied_elsewhere_for_another_model() -> None:
    bindings = bind(bind(Bindings(), key("s", "m"), "a"), key("s", "n"), "b")
    assert (bound(bindings, key("s", "m")), bound(bindings, key("s", "n"))) == ("a", "b")


def test_using_a_tie_again_copies_nothing() -> None:
    bindings = bind(Bindings(), key("s"), "a")
    assert bind(bindings, key("s"), "a") is bindings


def test_a_tie_in_use_outlives_any_number_of_others() -> None:
    bindings = bind(Bindings(capacity=10), key("mine"), "a")
    for number in range(100):
        bindings = bind(bindings, key(f"s{number}"), "b")
        bindings = bind(bindings, key("mine"), "a")
    assert bound(bindings, key("mine")) == "a"
    assert bound(bindings, key("s0")) is None


def test_a_changed_tie_does_not_fall_back_to_an_older_generation() -> None:
    bindings = bind(Bindings(capacity=4), key("s"), "a")
    for number in range(3):
        bindings = bind(bindings, key(f"s{number}"), "b")
    assert bound(bind(bindings, key("s"), "c"), key("s")) == "c"


@given(st.lists(st.integers(0, 30), max_size=200))
def test_no_more_than_its_capacity_is_kept_and_the_newest_half_always(sessions: list[int]) -> None:
    bindings = Bindings(capacity=8)
    for number in sessions:
        bindings = bind(bindings, key(str(number)), "a")
        assert len(bindings) <= 8
    newest = list(dict.fromkeys(reversed(sessions)))[:4]
    assert all(bound(bindings, key(str(number))) == "a" for number in newest)


def test_ten_thousand_are_kept_at_most() -> None:
    assert Bindings().capacity == CAPACITY == 10_000
