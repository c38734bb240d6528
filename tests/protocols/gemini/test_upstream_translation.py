"""Requests that real Anthropic agents sent, said to Gemini: what leaves is what Google's own types accept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from answers import SEAL, answering

from peekd.protocols.anthropic import CLIENT
from peekd.protocols.estimate import estimate_prompt
from peekd.protocols.gemini import UPSTREAM
from peekd.protocols.gemini.signatures import STAND_IN
from peekd.vocabulary.conversation import Conversation
from peekd.vocabulary.events import Event
from peekd.wire.sse import Splitter

_CORPUS = Path(__file__).parents[2] / "transcripts" / "corpus"
_MODELS = ("gemini-2.5-flash", "gemini-2.5-pro", "gemini-3-pro-preview")
_SERVER_TOOLS_ONLY = {"31-websearch-subcall"}
"""Asks for nothing but a tool that Anthropic's servers run: not to be said elsewhere."""


def captured() -> list[Path]:
    """Give the captured requests that an Anthropic client sent to be answered or counted."""
    paths = sorted(_CORPUS.rglob("*.json"))
    return [
        path
        for path in paths
        if read(path)["path"].startswith("/v1/messages") and path.stem not in _SERVER_TOOLS_ONLY
    ]


def read(path: Path) -> dict[str, Any]:
    return msgspec.json.decode(path.read_bytes())


@pytest.fixture(params=captured(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def asked(request: pytest.FixtureRequest) -> dict[str, Any]:
    return read(request.param)


@pytest.fixture
def conversation(asked: dict[str, Any]) -> Conversation:
    return CLIENT.decode_request(msgspec.json.encode(asked["body"]), asked["path"], SEAL)


def encode(conversation: Conversation, model: str = _MODELS[-1]) -> dict[str, Any]:
    return msgspec.json.decode(UPSTREAM.encode_request(conversation, model=model, repaired=False).body)


def test_there_are_requests_to_say() -> None:
    assert len(captured()) > 30


@pytest.mark.parametrize("model", _MODELS)
def test_googles_types_accept_what_agents_ask(
    conversation: Conversation, model: str, google_accepts: Callable[[bytes], None]
) -> None:
    for repaired in (False, True):
        google_accepts(UPSTREAM.encode_request(conversation, model=model, repaired=repaired).body)


def test_roles_alternate_and_every_result_follows_its_call(conversation: Conversation) -> None:
    body = encode(conversation)
    roles = [content["role"] for content in body["contents"]]
    assert roles == [("user", "model")[n % 2] for n in range(len(roles))]
    called: list[str] = []
    for content in body["contents"]:
        answered = [part["functionResponse"]["id"] for part in content["parts"] if "functionResponse" in part]
        assert answered == called
        assert all("functionResponse" in part for part in content["parts"][: len(answered)])
        called = [part["functionCall"]["id"] for part in content["parts"] if "functionCall" in part]


def test_a_step_of_the_current_turn_is_signed_or_stood_in_for(conversation: Conversation) -> None:
    body = encode(conversation)
    last = body["contents"][-2:]
    if any("functionResponse" in part for part in last[-1]["parts"]):
        first = next(part for part in last[0]["parts"] if "functionCall" in part)
        assert first["thoughtSignature"] == STAND_IN


def test_no_word_is_added_to_what_the_client_wrote(asked: dict[str, Any], conversation: Conversation) -> None:
    body = encode(conversation)
    written = msgspec.json.encode(asked["body"])
    contents = [body.get("systemInstruction", {"parts": []}), *body["contents"]]
    said = [part["text"] for content in contents for part in content["parts"] if "text" in part]
    assert [text for text in said if msgspec.json.encode(text)[1:-1] not in written] == []


def test_the_estimate_of_a_real_request_is_of_its_order_of_size(
    asked: dict[str, Any], conversation: Conversation
) -> None:
    assert 0 < estimate_prompt(conversation) < len(msgspec.json.encode(asked["body"])) / 2


_SIGNED = {
    "thoughts_call": "read_file",
    "parallel_calls": "weather",
    "text_then_call": "search",
    "signed_text": "",
    "thoughts_text": None,
}
"""By transcript: the call's name or the words whose part must come back signed. Thoughts do not, nor
what ends words that nothing follows."""


@pytest.mark.parametrize("case", _SIGNED)
def test_a_signature_comes_back_to_gemini_where_the_agent_replays_the_turn(
    case: str, decode: Callable[[Iterable[bytes]], list[Event]]
) -> None:
    transcript = (_CORPUS.parent / "gemini" / case / "upstream.sse").read_bytes()
    message = answered(decode([transcript]))
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "done"}
        for block in message["content"]
        if block["type"] == "tool_use"
    ]
    asked = {
        "model": "m",
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": message["content"]},
            {"role": "user", "content": [*results, {"type": "text", "text": "go on"}]},
        ],
    }
    conversation = CLIENT.decode_request(msgspec.json.encode(asked), "/v1/messages", SEAL)
    signed = [part for part in encode(conversation)["contents"][1]["parts"] if "thoughtSignature" in part]
    found = [
        (part["functionCall"]["name"] if "functionCall" in part else part["text"], part["thoughtSignature"])
        for part in signed
    ]
    place = _SIGNED[case]
    assert found == ([] if place is None else [(place, "RXhhbXBsZVNpZ25hdHVyZQ==")])


def answered(events: list[Event]) -> dict[str, Any]:
    """Give the message that an Anthropic client of these events gets."""
    encoder = CLIENT.encoder(answering("m"))
    wire = b"".join(encoder.feed(event) for event in events) + encoder.close()
    collector = CLIENT.collector()
    for frame in Splitter().feed(wire):
        collector.feed(frame)
    return msgspec.json.decode(collector.result())
