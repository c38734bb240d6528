"""The transcripts, ways to cut them, and google-genai as the judge of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from google.genai import types
from pydantic import TypeAdapter

from peekd.protocols.gemini.stream import GeminiDecoder
from peekd.vocabulary.events import Event
from peekd.wire.sse import Splitter

_FIELDS: dict[str, TypeAdapter[Any]] = {
    "systemInstruction": TypeAdapter(types.Content),
    "contents": TypeAdapter(list[types.Content]),
    "tools": TypeAdapter(list[types.Tool]),
    "toolConfig": TypeAdapter(types.ToolConfig),
    "generationConfig": TypeAdapter(types.GenerationConfig),
}
_TRANSCRIPTS = Path(__file__).parents[2] / "transcripts" / "gemini"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "transcript" in metafunc.fixturenames:
        metafunc.parametrize("transcript", sorted(_TRANSCRIPTS.iterdir()), ids=lambda path: path.name)


@pytest.fixture
def decode() -> Callable[[Iterable[bytes]], list[Event]]:
    """Chunks of a body -> all events of it."""

    def run(chunks: Iterable[bytes]) -> list[Event]:
        splitter, decoder = Splitter(), GeminiDecoder()
        events: list[Event] = []
        for chunk in chunks:
            for frame in splitter.feed(chunk):
                events.extend(decoder.feed(frame))
        if rest := splitter.close():
            events.extend(decoder.feed(rest))
        return [*events, *decoder.close()]

    return run


@pytest.fixture
def google_accepts() -> Callable[[bytes], None]:
    """Fail on a request body that google-genai's types refuse; they forbid fields that they do not know."""

    def judge(body: bytes) -> None:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        assert fields.keys() <= _FIELDS.keys()
        for name, raw in fields.items():
            _FIELDS[name].validate_json(bytes(raw))

    return judge
