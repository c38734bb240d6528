"""What only one account can serve or read is found wherever the API lets it stand."""

from __future__ import annotations

from typing import Any

import pytest

from peekd.protocols.openai_responses.bound import bound_ids, encrypted_content


def test_ids_of_what_lies_at_the_account_each_once_in_order() -> None:
    said: dict[str, Any] = {
        "previous_response_id": "resp_1",
        "conversation": {"id": "conv_1"},
        "input": [
            {
                "role": "user",
                "content": [{"type": "input_file", "file_id": "file_1"}, {"text": "x"}],
            },
            {"type": "function_call_output", "output": [{"type": "input_image", "file_id": "file_2"}]},
            {"type": "computer_call_output", "output": {"type": "computer_screenshot", "file_id": "file_1"}},
        ],
        "tools": [
            {"type": "file_search", "vector_store_ids": ["vs_1", "vs_2"]},
            {"type": "code_interpreter", "container": "cntr_1"},
            {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file_3"]}},
            {"type": "function", "name": "f"},
        ],
    }
    assert bound_ids(said) == (
        *("resp_1", "conv_1", "file_1", "file_2"),
        *("vs_1", "vs_2", "cntr_1", "file_3"),
    )
    assert bound_ids({"conversation": "conv_1", "input": "hi", "previous_response_id": None}) == ("conv_1",)


def test_what_only_its_maker_can_read() -> None:
    items: list[dict[str, Any]] = [
        {"role": "user", "content": "hi"},
        {"type": "reasoning", "encrypted_content": "a", "summary": []},
        {"type": "reasoning", "encrypted_content": None, "summary": []},
        {"type": "compaction", "encrypted_content": "b"},
        {"type": "message", "encrypted_content": "c"},
    ]
    told = [encrypted_content(item.get("type"), item.get("encrypted_content")) for item in items]
    assert told == ["", "a", "", "b", ""]


def test_a_file_is_looked_for_no_deeper_than_the_api_has_it() -> None:
    deep: object = [{"file_id": "file_1"}]
    for _ in range(100_000):
        deep = [deep]
    assert bound_ids({"input": deep}) == ()


OTHERS: list[dict[str, Any]] = [
    {},
    {"input": 7, "tools": {}},
    {"input": [7, {"content": 7}, {"type": []}], "tools": [7]},
    {"input": "x"},
]


@pytest.mark.parametrize("said", OTHERS)
def test_other_shapes_hold_none(said: dict[str, Any]) -> None:
    assert bound_ids(said) == ()


@pytest.mark.parametrize(("kind", "content"), [([], "a"), ({}, "a"), (None, "a"), ("reasoning", ["a"])])
def test_other_shapes_hold_nothing_that_is_anybodys_own(kind: object, content: object) -> None:
    assert not encrypted_content(kind, content)
