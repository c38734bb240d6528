"""Text that breaks off goes on with a second attempt, where its route wants that and the seam is exact."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import trio
from askers import CLIENTS, Heard, asking, heard
from playhouse import Playhouse, Told
from rawhouse import CLOSE, OPEN, REASON, START, STOP, RawAnswer, frame, open_rawhouse, words

Clock = trio.testing.MockClock

ON = {"continue_text": True}
END = {"anthropic": "end_turn", "gemini": "STOP", "openai-chat": "stop", "openai-responses": "completed"}
REFUSED = RawAnswer(
    [
        b'{"type":"error","error":{"type":"invalid_request_error","message":"This model does not support '
        b'assistant message prefill."}}'
    ],
    status=400,
    headers=(("content-type", "application/json"),),
)


def broken(text: str) -> RawAnswer:
    """An answer whose connection drops in the middle of its words."""
    return RawAnswer([START, OPEN, words(text)], ends=False)


def more(*texts: str) -> RawAnswer:
    """The rest, as an upstream gives it that takes the beginning of an answer: an answer of its own."""
    return RawAnswer([START, OPEN, *(words(text) for text in texts), CLOSE, REASON, STOP])


async def ask(playhouse: Playhouse, client: str, **told: Any) -> tuple[Told, Heard]:
    got = await playhouse.ask(**asking(client, tools=False, **told))
    return got, heard(client, got)


@pytest.mark.parametrize("client", CLIENTS)
async def test_it_goes_on_with_the_same_account_as_one_answer(autojump_clock: Clock, client: str) -> None:
    answers = (broken("One two"), more(" three", " four."))
    async with open_rawhouse(*answers, accounts=("alice", "bob"), options=ON) as (playhouse, upstream):
        told, answer = await ask(playhouse, client)
        assert (answer.text, answer.reason, answer.error) == ("One two three four.", END[client], False)
        assert told.told == [("alice", "broken", "resume"), ("alice", "completed", "relay")]
        last = msgspec.json.decode(upstream.bodies[1])["messages"][-1]
        assert last["role"] == "assistant"
        assert last["content"] in ("One two", [{"type": "text", "text": "One two"}])
        playhouse.assert_nothing_left()


async def test_on_a_verbatim_path_every_frame_is_whole_and_there_is_one_start(autojump_clock: Clock) -> None:
    async with open_rawhouse(broken("One two"), more(" three"), options=ON) as (playhouse, upstream):
        told, _ = await ask(playhouse, "anthropic")
        assert told.kinds.count("message_start") == told.kinds.count("content_block_start") == 1
        assert told.kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
        before, after = (msgspec.json.decode(body) for body in upstream.bodies)
        assert after["messages"][:-1] == before["messages"]  # and nothing else is asked
        assert {**after, "messages": 0} == {**before, "messages": 0}


@pytest.mark.parametrize(
    ("shown", "rest", "whole"),
    [
        ("One two, ", " three", "One two, three"),  # the blank at its end is not sent, and comes again
        ("So all is well and done", "all is well and done, now", "So all is well and done, now"),
        ("All is well and done", "All is well and done, now", "All is well and done, now"),
        ("Hello", "", "Hello"),  # nothing more was to be said
    ],
)
async def test_what_was_shown_is_not_said_twice(
    autojump_clock: Clock, shown: str, rest: str, whole: str
) -> None:
    pieces = (rest[:5], rest[5:]) if rest else ()
    async with open_rawhouse(broken(shown), more(*pieces), options=ON) as (playhouse, upstream):
        for client in ("anthropic", "openai-chat"):
            _, answer = await ask(playhouse, client)
            assert (answer.text, answer.error) == (whole, False)
            upstream.bodies.clear()


@pytest.mark.parametrize(
    ("shown", "rest"),
    [
        ("Once upon a time there was a king", "Once upon a time there lived a queen"),
        ("One two, ", "three"),
    ],
)
async def test_what_does_not_fit_is_the_error_that_it_is_without_the_option(
    autojump_clock: Clock, shown: str, rest: str
) -> None:
    async with open_rawhouse(broken(shown), more(rest), options=ON) as (playhouse, _):
        told, answer = await ask(playhouse, "anthropic")
        assert (answer.text, answer.error) == (shown, True)
        assert [one.move for one in told.record.attempts] == ["resume", "give_up"]
        assert told.record.outcome == "broken"
        playhouse.assert_nothing_left()


async def test_a_model_that_takes_no_beginning_costs_one_refusal_and_blames_nobody(
    autojump_clock: Clock,
) -> None:
    async with open_rawhouse(broken("One two"), REFUSED, options=ON) as (playhouse, _):
        told, answer = await ask(playhouse, "anthropic")
        assert (answer.text, answer.error, told.record.outcome) == ("One two", True, "broken")
        assert [one.outcome for one in told.record.attempts] == ["broken", "rejected"]
        assert "broke off" in told.record.verdict


async def test_the_second_attempt_may_be_another_accounts(autojump_clock: Clock) -> None:
    limited = RawAnswer([b"{}"], status=429, headers=(("content-type", "application/json"),))
    answers = (broken("One two"), limited, more(" three"))
    async with open_rawhouse(*answers, accounts=("alice", "bob"), options=ON) as (playhouse, _):
        told, answer = await ask(playhouse, "anthropic")
        assert (answer.text, answer.error) == ("One two three", False)
        assert [one.account for one in told.record.attempts] == ["alice", "alice", "bob"]


async def test_it_goes_on_as_often_as_there_are_attempts(autojump_clock: Clock) -> None:
    answers = (broken("One"), broken(" two, and then"), broken(" three, and then"), more(" four"))
    async with open_rawhouse(*answers, options=ON) as (playhouse, upstream):
        told, answer = await ask(playhouse, "anthropic")
        assert len(upstream.bodies) == len(told.record.attempts) == 3
        assert answer.error
        assert answer.text == "One two, and then three, and then"


CALL = frame("content_block_start", index=0, content_block={"type": "tool_use", "id": "t", "name": "Bash"})
THOUGHT = frame("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""})
THINKS = frame("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "Hm."})
SECOND = frame("content_block_start", index=1, content_block={"type": "text", "text": ""})
LATER = frame("content_block_delta", index=1, delta={"type": "text_delta", "text": "One"})
CITED = frame("content_block_delta", index=0, delta={"type": "citations_delta", "citation": {}})


@pytest.mark.parametrize(
    "pieces",
    [
        [START, CALL],
        [START, THOUGHT, THINKS],
        [START, THOUGHT, THINKS, CLOSE, SECOND, LATER],
        [START, OPEN, words("One"), CITED],
        [START, OPEN, words("One"), CLOSE],
        [START, OPEN, words("   ")],
    ],
)
async def test_anything_but_open_text_alone_is_never_gone_on_with(
    autojump_clock: Clock, pieces: list[bytes]
) -> None:
    async with open_rawhouse(RawAnswer(pieces, ends=False), more("x"), options=ON) as (playhouse, upstream):
        told, answer = await ask(playhouse, "anthropic")
        assert answer.error
        assert len(upstream.bodies) == 1
        assert told.record.attempts[0].move == "give_up"


async def test_without_the_option_nothing_goes_on(autojump_clock: Clock) -> None:
    async with open_rawhouse(broken("One two"), more(" three")) as (playhouse, upstream):
        _, answer = await ask(playhouse, "anthropic")
        assert (answer.error, len(upstream.bodies)) == (True, 1)


async def test_an_upstream_that_would_begin_anew_is_not_asked(autojump_clock: Clock) -> None:
    chunk = b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"One two"}]}}]}\r\n\r\n'
    cut = RawAnswer([chunk], ends=False)
    async with open_rawhouse(cut, protocol="gemini", options=ON) as (playhouse, upstream):
        _, answer = await ask(playhouse, "gemini")
        assert (answer.error, len(upstream.bodies)) == (True, 1)


async def test_a_client_that_began_the_answer_itself_has_its_words_before(autojump_clock: Clock) -> None:
    said: list[dict[str, Any]] = [{"role": "user", "content": "Count."}, {}]
    for content in ("Zero", [{"type": "text", "text": "Zero"}]):
        said[1] = {"role": "assistant", "content": content}
        async with open_rawhouse(broken(" one"), more(" two"), options=ON) as (playhouse, upstream):
            _, answer = await ask(playhouse, "anthropic", messages=said)
            assert (answer.text, answer.error) == (" one two", False)
            last = msgspec.json.decode(upstream.bodies[1])["messages"][-1]["content"]
            assert [block["text"] for block in last] == ["Zero", " one"]


async def test_who_leaves_meanwhile_leaves_nothing_open(autojump_clock: Clock) -> None:
    hangs = RawAnswer([START, 1000.0])
    async with open_rawhouse(broken("One two"), hangs, options=ON) as (playhouse, _):
        told = await playhouse.ask(**asking("anthropic", tools=False), leave_after=5)
        assert told.record.outcome == "client_gone"
        playhouse.assert_nothing_left()
