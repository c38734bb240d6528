"""The transcripts, and ways to cut them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from peekd.protocols.openai_responses.decode import ResponsesDecoder
from peekd.vocabulary.events import Event
from peekd.wire.sse import Splitter

_TRANSCRIPTS = Path(__file__).parents[2] / "transcripts" / "openai_responses"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "transcript" in metafunc.fixturenames:
        metafunc.parametrize("transcript", sorted(_TRANSCRIPTS.iterdir()), ids=lambda path: path.name)


@pytest.fixture
def decode() -> Callable[[Iterable[bytes]], list[Event]]:
    """Chunks of a body -> all events of it."""

    def run(chunks: Iterable[bytes]) -> list[Event]:
        splitter, decoder = Splitter(), ResponsesDecoder()
        events: list[Event] = []
        for chunk in chunks:
            for frame in splitter.feed(chunk):
                events.extend(decoder.feed(frame))
        if rest := splitter.close():
            events.extend(decoder.feed(rest))
        return [*events, *decoder.close()]

    return run
