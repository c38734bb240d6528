"""The simulator's Chat Completions are read by OpenAI's own types."""

from __future__ import annotations

import msgspec
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from peekd.simulator import openai_chat
from peekd.simulator.acts import Act, ToolUse
from peekd.simulator.answer import compose
from peekd.simulator.asked import Asked, read_asked

BODY = {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}], "stream": True}


def asked(**more: object) -> Asked:
    body = msgspec.json.encode({**BODY, **more})
    return read_asked("POST", "/v1/chat/completions", {"authorization": "Bearer k"}, body, 1)


ACT = Act("answer", text="Hello you", thinking="Hm", tools=(ToolUse("read", {"path": "a b c d e"}),))


@pytest.mark.parametrize("counted", [True, False])
def test_a_stream_is_chunks_with_usage_where_it_is_asked_for(*, counted: bool) -> None:
    one = asked(stream_options={"include_usage": counted})
    parts = list(openai_chat.encode_parts(compose(ACT, one), one, opening=False))
    assert parts[-1].data == b"data: [DONE]\n\n"
    chunks = [ChatCompletionChunk.model_validate_json(part.data[6:]) for part in parts[:-1]]
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Hello you"
    assert (chunks[-1].usage is not None) == counted
    assert [part.label for part in parts if part.label in {"start", "reason", "last"}] == [
        "start",
        "reason",
        "last",
    ]


def test_a_whole_answer_is_a_chat_completion() -> None:
    one = asked(stream=False)
    answer = ChatCompletion.model_validate_json(openai_chat.encode_whole(compose(ACT, one), one))
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason) == ("Hello you", "tool_calls")
    assert answer.usage is not None


def test_a_malformed_call_is_no_json() -> None:
    one = asked()
    parts = openai_chat.encode_parts(compose(Act("answer", text="", malformed=True), one), one, opening=False)
    chunks = [ChatCompletionChunk.model_validate_json(p.data[6:]) for p in parts if p.label == "tool"]
    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    arguments = "".join(call.function.arguments or "" for call in calls if call.function)
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(arguments)


def test_errors_have_openais_shape() -> None:
    whole = asked(stream=False)
    assert openai_chat.encode_error(Act("error"), asked(), first=True).startswith(b'data: {"error"')
    assert openai_chat.encode_error(Act("error"), whole, first=True).startswith(b'{"error"')


def test_requests_are_read() -> None:
    tool = {"type": "function", "function": {"name": "read"}}
    one = asked(tools=[tool], reasoning_effort="low")
    assert (one.language, one.verb, one.key, one.model) == ("openai-chat", "generate", "k", "gpt-5")
    assert (one.text, one.result, one.tools, one.thinks) == ("hi", None, ("read",), True)
    answered = asked(messages=[{"role": "tool", "content": [{"type": "text", "text": "done"}]}])
    assert (answered.text, answered.result) == ("", "done")
    listed = read_asked("GET", "/v1/models", {"authorization": "Bearer k"}, b"", 1)
    assert (listed.language, listed.verb) == ("openai-chat", "models")
