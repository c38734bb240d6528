"""An outage of an upstream, played: it burns few accounts, and ends by one request's answer."""

from collections.abc import Sequence
from typing import Any

import pytest
import trio
from townhouse import open_townhouse

Clock = trio.testing.MockClock

NAMES = [f"a{number}" for number in range(12)]
UP = {"up": {"protocol": "anthropic"}}


def accounts(upstream: str = "up", names: Sequence[str] = NAMES) -> list[dict[str, Any]]:
    return [{"name": name, "upstream": upstream} for name in names]


@pytest.mark.parametrize("act", ["429", "500", "529", "close", "429 retry-after=400"])
async def test_a_request_burns_no_more_accounts_than_tell_a_storm(autojump_clock: Clock, act: str) -> None:
    async with open_townhouse(UP, accounts=accounts(), plays={name: [act] for name in NAMES}) as house:
        for number in range(4):
            await house.ask(headers={"session-id": str(number)}, leave_after=3)
        burnt = {entry.account for entry in house.entries if entry.phase == "attempt" and entry.account}
        assert len(burnt) <= 5
        (up,) = house.house.roster.upstreams()
        assert "resting" in {up.state, *(model.state for model in up.models)}


async def test_a_short_outage_is_waited_out_and_healed(autojump_clock: Clock) -> None:
    plays = {name: ["429", "answer"] for name in NAMES[:3]} | {name: ["answer"] for name in NAMES[3:]}
    async with open_townhouse(UP, accounts=accounts(), plays=plays) as house:
        told = await house.ask()
        assert told.status == 200
        assert [account for account, _, _ in told.told] == NAMES[:4]
        assert [seconds for _, seconds, _ in told.record.waits] == [pytest.approx(2.0)]
        assert house.house.roster.upstreams()[0].state == "ready"


async def test_the_next_target_of_the_route_serves_meanwhile(autojump_clock: Clock) -> None:
    upstreams = {**UP, "next": {"protocol": "anthropic"}}
    plays = {name: ["429"] for name in NAMES} | {"spare": ["answer"]}
    listed = [*accounts(), *accounts("next", ["spare"])]
    routes = [{"match": "*", "to": ["up", "next"]}]
    async with open_townhouse(upstreams, accounts=listed, plays=plays, routes=routes) as house:
        told = await house.ask()
        assert [account for account, _, _ in told.told] == [*NAMES[:3], "spare"]
        assert told.record.waits == []
        again = await house.ask(headers={"session-id": "two"})
        assert [account for account, _, _ in again.told] == ["spare"]


async def test_while_it_is_tried_all_others_wait(autojump_clock: Clock) -> None:
    plays = {name: ["529", "answer delay=3"] for name in NAMES[:6]} | {
        n: ["answer delay=3"] for n in NAMES[6:]
    }
    arrivals: list[float] = []
    async with open_townhouse(UP, accounts=accounts(), plays=plays) as house:

        async def one(number: int) -> None:
            told = await house.ask(headers={"session-id": str(number)})
            assert told.status == 200
            arrivals.append(trio.current_time())

        async with trio.open_nursery() as nursery:
            for number in range(6):
                nursery.start_soon(one, number)
    first, second, *_ = sorted(arrivals)
    assert first < second


async def test_a_try_whose_client_leaves_lets_another_try(autojump_clock: Clock) -> None:
    plays = {name: ["429"] for name in NAMES[:3]} | {name: ["hang"] for name in NAMES[3:4]}
    plays |= {name: ["answer"] for name in NAMES[4:]}
    async with open_townhouse(UP, accounts=accounts(), plays=plays) as house:
        gone = await house.ask(leave_after=5)
        assert gone.record.outcome == "client_gone"
        told = await house.ask(headers={"session-id": "two"})
        assert [account for account, _, _ in told.told] == [NAMES[4]]


@pytest.mark.parametrize(
    ("protocol", "act"),
    [
        ("anthropic", {"do": "401", "message": "OAuth token has been revoked."}),
        ("anthropic", {"do": "400", "message": "This organization has been disabled."}),
        ("gemini", {"do": "403", "message": "Disabled in this account for violation of Terms of Service."}),
        ("openai-chat", {"do": "401", "type": "token_revoked", "message": "Signed out."}),
    ],
)
async def test_who_is_shut_out_for_good_takes_nobody_along(
    autojump_clock: Clock, protocol: str, act: dict[str, Any]
) -> None:
    routes = [{"match": "*", "to": ["up/m"]}]
    plays: dict[str, Sequence[object]] = {name: [act] for name in NAMES}
    async with open_townhouse(
        {"up": {"protocol": protocol}}, accounts=accounts(), plays=plays, routes=routes
    ) as house:
        told = await house.ask()
        assert (told.status, told.headers["x-should-retry"]) == (503, "false")
        assert len(told.told) == 1
        assert act["message"] in told.body.decode()
        assert house.house.roster.states()[0].state == "to_mend"
