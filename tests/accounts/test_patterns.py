import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.accounts.patterns import matches


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("claude-*", "claude-opus", True),
        ("claude-*", "claude-", True),
        ("claude-*", "Claude-opus", False),
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("?", "", False),
        ("gpt-?", "gpt-5", True),
        ("gpt-?", "gpt-51", False),
        ("*-pro-*", "gemini-3-pro-preview", True),
        ("*pro", "gemini-pro-preview-pro", True),
        ("a*b?c*", "aXbYbZcW", True),
    ],
)
def test_a_star_is_any_run_and_a_question_mark_one_character(pattern: str, name: str, *, fits: bool) -> None:
    assert matches(pattern, name) is fits


def test_brackets_are_ordinary() -> None:
    assert matches("claude-opus-4[1m]", "claude-opus-4[1m]")
    assert not matches("claude-opus-4[1m]", "claude-opus-41")
    assert matches("*[1m]", "claude-opus-4[1m]")
    assert not matches("[!a]", "b")


@given(st.text("ab*?[", max_size=8), st.text("ab[*?", max_size=10))
def test_it_agrees_with_the_regular_expression_it_stands_for(pattern: str, name: str) -> None:
    spelled = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    assert matches(pattern, name) is bool(re.fullmatch(spelled, name, re.DOTALL))


def test_many_stars_do_not_run_away() -> None:
    assert not matches("*a" * 60, "a" * 59 + "b" * 2000)
