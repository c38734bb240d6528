"""The head: model, stream and session; nothing of what is said is changed or refused."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from peekd.protocols.openai_responses.head import decode_head
from peekd.signatures.proofs import proof_digest
from peekd.vocabulary.conversation import Head
from peekd.vocabulary.errors import ClientError

HELLO: dict[str, Any] = {"model": "gpt-5", "input": "hi"}


def head(headers: dict[str, str] | None = None, **more: object) -> Head:
    return decode_head(msgspec.json.encode({**HELLO, **more}), headers or {})


def test_what_is_read() -> None:
    read = head(stream=True, max_output_tokens=7)
    assert (read.model, read.stream, read.max_tokens, read.counted) == ("gpt-5", True, 7, True)
    assert head({"session-id": "s"}).session == head(prompt_cache_key="s").session == "s"
    assert not head(prompt_cache_key="s").guessed


def test_what_ties_a_request_to_an_account() -> None:
    items: list[Any] = [{"type": "reasoning", "encrypted_content": "gAAA", "summary": []}]
    read = head(previous_response_id="resp_1", input=items)
    assert (read.names, read.proofs) == (("resp_1",), (proof_digest("gAAA"),))
    assert (head().names, head().proofs) == ((), ())


def test_a_guessed_session_holds_from_turn_to_turn_and_parts_other_words() -> None:
    first: list[Any] = [
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
    ]
    thought: dict[str, Any] = {"type": "reasoning", "summary": [], "content": None}
    later: list[Any] = [*first, thought, {"role": "user", "content": "and?"}]
    tools = [{"type": "function", "name": "f"}, {"type": "web_search"}]
    begun = head(input=first, tools=tools)
    assert begun.guessed
    assert begun.session == head(input=later, tools=tools, temperature=1).session
    others = [
        head(input=first),
        head(input=first, tools=tools, instructions="Be long."),
        head(input=first[1:], tools=tools),
        head(input=[first[0], {"role": "user", "content": "ho"}], tools=tools),
    ]
    assert len({begun.session, *(other.session for other in others)}) == 5


@pytest.mark.parametrize(
    "said", [[], "", [{"role": "developer", "content": "x"}], 7, [{"role": 7}], [{"role": ["user"]}]]
)
def test_where_the_user_has_said_nothing_there_is_no_session(said: object) -> None:
    assert head(input=said).session is None


@pytest.mark.parametrize(
    ("body", "named"), [(b"[]", "no JSON object"), (b"{}", "model"), (b'{"model":1}', "model")]
)
def test_a_fault_is_told_by_its_field(body: bytes, named: str) -> None:
    with pytest.raises(ClientError, match=named):
        decode_head(body, {})


@pytest.mark.parametrize("said", [7, {}, [7, {"content": 7}, {"type": []}], [{"type": ["reasoning"]}]])
def test_an_input_of_another_shape_ties_to_nothing(said: object) -> None:
    read = head(input=said, tools=[7])
    assert (read.names, read.proofs, read.session) == ((), (), None)


def test_ids_in_long_fields_tie_a_request_to_its_account() -> None:
    items = [{"role": "user", "content": [{"type": "input_file", "file_id": "file_1"}]}]
    tools = [{"type": "file_search", "vector_store_ids": ["vs_1"]}]
    assert head(input=items, tools=tools).names == ("file_1", "vs_1")
    assert head(input=json.dumps(items)).names == ()


def test_bytes_that_are_no_text_are_a_fault_where_they_are_read() -> None:
    with pytest.raises(ClientError, match="no JSON object"):
        decode_head(b'{"model":"m","input":[{"file_id":"\xff"}]}', {})
