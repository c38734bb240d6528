"""A request's own headers."""

import msgspec
from requested import asked_of


def test_the_first_header_of_a_name_counts() -> None:
    asked = msgspec.structs.replace(asked_of(), headers=(("x-app", "cli"), ("x-app", "other")))
    assert asked.header("x-app") == "cli"


def test_a_header_that_did_not_come_is_empty() -> None:
    assert asked_of().header("x-app") == ""


def test_a_guessed_session_is_each_keys_own_and_made_once() -> None:
    head = msgspec.structs.replace(asked_of().head, session="guess", guessed=True)
    asked = msgspec.structs.replace(asked_of(), head=head, key="alice")
    assert asked.session is asked.session
    assert asked.session not in {None, "guess"}
    other = msgspec.structs.replace(asked, key="bob")
    assert other.session not in {asked.session, "guess"}
    assert msgspec.structs.replace(asked, key="").session == "guess"
    assert asked == msgspec.structs.replace(asked)
