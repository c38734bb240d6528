"""Requests in columns: all of it where nobody measures, cut to a terminal where one is looked at."""

from __future__ import annotations

from datetime import UTC

import msgspec
import pytest

from peekd.cli.paint import Paint
from peekd.cli.table import Layout, listed
from peekd.records.entries import RequestRecord

TABLE = """\
came                 id    model              account  attempts  seconds  got
2027-01-15 08:01:00  77aa  claude-sonnet-4-5  -        1         0.20     503 unauthorized
2027-01-15 08:00:00  0b2f  claude-sonnet-4-5  bob      2         3.42     200 completed
"""

WIDE = Layout(Paint(), zone=UTC)
NARROW = Layout(Paint(), width=80, zone=UTC)


def test_requests_are_listed_in_columns(healed: RequestRecord, failed_record: RequestRecord) -> None:
    assert listed([failed_record, healed], WIDE) == TABLE


def test_where_there_is_none_that_is_said() -> None:
    assert listed([], WIDE) == "no request\n"


@pytest.mark.parametrize("later", [0.0, 90_000.0])
def test_eighty_columns_are_enough(healed: RequestRecord, failed_record: RequestRecord, later: float) -> None:
    long = msgspec.structs.replace(
        healed,
        id="req_0123456789abcdef01234567",
        model="anthropic/claude-opus-4-5-20251101[1m]",
        account="somebody.with.a.long.name@example.com",
        outcome="validation_required",
        came=healed.came + later,
    )
    table = listed([long, failed_record], NARROW)
    assert max(map(len, table.splitlines())) <= 80
    assert "01234567 " in table
    assert "200 validation_required" in table
    assert ("01-16 09:00" in table) == bool(later)


def test_a_line_of_its_own_keeps_its_columns(healed: RequestRecord, failed_record: RequestRecord) -> None:
    lines = [NARROW.line(record) for record in (healed, failed_record)]
    assert len({line.index("claude") for line in lines}) == 1
    assert max(map(len, lines)) <= 80


def test_colours_stand_outside_the_columns(healed: RequestRecord) -> None:
    coloured = listed([healed], Layout(Paint(wanted=True), width=80, zone=UTC))
    assert coloured.splitlines()[1].endswith("\x1b[32m200 completed\x1b[0m")
