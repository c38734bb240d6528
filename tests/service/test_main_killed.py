"""A real process, killed again and again in the middle of its requests: its ledger closes every row."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trio

from peekd.records.entries import ENDED, RequestRecord
from peekd.records.rows import records_of
from peekd.store.queries import Query, open_reader

BOUND_SECONDS = 60
LIVES = 3
CLIENTS = 6
CONFIG = """
[server]
bind = ["127.0.0.1:{port}"]
[upstreams.sim]
protocol = "anthropic"
base_url = "simulator:{script}"
[[accounts]]
name = "alice"
upstream = "sim"
credential = "env:KEY"
[[accounts]]
name = "bob"
upstream = "sim"
credential = "env:KEY"
"""
SCRIPT = """
[[play]]
acts = ["empty", "answer pace=0.02", "503", "answer pace=0.2", "cut at=middle pace=0.02", "answer"]
after = "cycle"
"""
ASK = {
    "model": "m",
    "max_tokens": 9,
    "stream": True,
    "messages": [{"role": "user", "content": "Hello"}],
}


class Seen:
    """What clients saw: whose headers came, and who was whole."""

    def __init__(self) -> None:
        self.begun: set[str] = set()
        self.whole: set[str] = set()


async def client(url: str, seen: Seen) -> None:
    """Ask again and again, until nobody answers."""
    async with httpx.AsyncClient(trust_env=False, timeout=BOUND_SECONDS) as session:
        while True:
            try:
                async with session.stream("POST", f"{url}/v1/messages", json=ASK) as answer:
                    name = answer.headers["x-request-id"]
                    seen.begun.add(name)
                    body = b"".join([piece async for piece in answer.aiter_bytes()])
            except (httpx.HTTPError, KeyError):
                return
            if b"message_stop" in body:
                seen.whole.add(name)


@asynccontextmanager
async def living(config: Path, port: int, state: Path) -> AsyncGenerator[trio.Process]:
    """Run a daemon that answers; it is killed at the end."""
    environ = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2] / "daemon"),
        "STATE_DIRECTORY": str(state),
        "KEY": "sim-alice",
    }
    command = [sys.executable, "-m", "peekd", "serve", "--config", str(config)]
    process = await trio.lowlevel.open_process(command, env=environ, stderr=subprocess.DEVNULL)
    try:
        async with httpx.AsyncClient(trust_env=False) as session:
            while True:
                try:
                    await session.get(f"http://127.0.0.1:{port}/healthz")
                    break
                except httpx.ConnectError:
                    assert process.returncode is None
                    await trio.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        with trio.CancelScope(shield=True):
            await process.wait()


async def until(come: Callable[[], bool]) -> None:
    """Wait for what another process does, and tells nobody."""
    while not come():  # noqa: ASYNC110
        await trio.sleep(0.05)


def read(state: Path) -> list[RequestRecord]:
    with open_reader(state / "peekd.db") as reader:
        return records_of(reader.requests(Query(limit=10_000)))


async def written(seen: Seen, state: Path) -> tuple[set[str], set[str]]:
    """Wait until clients are well under way, and what they have seen so far is on disk; give that."""
    await until(lambda: len(seen.begun) > 3 * CLIENTS)
    asked, answered = set(seen.begun), set(seen.whole)

    def come() -> bool:
        records = read(state)
        completed = {record.id for record in records if record.outcome == "completed"}
        return asked <= {record.id for record in records} and answered <= completed

    await until(come)
    return asked, answered


def judge(record: RequestRecord) -> None:
    """Say of a closed row whether it agrees with itself."""
    assert record.state == "done"
    assert record.outcome
    assert all(attempt.outcome for attempt in record.attempts)
    assert [attempt.number for attempt in record.attempts] == list(range(1, len(record.attempts) + 1))
    if record.note == ENDED:
        return
    assert all(attempt.ended is not None for attempt in record.attempts)
    tokens = sum((one.usage.prompt or 0) + (one.usage.output or 0) for one in record.attempts)
    assert tokens == (record.usage.prompt or 0) + (record.usage.output or 0) + record.wasted
    assert record.wasted == sum(attempt.wasted for attempt in record.attempts)


@pytest.mark.parametrize("seed", [1, 2])
async def test_killed_at_random_moments_it_leaves_no_row_open_and_loses_nothing_that_was_written(
    tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311  moments, not secrets
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    script, config, state = tmp_path / "script.toml", tmp_path / "peekd.toml", tmp_path / "state"
    script.write_text(SCRIPT)
    config.write_text(CONFIG.format(port=port, script=script))
    settled, whole = set[str](), set[str]()
    with trio.fail_after(BOUND_SECONDS):
        for _ in range(LIVES):
            seen = Seen()
            async with trio.open_nursery() as nursery, living(config, port, state):
                for _ in range(CLIENTS):
                    nursery.start_soon(client, f"http://127.0.0.1:{port}", seen)
                asked, answered = await written(seen, state)
                await trio.sleep(dice.uniform(0, 0.5))
            settled |= asked
            whole |= answered
        async with living(config, port, state):
            pass
    records = {record.id: record for record in read(state)}
    for record in records.values():
        judge(record)
    assert settled <= set(records)
    assert whole <= {name for name, record in records.items() if record.outcome == "completed"}
    assert any(record.note == ENDED for record in records.values())
    assert any(record.healed for record in records.values())
