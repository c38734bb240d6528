"""Sums over time agree with what was written."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from requests_told import CAME, attempt, request, rows_of

from peekd.signatures.settings import SignatureSettings
from peekd.store.charts import Bucket, Share, Span, buckets, percentile, shares
from peekd.store.database import Database
from peekd.store.queries import open_reader

HOUR = Span(CAME, CAME + 3600, 60)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "peekd.db"
    with closing(Database(path, SignatureSettings())) as database:
        for number in range(20):
            whole = attempt(marks={"first_meaning": number / 10}, cost=0.5)
            database.apply(rows_of(request(f"req_{number}", whole, came=CAME + number)))
        wasted = attempt(1, "bob", "silent", move="rotate", wasted=110, cost=0.25)
        again = attempt(2, "alice", cost=None, marks={"first_meaning": 9.0})
        database.apply(rows_of(request("healed", wasted, again, came=CAME + 120)))
        database.apply(rows_of(request("failed", came=CAME + 130, outcome="broken", shown=0)))
        database.apply(rows_of(request("later", came=CAME + 3600)))
    return path


def test_buckets_sum_up_what_came_in_them(path: Path) -> None:
    with open_reader(path) as reader:
        first, second = buckets(reader, HOUR)
    assert first == Bucket(CAME, 20, 0, 0, 0.9, 1.8, 2000, 200, 0, 10.0)
    assert second == Bucket(CAME + 120, 2, 1, 1, 9.0, 9.0, 300, 30, 110, 0.25)


def test_shares_part_the_attempts(path: Path) -> None:
    with open_reader(path) as reader:
        assert shares(reader, HOUR, "account") == [
            Share("alice", 22, 22, 2200, 880, 220, 0, 10.0),
            Share("bob", 1, 0, 100, 40, 10, 110, 0.25),
        ]
        assert [one.name for one in shares(reader, HOUR, "cause")] == ["silent"]
        assert [one.name for one in shares(reader, HOUR, "model")] == ["gpt-5"]


@pytest.mark.parametrize("bucket", [0.0, -1.0, 0.001])
def test_too_many_buckets_are_refused(path: Path, bucket: float) -> None:
    with open_reader(path) as reader, pytest.raises(ValueError, match="at most 2000 buckets"):
        buckets(reader, Span(CAME, CAME + 3600, bucket))


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.95, 1.0, 0.001)] == [50.0, 95.0, 100.0, 1.0]
    assert percentile([3.0], 0.5) == 3.0
