"""Requests that real agents sent go through the whole house, and what comes back is what their SDK reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anthropic.types
import msgspec
import pytest
import trio
from playhouse import Told, open_playhouse
from pydantic import TypeAdapter

from peekd.relay.asked import Asked
from peekd.relay.delivery import Final
from peekd.wire.headers import upstream_headers
from peekd.wire.sse import Splitter

Clock = trio.testing.MockClock

CORPUS = Path(__file__).parents[1] / "transcripts" / "corpus"
EVENTS: TypeAdapter[Any] = TypeAdapter(anthropic.types.RawMessageStreamEvent)
MESSAGES: TypeAdapter[anthropic.types.Message] = TypeAdapter(anthropic.types.Message)
PLAYS = {"alice": ["answer text=Hello thinking=Hmm"]}


class Captured(msgspec.Struct, frozen=True):
    """One request as it stands in its file; the body's bytes are kept as they are written there."""

    client: str
    path: str
    headers: Mapping[str, str]
    body: msgspec.Raw
    method: str = "POST"

    @property
    def low_headers(self) -> dict[str, str]:
        """The headers as the HTTP face hands them over."""
        return {name.lower(): value for name, value in self.headers.items()}

    @property
    def said(self) -> dict[str, Any]:
        """What the body says."""
        return msgspec.json.decode(self.body)


def captured(*, counts: bool) -> list[Any]:
    """Every request of the corpus to an Anthropic endpoint: to be answered, or to be counted."""
    found: list[Any] = []
    for path in sorted(CORPUS.glob("*/*.json")):
        request = msgspec.json.decode(path.read_bytes(), type=Captured)
        endpoint = request.path.partition("?")[0]
        if endpoint == ("/v1/messages/count_tokens" if counts else "/v1/messages"):
            found.append(pytest.param(request, id=f"{path.parent.name}-{path.stem}"))
    return found


TO_ANSWER, TO_COUNT = captured(counts=False), captured(counts=True)


def assert_sdk_reads(told: Told, asked: Mapping[str, Any]) -> None:
    """The official SDK's types take every event, or the whole message, and the frames are named alike."""
    if not asked.get("stream"):
        message = MESSAGES.validate_json(told.body)
        assert message.model == asked["model"]
        return
    for frame in Splitter().feed(told.body):
        if frame.data:
            assert msgspec.json.decode(frame.data)["type"] == frame.event
    events = [EVENTS.validate_python(event) for event in told.events]
    assert events[0].message.model == asked["model"]
    assert [event.type for event in events].count("message_start") == 1
    assert events[-1].type == "message_stop"


def spliced_for_one_piece(body: bytes) -> bytes:
    """A body with the one change that an answer in one piece asks for."""
    if b'"stream":' in body:
        return body.replace(b'"stream": false', b'"stream": true')
    return body.replace(b"{", b'{"stream":true,', 1)


def test_the_corpus_holds_requests_of_each_kind() -> None:
    assert len(TO_ANSWER) > 35
    assert len(TO_COUNT) > 2
    assert {one.values[0].said.get("stream", False) for one in TO_ANSWER} == {True, False}
    assert {one.values[0].client for one in TO_ANSWER} >= {"claude-code", "opencode"}


@pytest.mark.parametrize("request_", TO_ANSWER)
async def test_it_leaves_for_an_anthropic_upstream_as_it_came(
    autojump_clock: Clock, request_: Captured
) -> None:
    body = bytes(request_.body)
    async with open_playhouse(PLAYS, models="*") as house:
        told = await house.ask(body, headers=request_.low_headers, path=request_.path)
        assert (told.status, told.text) == (200, "Hello")
        assert_sdk_reads(told, request_.said)
        sent = house.simulator.requests[0]
        assert sent.target == request_.path
        if request_.said.get("stream"):
            assert (sent.body, told.record.spliced) == (body, ())
        else:
            assert (sent.body, told.record.spliced) == (spliced_for_one_piece(body), ("stream",))
        passed = dict(upstream_headers(tuple(request_.low_headers.items())))
        assert passed.items() <= dict(sent.headers).items()
        assert sent.key == "alice"
        house.assert_nothing_left()


@pytest.mark.parametrize("request_", TO_ANSWER)
async def test_it_is_answered_by_a_gemini_upstream(autojump_clock: Clock, request_: Captured) -> None:
    async with open_playhouse(PLAYS, models="*", protocol="gemini") as house:
        told = await house.ask(bytes(request_.body), headers=request_.low_headers, path=request_.path)
        assert (told.status, told.text) == (200, "Hello")
        assert_sdk_reads(told, request_.said)
        sent = house.simulator.requests[0]
        assert sent.target == "/v1beta/models/gemini-3-pro-preview:streamGenerateContent?alt=sse"
        assert not {
            name for name, _ in sent.headers if name.startswith(("anthropic", "x-stainless", "x-app"))
        }
        assert sent.key == "alice"
        house.assert_nothing_left()


# ---- counts --------------------------------------------------------------------------------------


async def count(asked: Asked, protocol: str) -> tuple[Final, list[bytes]]:
    """The answer to a count, and the bodies that went upstream for it."""
    async with open_playhouse(PLAYS, models="*", protocol=protocol) as house:
        final = await house.house.count_tokens(house.asked(asked.body, dict(asked.headers), asked.path))
        house.assert_nothing_left()
        return final, [seen.body for seen in house.simulator.requests]


def counted(final: Final) -> int:
    return anthropic.types.MessageTokensCount.model_validate_json(final.body).input_tokens


@pytest.mark.parametrize("request_", TO_COUNT)
async def test_a_count_goes_through_as_it_came_or_is_estimated(
    autojump_clock: Clock, request_: Captured
) -> None:
    async with open_playhouse(PLAYS, models="*") as house:
        asked = house.asked(bytes(request_.body), request_.low_headers, request_.path)
    through, sent = await count(asked, "anthropic")
    assert (through.status, sent) == (200, [asked.body])
    assert "x-peekd-estimated" not in dict(through.headers)
    estimated, sent = await count(asked, "gemini")
    assert (estimated.status, sent) == (200, [])
    assert dict(estimated.headers)["x-peekd-estimated"] == "1"
    assert counted(through) > 0
    assert counted(estimated) > 0
