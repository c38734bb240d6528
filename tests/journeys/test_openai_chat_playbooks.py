"""Dialogues of a Chat client before every upstream, and of an Anthropic client before a Chat upstream."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import openai.types.chat
import pytest
import trio
from playhouse import HELLO as ANTHROPIC_HELLO
from playhouse import QUICK, Told, open_playhouse
from pydantic import TypeAdapter

Clock = trio.testing.MockClock

PATH = "/v1/chat/completions"
HELLO: dict[str, Any] = {"model": "claude-x", "messages": [{"role": "user", "content": "Say hello."}]}
CORPUS = sorted((Path(__file__).parents[1] / "transcripts" / "corpus").glob("*/*chat*.json"))
REQUESTS: dict[Path, Any] = {path: msgspec.json.decode(path.read_bytes()) for path in CORPUS}
UPSTREAMS = ["anthropic", "gemini", "openai-chat", "openai-responses"]

CHUNKS: TypeAdapter[Any] = TypeAdapter(openai.types.chat.ChatCompletionChunk)
WHOLES: TypeAdapter[Any] = TypeAdapter(openai.types.chat.ChatCompletion)


@pytest.fixture(params=UPSTREAMS)
def kind(request: pytest.FixtureRequest) -> str:
    """The language of the upstream."""
    return request.param


def datas(told: Told) -> list[Mapping[str, Any]]:
    """The chunks of a stream."""
    lines = [line.removeprefix(b"data: ") for line in told.body.split(b"\n") if line.startswith(b"data: ")]
    return [msgspec.json.decode(line) for line in lines if line != b"[DONE]"]


def text(told: Told) -> str:
    return "".join(
        choice["delta"].get("content") or "" for data in datas(told) for choice in data.get("choices", ())
    )


async def test_usage_is_a_frame_of_its_own_only_for_who_asked(autojump_clock: Clock, kind: str) -> None:
    async with open_playhouse({"alice": ["answer text=Hello", "answer text=Hello"]}, protocol=kind) as house:
        without = await house.ask(HELLO, path=PATH)
        asked = await house.ask({**HELLO, "stream_options": {"include_usage": True}}, path=PATH)
        for told in (without, asked):
            assert (text(told), told.body.endswith(b"data: [DONE]\n\n")) == ("Hello", True)
            assert told.record.usage
            assert told.record.usage.output
        assert not [data for data in datas(without) if data.get("usage")]
        assert datas(asked)[-1]["choices"] == []
        assert datas(asked)[-1]["usage"]["completion_tokens"] == asked.record.usage.output
        house.assert_nothing_left()


async def test_the_same_language_goes_through_as_it_came(autojump_clock: Clock) -> None:
    body = b'{ "model": "claude-x", "stream":true, "stream_options": {"include_usage":true}, "new": 1e2,'
    body += b' "messages": [{"role":"user","content":"hi"}] }'
    async with open_playhouse({"alice": ["answer text=Hello"]}, protocol="openai-chat") as house:
        told = await house.ask(body, path=PATH)
        seen = house.simulator.requests[0]
        assert (seen.body, seen.target, told.record.spliced) == (body, PATH, ())
        assert seen.header("authorization") == "Bearer alice"


async def test_what_was_changed_in_a_clients_own_bytes_is_recorded(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer text=Hello"]}, protocol="openai-chat") as house:
        told = await house.ask(HELLO, stream=False, path=PATH)
        assert told.json["choices"][0]["message"]["content"] == "Hello"
        assert told.json["usage"]["completion_tokens"] == 1
        assert set(told.record.spliced) == {"stream", "stream_options.include_usage"}


@pytest.mark.parametrize("act", ["empty", "usage-only", "blank", "503", "429", "error", "cut-tool"])
async def test_a_fault_before_meaning_is_healed_elsewhere(autojump_clock: Clock, kind: str, act: str) -> None:
    plays = {"alice": [act, "answer text=Healed"], "bob": ["answer text=Healed"]}
    async with open_playhouse(plays, protocol=kind) as house:
        whole = await house.ask(HELLO, stream=False, path=PATH)
        assert whole.json["choices"][0]["message"]["content"] == "Healed"
        assert len(whole.told) == 2
        house.assert_nothing_left()


@pytest.mark.parametrize("act", ["cut", "no-stop", "reset at=middle", "error at=middle"])
async def test_a_break_in_front_of_the_client_is_an_error_and_no_end(
    autojump_clock: Clock, kind: str, act: str
) -> None:
    async with open_playhouse({"alice": [f"{act} text='one two three four'"]}, protocol=kind) as house:
        told = await house.ask(HELLO, path=PATH)
        assert "error" in datas(told)[-1]
        assert sum("error" in data for data in datas(told)) == 1
        assert b"[DONE]" not in told.body
        assert not [c for data in datas(told) for c in data.get("choices", ()) if c["finish_reason"]]
        house.assert_nothing_left()


async def test_a_missing_last_frame_is_supplied(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["no-last text=Hello"]}, protocol="openai-chat") as house:
        told = await house.ask(HELLO, path=PATH)
        assert (text(told), told.body.endswith(b"data: [DONE]\n\n")) == ("Hello", True)
        assert told.record.note == "last_frame_supplied"


async def test_an_account_without_money_rotates_and_is_not_told_as_the_clients(autojump_clock: Clock) -> None:
    plays = {"alice": ["no-credit"], "bob": ["answer text=Hello"]}
    async with open_playhouse(plays, protocol="openai-chat") as house:
        told = await house.ask(HELLO, path=PATH)
        assert [outcome for _, outcome, _ in told.told] == ["payment_required", "completed"]
        assert text(told) == "Hello"


async def test_a_silence_is_filled_with_comments(autojump_clock: Clock, kind: str) -> None:
    patient = msgspec.structs.replace(QUICK, early_commit_seconds=5, ping_seconds=3)
    plays = {"alice": ["answer text=Hello delay=19"]}
    async with open_playhouse(plays, protocol=kind, healing=patient) as house:
        told = await house.ask(HELLO, path=PATH)
        assert told.body.startswith(b": ")
        assert text(told) == "Hello"


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}-{path.stem}")
async def test_real_agents_requests_are_answered(autojump_clock: Clock, kind: str, path: Path) -> None:
    sent = REQUESTS[path]
    headers = {name.lower(): value for name, value in sent["headers"].items()}
    async with open_playhouse({"alice": ["answer text=Hello"]}, protocol=kind, models="*") as house:
        told = await house.ask(msgspec.json.encode(sent["body"]), headers=headers, path=PATH)
        assert told.status == 200
        if sent["body"].get("stream"):
            for data in datas(told):
                CHUNKS.validate_python(data)
            assert text(told) == "Hello"
        else:
            assert WHOLES.validate_json(told.body).choices[0].message.content == "Hello"
        house.assert_nothing_left()


# ---- an Anthropic client ----------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
async def test_an_anthropic_client_is_served_by_a_chat_upstream(
    autojump_clock: Clock, *, stream: bool
) -> None:
    tool = {"name": "Bash", "input_schema": {"type": "object"}}
    body = {**ANTHROPIC_HELLO, "thinking": {"type": "enabled", "budget_tokens": 1024}, "tools": [tool]}
    plays = {"alice": ["answer text=Hello thinking=Hmm tool=Bash"]}
    async with open_playhouse(plays, protocol="openai-chat") as house:
        told = await house.ask(body, stream=stream)
        assert told.text == "Hello"
        kinds = (
            [event["content_block"]["type"] for event in told.events if "content_block" in event]
            if stream
            else [block["type"] for block in told.json["content"]]
        )
        assert kinds == ["thinking", "text", "tool_use"]
        sent = msgspec.json.decode(house.simulator.requests[0].body)
        assert (sent["reasoning_effort"], sent["max_tokens"]) == ("low", 1024)
        house.assert_nothing_left()


@pytest.mark.parametrize("act", ["empty", "blank", "503", "no-credit", "error"])
async def test_an_anthropic_client_sees_no_fault_of_one_account(autojump_clock: Clock, act: str) -> None:
    plays = {"alice": [act, "answer text=Healed"], "bob": ["answer text=Healed"]}
    async with open_playhouse(plays, protocol="openai-chat") as house:
        assert (await house.ask()).text == "Healed"
