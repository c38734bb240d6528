"""Every law on the choice of accounts can fail, and holds where all is well."""

from __future__ import annotations

from typing import Any

import pytest

from peekd.accounts.settings import AccountSettings
from peekd.records.entries import Entry
from simulation.dice import Dice
from simulation.laws_pool import LAWS, Asked, World, asked_of, judge
from simulation.transcripts import Said
from simulation.wire import Manner, connect

ACCOUNTS = tuple(AccountSettings(f"up{number}", "up") for number in range(4))


def asked(account: str, began: float, ended: float, outcome: str = "completed", **changes: Any) -> Asked:
    one = Asked(f"req_{began}", account, "up", "m", began, 1, ended, outcome=outcome)
    for name, value in changes.items():
        setattr(one, name, value)
    return one


def world(*attempts: Asked, **changes: Any) -> World:
    return World(attempts, changes.pop("said", ()), changes.pop("accounts", ACCOUNTS), **changes)


def broken(looked_at: World) -> list[str]:
    return [law for law, _ in judge(looked_at)]


def told(account: str, arrived: float, rests: float) -> Said:
    line = connect(Dice(1), Manner())[0]
    said = Said(1, "up", "anthropic", account, 1, "t", line, arrived_at=arrived)
    said.rests = rests
    return said


BROKEN = [
    (
        "rests_are_kept",
        world(asked("up0", 0, 1, "payment_required"), asked("up0", 9, 10)),
    ),
    (
        "rests_are_kept",
        world(
            asked("up0", 0, 1, "rate_limited"),
            asked("up0", 21, 22, life=2),
            said=[told("up0", 0.5, 40.0)],
            starts=(0.0, 10.0),
        ),
    ),
    (
        "rests_are_kept",
        world(asked("up0", 0, 1, "payment_required"), asked("up0", 9, 10), clocks=[3.0]),
    ),
    (
        "probe_is_single",
        world(asked("up0", 0, 1, "unauthorized"), asked("up0", 70, 80, "client_gone"), asked("up0", 75, 76)),
    ),
    (
        "limits_kept",
        world(
            *(asked("up0", began, 9) for began in (1, 2)),
            accounts=(AccountSettings("up0", "up", max_concurrent=1),),
        ),
    ),
    (
        "limits_kept",
        world(
            *(asked("up0", began, began + 1) for began in (1, 31, 59)),
            accounts=(AccountSettings("up0", "up", requests_per_minute=2),),
        ),
    ),
    (
        "storm_burns_no_pool",
        world(
            *(asked(f"up{number}", 0, 1 + number / 9, "server_error") for number in range(3)),
            asked("up3", 2, 3, "server_error"),
        ),
    ),
]

WELL = [
    world(asked("up0", 0, 1, "payment_required"), asked("up0", 1802, 1810)),
    world(asked("up0", 0, 1, "rate_limited", model="a"), asked("up0", 2, 3, model="b")),
    world(asked("up0", 0, 1, "unauthorized"), asked("up0", 9, 10, life=2), starts=(0.0, 5.0)),
    world(asked("up0", 0, 1, "unauthorized"), asked("up0", 2, 3), renewed=[(1.0, "up0")]),
    world(
        asked("up0", 0, 1, "payment_required"),
        asked("up0", 9, 10, life=2),
        starts=(0.0, 5.0),
        full=[(0.5, 2.0)],
    ),
    world(
        asked("up0", 0, 1, "payment_required"),
        asked("up0", 9, 10, life=2),
        starts=(0.0, 5.0),
        clocks=[3.0],
    ),
    world(
        asked("up0", 0, 1, "unauthorized"),
        asked("up0", 70, 90, heard=72),
        asked("up0", 75, 76),
    ),
    world(
        *(asked("up0", began, began + 1) for began in (1, 31, 61.5)),
        accounts=(AccountSettings("up0", "up", requests_per_minute=2),),
    ),
    world(
        *(asked(f"up{number}", 0, 1 + number / 9, "server_error") for number in range(3)),
        asked("up3", 4, 5, "server_error"),
    ),
    world(
        *(asked(f"up{number}", 0, 1 + number / 9, "server_error") for number in range(3)),
        asked("up3", 0, 3, "server_error"),
        asked("up3", 3.5, 4, "server_error"),
    ),
    world(
        *(asked(f"up{number}", 0, 1 + number / 9, "server_error") for number in range(3)),
        asked("up3", 1, 1.1, heard=1.1),
        asked("up3", 2, 3, "server_error"),
    ),
]


@pytest.mark.parametrize(("law", "looked_at"), BROKEN)
def test_each_law_can_be_broken(law: str, looked_at: World) -> None:
    assert set(broken(looked_at)) == {law}


@pytest.mark.parametrize("looked_at", WELL)
def test_what_is_well_breaks_none(looked_at: World) -> None:
    assert broken(looked_at) == []


def test_all_laws_are_shown_to_fail() -> None:
    assert {law for law, _ in BROKEN} == set(LAWS)


def test_attempts_are_read_off_a_journal() -> None:
    known: dict[str, Any] = {
        "request": "req_1",
        "attempt": 1,
        "account": "up0",
        "upstream": "up",
        "model": "m",
    }
    other: dict[str, Any] = {**known, "request": "req_2"}
    entries = [
        (1.0, Entry("attempt 1 with up0", phase="attempt", **known)),
        (2.0, Entry("accepted", phase="peek", outcome="accepted", **known)),
        (3.0, Entry("completed", phase="relay", outcome="completed", **known)),
        (3.5, Entry("over", phase="end", **known)),
        (5.0, Entry("attempt 1 with up1", phase="attempt", **other)),
        (6.0, Entry("gone", phase="end", **other)),
    ]
    first, second = asked_of(entries, [0.0, 4.0])
    assert (first.began, first.heard, first.ended, first.outcome, first.life) == (1, 2, 3, "completed", 1)
    assert (second.ended, second.outcome, second.life) == (6, "", 2)
