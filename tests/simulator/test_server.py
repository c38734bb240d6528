"""The simulator serves connections in memory and on a real socket, and writes down what it saw."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from peekd.simulator.script import Script
from peekd.simulator.server import Simulator

ANTHROPIC = "/v1/messages"
GEMINI = "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse"
BOTH = pytest.mark.parametrize("target", [ANTHROPIC, GEMINI])
Ask = Callable[..., Awaitable[Any]]
Stage = Any  # opens a simulator and one client of it; see conftest


async def drain(stream: trio.abc.ReceiveStream) -> None:
    """Read to the end, whatever that is."""
    while await stream.receive_some():
        pass


@BOTH
@pytest.mark.parametrize(
    ("act", "status", "end"),
    [
        ("answer", 200, "whole"),
        ("429", 429, "whole"),
        ("502", 502, "whole"),
        ("empty", 200, "whole"),
        ("cut", 200, "whole"),
        ("pings", 200, "whole"),
        ("error at=middle", 200, "whole"),
        ("huge", 200, "whole"),
        ("drop", 200, "short"),
        ("wrong-length", 200, "short"),
        ("close", 0, "short"),
        ("reset", 0, "reset"),
        ("reset at=middle", 200, "reset"),
    ],
)
async def test_each_end_reaches_the_client(
    ask_once: Ask, autojump_clock: MockClock, target: str, act: str, status: int, end: str
) -> None:
    got = await ask_once(act, target)
    assert (got.status, got.end) == (status, end)


async def test_many_requests_go_over_one_connection_each_with_its_act(open_stage: Stage) -> None:
    async with open_stage(["answer text=one", "429", "empty", "answer text=two"]) as (simulator, client):
        got = [await client.ask() for _ in range(4)]
    assert [answer.status for answer in got] == [200, 429, 200, 200]
    assert [b"one" in got[0].body, got[2].body, b"two" in got[3].body] == [True, b"", True]
    assert [seen.act.label for seen in simulator.requests] == [
        "answer text=one",
        "429",
        "empty",
        "answer text=two",
    ]
    assert simulator.connections == 1
    assert simulator.open_connections == 0


async def test_a_request_is_written_down_as_it_came(open_stage: Stage) -> None:
    body = b'{ "model":"claude" ,"stream":false,"messages":[]}'
    async with open_stage(["answer"]) as (simulator, client):
        await client.ask("/v1/messages?beta=true", body, key="sim-alice")
        (seen,) = simulator.requests
    assert (seen.method, seen.target, seen.path) == ("POST", "/v1/messages?beta=true", "/v1/messages")
    assert (seen.body, seen.key, seen.header("x-api-key"), seen.header("x-none")) == (
        body,
        "sim-alice",
        "sim-alice",
        None,
    )
    assert seen.over.is_set()
    assert (seen.closed_at, seen.finished_at is not None) == (None, True)


async def test_latency_pace_and_stalls_take_their_time(ask_once: Ask, autojump_clock: MockClock) -> None:
    start = trio.current_time()
    got = await ask_once("answer delay=5 pace=2 text='one two' chunk=0")
    moments = [round(at - start, 3) for at, _ in got.pieces]
    assert moments == [5 + 2 * number for number in range(len(moments))]
    start = trio.current_time()
    got = await ask_once("stall seconds=600 text='one two'")
    gaps = {round(at - start, 3) for at, _ in got.pieces}
    assert (gaps, got.end) == ({0.0, 600.0}, "whole")


@pytest.mark.parametrize("act", ["silence", "hang", "stall", "pings count=0", "answer delay=60"])
async def test_a_client_that_leaves_is_noticed_at_once(
    open_stage: Stage, autojump_clock: MockClock, act: str
) -> None:
    async with open_stage([act]) as (simulator, client):
        start = trio.current_time()
        with trio.move_on_after(30.5):
            await client.ask()
        (seen,) = simulator.requests
        assert not seen.over.is_set()
        await client.stream.aclose()
        await seen.over.wait()
        assert seen.closed_at is not None
        assert (round(seen.closed_at - start, 3), seen.finished_at) == (30.5, None)


async def test_a_client_that_only_finishes_sending_has_left(
    open_stage: Stage, autojump_clock: MockClock
) -> None:
    async with open_stage(["silence"]) as (simulator, client):
        with trio.move_on_after(1):
            await client.ask()
        await client.stream.send_eof()
        await simulator.requests[0].over.wait()
        assert simulator.requests[0].closed_at is not None


async def test_a_client_that_does_not_read_blocks_it_until_it_leaves(
    open_stage: Stage, autojump_clock: MockClock
) -> None:
    async with open_stage(["huge"]) as (simulator, client):
        await client.send(ANTHROPIC, {"model": "c", "stream": True, "messages": []})
        await trio.sleep(5)
        (seen,) = simulator.requests
        assert seen.finished_at is None
        await client.stream.aclose()
        await seen.over.wait()
        assert seen.closed_at is not None


async def test_a_client_that_leaves_after_its_answer_has_not_left_it(open_stage: Stage) -> None:
    async with open_stage(["answer"]) as (simulator, client):
        await client.ask()
        await client.stream.aclose()
        assert simulator.requests[0].closed_at is None


async def test_what_is_sent_ahead_is_answered_in_turn(open_stage: Stage) -> None:
    asking = b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n"
    async with open_stage(["answer"]) as (simulator, client):
        await client.stream.send_all(asking + asking)
        for _ in range(2):
            assert (await client.stream.receive_some()).startswith(b"HTTP/1.1 200 OK")
            assert b'"has_more":false' in await client.stream.receive_some()
        assert len(simulator.requests) == 2


async def test_a_body_that_waits_to_be_asked_for_is_asked_for(open_stage: Stage) -> None:
    async with open_stage(["answer"]) as (_, client):
        head = b"POST /v1/messages HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
        await client.stream.send_all(head)
        assert await client.stream.receive_some() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.stream.send_all(b"{}")
        assert (await client.stream.receive_some()).startswith(b"HTTP/1.1 200 OK")


async def test_what_is_no_http_is_refused_and_written_nowhere(open_stage: Stage) -> None:
    async with open_stage(["answer"]) as (simulator, client):
        await client.stream.send_all(b"\x16\x03\x01 hello\r\n\r\n")
        assert (await client.stream.receive_some()).startswith(b"HTTP/1.1 400")
        assert await client.stream.receive_some() == b""
        assert simulator.requests == []


async def test_accounts_are_told_apart_by_their_credential(open_stage: Stage) -> None:
    script = Script.of({"alice": ["429"], "bob": ["answer"]})
    async with open_stage(script) as (_, client):
        assert [(await client.ask(key=key)).status for key in ("alice", "bob", "alice")] == [429, 200, 429]


async def test_a_simulator_without_a_nursery_cannot_be_dialled() -> None:
    with pytest.raises(RuntimeError, match="nursery"):
        await Simulator(Script()).dial("host", 80)


@pytest.mark.parametrize("act", ["reset", "reset at=middle"])
async def test_a_reset_on_a_real_socket_is_a_reset(act: str) -> None:
    simulator = Simulator(Script.of([act]))
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(simulator.serve_tcp, "127.0.0.1", 0)
        stream = await trio.testing.open_stream_to_socket_listener(listeners[0])
        await stream.send_all(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}")
        with pytest.raises(trio.BrokenResourceError):
            await drain(stream)
        await stream.aclose()
        nursery.cancel_scope.cancel()
    assert len(simulator.requests) == 1


async def test_a_client_that_leaves_a_real_socket_is_noticed() -> None:
    simulator = Simulator(Script.of(["hang"]))
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(simulator.serve_tcp, "127.0.0.1", 0)
        stream = await trio.testing.open_stream_to_socket_listener(listeners[0])
        await stream.send_all(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}")
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 200 OK")
        await stream.aclose()
        await simulator.requests[0].over.wait()
        nursery.cancel_scope.cancel()
    assert simulator.requests[0].closed_at is not None
