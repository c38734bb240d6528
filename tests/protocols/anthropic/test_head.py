"""The head: what is read of every request, and which session it belongs to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.anthropic.head import decode_head
from peekd.vocabulary.conversation import Head
from peekd.vocabulary.errors import ClientError

USER = {"role": "user", "content": "hi"}


def body(**fields: object) -> bytes:
    return json.dumps({"model": "m", "messages": [USER], **fields}).encode()


def session(headers: dict[str, str] | None = None, **fields: object) -> str | None:
    return decode_head(body(**fields), headers or {}).session


def test_every_real_request_has_a_head(request_file: Path) -> None:
    captured: dict[str, Any] = json.loads(request_file.read_text())
    headers = {name.lower(): value for name, value in captured["headers"].items()}
    sent = captured["body"]
    head = decode_head(json.dumps(sent).encode(), headers)
    assert (head.model, head.stream) == (sent["model"], sent.get("stream", False))
    assert head.max_tokens == sent.get("max_tokens")
    assert head.session
    if "x-claude-code-session-id" in headers:
        assert head.session == headers["x-claude-code-session-id"]


def test_fields_that_are_not_looked_at_may_be_anything() -> None:
    head = decode_head(body(max_tokens="many", tools=3, system={}, new=[1], stream=None), {})
    assert head == Head("m", stream=False, session=None, max_tokens=None)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "the body is no JSON object"),
        (b'{"model":"m"', "the body is no JSON object"),
        (b"[]", "the body: Expected `object`, got `array`"),
        (b'{"model":"m","messages":' + b"[" * 99999, "the body is no JSON object"),
        (b'{"model":"\xff","messages":[]}', "the body is no JSON object"),
        (b'{"messages":[]}', "model: Field required"),
        (b'{"model":1,"messages":[]}', "model: Expected `str`, got `int`"),
        (b'{"model":"m"}', "messages: Field required"),
        (b'{"model":"m","messages":"x"}', "messages: Expected `array`, got `str`"),
        (b'{"model":"m","messages":[],"stream":"yes"}', "stream: Expected `bool | null`, got `str`"),
    ],
)
def test_what_is_wrong_is_named(raw: bytes, told: str) -> None:
    with pytest.raises(ClientError) as caught:
        decode_head(raw, {})
    assert caught.value.fault.kind == "invalid_request"
    assert caught.value.fault.message.startswith(told)


# ---- session --------------------------------------------------------------------------------------


def test_the_order_of_session_keys() -> None:
    said: dict[str, object] = {
        "prompt_cache_key": "cache",
        "metadata": {"user_id": json.dumps({"session_id": "of-user"})},
    }
    headers = {"thread-id": "t", "session-id": "s", "x-claude-code-session-id": "c"}
    found: list[str | None] = []
    for name in ("x-claude-code-session-id", "session-id", "thread-id"):
        found.append(session(headers, **said))
        del headers[name]
    found.append(session({}, **said))
    del said["prompt_cache_key"]
    found.append(session({}, **said))
    assert found == ["c", "s", "t", "cache", "of-user"]


@pytest.mark.parametrize("user", ["user_1", "{}", "[]", "", '{"session_id": 3}', 7])
def test_a_bare_user_id_is_never_the_key(user: object) -> None:
    assert session({}, metadata={"user_id": user}) == session({})


@pytest.mark.parametrize("metadata", [None, {}, "x", 3, [1]])
def test_odd_metadata_does_no_harm(metadata: object) -> None:
    assert session({}, metadata=metadata) == session({})


def test_a_conversation_keeps_its_key_as_it_grows() -> None:
    grown = [USER, {"role": "assistant", "content": [{"type": "text", "text": "yes"}]}, USER]
    tools: list[dict[str, Any]] = [{"name": "read", "input_schema": {}}]
    assert session(tools=tools) == session(messages=grown, tools=tools, max_tokens=5)


def test_other_first_words_tools_or_system_are_another_conversation() -> None:
    keys = {
        session(),
        session(messages=[{"role": "user", "content": "hello"}]),
        session(tools=[{"name": "read"}]),
        session(system="Be brief."),
    }
    assert len(keys) == 4


def test_string_and_blocks_are_the_same_words() -> None:
    blocks: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {}}]}
    ]
    assert session(messages=blocks) == session()
    assert session(system=[{"type": "text", "text": "x"}]) == session(system="x")


def test_billing_lines_are_left_out() -> None:
    def system(version: str) -> list[dict[str, str]]:
        billing = f"x-anthropic-billing-header: cc_version={version};"
        return [{"type": "text", "text": billing}, {"type": "text", "text": "x"}]

    assert session(system=system("1")) == session(system=system("2")) == session(system="x")


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "user", "content": []}],
        [{"role": "user", "content": 3}],
        ["x"],
        [{"role": "system", "content": "x"}],
    ],
)
def test_without_a_word_of_the_user_there_is_no_key(messages: list[object]) -> None:
    assert session(messages=messages) is None


@given(
    st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_total_on_any_content(content: object) -> None:
    head = decode_head(
        body(messages=[{"role": "user", "content": content}], system=content, tools=content), {}
    )
    assert head.model == "m"


def test_the_container_and_stored_files_are_named() -> None:
    file = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
    turned = {"type": "image", "source": {"file_id": "file_2", "type": "file"}}
    words = {"type": "text", "text": 'they sent {"type":"file","file_id":"file_3"}'}
    call = {"type": "tool_use", "id": "t", "name": "x", "input": {"file_id": "file_4", "n": 1}}
    messages = [
        {"role": "user", "content": [file, words, turned, file]},
        {"role": "assistant", "content": [call]},
    ]
    given: tuple[object, ...] = ("container_1", {"id": "container_1", "skills": []})
    for container in given:
        body = json.dumps({"model": "m", "messages": messages, "container": container}).encode()
        assert decode_head(body, {}).names == ("container_1", "file_1", "file_2")
    assert decode_head(json.dumps({"model": "m", "messages": [], "container": 7}).encode(), {}).names == ()
