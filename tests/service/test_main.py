from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import trio
from requests_told import request, rows_of

from peekd.accounts.settings import AccountSettings
from peekd.config.schema import Settings
from peekd.records.entries import Entry
from peekd.records.settings import LogSettings, TracingSettings
from peekd.service.main import Process, run, serve
from peekd.service.notify import Notifier
from peekd.service.sockets import open_sockets
from peekd.serving.settings import ServerSettings
from peekd.signatures.settings import SignatureSettings
from peekd.store.database import Database
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.errors import OperatorError

BOUND_SECONDS = 20
ASK = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
WELL = 'default = "answer"\n'
NEVER = 'default = "silence"\n'
SLOW = 'default = "answer pace=0.03"\n'


class Running:
    """A daemon in this process, and its signals at hand."""

    def __init__(self, send: trio.MemorySendChannel[int]) -> None:
        self.url = ""
        self.entries: list[Entry] = []
        self.ended = trio.Event()
        self.reached: defaultdict[str, trio.Event] = defaultdict(trio.Event)
        self._send = send

    def journal(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.reached[entry.phase].set()

    def signal(self) -> None:
        self._send.send_nowait(signal.SIGTERM)


Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Gives an async context manager: a daemon in front of a simulator that plays the script."""

    @asynccontextmanager
    async def started(script: str, **server: object) -> AsyncGenerator[Running, None]:
        (tmp_path / "script.toml").write_text(script)
        settings = Settings(
            server=msgspec.convert({"bind": ("127.0.0.1:0",), **server}, ServerSettings),
            upstreams={"sim": UpstreamSettings("anthropic", f"simulator:{tmp_path}/script.toml")},
            accounts=(AccountSettings("alice", "sim", credential="env:KEY"),),
        )
        send, receive = trio.open_memory_channel[int](10)
        running = Running(send)
        process = Process(settings, {"KEY": "sim-alice"}, running.journal, Notifier(None))
        with (
            trio.fail_after(BOUND_SECONDS),
            open_sockets(settings.server.bind, {}, write_stall_seconds=30) as sockets,
        ):
            running.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"

            async def live() -> None:
                await serve(process, sockets, receive)
                running.ended.set()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(live)
                try:
                    yield running
                finally:
                    running.signal()
                    running.signal()

    return started


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=BOUND_SECONDS) as opened:
        yield opened


async def test_a_request_goes_all_the_way_and_can_be_explained(
    start: Start, client: httpx.AsyncClient
) -> None:
    async with start(WELL) as daemon:
        assert (await client.get(f"{daemon.url}/readyz")).status_code == 200
        whole = await client.post(f"{daemon.url}/v1/messages", json=ASK)
        assert whole.json()["stop_reason"] == "end_turn"
        streamed = await client.post(f"{daemon.url}/v1/messages", json={**ASK, "stream": True})
        assert "event: message_stop" in streamed.text
        assert streamed.headers["content-type"].startswith("text/event-stream")
        record = (await client.get(f"{daemon.url}/api/requests/last")).json()
        assert record["id"] == streamed.headers["x-request-id"]
        assert record["attempts"][0]["account"] == "alice"
        assert (await client.get(f"{daemon.url}/api/policy")).json()["policy"]["blank"]


async def test_a_signal_ends_a_daemon_that_has_only_idle_clients(
    start: Start, client: httpx.AsyncClient
) -> None:
    async with start(WELL, drain_seconds=600) as daemon:
        await client.get(f"{daemon.url}/healthz")
        daemon.signal()
        await daemon.ended.wait()


async def test_a_signal_lets_a_running_stream_finish(start: Start, client: httpx.AsyncClient) -> None:
    async with start(SLOW, drain_seconds=600) as daemon:
        async with client.stream("POST", f"{daemon.url}/v1/messages", json={**ASK, "stream": True}) as answer:
            pieces = answer.aiter_bytes()
            got = await anext(pieces)
            daemon.signal()
            async for piece in pieces:
                got += piece
        assert b"event: message_stop" in got
        await daemon.ended.wait()


@pytest.mark.parametrize("stream", [True, False])
async def test_a_second_signal_does_not_wait(
    start: Start, client: httpx.AsyncClient, *, stream: bool
) -> None:
    async with start(NEVER, drain_seconds=600) as daemon, trio.open_nursery() as nursery:
        answers: list[int] = []

        async def ask() -> None:
            told = await client.post(f"{daemon.url}/v1/messages", json={**ASK, "stream": stream})
            answers.append(told.status_code)

        nursery.start_soon(ask)
        await daemon.reached["attempt"].wait()
        daemon.signal()
        daemon.signal()
        await daemon.ended.wait()
        assert answers == [503]


async def test_what_is_left_after_the_time_to_drain_is_told_to_come_back(
    start: Start, client: httpx.AsyncClient
) -> None:
    async with start(NEVER, drain_seconds=0.05) as daemon, trio.open_nursery() as nursery:
        answers: list[httpx.Response] = []

        async def ask() -> None:
            answers.append(await client.post(f"{daemon.url}/v1/messages", json=ASK))

        nursery.start_soon(ask)
        await daemon.reached["attempt"].wait()
        daemon.signal()
        await daemon.ended.wait()
        assert [(told.status_code, told.headers["retry-after"]) for told in answers] == [(503, "1")]
        (held,) = [entry for entry in daemon.entries if "held up" in entry.message]
        assert "the end was held up by POST /v1/messages for m of python-httpx" in held.message
        assert held.request == answers[0].headers["x-request-id"]
        assert [entry.outcome for entry in daemon.entries if entry.phase == "end"] == ["drained"]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_goes_while_nothing_has_come_ends_the_attempt(
    start: Start, *, stream: bool
) -> None:
    async with start(NEVER) as daemon:
        body = msgspec.json.encode({**ASK, "stream": stream})
        head = (
            f"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        )
        tcp = await trio.open_tcp_stream("127.0.0.1", int(daemon.url.rpartition(":")[2]))
        await tcp.send_all(head + body)
        await daemon.reached["attempt"].wait()
        await tcp.aclose()
        await daemon.reached["end"].wait()
        assert [entry.outcome for entry in daemon.entries if entry.phase == "end"] == ["client_gone"]


async def test_a_state_directory_that_cannot_be_used_is_told_and_no_reason_not_to_serve(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    entries: list[Entry] = []
    (tmp_path / "file").write_text("")
    environ = {"STATE_DIRECTORY": str(tmp_path / "file/peekd")}
    settings = Settings(server=ServerSettings(bind=("127.0.0.1:0",)))
    process = Process(settings, environ, entries.append, Notifier(None))
    send, receive = trio.open_memory_channel[int](1)
    with (
        trio.fail_after(BOUND_SECONDS),
        open_sockets(settings.server.bind, {}, write_stall_seconds=30) as sockets,
    ):
        url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, process, sockets, receive)
            assert (await client.get(f"{url}/healthz")).status_code == 200
            send.send_nowait(signal.SIGTERM)
    assert any("the state directory cannot be used" in entry.message for entry in entries)


async def test_what_was_open_when_it_ended_is_told_at_the_start_and_can_be_explained(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    with closing(Database(tmp_path / "peekd.db", SignatureSettings())) as left:
        left.apply(rows_of(request("req_left", state="open", outcome="", status=None)))
    entries: list[Entry] = []
    settings = Settings(server=ServerSettings(bind=("127.0.0.1:0",)))
    process = Process(settings, {"STATE_DIRECTORY": str(tmp_path)}, entries.append, Notifier(None))
    send, receive = trio.open_memory_channel[int](1)
    with (
        trio.fail_after(BOUND_SECONDS),
        open_sockets(settings.server.bind, {}, write_stall_seconds=30) as sockets,
    ):
        url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, process, sockets, receive)
            record = (await client.get(f"{url}/api/requests/req_left")).json()
            failed = (await client.get(f"{url}/api/requests?failed=1")).json()
            send.send_nowait(signal.SIGTERM)
    assert (record["state"], record["outcome"], record["note"]) == ("done", "internal", "peekd ended")
    assert ([one["id"] for one in failed["requests"]], failed["lost"]) == (["req_left"], 0)
    (told,) = [entry.message for entry in entries if "requests are written to" in entry.message]
    assert told == (
        f"requests are written to {tmp_path}/peekd.db, within 250 ms; 1 were open when peekd ended, and are "
        "closed as internal; what came in its last 250 ms may be missing"
    )


async def test_no_account_is_no_reason_not_to_serve(client: httpx.AsyncClient) -> None:
    entries: list[Entry] = []
    settings = Settings(server=ServerSettings(bind=("127.0.0.1:0",)))
    process = Process(settings, {}, entries.append, Notifier(None), where="/etc/peekd/peekd.toml")
    send, receive = trio.open_memory_channel[int](1)
    with (
        trio.fail_after(BOUND_SECONDS),
        open_sockets(settings.server.bind, {}, write_stall_seconds=30) as sockets,
    ):
        url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, process, sockets, receive)
            assert (await client.get(f"{url}/readyz")).status_code == 503
            assert (await client.get(f"{url}/healthz")).status_code == 200
            send.send_nowait(signal.SIGTERM)
    assert any("/etc/peekd/peekd.toml" in entry.message for entry in entries)


async def test_readiness_is_told_to_the_service_manager_and_so_is_the_end(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        settings = Settings(server=ServerSettings(bind=(f"unix:{tmp_path}/peekd.sock",)))
        process = Process(settings, {}, lambda _entry: None, Notifier(str(tmp_path / "notify")))
        send, receive = trio.open_memory_channel[int](1)
        send.send_nowait(signal.SIGTERM)
        with (
            open_sockets(settings.server.bind, {}, write_stall_seconds=30) as sockets,
            trio.fail_after(BOUND_SECONDS),
        ):
            await serve(process, sockets, receive)
        assert manager.recv(4096).startswith(b"READY=1\nSTATUS=listening on unix:")
        while (told := manager.recv(4096)).startswith(b"STATUS="):  # how it stands, in between
            pass
        assert told.startswith(b"STOPPING=1")


async def test_sockets_that_strangers_reach_need_keys() -> None:
    settings = Settings(server=ServerSettings(auth="off"))
    process = Process(settings, {}, lambda _entry: None, Notifier(None))
    _send, receive = trio.open_memory_channel[int](0)
    told = pytest.raises(OperatorError, match=r"set server\.client_keys first")
    with socket.create_server(("", 0)) as everywhere, told:
        await serve(process, [everywhere], receive)


def test_a_real_process_serves_and_ends_with_zero_on_sigterm() -> None:
    command = [sys.executable, "-m", "peekd", "demo", "--port", "0"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "daemon"), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as daemon:
        assert daemon.stdout is not None
        url = daemon.stdout.readline().rpartition(" ")[2].strip()
        with httpx.Client(trust_env=False, timeout=BOUND_SECONDS) as client:
            answer = client.post(f"{url}/v1/messages", json={**ASK, "model": "claude-sonnet-4-5"})
        daemon.send_signal(signal.SIGTERM)
        told, _ = daemon.communicate(timeout=BOUND_SECONDS)
    assert answer.status_code == 200
    assert int(answer.headers["x-peekd-attempts"]) > 1
    assert "heals" in told
    assert daemon.returncode == 0


def test_a_process_writes_app_log_and_is_traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Process] = []

    def live(start: partial[Coroutine[Any, Any, None]]) -> None:
        process: Process = start.args[0]
        seen.append(process)
        process.journal(Entry("hello"))

    monkeypatch.setattr(trio, "run", live)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    settings = Settings(
        server=ServerSettings(bind=(f"unix:{tmp_path}/peekd.sock",)),
        logs=LogSettings(directory=str(tmp_path / "logs")),
        tracing=TracingSettings("http://127.0.0.1:9/v1/traces"),
    )
    assert run(settings) == 0
    (process,) = seen
    assert '"hello"' in (tmp_path / "logs/app.log").read_text()
    assert process.lost["app.log"]() == 0
    assert len(process.on_close) == 1
    assert run(Settings(server=settings.server)) == 0
    assert seen[1].on_close == ()
