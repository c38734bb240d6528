"""The transcripts, real requests of real clients, and the official SDK as the judge of what we write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import anthropic.types
import pytest
from answers import answering
from anthropic.lib.streaming._messages import accumulate_event
from pydantic import TypeAdapter

from peekd.protocols.anthropic.decode import AnthropicDecoder
from peekd.protocols.anthropic.encode import AnthropicEncoder
from peekd.vocabulary.events import Event
from peekd.wire.sse import Frame, Splitter

TRANSCRIPTS = Path(__file__).parents[2] / "transcripts"
_RAW_EVENT: TypeAdapter[Any] = TypeAdapter(anthropic.types.RawMessageStreamEvent)

Split = Callable[[Iterable[bytes]], list[Frame]]
Decode = Callable[[Iterable[bytes]], list[Event]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "transcript" in metafunc.fixturenames:
        cases = sorted((TRANSCRIPTS / "anthropic").iterdir())
        metafunc.parametrize("transcript", cases, ids=lambda path: path.name)
    if "folded" in metafunc.fixturenames:
        cases = sorted(path.parent for path in (TRANSCRIPTS / "anthropic").glob("*/message.json"))
        metafunc.parametrize("folded", cases, ids=lambda path: path.name)
    if "request_file" in metafunc.fixturenames:
        every = sorted((TRANSCRIPTS / "corpus").glob("*/*.json"))
        files = [path for path in every if json.loads(path.read_bytes())["path"].startswith("/v1/messages")]
        metafunc.parametrize("request_file", files, ids=lambda path: f"{path.parent.name}/{path.stem}")


@pytest.fixture
def split() -> Split:
    """Chunks of a body -> its frames, an unterminated last one included."""

    def run(chunks: Iterable[bytes]) -> list[Frame]:
        splitter = Splitter()
        frames = [frame for chunk in chunks for frame in splitter.feed(chunk)]
        rest = splitter.close()
        return frames if rest is None else [*frames, rest]

    return run


@pytest.fixture
def decode(split: Split) -> Decode:
    """Chunks of a body -> all events of it."""

    def run(chunks: Iterable[bytes]) -> list[Event]:
        decoder = AnthropicDecoder()
        events = [event for frame in split(chunks) for event in decoder.feed(frame)]
        return [*events, *decoder.close()]

    return run


@pytest.fixture
def encoder() -> Callable[..., AnthropicEncoder]:
    """Open an encoder whose ids count up."""

    def run(*, thoughts: bool = True) -> AnthropicEncoder:
        return AnthropicEncoder(answering(thoughts=thoughts))

    return run


@pytest.fixture
def encode(encoder: Callable[..., AnthropicEncoder]) -> Callable[..., bytes]:
    """Events -> the whole stream."""

    def run(events: Iterable[Event], *, thoughts: bool = True) -> bytes:
        writer = encoder(thoughts=thoughts)
        return b"".join([*(writer.feed(event) for event in events), writer.close()])

    return run


@pytest.fixture
def said(split: Split) -> Callable[[bytes], list[dict[str, Any]]]:
    """A stream of ours -> its JSON, each frame checked to name its own type, as the SDK goes by the name."""

    def run(stream: bytes) -> list[dict[str, Any]]:
        frames = split([stream])
        read = [json.loads(frame.data) for frame in frames]
        assert [frame.event for frame in frames] == [one["type"] for one in read]
        return read

    return run


@pytest.fixture
def sdk_reads(said: Callable[[bytes], list[dict[str, Any]]]) -> Callable[[bytes], dict[str, Any]]:
    """A stream -> the message that the SDK makes of it; every event is held against the SDK's types."""

    def run(stream: bytes) -> dict[str, Any]:
        snapshot: Any = None
        buffers: dict[int, bytes] = {}
        for one in said(stream):
            if one["type"] != "ping":
                event = _RAW_EVENT.validate_python(one)
                snapshot = accumulate_event(event=event, current_snapshot=snapshot, json_bufs=buffers)
        message = json.loads(snapshot.to_json())
        anthropic.types.Message.model_validate(message)
        return message

    return run
