from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from peekd.monitor.said import clock, count, seconds, stamp


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.9994, "999 ms"), (0.9996, "1.00 s"), (59.9, "59.90 s"), (60.0, "1 min 0 s"), (86399, "23 h 59 min")],
)
def test_each_unit_begins_where_the_one_before_ends(value: float, words: str) -> None:
    assert seconds(value) == words


@pytest.mark.parametrize(("value", "words"), [(999, "999"), (1000, "1 k"), (1_000_000, "1 M"), (0.5, "0.5")])
def test_counts_are_short(value: float, words: str) -> None:
    assert count(value) == words


def test_a_time_is_told_in_a_zone_and_stamped_with_its_offset() -> None:
    zone = timezone(timedelta(hours=2))
    assert clock(0.0, zone) == "1970-01-01 02:00:00"
    assert stamp(0.0, zone) == "1970-01-01T02:00:00+02:00"


def test_this_machines_zone_is_stamped_too() -> None:
    moment = datetime.fromisoformat(stamp(0.0, None))
    assert moment.astimezone(UTC) == datetime(1970, 1, 1, tzinfo=UTC)
