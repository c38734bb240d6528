"""Header rules."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.wire.headers import (
    SECRET,
    parse_http_date,
    retry_after,
    should_retry,
    upstream_headers,
    upstream_request_id,
    value_of,
)


def test_same_protocol_headers_travel_as_written() -> None:
    kept = (("Anthropic-Beta", "a,b"), ("anthropic-version", "2023-06-01"), ("X-Stainless-Lang", "js"))
    assert upstream_headers(kept) == kept


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "Keep-Alive",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Host",
        "Content-Length",
        "Accept-Encoding",
        "Cookie",
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "Via",
        "X-Real-IP",
        "Authorization",
        "X-Api-Key",
        "x-goog-api-key",
        "Expect",
    ],
)
def test_these_stay_here(name: str) -> None:
    assert upstream_headers([(name, "x"), ("a", "b")]) == (("a", "b"),)


def test_headers_that_connection_names_stay_here() -> None:
    headers = [
        ("Connection", "close, X-Private"),
        ("x-private", "1"),
        ("connection", "x-more"),
        ("X-More", "2"),
    ]
    assert upstream_headers([*headers, ("accept", "*/*")]) == (("accept", "*/*"),)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([("Retry-After", "7")], 7.0),
        ([("retry-after", "0.25")], 0.25),
        ([("retry-after-ms", "1500"), ("retry-after", "7")], 1.5),
        ([("retry-after-ms", "soon"), ("retry-after", "7")], 7.0),
        ([("retry-after", "Thu, 01 Jan 1970 00:01:40 GMT")], 40.0),
        ([("retry-after", "Thu, 01 Jan 1970 00:00:40 GMT")], 0.0),
        ([("retry-after", "-3")], None),
        ([("retry-after", "nan")], None),
        ([("retry-after", "inf")], None),
        ([("retry-after", "")], None),
        ([("retry-after", " 7 ")], 7.0),
        ([("retry-after", ".5")], 0.5),
        ([("retry-after", "7, 8")], None),
        ([("retry-after", "1_0")], None),
        ([("retry-after", "\u0663")], None),
        ([("retry-after", "1e9")], None),
        ([("retry-after", "9" * 400)], None),
        ([("retry-after", "7s")], None),
        ([("retry-after-ms", "0")], 0.0),
        ([("retry-after-ms", "0.5"), ("retry-after", "7")], 0.0005),
        ([("retry-after-ms", "-1"), ("retry-after", "7")], 7.0),
        ([("retry-after", "Thursday, 01-Jan-70 00:01:40 GMT")], 40.0),
        ([("retry-after", "Thu Jan  1 00:01:40 1970")], 40.0),
        ([("retry-after", "Thu, 01 Jan 1970 00:01:40 +0000")], 40.0),
        ([("retry-after", "Thu, 31 Feb 1970 00:01:40 GMT")], None),
        ([], None),
    ],
)
def test_retry_after(headers: list[tuple[str, str]], seconds: float | None) -> None:
    assert retry_after(headers, now_wall=60.0) == seconds


@given(st.text())
def test_retry_after_is_total(value: str) -> None:
    seconds = retry_after([("retry-after", value)], 0.0)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(("value", "said"), [("true", True), ("False", False), ("perhaps", None)])
def test_should_retry(value: str, *, said: bool | None) -> None:
    assert should_retry([("X-Should-Retry", value)]) is said


def test_should_retry_unsaid() -> None:
    assert should_retry([]) is None


def test_only_the_request_id_of_an_answer_may_be_known() -> None:
    assert upstream_request_id({"server": "x", "request-id": "req_1"}) == "req_1"
    assert upstream_request_id({"request-id": "", "x-request-id": "abc"}) == "abc"
    assert upstream_request_id({"set-cookie": "x"}) == ""


def test_value_of_takes_the_first() -> None:
    assert value_of([("A", "1"), ("a", "2")], "a") == "1"
    assert value_of([], "a") is None


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize(
    "date",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",  # the three of RFC 9110 section 5.6.7
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 09:49:37 +0100",
        "Sun, 06 Nov 1994 08:49:37 -0000",
    ],
)
def test_http_dates_are_the_same_wherever_peekd_runs(
    monkeypatch: pytest.MonkeyPatch, date: str, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert parse_http_date(date) == 784111777.0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_what_is_no_http_date_is_none() -> None:
    assert parse_http_date("yesterday") is None
    assert parse_http_date(None) is None


def test_secrets_are_named() -> None:
    assert {"authorization", "x-api-key", "x-goog-api-key", "cookie", "set-cookie"} <= SECRET
