"""A client that closes its connection: attempt and upstream end at once, in every phase."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

import pytest
import trio
from front import Caller, Phases, open_caller, open_socket_caller
from playhouse import Playhouse, open_playhouse

PROMPT = 0.1
"""Seconds from the close to the upstream's end: docs/promises.md."""

GIVE_UP = 20
"""Seconds after which a test on real sockets is broken; none takes as long."""

Plays = Mapping[str, Sequence[object]]
Open = Callable[[Playhouse], AbstractAsyncContextManager[Caller]]

PHASES: dict[str, tuple[Plays, bytes]] = {
    "headers": ({"alice": ["silence seconds=0"]}, b""),
    "peek": ({"alice": ["pings count=0 every=3600"]}, b""),
    "backoff": ({"alice": ["529 retry-after=9"]}, b""),
    "waiting for an account": ({"alice": ["429 retry-after=90"]}, b""),
    "stream": ({"alice": ["stall at=middle seconds=0"]}, b"content_block_delta"),
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("phase", PHASES)
async def test_in_virtual_time_everything_ends_within_a_tenth_of_a_second(
    autojump_clock: trio.testing.MockClock, phase: str, *, stream: bool
) -> None:
    plays, mark = PHASES[phase]
    async with open_playhouse(plays) as house, open_caller(house) as caller:
        phases = Phases(house)
        await caller.ask(stream=stream)
        await phases.wait("attempt")
        await caller.read_until(mark if stream else b"")
        left = trio.current_time()
        await caller.leave()
        await phases.wait("end")
        await house.simulator.requests[-1].over.wait()
        assert trio.current_time() - left <= PROMPT
        record = house.house.live.find("last")
        assert record is not None
        assert record.outcome == "client_gone"
        house.assert_nothing_left()


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("phase", PHASES)
async def test_on_real_sockets_the_close_ends_attempt_and_upstream(phase: str, *, stream: bool) -> None:
    plays, mark = PHASES[phase]
    with trio.fail_after(GIVE_UP):
        async with open_playhouse(plays) as house, open_socket_caller(house) as caller:
            phases = Phases(house)
            await caller.ask(stream=stream)
            await phases.wait("attempt")
            await caller.read_until(mark if stream else b"")
            assert house.house.live.opened() == 1
            await caller.leave()
            await phases.wait("end")
            await house.simulator.requests[-1].over.wait()
            house.assert_nothing_left()


@pytest.mark.parametrize("open_client", [open_caller])
@pytest.mark.parametrize("act", ["answer text=Hello", "cut", "empty"])
async def test_when_the_last_byte_is_out_all_is_written_down(
    autojump_clock: trio.testing.MockClock, act: str, open_client: Open
) -> None:
    async with open_playhouse({"alice": [act]}) as house, open_client(house) as caller:
        await caller.ask()
        while b"\r\n0\r\n\r\n" not in caller.got and b"(peekd explain" not in caller.got:
            caller.got += await caller.stream.receive_some(1)
        record = house.house.live.find("req_1")
        assert record is not None
        assert record.state == "done"
        assert all(state.in_flight == 0 for state in house.house.roster.states())


async def test_a_client_that_only_closes_its_own_side_counts_as_gone(
    autojump_clock: trio.testing.MockClock,
) -> None:
    plays, mark = PHASES["stream"]
    async with open_playhouse(plays) as house, open_caller(house) as caller:
        phases = Phases(house)
        await caller.ask()
        await caller.read_until(mark)
        assert isinstance(caller.stream, trio.abc.HalfCloseableStream)
        await caller.stream.send_eof()
        await phases.wait("end")
        house.assert_nothing_left()
