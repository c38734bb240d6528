"""Words seen together come to the same as seen one by one: bytes for the client, outcome, what was noted."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import msgspec
import pytest
import trio
from answers import answering
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override
from wordy import CUTS, MENUS, TEXTS, cut, streams, written

from peekd.healing.peek import Watch
from peekd.healing.settings import HealingSettings
from peekd.protocols.interface import BadArguments
from peekd.protocols.registry import CLIENTS, UPSTREAMS
from peekd.records.entries import RequestRecord
from peekd.records.live import Live
from peekd.relay.delivery import Delivery
from peekd.relay.passage import Footing, Passage
from peekd.relay.reading import SeenRun
from peekd.relay.rendering import Rendering, ToBody, ToStream, Translated, Verbatim
from peekd.relay.scribe import Scribe
from peekd.vocabulary.outcomes import AnyOutcome, Completed

FLOWS = [(upstream, client) for upstream in MENUS for client in CLIENTS]


class Script:
    """An answer whose pieces come at once, one by one."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.failure = None
        self.status = 200
        self.headers = {"content-type": "text/event-stream"}
        self.sent = trio.current_time()
        self._pieces = pieces[::-1]

    @property
    def at_end(self) -> bool:
        return not self._pieces

    def receive_nowait(self) -> bytes:
        return b""

    async def receive(self) -> bytes | AnyOutcome:
        return self._pieces.pop() if self._pieces else b""

    async def read_refusal(self) -> bytes:
        return b""


class OneByOne(ToStream):
    """A sink that takes no runs."""

    @property
    @override
    def together(self) -> bool:
        return False


class FoldedOneByOne(ToBody):
    """The same for a client that does not stream."""

    together = False


class Counting(ToStream):
    """A sink that notes them."""

    runs: ClassVar[list[list[str]]] = []

    @override
    def take_run(self, seen: SeenRun) -> None:
        self.runs.append(list(seen.run.texts))
        super().take_run(seen)


def rendering(upstream: str, client: str, *, counted: bool) -> Rendering:
    asked = CLIENTS[client]
    if upstream == client:
        return Verbatim(asked, asked.following("m", 0), counted=counted)
    return Translated(asked.encoder(answering(family=UPSTREAMS[upstream].family)), counted=counted)


def noted(watch: Watch) -> dict[str, object]:
    return {name: getattr(watch, name) for name in Watch.__slots__}


def passage_of(upstream: str, pieces: list[bytes]) -> Passage:
    record = RequestRecord("req_1", 0.0, "POST", "/", upstream)
    scribe = Scribe(record, Live(), lambda entry: None, trio.current_time)
    footing = Footing(trio.current_time() + 300, "key")
    return Passage(Script(pieces), UPSTREAMS[upstream], scribe, HealingSettings(), footing)


async def folded(kind: type[ToBody], upstream: str, pieces: list[bytes]) -> tuple[object, ...]:
    """What such a stream comes to as a body."""
    passage = passage_of(upstream, pieces)
    verdict = await passage.peek()
    sink = kind(rendering(upstream, "openai-chat", counted=True), CLIENTS["openai-chat"].collector())
    outcome = await passage.carry(sink)
    body = sink.body() if isinstance(outcome, Completed) else b""
    return verdict, outcome, body, noted(passage.watch)


async def passed(
    kind: type[ToStream], upstream: str, client: str, pieces: list[bytes], *, counted: bool
) -> tuple[object, ...]:
    """What such a stream comes to: verdict, outcome, the bytes for the client, what the watch noted."""
    passage = passage_of(upstream, pieces)
    verdict = await passage.peek()
    delivery = Delivery(ping=b"", ping_seconds=10)
    sink = kind(rendering(upstream, client, counted=counted), delivery)
    sent = bytearray()

    async def read() -> None:
        async for piece in delivery.chunks():
            sent.extend(piece)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        outcome = await passage.carry(sink)
        await delivery.give_last(sink.rest() + closing(sink.rendering))
    return verdict, outcome, bytes(sent), sink.rendering.mute(), noted(passage.watch)


def closing(rendering: Rendering) -> bytes:
    try:
        return rendering.close()
    except BadArguments:
        return b"bad arguments"


def played(
    kind: type[ToStream], upstream: str, client: str, pieces: list[bytes], *, counted: bool = True
) -> tuple[object, ...]:
    clock = trio.testing.MockClock(autojump_threshold=0)
    return trio.run(partial(passed, kind, upstream, client, pieces, counted=counted), clock=clock)


@pytest.mark.parametrize(("upstream", "client"), FLOWS)
@settings(max_examples=40)
@given(data=st.data(), places=CUTS, counted=st.booleans())
def test_a_stream_comes_to_the_same_together_and_one_by_one(
    upstream: str, client: str, data: st.DataObject, places: list[int], *, counted: bool
) -> None:
    pieces = cut(data.draw(streams(upstream)), places)
    together = played(ToStream, upstream, client, pieces, counted=counted)
    assert together == played(OneByOne, upstream, client, pieces, counted=counted)


@pytest.mark.parametrize("upstream", sorted(MENUS))
def test_words_that_come_at_once_are_seen_together(upstream: str) -> None:
    words, _, begin, end = MENUS[upstream]
    said = [words[0].replace("%s", text) for text in TEXTS]
    Counting.runs = []
    played(Counting, upstream, upstream, [written([begin, *said, end])])
    assert Counting.runs == [[msgspec.json.decode(text) for text in TEXTS[1:]]]


@pytest.mark.parametrize("upstream", sorted(MENUS))
@settings(max_examples=20)
@given(data=st.data(), places=CUTS)
def test_a_body_is_folded_alike_together_and_one_by_one(
    upstream: str, data: st.DataObject, places: list[int]
) -> None:
    pieces = cut(data.draw(streams(upstream)), places)
    clock = trio.testing.MockClock(autojump_threshold=0)
    together = trio.run(partial(folded, ToBody, upstream, pieces), clock=clock)
    clock = trio.testing.MockClock(autojump_threshold=0)
    assert together == trio.run(partial(folded, FoldedOneByOne, upstream, pieces), clock=clock)
