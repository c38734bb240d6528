"""The laws on access tokens can fail: for each there is a history that breaks it."""

from __future__ import annotations

import pytest

from peekd.simulator.tokens import read_token_request
from simulation.dice import Dice
from simulation.tokens import draw_fate, failed, look_at_tokens
from simulation.transcripts import Minting, Said
from simulation.wire import Line, Manner, connect


def line() -> Line:
    return connect(Dice(1), Manner())[0]


def minting(at: float, *, life: int = 1, fault: str = "", took: float | None = 0.5) -> Minting:
    token = "" if fault else f"t{at:g}"
    finished = None if took is None else at + took
    return Minting("up0", life, at, line(), "answer", fault, token, 40.0, finished)


def said(at: float, token: str, ends: float, fault: str = "") -> Said:
    return Said(
        1, "up", "gemini", "up0", 1, "x", line(), arrived_at=at, fault=fault, token=token, token_ends=ends
    )


def broken(mintings: list[Minting], sent: list[Said], rotated: list[tuple[float, str]]) -> list[str]:
    return [ending.law for ending in look_at_tokens(mintings, sent, rotated)]


def test_a_quiet_history_breaks_none() -> None:
    assert broken([minting(0), minting(33)], [said(1, "t0", 40), said(34, "t33", 73)], []) == []


@pytest.mark.parametrize(
    ("mintings", "sent", "law"),
    [
        ([], [said(53, "t0", 40)], "no token is sent that has ended"),
        ([minting(0), minting(0.2)], [], "one exchange at a time"),
        ([minting(0, took=None), minting(2)], [], "one exchange at a time"),
        ([minting(0), minting(10)], [said(1, "t0", 40)], "one exchange for each expiry"),
    ],
)
def test_each_law_can_be_broken(mintings: list[Minting], sent: list[Said], law: str) -> None:
    assert broken(mintings, sent, []) == [law]


def test_there_are_good_reasons_for_another_exchange() -> None:
    two = [minting(0), minting(10)]
    assert broken(two, [said(1, "t0", 40, fault="401")], []) == []  # it was turned away
    assert broken(two, [said(1, "t0", 40)], [(2.0, "up0")]) == []  # the file was replaced
    assert broken(two, [], []) == []  # it may never have arrived
    assert broken([minting(0, life=1), minting(0.1, life=2)], [], []) == []  # peekd was started again


def test_an_account_may_rest_after_an_exchange_that_went_wrong() -> None:
    assert failed([minting(0, fault="503")], "up0", 1.0)
    assert not failed([minting(0, fault="503")], "up1", 1.0)
    assert not failed([minting(0, fault="503")], "up0", 30.0)
    assert not failed([minting(0)], "up0", 1.0)


def test_an_account_may_rest_when_an_exchange_took_so_long_that_it_was_given_up() -> None:
    slow, answered = minting(0, took=3.5), minting(0, took=1.5)
    slow.line.closed_at = answered.line.closed_at = 2.0
    assert failed([slow], "up0", 2.0)
    assert not failed([slow], "up0", 1.0)
    assert not failed([answered], "up0", 2.0)
    assert not failed([minting(0, took=None)], "up0", 2.0)


def test_an_old_refresh_token_is_refused_for_good() -> None:
    asked = read_token_request("/token", b"refresh_token=old", 1)
    assert draw_fate(Dice(1), asked, known=False, seconds=15)[1] == "invalid-grant"
    fates = {draw_fate(Dice(seed), asked, known=True, seconds=15)[1] for seed in range(200)}
    assert {"answer", "503", "silence"} <= fates
