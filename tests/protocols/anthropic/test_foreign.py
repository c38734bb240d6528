"""Searches of another family go out of a request's bytes; all else stays as it was written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from peekd.protocols.anthropic.foreign import without_foreign_searches
from peekd.protocols.anthropic.splice import splice_request
from peekd.protocols.interface import Splices

CALL = '{"type":"server_tool_use","id":"srvtoolu_peekd_1","name":"web_search","input":{"query":"x"}}'
RESULT = '{"type":"web_search_tool_result","tool_use_id":"srvtoolu_peekd_1","content":[]}'
OWN = '{"type":"server_tool_use","id":"srvtoolu_01","name":"web_search","input":{}}'
THOUGHT = '{"type":"thinking","thinking":"Hm","signature":"s"}'
TEXT = '{ "type":"text", "text":"It is \\u00fc." }'


def body(*blocks: str, role: str = "assistant") -> bytes:
    content = " , ".join(blocks)
    return (
        '{"model":"m", "messages":[{"role":"user","content":"x"}, '
        f'{{"role":"{role}","content":[ {content} ]}}, {{"role":"user","content":"y"}}],"stream":true}}'
    ).encode()


def contents(written: bytes) -> list[Any]:
    return [message["content"] for message in json.loads(written)["messages"]]


@pytest.mark.parametrize(
    "blocks", [(CALL, RESULT, TEXT), (TEXT, CALL, RESULT), (CALL, TEXT, RESULT), (CALL, RESULT, CALL, TEXT)]
)
def test_calls_and_results_of_ours_go_and_the_rest_is_as_written(blocks: tuple[str, ...]) -> None:
    written = without_foreign_searches(body(*blocks))
    assert contents(written) == ["x", [json.loads(TEXT)], "y"]
    assert TEXT.encode() in written


def test_a_message_that_had_nothing_else_goes_too() -> None:
    assert contents(without_foreign_searches(body(CALL, RESULT))) == ["x", "y"]


@pytest.mark.parametrize(
    "whole",
    [body(OWN, TEXT), body(TEXT), body(CALL, role="user"), b"{}"],
)
def test_where_there_are_none_it_is_the_same_bytes(whole: bytes) -> None:
    assert without_foreign_searches(whole) is whole


def test_a_splice_names_what_it_left_out_and_repairs_what_remains() -> None:
    whole = body(THOUGHT, CALL, RESULT, TEXT)
    call = splice_request(whole, "/v1/messages", Splices(stream=True, repaired=False))
    assert call.spliced == ("searches of another family",)
    assert contents(call.body)[1] == [json.loads(THOUGHT), json.loads(TEXT)]
    call = splice_request(whole, "/v1/messages", Splices("n", stream=True, repaired=True))
    assert contents(call.body)[1] == [json.loads(TEXT)]
    assert call.spliced == ("searches of another family", "model", "thinking blocks")
