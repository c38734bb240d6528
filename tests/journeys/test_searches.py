"""Searches on the web, asked by one family's client and made by another family's upstream."""

import json
from pathlib import Path
from typing import Any

import anthropic.types
import msgspec
import pytest
import trio
from google.genai import types
from playhouse import GREETING, HELLO, STREAM, Told, open_playhouse

Clock = trio.testing.MockClock

CORPUS = Path(__file__).parents[1] / "transcripts" / "corpus"
SUBCALL: dict[str, Any] = json.loads((CORPUS / "claude-code" / "31-websearch-subcall.json").read_bytes())
ANSWER: dict[str, list[object]] = {"alice": ["answer text='It is sunny.'"]}
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
CHAT = "/v1/chat/completions"


def blocks(told: Told) -> list[dict[str, Any]]:
    """The blocks of an answer in one piece."""
    return anthropic.types.Message.model_validate_json(told.body).to_dict()["content"]  # pyright: ignore[reportReturnType]


async def test_claude_codes_own_search_works_before_a_gemini_upstream(autojump_clock: Clock) -> None:
    async with open_playhouse(ANSWER, models="*", protocol="gemini") as house:
        told = await house.ask({**SUBCALL["body"], "stream": True})
        assert (told.status, told.text) == (200, "It is sunny.")
        kinds = [event["content_block"]["type"] for event in told.events if "content_block" in event]
        assert kinds == ["text", "server_tool_use", "web_search_tool_result"]
        found = [event["content_block"] for event in told.events if "content_block" in event][-1]
        assert [page["url"] for page in found["content"]] == ["https://example.com/found"]
        sent = msgspec.json.decode(house.simulator.requests[0].body)
        assert sent["tools"] == [{"googleSearch": {}}]
        assert "toolConfig" not in sent
        assert "tools[].web_search.max_uses" in told.record.dropped


async def test_an_answer_in_one_piece_holds_the_search_too(autojump_clock: Clock) -> None:
    async with open_playhouse(ANSWER, models="*", protocol="gemini") as house:
        told = await house.ask({**HELLO, "tools": [SEARCH]}, stream=False)
        words, call, result = blocks(told)
        assert words["text"] == "It is sunny."
        assert call["input"] == {"query": "Say hello."}
        assert result["tool_use_id"] == call["id"]


@pytest.mark.parametrize("verb", [STREAM, "generateContent"])
async def test_a_gemini_clients_search_is_made_by_an_anthropic_upstream(
    autojump_clock: Clock, verb: str
) -> None:
    async with open_playhouse(ANSWER, models="*", target="claude-opus-5-5") as house:
        told = await house.ask_gemini({**GREETING, "tools": [{"googleSearch": {}}]}, verb=verb)
        assert "".join(part.get("text", "") for part in told.parts) == "It is sunny."
        last = types.GenerateContentResponse.model_validate(told.chunks[-1])
        grounding = (last.candidates or [])[0].grounding_metadata
        assert grounding is not None
        assert grounding.web_search_queries == ["Say hello."]
        pages = [chunk.web.uri for chunk in grounding.grounding_chunks or [] if chunk.web]
        assert pages == ["https://example.com/found"]
        assert msgspec.json.decode(house.simulator.requests[0].body)["tools"] == [
            {"type": "web_search_20250305", "name": "web_search"}
        ]


async def test_a_chat_client_is_told_the_words_and_the_record_the_rest(autojump_clock: Clock) -> None:
    asked: dict[str, Any] = {"model": "m", "messages": HELLO["messages"], "web_search_options": {}}
    async with open_playhouse(ANSWER, models="*", protocol="gemini") as house:
        told = await house.ask(asked, path=CHAT, stream=False)
        assert told.json["choices"][0]["message"]["content"] == "It is sunny."
        assert "answer.web search" in told.record.dropped


async def test_a_chat_upstream_is_not_asked_for_what_it_cannot_do(autojump_clock: Clock) -> None:
    async with open_playhouse(ANSWER, models="*", protocol="openai-chat", target="gpt-5") as house:
        told = await house.ask({**HELLO, "tools": [SEARCH]})
        assert told.status == 400
        assert "tools: web_search: this upstream has no such tool" in told.json["error"]["message"]
        assert house.simulator.requests == []
        read = {"name": "read", "input_schema": {"type": "object"}}
        told = await house.ask({**HELLO, "tools": [SEARCH, read]})
        assert told.text == "It is sunny."
        assert "tools[].web_search" in told.record.dropped


async def test_a_search_of_geminis_is_not_shown_to_anthropic(autojump_clock: Clock) -> None:
    async with open_playhouse(ANSWER, models="*", protocol="gemini") as house:
        content = blocks(await house.ask({**HELLO, "tools": [SEARCH]}, stream=False))
    later = [*HELLO["messages"], {"role": "assistant", "content": content}, {"role": "user", "content": "?"}]
    async with open_playhouse(ANSWER) as house:
        told = await house.ask({**HELLO, "messages": later})
        assert told.status == 200
        sent = msgspec.json.decode(house.simulator.requests[0].body)["messages"]
        assert [block["type"] for block in sent[1]["content"]] == ["text"]
        assert told.record.spliced == ("searches of another family",)
