"""Requests that real Gemini clients sent go through the whole house, before both kinds of upstream."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anthropic.types
import msgspec
import pytest
import trio
from google.genai import types
from playhouse import open_playhouse
from pydantic import TypeAdapter

Clock = trio.testing.MockClock

CORPUS = Path(__file__).parents[1] / "transcripts" / "corpus"
PLAYS = {"alice": ["answer text=Hello thinking=Hmm"]}
MESSAGES: TypeAdapter[Any] = TypeAdapter(list[anthropic.types.MessageParam])
TOOLS: TypeAdapter[Any] = TypeAdapter(list[anthropic.types.ToolUnionParam])


class Captured(msgspec.Struct, frozen=True):
    """One request as it stands in its file; the body's bytes are kept as they are written there."""

    path: str
    headers: Mapping[str, str]
    body: msgspec.Raw
    method: str = "POST"

    @property
    def low_headers(self) -> dict[str, str]:
        """The headers as the HTTP face hands them over."""
        return {name.lower(): value for name, value in self.headers.items()}


def captured(*, counts: bool) -> list[Any]:
    """Every request of the corpus to a Gemini endpoint: to be answered, or to be counted."""
    found: list[Any] = []
    for path in sorted(CORPUS.glob("*/*.json")):
        request = msgspec.json.decode(path.read_bytes(), type=Captured)
        if (
            "/models/" in request.path
            and request.method == "POST"
            and (":countTokens" in request.path) is counts
        ):
            found.append(pytest.param(request, id=f"{path.parent.name}-{path.stem}"))
    return found


TO_ANSWER, TO_COUNT = captured(counts=False), captured(counts=True)


def test_the_corpus_holds_requests_of_each_kind() -> None:
    assert len(TO_ANSWER) > 10
    assert len(TO_COUNT) > 1
    assert {":stream" in one.values[0].path for one in TO_ANSWER} == {True, False}


@pytest.mark.parametrize("request_", TO_ANSWER)
async def test_it_leaves_for_a_gemini_upstream_as_it_came(autojump_clock: Clock, request_: Captured) -> None:
    body = bytes(request_.body)
    async with open_playhouse(PLAYS, models="*", protocol="gemini") as house:
        told = await house.ask(body, headers=request_.low_headers, path=request_.path)
        assert told.status == 200
        for chunk in told.chunks:
            types.GenerateContentResponse.model_validate(chunk)
        assert "Hello" in [part.get("text") for part in told.parts]
        sent = house.simulator.requests[0]
        assert sent.body == body
        version = request_.path.split("/")[1]
        assert sent.target == f"/{version}/models/gemini-3-pro-preview:streamGenerateContent?alt=sse"
        house.assert_nothing_left()


@pytest.mark.parametrize("request_", TO_ANSWER)
async def test_it_is_answered_by_an_anthropic_upstream(autojump_clock: Clock, request_: Captured) -> None:
    async with open_playhouse(PLAYS, models="*", target="claude-opus-5-5") as house:
        told = await house.ask(bytes(request_.body), headers=request_.low_headers, path=request_.path)
        assert told.status == 200
        for chunk in told.chunks:
            types.GenerateContentResponse.model_validate(chunk)
        assert "Hello" in [part.get("text") for part in told.parts]
        sent = house.simulator.requests[0]
        said = msgspec.json.decode(sent.body)
        MESSAGES.validate_python(said["messages"])
        TOOLS.validate_python(said.get("tools", []))
        assert all(
            tool["input_schema"]["type"] == "object" for tool in said.get("tools", []) if "type" not in tool
        )
        assert not {name for name, _ in sent.headers if name.startswith("x-goog")}
        house.assert_nothing_left()


@pytest.mark.parametrize("request_", TO_COUNT)
@pytest.mark.parametrize("protocol", ["gemini", "anthropic"])
async def test_a_count_goes_through_as_it_came_or_is_estimated(
    autojump_clock: Clock, request_: Captured, protocol: str
) -> None:
    async with open_playhouse(PLAYS, models="*", protocol=protocol, target="gemini-2.5-flash") as house:
        asked = house.asked(bytes(request_.body), request_.low_headers, request_.path)
        final = await house.house.count_tokens(asked)
        assert msgspec.json.decode(final.body)["totalTokens"] > 0
        sent = [one.body for one in house.simulator.requests]
        assert sent == ([asked.body] if protocol == "gemini" else [])
        assert ("x-peekd-estimated" in dict(final.headers)) is (protocol == "anthropic")
