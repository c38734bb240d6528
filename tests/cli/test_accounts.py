"""peekd accounts: a table for people, JSON for programs, and three switches."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import msgspec
import pytest

from peekd.cli.accounts import Account, Listing, Model, Reading, listed
from peekd.cli.main import main
from peekd.cli.paint import Paint

Answers = dict[str, tuple[int, bytes]]
Serve = Callable[..., AbstractContextManager[tuple[str, list[tuple[str, dict[str, str]]]]]]

ALICE = Account("alice@example.com", "google", "ready", 2, requests=40, success_rate=0.975)
BOB = Account(
    "bob",
    "google",
    "resting",
    0,
    cause="quota_exhausted",
    seconds=7500.0,
    because="quota_exhausted, as the upstream asked: 7500 s",
    requests=3,
    success_rate=1 / 3,
    last_error="429: slow\x1b[2J down",
    last_error_at=940.0,
)
CAROL = Account("team/carol", "claude", "to_mend", 0, cause="unauthorized", seconds=50.0)
DAVE = Account(
    "dave",
    "claude",
    "disabled",
    0,
    because="disabled by hand",
    models=(Model("opus", "resting", "overloaded", 12.0),),
)

TOLD = """\
account            state     back          running  asked  good
alice@example.com  ready     -             2        40     98%
bob                resting   in 2 h 5 min  0        3      33%
  quota_exhausted, as the upstream asked: 7500 s
  last error, 1 min ago: 429: slow\\x1b[2J down
team/carol         to mend   in 50 s       0        0      -
  unauthorized
dave               disabled  by hand       0        0      -
  disabled by hand
  opus: resting, overloaded, in 12 s
"""


@pytest.fixture
def pages() -> Answers:
    encode = msgspec.json.encode
    return {
        "/api/accounts": (200, encode({"accounts": [ALICE, BOB, CAROL, DAVE], "settings": {"file": "f"}})),
        "/api/accounts/bob/reset": (200, encode({"account": msgspec.structs.replace(BOB, state="ready")})),
        "/api/accounts/team%2Fcarol/disable": (200, encode({"account": DAVE})),
        "/api/accounts/alice%40example.com/enable": (200, encode({"account": ALICE})),
        "/api/accounts/bobb/enable": (
            404,
            b'{"error": {"message": "no account is called \'bobb\'; near names: bob"}}',
        ),
    }


def test_the_table_fits_a_terminal_and_holds_nothing_that_steers_it() -> None:
    told = listed(Listing((ALICE, BOB, CAROL, DAVE)), 1000.0, Paint())
    assert told == TOLD
    assert max(map(len, told.splitlines())) <= 80


def test_on_a_terminal_states_have_colours() -> None:
    told = listed(Listing((ALICE, BOB, DAVE)), 1000.0, Paint(wanted=True))
    for colour, name in [("32", "alice"), ("33", "bob"), ("31", "dave")]:
        assert f"\x1b[{colour}m{name}" in told


def test_settings_that_were_not_taken_over_are_told_below() -> None:
    reading = Reading("/etc/peekd/peekd.toml", ("logs.level: expected …",), ("server.bind",))
    told = listed(Listing((ALICE,), reading), 1000.0, Paint())
    assert "fault: logs.level" in told
    assert "`peekd check`" in told
    assert "restart: server.bind has changed" in told
    assert listed(Listing(()), 0.0, Paint()) == "no account\n"


def test_it_lists_plainly_into_a_pipe_and_as_json(
    served: Serve, pages: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(pages) as (url, _):
        assert main(["accounts", "--url", url]) == 0
        assert "\x1b" not in (out := capsys.readouterr().out)
        assert out.startswith("account ")
        assert main(["accounts", "--json", "--url", url]) == 0
        assert [one["name"] for one in json.loads(capsys.readouterr().out)["accounts"]][:2] == [
            "alice@example.com",
            "bob",
        ]


SWITCHED = {
    ("reset", "bob"): ("bob/reset", "bob is reset: now ready\n"),
    ("disable", "team/carol"): ("team%2Fcarol/disable", "dave is disabled\n"),
    ("enable", "alice@example.com"): (
        "alice%40example.com/enable",
        "alice@example.com is enabled: now ready\n",
    ),
}


@pytest.mark.parametrize("words", SWITCHED)
@pytest.mark.parametrize("before", [True, False])
def test_a_switch_is_done_wherever_the_options_stand(
    served: Serve, pages: Answers, capsys: pytest.CaptureFixture[str], words: tuple[str, str], *, before: bool
) -> None:
    path, told = SWITCHED[words]
    with served(pages) as (url, seen):
        options = ["--url", url, "--admin-key", "k"]
        assert main(["accounts", *options, *words] if before else ["accounts", *words, *options]) == 0
        assert capsys.readouterr().out == told
        asked = [(target, headers["authorization"]) for target, headers in seen]
        assert asked == [(f"POST /api/accounts/{path}", "Bearer k")]


def test_a_switch_tells_json_too(served: Serve, pages: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    with served(pages) as (url, _):
        assert main(["accounts", "reset", "bob", "--json", "--url", url]) == 0
        assert json.loads(capsys.readouterr().out)["account"]["name"] == "bob"


def test_an_unknown_name_ends_with_1_and_no_daemon_with_69(
    served: Serve, pages: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(pages) as (url, _):
        assert main(["accounts", "enable", "bobb", "--url", url]) == 1
        assert "near names: bob" in capsys.readouterr().err
    for words in ([], ["disable", "bob"]):
        assert main(["accounts", *words, "--url", "http://127.0.0.1:1"]) == 69


def test_what_is_no_peekd_is_told(served: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    with served({"/api/accounts": (200, b"<html>")}) as (url, _):
        assert main(["accounts", "--url", url]) == 1
    assert "not this version of peekd" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["enable"], ["remove", "bob"], ["reset", "a", "b"]])
def test_a_slip_is_a_matter_of_usage(words: list[str], capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["accounts", *words])
    assert ended.value.code == 2
