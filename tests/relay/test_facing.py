"""What the client is told, and when: of a request that is left, and of one that nobody answers."""

import pytest
import trio
from playhouse import HELLO, Playhouse, open_playhouse

from peekd.relay.delivery import Delivery, Final
from peekd.relay.facing import Facing
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.errors import Fault

Clock = trio.testing.MockClock


def facing_of(playhouse: Playhouse) -> tuple[Facing, Delivery]:
    asked = playhouse.asked({**HELLO, "stream": True}, {}, "/v1/messages")
    delivery = Delivery(ping=b"", ping_seconds=10)
    return Facing(playhouse.house, playhouse.house.tree, asked, delivery), delivery


@pytest.mark.parametrize(("draining", "left"), [(False, o.ClientGone()), (True, o.Drained())])
async def test_what_is_left_from_outside_is_nobodys_failure(
    autojump_clock: Clock, left: o.AnyOutcome, *, draining: bool
) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        facing, _ = facing_of(playhouse)
        playhouse.house.draining = draining
        assert facing.leaving() == left
        facing.leave()
        assert facing.scribe.record.outcome == o.name_of(left)


async def test_a_fault_is_a_status_before_the_headers_and_an_error_in_the_stream_after(
    autojump_clock: Clock,
) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        facing, delivery = facing_of(playhouse)
        await facing.tell(Fault("overloaded", "Not now."), "silent")
        final = await delivery.wait_reply()
        assert isinstance(final, Final)
        assert final.status == 503
        facing, delivery = facing_of(playhouse)
        facing.begin(early=True)
        await facing.tell(Fault("overloaded", "Not now."), "silent")
        body = b"".join([piece async for piece in delivery.chunks()])
        assert body.startswith(b"event: error\n")
        assert not facing.shown
