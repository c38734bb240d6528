"""Every transcript in every other language: as it was reviewed, and as the official SDKs read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import anthropic.types
import pytest
from anthropic.lib.streaming._messages import accumulate_event
from golden import BROKEN, Telling, tellings, told
from google.genai import types as google
from openai.types import Completion, CompletionChoice
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response
from pydantic import TypeAdapter
from responses import checked

from peekd.protocols.registry import CLIENTS
from peekd.wire.sse import Frame, Splitter

TELLINGS = list(tellings())
_RAW_EVENT: TypeAdapter[Any] = TypeAdapter(anthropic.types.RawMessageStreamEvent)


def frames_of(stream: bytes) -> list[Frame]:
    return [frame for frame in Splitter().feed(stream) if frame.data]


def read_anthropic(frames: list[Frame]) -> str:
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    for frame in frames:
        said = json.loads(frame.data)
        assert frame.event == said["type"]
        event = _RAW_EVENT.validate_python(said)
        snapshot = accumulate_event(event=event, current_snapshot=snapshot, json_bufs=buffers)
    message: dict[str, Any] = json.loads(snapshot.to_json()) if snapshot is not None else {"content": []}
    return "".join(block.get("text", "") for block in message["content"])


def read_gemini(frames: list[Frame]) -> str:
    chunks = [google.GenerateContentResponse.model_validate_json(frame.data) for frame in frames]
    parts = [part for chunk in chunks for part in chunk.parts or () if not part.thought]
    return "".join(part.text or "" for part in parts)


def read_chat(frames: list[Frame]) -> str:
    datas = [frame.data for frame in frames if frame.data != b"[DONE]"]
    chunks = [ChatCompletionChunk.model_validate_json(data) for data in datas]
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def read_completions(frames: list[Frame]) -> str:
    datas = [json.loads(frame.data) for frame in frames if frame.data != b"[DONE]"]
    open_ended = [
        {**one, "finish_reason": one["finish_reason"] or "stop"} for data in datas for one in data["choices"]
    ]
    choices = [CompletionChoice.model_validate(one) for one in open_ended]  # the type is that of a whole one
    return "".join(choice.text for choice in choices)


def read_responses(frames: list[Frame]) -> str:
    events = checked(b"".join(frame.raw for frame in frames))
    return "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")


def whole_anthropic(body: bytes) -> str:
    message = anthropic.types.Message.model_validate_json(body)
    return "".join(block.text for block in message.content if block.type == "text")


def whole_gemini(body: bytes) -> str:
    parts = google.GenerateContentResponse.model_validate_json(body).parts or []
    return "".join(part.text or "" for part in parts if not part.thought)


def whole_chat(body: bytes) -> str:
    return ChatCompletion.model_validate_json(body).choices[0].message.content or ""


def whole_completions(body: bytes) -> str:
    return Completion.model_validate_json(body).choices[0].text


def whole_responses(body: bytes) -> str:
    return Response.model_validate_json(body).output_text


READERS: Mapping[str, tuple[Callable[[list[Frame]], str], Callable[[bytes], str]]] = {
    "anthropic": (read_anthropic, whole_anthropic),
    "gemini": (read_gemini, whole_gemini),
    "openai-chat": (read_chat, whole_chat),
    "openai-completions": (read_completions, whole_completions),
    "openai-responses": (read_responses, whole_responses),
}
"""By client protocol: the words that the SDK reads of a stream, and of a folded answer."""


def test_every_client_protocol_has_its_sdk() -> None:
    assert READERS.keys() == CLIENTS.keys()


def test_there_are_ten_transcripts_of_every_upstream_at_least() -> None:
    for upstream in {telling.upstream for telling in TELLINGS}:
        assert len({telling.case for telling in TELLINGS if telling.upstream == upstream}) >= 10


@pytest.mark.parametrize("telling", TELLINGS, ids=lambda telling: telling.name)
def test_it_is_told_as_it_was_reviewed(telling: Telling) -> None:
    assert told(telling) == telling.file.read_bytes()


@pytest.mark.parametrize("telling", TELLINGS, ids=lambda telling: telling.name)
def test_the_sdk_reads_the_same_words_of_the_stream_and_of_the_folded_answer(telling: Telling) -> None:
    stream = telling.file.read_bytes()
    frames = frames_of(stream)
    read, whole = READERS[telling.client]
    words = read(frames)
    ended = not stream.endswith(BROKEN) and told_end(telling)
    if not ended:
        return
    collector = CLIENTS[telling.client].collector()
    for frame in Splitter().feed(told(telling, stream=False)):
        collector.feed(frame)
    assert whole(collector.result()) == words


def told_end(telling: Telling) -> bool:
    """Whether the transcript ends in an answer."""
    events = json.loads((telling.case / "events.json").read_bytes())
    ends = [event for event in events if event["event"] == "finished" and event["reason"] != "malformed"]
    return bool(ends)
