"""One line that says how peekd stands, while it serves and while it ends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from playhouse import HELLO, open_playhouse

from peekd.accounts.wanted import Lease, Target, Wanted
from peekd.service.notify import Notifier
from peekd.service.status import keep_patient, keep_told, tell_state
from peekd.vocabulary import outcomes as o

Clock = trio.testing.MockClock
WANTED = Wanted((Target("up", HELLO["model"]),))


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """A service manager's end."""
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(name)
        sock.settimeout(0)
        yield name, sock


def heard(sock: socket.socket) -> list[str]:
    """What has come so far."""
    lines: list[str] = []
    while True:
        try:
            lines.append(sock.recv(4096).decode())
        except BlockingIOError:
            return lines


async def test_the_line_counts_requests_and_accounts(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"], "bob": ["answer"]}) as playhouse:
        house = playhouse.house
        assert tell_state(house) == "0 open requests; 2 of 2 accounts usable"
        leased = house.roster.lease(WANTED)
        assert isinstance(leased, Lease)
        house.roster.settle(leased, o.QuotaExhausted(retry_after=3600))
        assert tell_state(house) == "0 open requests; 1 of 2 accounts usable"


async def test_the_line_is_sent_when_it_changes_and_until_the_drain(
    autojump_clock: Clock, manager: tuple[str, socket.socket]
) -> None:
    name, sock = manager
    async with open_playhouse({"alice": ["answer"]}) as playhouse, trio.open_nursery() as nursery:
        house = playhouse.house
        nursery.start_soon(keep_told, Notifier(name), house, "listening")
        await trio.sleep(60)
        assert heard(sock) == ["STATUS=listening: 0 open requests; 1 of 1 account usable"]
        house.roster.disable("alice", "by hand")
        await trio.sleep(6)
        assert heard(sock) == ["STATUS=listening: 0 open requests; 0 of 1 account usable"]
        house.draining = True
        house.roster.enable("alice")
        await trio.sleep(60)
        assert heard(sock) == []


async def test_a_drain_asks_for_its_time_again_and_again(
    autojump_clock: Clock, manager: tuple[str, socket.socket]
) -> None:
    name, sock = manager
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        with trio.move_on_after(2.5):
            await keep_patient(Notifier(name), playhouse.house, trio.current_time() + 120)
    assert heard(sock) == [
        f"EXTEND_TIMEOUT_USEC=6000000\nSTATUS=finishing 0 open requests, for {left} s at most"
        for left in (120, 119, 118)
    ]
