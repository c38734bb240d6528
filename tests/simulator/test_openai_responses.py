"""The simulator's Responses are read by OpenAI's own types, and by what its SDK makes of a stream."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openai.types.responses import Response
from responses import accumulated, checked

from peekd.simulator import openai_responses
from peekd.simulator.acts import Act, ToolUse
from peekd.simulator.answer import compose
from peekd.simulator.asked import Asked, read_asked
from peekd.simulator.parts import Part

BODY: dict[str, Any] = {"model": "gpt-5", "input": "hi", "stream": True}
ACT = Act("answer", text="Hello you", thinking="Hm hm", tools=(ToolUse("read", {"path": "a b c d e"}),))
SEALED = {"include": ["reasoning.encrypted_content"], "reasoning": {"effort": "low", "summary": "auto"}}


def asked(**more: object) -> Asked:
    body = msgspec.json.encode({**BODY, **more})
    return read_asked("POST", "/v1/responses", {"authorization": "Bearer k"}, body, 1)


def parts_of(act: Act, one: Asked) -> list[Part]:
    return list(openai_responses.encode_parts(compose(act, one), one, opening=False))


def stream_of(act: Act, one: Asked) -> bytes:
    return b"".join(part.data for part in parts_of(act, one))


def test_a_stream_is_read_by_the_sdk_and_its_terminal_holds_all() -> None:
    one = asked(**SEALED)
    stream = stream_of(ACT, one)
    events = checked(stream)
    assert events[-1]["type"] == "response.completed"
    response = accumulated(stream)
    assert [item.type for item in response.output] == ["reasoning", "message", "function_call"]
    assert response.output_text == "Hello you"
    output: list[dict[str, Any]] = msgspec.json.decode(response.to_json())["output"]
    thoughts, _, call = output
    assert thoughts["summary"][0]["text"] == "Hm hm"
    assert len(thoughts["encrypted_content"]) > 50
    assert (call["name"], msgspec.json.decode(call["arguments"])) == ("read", {"path": "a b c d e"})
    assert response.usage is not None
    assert response.usage.output_tokens_details.reasoning_tokens == 2


def test_a_whole_answer_is_what_the_terminal_of_a_stream_holds() -> None:
    whole = openai_responses.encode_whole(compose(ACT, asked(stream=False)), asked(stream=False))
    Response.model_validate_json(whole)
    streamed = checked(stream_of(ACT, asked()))[-1]["response"]
    assert msgspec.json.decode(whole)["output"] == streamed["output"]


@pytest.mark.parametrize(
    ("reasoning", "include", "shown", "sealed"),
    [
        ({"effort": "low", "summary": "auto"}, ["reasoning.encrypted_content"], True, True),
        ({"effort": "low"}, ["reasoning.encrypted_content"], False, True),
        ({"summary": "detailed"}, [], True, False),
    ],
)
def test_thoughts_are_shown_and_sealed_as_asked(
    reasoning: dict[str, str], include: list[str], *, shown: bool, sealed: bool
) -> None:
    events = checked(stream_of(Act("answer"), asked(reasoning=reasoning, include=include)))
    item = events[-1]["response"]["output"][0]
    assert item["type"] == "reasoning"
    assert (bool(item["summary"]), bool(item.get("encrypted_content"))) == (shown, sealed)


@pytest.mark.parametrize(
    ("tool", "kind", "said"),
    [
        ({"type": "custom", "name": "apply_patch"}, "custom_tool_call", "input"),
        ({"type": "tool_search", "execution": "client"}, "tool_search_call", "arguments"),
        ({"type": "local_shell"}, "local_shell_call", "action"),
        ({"type": "web_search"}, "web_search_call", "action"),
        ({"type": "function", "name": "exec_command"}, "function_call", "arguments"),
    ],
)
def test_a_tool_is_called_as_it_was_offered(tool: dict[str, str], kind: str, said: str) -> None:
    one = asked(tools=[tool])
    name = tool.get("name", tool["type"])
    events = checked(stream_of(Act("answer", tool=name), one))
    (item,) = events[-1]["response"]["output"]
    assert item["type"] == kind
    assert item[said]
    if kind == "function_call":
        assert msgspec.json.decode(item["arguments"]) == {"cmd": "echo peekd"}


def test_a_tool_of_a_namespace_is_called_within_it() -> None:
    inside = {"type": "function", "name": "close_agent"}
    one = asked(tools=[{"type": "namespace", "name": "agents", "tools": [inside]}])
    (item,) = checked(stream_of(Act("answer", tool="close_agent"), one))[-1]["response"]["output"]
    assert (item["name"], item["namespace"]) == ("close_agent", "agents")


def test_compacting_gives_one_item_of_that_kind_and_little_usage() -> None:
    said = [{"role": "user", "content": "hi"}, {"type": "compaction_trigger"}]
    events = checked(stream_of(Act("answer"), asked(input=said, **SEALED)))
    response = events[-1]["response"]
    assert [item["type"] for item in response["output"]] == ["compaction"]
    assert response["output"][0]["encrypted_content"]
    assert response["usage"]["output_tokens"] == 50


@pytest.mark.parametrize(
    ("act", "status", "reason"),
    [
        (Act("answer", text="", stop="refusal"), "incomplete", "content_filter"),
        (Act("answer", text="Hi", stop="MAX_TOKENS"), "incomplete", "max_output_tokens"),
        (Act("answer", text="Hi", stop="end_turn"), "completed", None),
        (Act("answer", text=""), "completed", None),
    ],
)
def test_how_an_answer_ends(act: Act, status: str, reason: str | None) -> None:
    response = checked(stream_of(act, asked()))[-1]["response"]
    details = response["incomplete_details"]
    assert (response["status"], details and details["reason"]) == (status, reason)


def test_a_malformed_call_is_no_json() -> None:
    (item,) = checked(stream_of(Act("answer", text="", malformed=True), asked()))[-1]["response"]["output"]
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(item["arguments"])


def test_the_frames_have_the_labels_that_breaks_go_by() -> None:
    labels = [part.label for part in parts_of(ACT, asked(**SEALED))]
    assert (labels[0], labels[-1]) == ("start", "reason")
    assert {"thinking", "signature", "text", "tool"} <= set(labels)
    assert "last" not in labels


def test_an_error_is_a_frame_of_its_own_or_a_response_that_failed() -> None:
    act = Act("error", type="rate_limit_exceeded", message="m")
    first = openai_responses.encode_error(act, asked(), first=True)
    later = parts_of(ACT, asked())[0].data + openai_responses.encode_error(act, asked(), first=False)
    whole = msgspec.json.decode(openai_responses.encode_error(act, asked(stream=False), first=True))
    assert first.startswith(b"event: error\n")
    assert b'"code":"rate_limit_exceeded"' in first
    assert later.count(b'"id":"resp_sim000001"') == 2
    assert (whole["status"], whole["error"]["code"]) == ("failed", "rate_limit_exceeded")


def test_requests_are_read() -> None:
    words = [{"type": "input_text", "text": "hi"}]
    one = asked(
        instructions="Be brief.",
        input=[{"role": "developer", "content": "x"}, {"role": "user", "content": words}],
        tools=[{"type": "function", "name": "read"}, {"type": "custom", "name": "apply_patch"}],
        text={"format": {"type": "json_schema", "name": "n", "schema": {"type": "string"}}},
    )
    assert (one.language, one.verb, one.key, one.model) == ("openai-responses", "generate", "k", "gpt-5")
    assert (one.text, one.result, one.tools) == ("hi", None, ("read", "apply_patch"))
    assert (one.thinks, one.signed, one.schema, one.compacts) == (False, False, {"type": "string"}, False)
    assert asked(input="hello").text == "hello"


@pytest.mark.parametrize(
    "kind", ["function_call_output", "custom_tool_call_output", "local_shell_call_output"]
)
@pytest.mark.parametrize("output", ["done", [{"type": "input_text", "text": "done"}]])
def test_results_are_read_and_what_was_sealed_is_noticed(kind: str, output: object) -> None:
    thought: dict[str, Any] = {"type": "reasoning", "summary": [], "encrypted_content": "e"}
    answered: dict[str, Any] = {"type": kind, "call_id": "c", "output": output}
    one = asked(input=[thought, answered])
    assert (one.text, one.result, one.signed) == ("", "done", True)
