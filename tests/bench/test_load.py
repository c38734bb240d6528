"""The benchmark's client before its own upstream: it counts what is sent, and sees what is not."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from jobs import Job
from load import do
from processes import running, said_port
from systems import HERE

RELAY = Path(HERE, "relay.py")


@pytest.fixture
def upstream() -> Generator[int]:
    """A running upstream's port."""
    with running([sys.executable, str(HERE / "upstream.py")], core=0) as process:
        yield said_port(process)


@pytest.mark.parametrize("tongue", ["anthropic", "gemini"])
def test_every_piece_of_every_answer_is_counted(upstream: int, tongue: str) -> None:
    found = do(Job(port=upstream, tongue=tongue, model="any-sim-50-0", requests=24, at_once=8))
    assert (found.asked, found.requests, found.events) == (24, 24, 24 * 50)
    assert (found.failed, found.lost) == (0, 0)
    assert len(found.first) == 24


def test_large_requests_arrive(upstream: int) -> None:
    found = do(Job(port=upstream, model="any-sim-1-0", requests=4, at_once=2, size=2_000_000))
    assert (found.events, found.failed) == (4, 0)


def test_paced_pieces_tell_how_long_each_was_on_its_way(upstream: int) -> None:
    found = do(Job(port=upstream, model="any-sim-5-1000", requests=8, at_once=8, once=True))
    assert (found.events, found.lost) == (40, 0)
    assert 0 < found.delays["p50"] <= found.delays["p99"] <= found.delays["most"]


def test_streams_that_say_nothing_are_let_go_when_all_is_measured(upstream: int) -> None:
    job = Job(
        port=upstream, model="any-sim-2-0.001", at_once=5, seconds=0.01, settle=0.01, once=True, cut=True
    )
    found = do(job)
    assert (found.asked, found.failed, found.requests) == (5, 0, 0)


def test_a_relay_passes_all_on_and_its_memory_is_seen(upstream: int) -> None:
    with running([sys.executable, str(RELAY), str(upstream)], core=0) as relay:
        job = Job(port=said_port(relay), model="any-sim-50-0", requests=8, at_once=4, system=[relay.pid])
        found = do(job)
    assert (found.events, found.failed) == (400, 0)
    assert found.system > 0
    assert found.before > 1


def test_a_cut_stream_is_seen_by_the_upstream(upstream: int) -> None:
    found = do(Job(port=upstream, model="any-sim-900-50", cuts=3, control=upstream))
    assert len(found.cuts) == 3
    assert found.failed == 0


def test_an_answer_that_is_no_stream_is_a_failure_with_its_words(upstream: int) -> None:
    found = do(Job(port=upstream, model="any-other-5-0", requests=2, at_once=1))
    assert found.failed == 1
    assert found.lost == 5
    assert found.words


def test_a_port_where_nobody_listens_fails_and_ends() -> None:
    found = do(Job(port=1, model="any-sim-1-0", requests=2, at_once=2))
    assert (found.asked, found.failed) == (2, 2)
