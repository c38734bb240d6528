"""Spans of time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.wire.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h16m0.667s", 4560.667),
        ("510.79ms", 0.51079),
        ("900ms", 0.9),
        ("500ms", 0.5),
        ("34.07s", 34.07),
        ("6m0s", 360.0),
        ("0s", 0.0),
        (" 2s ", 2.0),
        ("1m500ms", 60.5),
        ("250us", 0.00025),
        ("12ns", 1.2e-8),
        ("1h", 3600.0),
        ("0.5h", 1800.0),
        (".5s", 0.5),
        ("5.s", 5.0),
        ("3.957525076s", 3.957525076),
        ("167h59m59.9s", 604799.9),
        ("1s1s", 2.0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "5",
        "5 s",
        "-1s",
        "1d",
        "1.2.3s",
        "soon",
        "1s!",
        "9" * 500 + "s",
        "²s",
        "1e3s",
        "+1s",
        "1 m",
        "PT5S",
        "٣s",
        "1m-1s",
    ],
)
def test_garbage_is_none(text: str) -> None:
    assert parse_duration(text) is None


@given(st.text(alphabet="0123456789.hmsun "))
def test_never_an_exception(text: str) -> None:
    seconds = parse_duration(text)
    assert seconds is None or seconds >= 0
