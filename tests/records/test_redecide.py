"""Decisions made anew: the same under the same settings, and the first that differs under others."""

from __future__ import annotations

import msgspec
import pytest
from playhouse import QUICK, open_playhouse

from peekd.healing.policy import policy_in_force
from peekd.healing.settings import HealingSettings, RuleSettings
from peekd.records.entries import RequestRecord
from peekd.records.redecide import redecide

PLAYS = {
    "alice": ["500", "429", "empty", "blank"],
    "bob": ["empty", "429", "529", "answer"],
    "carol": ["429", "answer"],
}


def again(record: RequestRecord, healing: HealingSettings) -> tuple[str, str, str] | None:
    kept = msgspec.json.decode(msgspec.json.encode(record), type=RequestRecord)
    found = redecide(kept, healing, policy_in_force(healing))
    return (found.outcome, found.move, found.other_move) if found is not None else None


async def played() -> list[RequestRecord]:
    async with open_playhouse(PLAYS) as house:
        return [(await house.ask(stream=number % 2 == 0)).record for number in range(4)]


async def test_what_was_decided_is_decided_again(autojump_clock: object) -> None:
    records = await played()
    assert sum(len(record.turns) for record in records) >= 4
    assert [again(record, QUICK) for record in records] == [None] * 4


@pytest.mark.parametrize(
    ("changes", "kind", "other"),
    [
        ({"policy": {"server_error": RuleSettings(ladder=())}}, "server_error", "give_up"),
        ({"policy": {"server_error": RuleSettings(ladder=("again",))}}, "server_error", "again"),
        ({"max_attempts": 1}, "server_error", "give_up"),
    ],
)
async def test_the_first_that_differs_is_told(
    autojump_clock: object, changes: dict[str, object], kind: str, other: str
) -> None:
    found = [again(record, msgspec.structs.replace(QUICK, **changes)) for record in await played()]
    first = next(one for one in found if one is not None)
    assert (first[0], first[2]) == (kind, other)


async def test_another_pause_is_a_difference_too(autojump_clock: object) -> None:
    slow = msgspec.structs.replace(QUICK, policy={"empty": RuleSettings(base_seconds=7.0)})
    found = [again(record, slow) for record in await played()]
    assert ("empty", "again", "again") in found
