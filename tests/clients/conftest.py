"""A whole daemon in this process, on loopback, before a simulated upstream that follows a test's script."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import anthropic
import openai
import pytest
import trio

from peekd.config.load import load_settings
from peekd.records.entries import Entry
from peekd.service.main import Process
from peekd.service.main import serve as serve_process
from peekd.service.notify import Notifier
from peekd.service.sockets import open_sockets, tell_address

SETTINGS = """
[server]
bind = ["127.0.0.1:0"]

[upstreams.sim]
protocol = "{kind}"
base_url = "simulator:{script}"

[[accounts]]
name = "first"
upstream = "sim"
credential = "env:FIRST_KEY"

[[accounts]]
name = "second"
upstream = "sim"
credential = "env:SECOND_KEY"

[[routes]]
match = "claude-opus-4-5"
to = ["sim{model}"]
{options}

[healing.policy]
overloaded = {{base_seconds = 0.0}}
server_error = {{base_seconds = 0.0}}
unreachable = {{base_seconds = 0.0}}
"""
MODELS = {"anthropic": "", "gemini": "/gemini-3-pro", "openai-chat": "", "openai-responses": ""}
KEYS = {"FIRST_KEY": "sim-first", "SECOND_KEY": "sim-second"}


Start = Callable[[str, str], str]
Serve = Callable[[str, str], Awaitable[anthropic.AsyncAnthropic]]


@pytest.fixture
async def serve(daemon: Start) -> AsyncIterator[Serve]:
    """Start peekd as `daemon` does; give the SDK's client for it."""

    async def start(kind: str, acts: str) -> anthropic.AsyncAnthropic:
        client = anthropic.AsyncAnthropic(api_key="mine", base_url=daemon(kind, acts), max_retries=0)
        return await clients.enter_async_context(client)

    async with AsyncExitStack() as clients:
        yield start


@pytest.fixture
async def serve_openai(serve: Serve) -> AsyncIterator[Callable[[str, str], Awaitable[openai.AsyncOpenAI]]]:
    """Start peekd before an upstream of this language that plays these acts; give OpenAI's client for it."""
    opened: list[openai.AsyncOpenAI] = []

    async def start(kind: str, acts: str) -> openai.AsyncOpenAI:
        address = (await serve(kind, acts)).base_url
        opened.append(
            openai.AsyncOpenAI(api_key="mine", base_url=f"{str(address).rstrip('/')}/v1", max_retries=0)
        )
        return opened[-1]

    yield start
    for client in opened:
        await client.close()


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Callable[..., str]]:
    """Start peekd before an upstream of this language that plays these acts; give its address.

    `options`: lines of its route.
    """
    entries: list[Entry] = []
    stop, signals = trio.open_memory_channel[int](1)

    def journal(entry: Entry) -> None:
        entries.append(entry)
        sys.stderr.write(f"{entry.message}\n")  # shown where a test fails

    def start(kind: str, acts: str, options: str = "") -> str:
        script, config = tmp_path / "script.toml", tmp_path / "peekd.toml"
        script.write_text(f"[[play]]\n{acts}\n")
        config.write_text(SETTINGS.format(kind=kind, script=script, model=MODELS[kind], options=options))
        settings = load_settings(str(config), KEYS).settings
        process = Process(settings, KEYS, journal, Notifier(None), str(config))
        nursery.start_soon(serve_process, process, sockets, signals)
        return tell_address(sockets[0])

    with open_sockets(("127.0.0.1:0",), {}, write_stall_seconds=30) as sockets:
        async with trio.open_nursery() as nursery:
            yield start
            stop.send_nowait(1)
    assert not [entry.message for entry in entries if entry.outcome == "internal"]
