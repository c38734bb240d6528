"""What `peekd top` shows: readable at 80 columns and 24 rows, and never more than there is room for."""

from __future__ import annotations

import msgspec
import pytest

from peekd.accounts.states import AccountState
from peekd.cli.glance import Glance, glance, phase, told
from peekd.cli.paint import Paint
from peekd.records.entries import AttemptRecord, RequestRecord

NOW = 1000.0
ACCOUNTS = (
    AccountState("alice@example.com", "google", "ready", usable=True, in_flight=2),
    AccountState("bob", "google", "resting", usable=False, in_flight=0, cause="rate_limited", seconds=38.2),
)

SCREEN = """\
last minute: 3 requests, 2 whole (1 healed), 1 failed, 0 left; 4 attempts; first word 1.5 s

accounts: 1 ready, 1 resting
  alice@example.com  google  ready         -             2 in flight
  bob                google  resting 38 s  rate_limited  0 in flight

requests under way: 1
  req_4  12 s  answering  attempt 1  alice  m

latest
  req_1  200 completed  alice
  req_2  200 completed  2 attempts  alice
  req_3  200 broken  alice
"""


def attempt(number: int, outcome: str = "", move: str = "", **marks: float) -> AttemptRecord:
    return AttemptRecord(number, "alice", "up", "m", 0.5, marks=marks, outcome=outcome, move=move)


def record(number: int, outcome: str, *attempts: AttemptRecord, came: float = 980.0) -> RequestRecord:
    made = RequestRecord(f"req_{number}", came, "POST", "/v1/messages", "anthropic", model="m", status=200)
    made.attempts, made.outcome, made.account = list(attempts), outcome, "alice"
    if outcome:
        made.state, made.seconds = "done", 5.0
    return made


def seen() -> Glance:
    records = [
        record(4, "", attempt(1, "accepted", "relay", headers=1.0), came=988.0),
        record(1, "completed", attempt(1, "completed", first_meaning=1.0)),
        record(2, "completed", attempt(1, "empty"), attempt(2, "completed", first_meaning=2.0)),
        record(3, "broken", attempt(1, "broken", first_meaning=1.0)),
    ]
    return glance(ACCOUNTS, records, NOW, 500)


def test_it_is_readable_without_colours() -> None:
    assert "\n".join(told(seen(), NOW, Paint())) + "\n" == SCREEN.replace(", 1 failed", "\n1 failed", 1)


def test_on_a_wide_terminal_sums_are_one_line() -> None:
    assert "\n".join(told(seen(), NOW, Paint(), (120, 40))) + "\n" == SCREEN


def test_what_ended_earlier_is_no_part_of_the_minute() -> None:
    minute = glance((), [record(1, "completed", came=100.0)], NOW, 500).minute
    assert (minute.requests, minute.first_word, minute.more) == (0, None, False)


def test_where_the_daemon_has_more_than_was_asked_for_sums_are_least_ones() -> None:
    found = glance((), [record(1, "client_gone"), record(2, "client_gone")], NOW, 2)
    assert (found.minute.more, found.minute.left) == (True, 2)
    assert told(found, NOW, Paint())[0].startswith("last minute: at least 2 requests")


@pytest.mark.parametrize("size", [(80, 23), (60, 12), (20, 8), (200, 100)])
@pytest.mark.parametrize("count", [0, 3, 400])
@pytest.mark.parametrize("wanted", [True, False])
def test_it_fits_whatever_there_is(size: tuple[int, int], count: int, *, wanted: bool) -> None:
    accounts = [msgspec.structs.replace(ACCOUNTS[1], name=f"account-{number}") for number in range(count)]
    records = [record(number, "" if number % 2 else "completed", attempt(1)) for number in range(count)]
    lines = told(glance(accounts, records, NOW, 500), NOW, Paint(wanted=wanted), size)
    assert len(lines) <= size[1]
    assert all(len(line.replace("\x1b[1m", "").replace("\x1b[0m", "")) <= size[0] for line in lines)
    if count > 100 and size[0] > 20:
        assert any(line.startswith("  and ") for line in lines)


def test_a_strangers_words_steer_no_terminal() -> None:
    odd = record(1, "", attempt(1))
    odd.model = "\x1b[2J"
    assert "\x1b" not in "".join(told(glance((), [odd], NOW, 500), NOW, Paint()))


@pytest.mark.parametrize(
    ("attempts", "waits", "words"),
    [
        ((), (), "planning"),
        ((), ((0.0, 30.0, "rest"),), "waiting 20 s"),
        ((attempt(1),), (), "asking"),
        ((attempt(1, headers=1.0),), (), "peeking"),
        ((attempt(1, "accepted", "relay", headers=1.0),), (), "answering"),
        ((attempt(1),), ((0.1, 30.0, "rest"),), "asking"),
    ],
)
def test_phases_are_told_in_a_word(
    attempts: tuple[AttemptRecord, ...], waits: tuple[tuple[float, float, str], ...], words: str
) -> None:
    asked = record(1, "", *attempts, came=990.0)
    asked.waits = list(waits)
    assert phase(asked, NOW) == words


def test_between_two_attempts_it_heals() -> None:
    over = attempt(1, "empty", "again", headers=1.0)
    over.ended = 2.0
    assert phase(record(1, "", over), NOW) == "healing"
