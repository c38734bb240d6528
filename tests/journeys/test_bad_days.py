"""Days on which the machine is in trouble: names do not resolve, descriptors are out, its clock jumps."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

import playhouse
import pytest
import rawhouse
import trio
from playhouse import open_playhouse
from rawhouse import WHOLE, RawAnswer, open_rawhouse

from peekd.relay.means import Seams

TROUBLES = {
    "a name that does not resolve": socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
    "a name that is not there": socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
    "no descriptors": OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
    "no ports": OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL)),
    "no network": OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH)),
    "no memory": OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_who_cannot_connect_says_so_and_serves_again_when_it_can(
    autojump_clock: Any, trouble: str
) -> None:
    async with open_rawhouse(WHOLE) as (house, upstream):
        upstream.trouble = TROUBLES[trouble]
        told = await house.ask()
        assert told.status == 503
        assert {attempt.outcome for attempt in told.record.attempts} == {"unreachable"}
        upstream.trouble = None
        await trio.sleep(120)
        assert (await house.ask()).status == 200
        house.assert_nothing_left()


# ---- a clock that jumps -----------------------------------------------------------------------------------

YEAR = 365 * 86400.0
JUMPS = [(0.0, YEAR), (YEAR, 0.0), (0.0, -YEAR), (YEAR, YEAR / 2)]


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock on the wall shows, to be set; nothing else sees it move."""
    shows = [0.0]
    seams = Seams(wall=lambda: shows[0], jitter=lambda: 0.0)

    def made(**_: object) -> Seams:
        return seams

    for stage in (playhouse, rawhouse):
        monkeypatch.setattr(stage, "Seams", made)
    return shows


@pytest.mark.parametrize(("before", "after"), JUMPS)
async def test_a_cooldown_lasts_as_long_as_it_was_told_whatever_the_clock_on_the_wall_does(
    autojump_clock: Any, wall: list[float], before: float, after: float
) -> None:
    plays = {"alice": ["429 retry-after=4000", "answer text=Hello"]}
    async with open_playhouse(plays) as house:
        wall[0] = before
        assert (await house.ask()).status == 429
        wall[0] = after
        refused = await house.ask()
        assert refused.status == 429
        assert 3900 <= int(refused.headers["retry-after"]) <= 4000
        await trio.sleep(4000)
        assert (await house.ask()).text == "Hello"
        house.assert_nothing_left()


async def test_a_date_to_come_back_at_is_never_before_now_nor_beyond_reason(
    autojump_clock: Any, wall: list[float]
) -> None:
    late = RawAnswer([b"{}"], status=429, headers=(("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT"),))
    wall[0] = 4e9
    async with open_rawhouse(late, WHOLE) as (house, _):
        told = await house.ask()
        assert told.status in {200, 429}
        house.assert_nothing_left()
