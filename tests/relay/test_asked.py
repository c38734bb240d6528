"""A request's own headers."""

import msgspec
from requested import asked_of


def test_the_first_header_of_a_name_counts() -> None:
    asked = msgspec.structs.replace(asked_of(), headers=(("x-app", "cli"), ("x-app", "other")))
    assert asked.header("x-app") == "cli"


def test_a_header_that_did_not_come_is_empty() -> None:
    assert asked_of().header("x-app") == ""
