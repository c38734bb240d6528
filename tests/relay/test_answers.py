"""Headers tell the way an answer came, safely; messages of ours name the command that tells the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.relay.answers import advice, answer_headers, header_safe, signed
from peekd.vocabulary.errors import Fault


def record(**changes: str) -> RequestRecord:
    kept = RequestRecord(id="req_1", came=0.0, method="POST", path="/", protocol="anthropic")
    kept.account, kept.mapped_model = changes.get("account", "alice"), "m"
    kept.attempts = [
        AttemptRecord(1, "bob", "u", "m", 0.0),
        AttemptRecord(2, "alice", "u", "m", 0.1, upstream_request_id="up_2"),
    ]
    return kept


def test_an_answer_says_who_served_it_and_how_often_it_was_tried() -> None:
    assert dict(answer_headers(record(), early=False, expose_account=True)) == {
        "x-account-email": "alice",
        "x-mapped-model": "m",
        "x-peekd-attempts": "2",
        "x-peekd-commit": "late",
        "x-upstream-request-id": "up_2",
    }


def test_the_account_is_not_exposed_where_the_operator_says_so() -> None:
    headers = dict(answer_headers(record(), early=True, expose_account=False))
    assert "x-account-email" not in headers
    assert headers["x-peekd-commit"] == "early"


@pytest.mark.parametrize("name", ["Zoë 世界", "a\r\nx-evil: 1", "a\x00b"])
def test_an_accounts_name_cannot_break_the_headers(name: str) -> None:
    safe = header_safe(name)
    assert safe.isascii()
    assert not set(safe) & {"\r", "\n", "\x00"}


@given(st.text(st.characters(max_codepoint=0x200)))
def test_what_a_header_may_hold_goes_as_it_is_and_nothing_else(name: str) -> None:
    may = name.isascii() and all(letter.isprintable() for letter in name)
    assert (header_safe(name) == name) is may


@pytest.mark.parametrize(
    ("fault", "ours"),
    [
        (Fault("overloaded", "words"), True),
        (Fault("not_found", "words"), True),
        (Fault("invalid_request", "words", quoted=True), False),
        (Fault("invalid_request", "words", words=b"{}"), False),
    ],
)
def test_only_our_own_words_name_the_command(fault: Fault, ours: bool) -> None:  # noqa: FBT001
    assert ("(peekd explain req_1)" in signed(fault, "req_1").message) is ours


def test_advice_is_given_where_waiting_is_not_enough() -> None:
    assert advice(Fault("overloaded", "busy", retry_after=2)) == ""
    assert "mend" in advice(Fault("overloaded", "refused", should_retry=False))
    assert advice(Fault("internal", "bug"))
