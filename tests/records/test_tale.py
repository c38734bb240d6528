"""A request in sentences: each outcome and each move has its words, and each end of a request too."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from peekd.records.advice import BLANK_ACCEPTED
from peekd.records.entries import ENDED, RequestRecord, Turn
from peekd.records.tale import CAME_TO, THEN, tale
from peekd.vocabulary.decisions import Move
from peekd.vocabulary.outcomes import AnyOutcome, NoAccount, name_of


def test_every_outcome_and_every_move_has_its_words() -> None:
    assert set(CAME_TO) == {name_of(outcome) for outcome in get_args(AnyOutcome)}
    assert set(THEN) == set(get_args(Move))


def test_a_healed_request_is_a_story(healed: RequestRecord) -> None:
    healed.shown = 2
    assert tale(healed) == (
        "A client asked for claude-sonnet-4-5, which went out as gemini-3-pro. "
        "Attempt 1, alice@example.com at google: alice@example.com was asked too often and is limited, "
        "status 429 (0.30 s); peekd turned to another account, after a pause of 0.5 s. "
        "Attempt 2, bob at google: bob gave a whole answer (2.6 s). "
        "The client has a whole answer after 3.4 s, its first word after 1.2 s."
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "open"}, "It is still under way."),
        ({"outcome": "client_gone"}, "The client left after 0.20 s, before the answer was whole."),
        ({"outcome": "internal", "note": ENDED}, "peekd ended, killed or crashed,"),
        ({}, "The client was told with status 503 that there is no answer after 0.20 s."),
        ({"stage": 1}, "The client was told in the stream that there is no answer after 0.20 s."),
        (
            {"shown": 1, "stage": 2},
            "The client has a part of the answer, and an error at its end after 0.20 s.",
        ),
        ({"attempts": []}, "No account was asked."),
        (
            {
                "attempts": [],
                "turns": [Turn(NoAccount(message="alice: quota_exhausted, 60 s more"), "give_up")],
            },
            "No account was asked (alice: quota_exhausted, 60 s more).",
        ),
        (
            {"outcome": "client_gone", "note": "the client had read nothing for 30 s"},
            "before the answer was whole; the client had read nothing for 30 s.",
        ),
        (
            {"outcome": "completed", "note": BLANK_ACCEPTED},
            "The client has the model's answer after 0.20 s: it is empty.",
        ),
    ],
)
def test_each_end_is_told(failed_record: RequestRecord, changes: dict[str, object], words: str) -> None:
    assert words in tale(msgspec.structs.replace(failed_record, **changes))


def test_an_attempt_that_peekds_end_cut_is_told_as_that(failed_record: RequestRecord) -> None:
    failed_record.note = ENDED
    assert "peekd ended while it ran" in tale(failed_record)


def test_another_account_that_was_looked_for_in_vain_is_told(failed_record: RequestRecord) -> None:
    last = failed_record.attempts[-1]
    last.move = "rotate"
    assert "peekd looked for another account, and none could be asked" in tale(failed_record)
    failed_record.attempts.append(msgspec.structs.replace(last, number=last.number + 1, move="give_up"))
    assert "peekd turned to another account" in tale(failed_record)


def test_an_attempt_under_way_is_told(failed_record: RequestRecord) -> None:
    failed_record.attempts[0].outcome, failed_record.state = "", "open"
    assert "alice@example.com at google is being asked." in tale(failed_record)
