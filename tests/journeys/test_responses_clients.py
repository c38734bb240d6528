"""Dialogues of a Responses client before upstreams of other languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from openai.types.responses import Response
from playhouse import QUICK, Told, open_playhouse
from responses import accumulated, checked

Clock = trio.testing.MockClock
Json = dict[str, Any]

PATH = "/v1/responses"
SHELL: Json = {
    "type": "function",
    "name": "Bash",
    "parameters": {
        "type": "object",
        "properties": {"command": {"type": "string"}, "description": {"type": "string"}},
    },
}
HELLO: Json = {"model": "claude-x", "input": "Say hello."}
THINKING: Json = {**HELLO, "reasoning": {"effort": "medium", "summary": "auto"}, "tools": [SHELL]}
UPSTREAMS = ["anthropic", "gemini", "openai-chat", "openai-responses"]

CORPUS = sorted((Path(__file__).parents[1] / "transcripts" / "corpus").glob("*/*.json"))
REQUESTS: dict[str, Json] = {
    f"{path.parent.name}-{path.stem}": said
    for path in CORPUS
    if (said := msgspec.json.decode(path.read_bytes()))["path"] == PATH and said["method"] == "POST"
}
COMPACTING = "codex-10-remote-compact"


OTHERS = UPSTREAMS[:-1]


@pytest.fixture(params=OTHERS)
def other(request: pytest.FixtureRequest) -> str:
    """The language of the upstream, which is not the client's."""
    return request.param


@pytest.fixture(params=UPSTREAMS)
def kind(request: pytest.FixtureRequest) -> str:
    """The language of the upstream."""
    return request.param


def output(told: Told) -> list[Json]:
    """The items of a streamed answer, checked as every stream is."""
    last = checked(told.body)[-1]
    assert last["type"] == "response.completed"
    return last["response"]["output"]


def text(told: Told) -> str:
    return accumulated(told.body).output_text


def whole_text(told: Told) -> str:
    return Response.model_validate_json(told.body).output_text


# ---- an answer -----------------------------------------------------------------------------------


async def test_an_answer_streamed_and_in_one_piece(autojump_clock: Clock, kind: str) -> None:
    async with open_playhouse({"alice": ["answer text='Hello there'"] * 2}, protocol=kind) as house:
        streamed = await house.ask(HELLO, path=PATH)
        whole = await house.ask(HELLO, path="/responses", stream=False)
        assert text(streamed) == whole_text(whole) == "Hello there"
        assert whole.json["model"] == "claude-x"
        usage = whole.record.usage
        assert usage is not None
        assert whole.json["usage"]["output_tokens"] == usage.output
        assert {told.record.note for told in (streamed, whole)} <= {"", None}
        house.assert_nothing_left()


async def test_thoughts_words_and_a_call_and_their_proofs_come_home(autojump_clock: Clock, kind: str) -> None:
    """The second turn replays all items as they came; the upstream must get its own proofs back."""
    plays = {"alice": ["answer text=So. thinking=Hmm tool=Bash", "answer text=Done"]}
    async with open_playhouse(plays, protocol=kind) as house:
        items = output(await house.ask(THINKING, path=PATH))
        assert [item["type"] for item in items if item.get("summary") != []] == [
            "reasoning",
            "message",
            "function_call",
        ]
        assert items[0]["summary"] == [{"type": "summary_text", "text": "Hmm"}]
        call = items[-1]
        said = {"type": "function_call_output", "call_id": call["call_id"], "output": "peekd"}
        replayed = [{"role": "user", "content": "Say hello."}, *items, said]
        assert text(await house.ask({**THINKING, "input": replayed}, path=PATH)) == "Done"
        first, second = house.simulator.requests
        assert SENT[kind](msgspec.json.decode(second.body))
        assert b"peekd1." not in second.body
        assert b"peekd1." not in first.body
        house.assert_nothing_left()


def _sent_anthropic(sent: Json) -> bool:
    """The signed thoughts stand first in the turn of the call."""
    thinking, words, call = sent["messages"][1]["content"]
    assert (thinking["type"], thinking["thinking"], words["text"]) == ("thinking", "Hmm", "So.")
    assert sent["messages"][2]["content"][0]["tool_use_id"] == call["id"]
    return len(thinking["signature"]) > 20


def _sent_gemini(sent: Json) -> bool:
    """The signature stands on the call's own part."""
    parts = sent["contents"][1]["parts"]
    calls = [part for part in parts if "functionCall" in part]
    return len(calls) == 1 and len(calls[0]["thoughtSignature"]) > 20


def _sent_chat(sent: Json) -> bool:
    """No proof, but the thoughts, where servers that think look for them."""
    message = next(message for message in sent["messages"] if message["role"] == "assistant")
    return message.get("reasoning_content", "Hmm") == "Hmm" and len(message["tool_calls"]) == 1


def _sent_responses(sent: Json) -> bool:
    """What was given is what came back."""
    return [item["type"] for item in sent["input"][1:-1]] == ["reasoning", "message", "function_call"]


SENT = {
    "anthropic": _sent_anthropic,
    "gemini": _sent_gemini,
    "openai-chat": _sent_chat,
    "openai-responses": _sent_responses,
}


async def test_thoughts_that_were_not_asked_to_be_shown_are_proven_all_the_same(
    autojump_clock: Clock,
) -> None:
    asked = {**THINKING, "reasoning": {"effort": "medium"}}
    plays = {"alice": ["answer text=So. thinking=Hmm tool=Bash", "answer text=Done"]}
    async with open_playhouse(plays, protocol="anthropic") as house:
        items = output(await house.ask(asked, path=PATH))
        assert [item["summary"] for item in items if item["type"] == "reasoning"] == [[]]
        said = {"type": "function_call_output", "call_id": items[-1]["call_id"], "output": "peekd"}
        replayed = [{"role": "user", "content": "Say hello."}, *items, said]
        await house.ask({**asked, "input": replayed}, path=PATH)
        sent = msgspec.json.decode(house.simulator.requests[1].body)
        assert sent["messages"][1]["content"][0]["signature"]


async def test_tools_of_every_kind_come_back_as_the_client_knows_them(
    autojump_clock: Clock, other: str
) -> None:
    tools: list[Json] = [
        {"type": "custom", "name": "patch", "format": {"type": "text"}},
        {"type": "namespace", "name": "agents", "tools": [{**SHELL, "name": "spawn"}]},
        {"type": "tool_search", "execution": "client", "parameters": {"type": "object"}},
        {"type": "local_shell"},
    ]
    calls = [
        ("patch", '{"input":"*** Begin"}'),
        ("agents__spawn", '{"command":"x"}'),
        ("tool_search", '{"query":"x"}'),
        ("local_shell", '{"command":["ls"]}'),
    ]
    acts = [
        {"do": "answer", "text": "", "tool": {"name": name, "input": msgspec.json.decode(arguments)}}
        for name, arguments in calls
    ]
    async with open_playhouse({"alice": acts}, protocol=other) as house:
        items = [output(await house.ask({**HELLO, "tools": tools}, path=PATH))[-1] for _ in calls]
        assert items[0]["input"] == "*** Begin"
        assert (items[1]["name"], items[1]["namespace"]) == ("spawn", "agents")
        assert (items[2]["execution"], items[2]["arguments"]) == ("client", {"query": "x"})
        assert items[3]["action"]["command"] == ["ls"]
        assert [item["type"] for item in items] == [
            "custom_tool_call",
            "function_call",
            "tool_search_call",
            "local_shell_call",
        ]


@pytest.mark.parametrize("name", REQUESTS.keys() - {COMPACTING})
async def test_real_agents_requests_are_answered(autojump_clock: Clock, kind: str, name: str) -> None:
    sent = REQUESTS[name]
    headers = {key.lower(): value for key, value in sent["headers"].items()}
    async with open_playhouse({"alice": ["answer text=Hello"]}, protocol=kind, models="*") as house:
        told = await house.ask(msgspec.json.encode(sent["body"]), headers=headers, path=PATH)
        assert told.status == 200
        assert (text(told) if sent["body"].get("stream") else whole_text(told)) == "Hello"
        house.assert_nothing_left()


async def test_a_wish_to_compact_is_refused_at_once_and_no_account_asked(autojump_clock: Clock) -> None:
    body = msgspec.json.encode(REQUESTS[COMPACTING]["body"])
    async with open_playhouse({"alice": ["answer"]}, protocol="anthropic", models="*") as house:
        told = await house.ask(body, path=PATH)
        assert told.status == 400
        assert "compaction_trigger" in told.json["error"]["message"]
        assert house.simulator.requests == []


# ---- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["empty", "blank", "429", "503", "error", "cut-tool"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_fault_before_meaning_is_healed_unseen(
    autojump_clock: Clock, kind: str, act: str, *, stream: bool
) -> None:
    if act == "cut-tool" and stream:
        act = "empty"  # a call that began is shown
    plays = {"alice": [act, "answer text=Healed"], "bob": ["answer text=Healed"]}
    async with open_playhouse(plays, protocol=kind) as house:
        told = await house.ask(HELLO, path=PATH, stream=stream)
        assert (text(told) if stream else whole_text(told)) == "Healed"
        assert len(told.told) == 2
        house.assert_nothing_left()


@pytest.mark.parametrize("act", ["cut", "no-stop", "reset at=middle", "error at=middle", "cut-tool"])
async def test_a_break_in_front_of_the_client_fails_the_same_response(
    autojump_clock: Clock, kind: str, act: str
) -> None:
    plays = {"alice": [f"{act} text='one two three four' tool=Bash"]}
    async with open_playhouse(plays, protocol=kind) as house:
        told = await house.ask({**HELLO, "tools": [SHELL]}, path=PATH)
        events = (
            told.events if "error" in act else checked(told.body)
        )  # an upstream's own error has its number
        assert events[-1]["type"] == "response.failed"
        assert len({event["response"]["id"] for event in events if "response" in event}) == 1
        assert events[-1]["response"]["error"]["message"]
        done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
        calls = [item["arguments"] for item in done if item["type"] == "function_call"]
        assert all(msgspec.json.decode(arguments, type=Json) for arguments in calls)  # none is half a call
        house.assert_nothing_left()


async def test_where_nobody_can_answer_the_status_is_true(autojump_clock: Clock, kind: str) -> None:
    async with open_playhouse({"alice": ["429 retry-after=7"]}, protocol=kind) as house:
        told = await house.ask(HELLO, path=PATH)
        assert (told.status, told.json["error"]["code"]) == (429, "rate_limit_exceeded")
        assert int(told.headers["retry-after"]) >= 1


@pytest.mark.parametrize("act", ["answer text=Hello delay=19", "503 delay=19"])
async def test_after_an_early_commit_there_are_pings_and_then_one_response(
    autojump_clock: Clock, kind: str, act: str
) -> None:
    patient = msgspec.structs.replace(QUICK, early_commit_seconds=5, ping_seconds=3, max_attempts=1)
    async with open_playhouse({"alice": [act]}, protocol=kind, healing=patient) as house:
        told = await house.ask(HELLO, path=PATH)
        assert told.body.startswith(b": ping\n\n")
        waits = [
            later - before for (before, _), (later, _) in zip(told.pieces, told.pieces[1:], strict=False)
        ]
        assert max(waits) <= 3
        kinds = [event["type"].partition(".")[2] for event in checked(told.body)]
        assert kinds[:2] == ["created", "in_progress"]
        assert kinds[-1] == ("completed" if act.startswith("answer") else "failed")
        house.assert_nothing_left()


async def test_what_only_openai_can_read_stays_away_from_others_and_is_recorded(
    autojump_clock: Clock, other: str
) -> None:
    items: list[Json] = [
        {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAA-compacted"},
        {"role": "user", "content": "Say hello."},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA-thoughts"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Hello", "annotations": []}]},
        {"role": "user", "content": "Again."},
    ]
    async with open_playhouse({"alice": ["answer text=Hello"]}, protocol=other) as house:
        told = await house.ask({**THINKING, "input": items}, path=PATH)
        assert text(told) == "Hello"
        assert b"gAAA" not in house.simulator.requests[0].body
        assert "input[type=compaction]" in told.record.dropped
        assert any(name.startswith("thinking") for name in told.record.dropped)


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_that_is_nothing_but_a_picture_is_told_and_not_passed_off_as_empty(
    autojump_clock: Clock, *, stream: bool
) -> None:
    async with open_playhouse({"alice": ["picture"]}, protocol="gemini") as house:
        told = await house.ask(HELLO, path=PATH, stream=stream)
        error = checked(told.body)[-1]["response"]["error"] if stream else told.json["error"]
        assert "image/png" in error["message"]
        assert error["code"] == ("invalid_prompt" if stream else None)
