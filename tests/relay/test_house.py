"""What all requests share: accounts as a value, settings in layers, policy tables, seams."""

import pytest
import trio
from playhouse import HELLO, QUICK, open_playhouse
from requested import asked_of

from peekd.accounts.settings import AccountSettings
from peekd.accounts.wanted import Lease, Target, Wanted
from peekd.records.entries import Entry
from peekd.relay.house import open_house
from peekd.simulator.script import Script
from peekd.simulator.server import open_simulator
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.errors import ClientError, OperatorError

Clock = trio.testing.MockClock
WANTED = Wanted((Target("up", HELLO["model"]),))


def ignore(entry: Entry) -> None:
    """A journal nobody reads."""


# ---- accounts ------------------------------------------------------------------------------------


async def test_it_is_ready_while_an_account_is_usable_and_it_does_not_drain(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        house = playhouse.house
        assert house.ready()
        leased = house.roster.lease(WANTED)
        assert isinstance(leased, Lease)
        house.roster.settle(leased, o.QuotaExhausted(retry_after=3600))
        assert not house.ready()
        await trio.sleep(3601)
        assert house.ready()
        house.draining = True
        assert not house.ready()


async def test_counting_takes_no_account(autojump_clock: Clock) -> None:
    asked = asked_of({**HELLO, "stream": False}, path="/v1/messages/count_tokens")
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        before = playhouse.house.roster.pool
        assert (await playhouse.house.count_tokens(asked)).status == 200
        assert playhouse.house.roster.pool is before


# ---- opening and closing -------------------------------------------------------------------------


async def test_a_credential_that_cannot_be_had_is_the_operators_to_mend(autojump_clock: Clock) -> None:
    opening = open_house(
        healing=QUICK,
        upstreams={"up": UpstreamSettings("anthropic", "http://127.0.0.1:1")},
        accounts=[AccountSettings("alice", "up", "env:NOWHERE")],
        routes=[],
        journal=ignore,
        environ={},
    )
    with pytest.RaisesGroup(pytest.RaisesExc(OperatorError, match="account alice")):
        await opening.__aenter__()


async def test_leaving_closes_idle_connections(autojump_clock: Clock) -> None:
    async with open_simulator(Script()) as simulator:
        settings = {"up": UpstreamSettings("anthropic", "simulator:x")}
        async with open_house(
            healing=QUICK,
            upstreams=settings,
            accounts=[AccountSettings("alice", "up", "env:KEY")],
            routes=[],
            journal=ignore,
            environ={"KEY": "secret"},
            dials={"up": simulator.dial},
        ) as house:
            asked = asked_of({**HELLO, "stream": False}, path="/v1/messages/count_tokens")
            await house.count_tokens(asked)
            assert simulator.open_connections == 1
        await trio.testing.wait_all_tasks_blocked()
        assert simulator.open_connections == 0


# ---- by hand -------------------------------------------------------------------------------------


async def test_an_account_is_switched_by_its_name_and_told_as_it_stands_then(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["429 retry-after=90"], "bob": ["answer"]}) as playhouse:
        house = playhouse.house
        await playhouse.ask()
        assert house.describe_accounts()["accounts"][0]["state"] == "resting"
        assert house.switch("alice", "reset")["account"]["state"] == "ready"
        off = house.switch("bob", "disable")["account"]
        assert (off["state"], off["because"]) == ("disabled", "disabled by hand")
        assert house.switch("bob", "enable")["account"]["usable"]


async def test_who_is_not_there_cannot_be_switched_and_the_nearest_names_are_told(
    autojump_clock: Clock,
) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        with pytest.raises(ClientError, match=r"no account is called 'alicee'; near names: alice"):
            playhouse.house.switch("alicee", "disable")


async def test_accounts_are_told_with_what_became_of_their_attempts(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["500", "answer"]}) as playhouse:
        await playhouse.ask()
        (told,) = playhouse.house.describe_accounts()["accounts"]
        assert (told["requests"], told["success_rate"]) == (2, 0.5)
        assert told["last_error"]
        assert playhouse.house.describe_accounts()["settings"].loads == 1
