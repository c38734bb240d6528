"""What one account holds ties a request to it: nobody else is asked, however long it rests."""

from typing import Any

import trio
from playhouse import HELLO, open_playhouse

Clock = trio.testing.MockClock

FILE: dict[str, Any] = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
NAMES_A_FILE: dict[str, Any] = {**HELLO, "messages": [{"role": "user", "content": [FILE]}]}


async def test_a_file_is_asked_for_where_it_was_found_even_while_that_account_rests(
    autojump_clock: Clock,
) -> None:
    acts = {"alice": ["answer text=Read", "429 retry_after=4000", "answer text=Again"], "bob": ["answer"]}
    async with open_playhouse(acts) as house:
        assert (await house.ask(NAMES_A_FILE)).headers["x-account-email"] == "alice"
        told = await house.ask(NAMES_A_FILE)
        assert (told.status, told.headers["retry-after"]) == (429, "4000")
        assert told.told == [("alice", "quota_exhausted", "rotate")]
        assert (await house.ask()).headers["x-account-email"] == "bob"
        await trio.sleep(4000)
        assert (await house.ask(NAMES_A_FILE)).text == "Again"
        house.assert_nothing_left()


async def test_a_short_rest_of_its_only_account_is_waited_for(autojump_clock: Clock) -> None:
    acts = {"alice": ["answer text=Read", "429 retry_after=20", "answer text=Again"], "bob": ["answer"]}
    async with open_playhouse(acts) as house:
        await house.ask(NAMES_A_FILE)
        told = await house.ask(NAMES_A_FILE)
        assert (told.text, told.headers["x-account-email"]) == ("Again", "alice")


async def test_a_file_that_nobody_was_seen_to_hold_ties_to_nobody(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["429"], "bob": ["answer text=Read"]}) as house:
        assert (await house.ask(NAMES_A_FILE)).headers["x-account-email"] == "bob"
