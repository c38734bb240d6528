"""What is written down holds no secret, whatever an upstream quotes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.records.redact import SHOWN, redacted

CANARIES = [
    "sk-ant-api03-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789",
    "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "ya29.a0AfH6SMBx0123456789abcdefghijk",
    "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
]


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("around", ["Incorrect key: {}.", "key={}", '"{}"', "Bearer {} refused", "\\n{}"])
def test_keys_do_not_survive(canary: str, around: str) -> None:
    assert canary not in redacted(around.format(canary))
    assert canary[10:30] not in redacted(around.format(canary))


def test_addresses_and_long_quotations_do_not_survive() -> None:
    told = redacted('user bob@example.com said "' + "secret plans " * 10 + '"')
    assert "bob" not in told
    assert "secret plans" not in told


def test_ordinary_words_do() -> None:
    words = "messages.3.content.0.type: Input should be 'text' or 'image'"
    assert redacted(words) == words


@given(st.text())
def test_what_is_left_is_one_short_line(message: str) -> None:
    assert len(redacted(message)) <= SHOWN
    assert len(redacted(message).splitlines()) <= 1
