from __future__ import annotations

import msgspec
import pytest
import trio
from trio.testing import MockClock

from peekd.monitor.feed import LISTENERS, PACE_SECONDS, PING_SECONDS, WAITING, Feed
from peekd.records.entries import RequestRecord
from peekd.records.live import Live


@pytest.fixture
def live() -> Live:
    return Live()


@pytest.fixture
def feed(live: Live) -> Feed:
    return Feed(live, msgspec.json.encode)


def begin(live: Live, name: str) -> RequestRecord:
    record = RequestRecord(name, 1.0, "POST", "/", "anthropic")
    live.open(record)
    return record


async def test_changes_of_a_request_are_told_as_one_and_as_it_stands_then(
    live: Live, feed: Feed, autojump_clock: MockClock
) -> None:
    listener = feed.join()
    assert listener is not None
    assert (await anext(listener)).startswith(b"retry: ")
    record = begin(live, "a")
    for _ in range(5):
        live.changed(record)
    record.outcome = "completed"
    live.close(record)
    told = (await anext(listener)).decode()
    assert trio.current_time() == PACE_SECONDS
    assert told.count("event: request\n") == 1
    assert '"outcome":"completed"' in told
    assert told.endswith('event: changed\ndata: {"requests":1}\n\n')


async def test_silence_is_filled_with_pings(feed: Feed, autojump_clock: MockClock) -> None:
    listener = feed.join()
    assert listener is not None
    await anext(listener)
    assert await anext(listener) == b": still here\n\n"
    assert trio.current_time() == PING_SECONDS


async def test_who_reads_nothing_holds_up_nobody_and_little_memory(
    live: Live, feed: Feed, autojump_clock: MockClock
) -> None:
    slow = feed.join()
    assert slow is not None
    await anext(slow)
    for number in range(10 * WAITING):
        live.close(begin(live, f"r{number}"))
    assert slow.behind_by <= WAITING
    assert (await anext(slow)).startswith(b"event: behind\n")
    begin(live, "later")
    assert b'"id":"later"' in await anext(slow)


async def test_a_request_that_is_forgotten_by_then_is_not_told(autojump_clock: MockClock) -> None:
    live = Live(kept=1)
    feed = Feed(live, msgspec.json.encode)
    listener = feed.join()
    assert listener is not None
    await anext(listener)
    for name in ("a", "b"):
        live.close(begin(live, name))
    told = await anext(listener)
    assert (b'"id":"a"' in told, b'"id":"b"' in told) == (False, True)


async def test_words_cannot_end_an_event(live: Live, feed: Feed, autojump_clock: MockClock) -> None:
    listener = feed.join()
    assert listener is not None
    await anext(listener)
    begin(live, "a\n\nevent: evil\ndata: x\r\n\n")
    assert b"\nevent: evil" not in await anext(listener)


def test_so_many_listen_and_no_more(feed: Feed) -> None:
    listeners = [feed.join() for _ in range(LISTENERS)]
    assert None not in listeners
    assert feed.join() is None
    assert listeners[0] is not None
    feed.leave(listeners[0])
    assert feed.join() is not None


async def test_the_end_ends_all_and_takes_in_nobody(feed: Feed, autojump_clock: MockClock) -> None:
    listener = feed.join()
    assert listener is not None
    await anext(listener)
    feed.close()
    with pytest.raises(StopAsyncIteration):
        await anext(listener)
    assert trio.current_time() == 0.0
    assert feed.join() is None


def test_nobody_is_told_of_changes_while_nobody_listens(live: Live, feed: Feed) -> None:
    assert live.on_change == []
    first, second = feed.join(), feed.join()
    assert len(live.on_change) == 1
    assert first is not None
    assert second is not None
    feed.leave(first)
    feed.leave(first)
    assert len(live.on_change) == 1
    feed.leave(second)
    assert live.on_change == []
