"""What one account holds ties a request to it: nobody else is asked, however long it rests."""

from typing import Any

import msgspec
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


ASKED: dict[str, Any] = {"model": "gpt-5", "input": "Say hello."}


async def test_a_stored_response_is_gone_on_from_where_it_was_made_or_not_at_all(
    autojump_clock: Clock,
) -> None:
    acts = {"alice": ["answer text=First", "429 retry-after=4000", "answer text=Second"], "bob": ["answer"]}
    async with open_playhouse(acts, protocol="openai-responses", models="*") as house:
        first = await house.ask(ASKED, path="/v1/responses", stream=False)
        assert first.headers["x-account-email"] == "alice"
        goes_on = {**ASKED, "previous_response_id": first.json["id"]}
        told = await house.ask(goes_on, path="/v1/responses", stream=False)
        assert (told.status, told.headers["retry-after"]) == (429, "4000")
        other = await house.ask(ASKED, path="/v1/responses", stream=False)
        assert other.headers["x-account-email"] == "bob"
        await trio.sleep(4000)
        again = await house.ask(goes_on, path="/v1/responses", stream=False)
        assert (again.status, again.headers["x-account-email"]) == (200, "alice")
        house.assert_nothing_left()


async def test_encrypted_thoughts_of_another_account_are_left_out_and_recorded(autojump_clock: Clock) -> None:
    acts = {
        "alice": ["answer text=First thinking=Hmm", "429 retry-after=4000"],
        "bob": ["answer text=Second"],
    }
    asked = {**ASKED, "reasoning": {"effort": "high", "summary": "auto"}, "store": False}
    asked["include"] = ["reasoning.encrypted_content"]
    async with open_playhouse(acts, protocol="openai-responses", models="*") as house:
        first = await house.ask(asked, path="/v1/responses", stream=False)
        assert [item["type"] for item in first.json["output"]] == ["reasoning", "message"]
        turns = [
            {"role": "user", "content": "Say hello."},
            *first.json["output"],
            {"role": "user", "content": "On."},
        ]
        told = await house.ask({**asked, "input": turns}, path="/v1/responses", stream=False)
        assert (told.status, told.headers["x-account-email"]) == (200, "bob")
        mine, theirs = (msgspec.json.decode(sent.body)["input"] for sent in house.simulator.requests[-2:])
        assert [item.get("type") for item in mine] == [None, "reasoning", "message", None]
        assert [item.get("type") for item in theirs] == [None, "message", None]
        assert told.record.spliced
