"""The benchmark's upstream: how it reads a request, and how it spreads its streams over time."""

from __future__ import annotations

import pytest
from asks import ask
from upstream import GOLDEN, Answer, Asked

STREAMS = 64
RATE = 100.0


def places(begun: list[float]) -> list[float]:
    """Where on the grid of a stream's own each is sent, as a share of the time between two pieces."""
    found: list[float] = []
    for number, now in enumerate(begun):
        answer = Answer("anthropic", 9, RATE, None)
        answer.lay(number * GOLDEN % 1, now)
        assert now < answer.due <= now + 1 / RATE + 1e-9
        found.append(answer.due * RATE % 1)
    return found


def test_streams_that_begin_at_one_moment_are_spread_evenly() -> None:
    found = sorted(places([1000.003] * STREAMS))
    gaps = [later - earlier for earlier, later in zip(found, [*found[1:], found[0] + 1], strict=True)]
    assert max(gaps) < 2.7 / STREAMS
    assert min(gaps) > 0.3 / STREAMS


def test_when_a_system_lets_them_begin_changes_nothing_of_it() -> None:
    at_once = places([1000.003] * STREAMS)
    slowly = places([1000.003 + number * 0.00217 for number in range(STREAMS)])
    assert at_once == pytest.approx(slowly, abs=1e-6)


def test_the_next_piece_is_due_one_beat_later_and_the_last_brings_the_end() -> None:
    answer = Answer("anthropic", 2, RATE, None)
    answer.lay(0.5, 10.0)
    due = answer.due
    assert b"message_stop" not in answer.following()
    assert answer.due == pytest.approx(due + 1 / RATE)
    assert answer.following().endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("size", [0, 100_000])
@pytest.mark.parametrize("step", [1 << 20, 1000, 37])
@pytest.mark.parametrize("tongue", ["anthropic", "chat", "gemini"])
def test_a_request_is_whole_at_its_last_byte_however_it_comes(tongue: str, step: int, size: int) -> None:
    asked, wire = Asked(), ask(tongue, "claude-sim-12-8.5-77", size)
    sent = memoryview(wire.http())
    parts = [sent[place : place + step] for place in range(0, len(sent), step)]
    assert [asked.whole(part) for part in parts] == [False] * (len(parts) - 1) + [True]
    assert asked.named.startswith(b"sim-12-8.5-77")
    assert asked.path == wire.path.lower().encode()


def test_a_request_without_a_model_or_a_body_is_whole_too() -> None:
    asked = Asked()
    assert asked.whole(memoryview(b"GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n"))
    assert asked.path == b"/readyz"
    assert not asked.named.startswith(b"sim-")
