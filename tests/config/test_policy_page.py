"""The policy page tells every row, and what is odd about it."""

from __future__ import annotations

from peekd.config.policy_page import encode_policy_page
from peekd.healing.policy import POLICY

ROWS = {line.split("`")[1]: line for line in encode_policy_page().splitlines() if line.startswith("| `")}


def test_every_row_of_the_table_is_told_once() -> None:
    assert set(ROWS) == set(POLICY)
    assert encode_policy_page().count("\n| `") == len(POLICY)


def test_a_row_tells_ladder_pause_and_what_is_odd_about_it() -> None:
    assert ROWS["overloaded"].endswith("| `again` `rotate` `…` | exponential 1 s, at most 8 s | passes |")
    assert ROWS["blank"].endswith("| `again` `relay` | fixed 0.1 s | passes, once a request |")


def test_an_empty_ladder_is_told_as_giving_up() -> None:
    assert ROWS["rejected"].endswith("| none: give up |  |  |")
    assert ROWS["client_gone"].endswith("| none: give up |  | cannot be changed |")
