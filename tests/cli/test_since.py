"""Points in time as people write them."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import datetime

import pytest

from peekd.cli.since import read_since, since_option

NOW = datetime.fromisoformat("2027-01-15T08:00:00+02:00")


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("2h", 7200), ("90s", 90), ("1.5m", 90), ("7d", 604800), ("2 w", 1209600),
        ("2027-01-15", 8 * 3600), ("2027-01-15T07:59", 60), ("2027-01-15T05:00:00Z", 3600),
    ],
)  # fmt: skip
def test_a_time_is_so_long_ago_or_a_date_of_this_zone(text: str, ago: float) -> None:
    assert read_since(text, NOW) == NOW.timestamp() - ago


@pytest.mark.parametrize("text", ["", "2", "h", "yesterday", "2027-13-01", "9e99d", "99999999999w"])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="expected a time like 2h"):
        since_option(lambda: NOW)(text)
