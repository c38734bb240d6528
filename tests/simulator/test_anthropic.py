"""Anthropic's own types read the simulator's Anthropic answers."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import msgspec
import pytest
import trio
from anthropic.types import Message, MessageParam, MessageTokensCount, ModelInfo, RawMessageStreamEvent
from pydantic import TypeAdapter

from peekd.simulator import anthropic as wire
from peekd.simulator.acts import Act, ToolUse
from peekd.simulator.answer import compose
from peekd.simulator.asked import Asked
from peekd.simulator.script import Script
from peekd.simulator.server import Simulator

EVENTS: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)
ASKED = Asked(
    "anthropic", "generate", "/v1/messages", number=3, model="claude-x", stream=True, text="Hi", tokens=9
)
CALLS = (ToolUse("Bash", {"command": "ls"}), ToolUse("Now"))
ACTS = {
    "text": Act("answer", text="Hello, world"),
    "thinking": Act("answer", text="Hello", thinking="Hm, let me see"),
    "tools": Act("answer", text="I will.", tools=CALLS),
    "blank": Act("answer", text=""),
    "refused": Act("answer", text="", stop="SAFETY"),
    "counted": Act("answer", text="x", usage={"cache_read_input_tokens": 5}),
}


def frames(act: Act, asked: Asked = ASKED) -> list[bytes]:
    return [part.data for part in wire.encode_parts(compose(act, asked), asked, opening=False)]


def said(message: Message) -> list[dict[str, Any]]:
    """The blocks, without what differs between any two answers."""
    return [block.model_dump(exclude={"id", "parsed_output"}) for block in message.content]


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_each_frame_is_an_event_of_its_name(act: Act) -> None:
    for frame in frames(act):
        name, data, *end = frame.decode().split("\n")
        assert end == ["", ""]
        assert name.removeprefix("event: ") == json.loads(data.removeprefix("data: "))["type"]
        if "ping" not in name:
            EVENTS.validate_json(data.removeprefix("data: "))


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_an_answer_in_one_piece_is_a_message(act: Act) -> None:
    message = Message.model_validate_json(wire.encode_whole(compose(act, ASKED), ASKED))
    assert (message.model, message.usage.input_tokens) == ("claude-x", 9)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
async def test_the_sdk_folds_the_stream_to_the_same_message(act: Act) -> None:
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(Simulator(Script(default=act)).serve_tcp, "127.0.0.1", 0)
        port = listeners[0].socket.getsockname()[1]
        async with anthropic.AsyncAnthropic(
            api_key="key", base_url=f"http://127.0.0.1:{port}", max_retries=0
        ) as client:
            hello: list[MessageParam] = [{"role": "user", "content": "Hi"}]
            whole = await client.messages.create(model="claude-x", max_tokens=9, messages=hello)
            async with client.messages.stream(model="claude-x", max_tokens=9, messages=hello) as stream:
                streamed = await stream.get_final_message()
        nursery.cancel_scope.cancel()
    assert said(streamed) == said(whole)
    assert streamed.stop_reason == whole.stop_reason
    assert streamed.usage.output_tokens == whole.usage.output_tokens


def test_thoughts_that_are_not_shown_are_signed_all_the_same() -> None:
    hidden = Asked("anthropic", "generate", "/", model="c", thinks=True, shown=False, text="x")
    text = b"".join(frames(Act("answer"), hidden))
    assert b"signature_delta" in text
    assert b"thinking_delta" not in text


def test_a_tools_input_comes_in_pieces_that_join_to_json() -> None:
    datas = [json.loads(frame.split(b"data: ")[1]) for frame in frames(ACTS["tools"])]
    pieces = [
        data["delta"]["partial_json"]
        for data in datas
        if data.get("delta", {}).get("type") == "input_json_delta"
    ]
    assert json.loads("".join(pieces)) == {"command": "ls"}
    assert len(pieces) > 2


def test_a_malformed_call_cannot_be_read() -> None:
    datas = [
        json.loads(frame.split(b"data: ")[1]) for frame in frames(Act("answer", text="", malformed=True))
    ]
    joined = "".join(data.get("delta", {}).get("partial_json", "") for data in datas)
    with pytest.raises(json.JSONDecodeError):
        json.loads(joined)


@pytest.mark.parametrize(
    ("refusal", "status", "kind"),
    [
        ("400", 400, "invalid_request_error"),
        ("401", 401, "authentication_error"),
        ("402", 402, "billing_error"),
        ("403", 403, "permission_error"),
        ("404", 404, "not_found_error"),
        ("413", 413, "request_too_large"),
        ("429", 429, "rate_limit_error"),
        ("500", 500, "api_error"),
        ("529", 529, "overloaded_error"),
        ("signature", 400, "invalid_request_error"),
        ("no-credit", 400, "invalid_request_error"),
        ("418", 418, "api_error"),
    ],
)
def test_a_refusal_has_the_documented_type(refusal: str, status: int, kind: str) -> None:
    refused = wire.encode_refusal(Act("refuse", refusal=refusal, status=status), ASKED)
    body = json.loads(refused.body)
    assert (refused.status, body["type"], body["error"]["type"]) == (status, "error", kind)
    assert body["request_id"] == dict(wire.headers(ASKED))["request-id"]


def test_an_act_may_choose_its_own_words() -> None:
    act = Act("refuse", refusal="400", status=422, type="odd_error", message="Odd.")
    refused = wire.encode_refusal(act, ASKED)
    assert (refused.status, json.loads(refused.body)["error"]) == (
        422,
        {"type": "odd_error", "message": "Odd."},
    )


def test_counts_and_lists_are_what_the_sdk_expects() -> None:
    assert MessageTokensCount.model_validate_json(wire.encode_count(ASKED)).input_tokens == 9
    assert ModelInfo.model_validate_json(wire.encode_model("claude-x")).id == "claude-x"
    listed = json.loads(wire.encode_models())
    assert {ModelInfo.model_validate(entry).id for entry in listed["data"]} >= {
        listed["first_id"],
        listed["last_id"],
    }


def test_a_search_is_a_call_and_its_result() -> None:
    asked = msgspec.structs.replace(ASKED, searches=True)
    message = Message.model_validate_json(
        wire.encode_whole(compose(Act("answer", text="Hello"), asked), asked)
    )
    assert [block.type for block in message.content] == ["server_tool_use", "web_search_tool_result", "text"]
