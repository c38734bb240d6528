"""A daemon that takes other settings over: in this process, and a real one with signals and files."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from peekd.config.load import load_settings
from peekd.records.entries import Entry
from peekd.service import reload
from peekd.service.main import Process, serve
from peekd.service.notify import Notifier
from peekd.service.reload import Source
from peekd.service.sockets import open_sockets

BOUND_SECONDS = 30
ASK = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
FILE = """\
[server]
bind = ["127.0.0.1:0"]
watch_seconds = {watch}
{server}
[upstreams.sim]
protocol = "anthropic"
base_url = "simulator:{script}"
[[accounts]]
name = "{account}"
upstream = "sim"
credential = "env:KEY"
{more}
"""


class Living:
    """A daemon in this process that reads its settings from a file."""

    def __init__(self, folder: Path, send: trio.MemorySendChannel[int]) -> None:
        self.folder, self.path = folder, folder / "peekd.toml"
        self.entries: list[Entry] = []
        self.levels: list[str] = []
        self.url = ""
        self.ended = trio.Event()
        self._send = send
        self._told = trio.Event()

    def journal(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._told.set()
        self._told = trio.Event()

    def write(self, name: str = "alice", **parts: Any) -> None:
        given = {"account": name, "watch": 0, "server": "", "script": self.folder / "script.toml", "more": ""}
        draft = self.path.with_name("draft")
        draft.write_text(FILE.format(**given | parts))
        draft.replace(self.path)

    def signal(self, number: int = signal.SIGHUP) -> None:
        self._send.send_nowait(number)

    async def wait_told(self, words: str) -> None:
        while not any(words in entry.message for entry in self.entries):
            await self._told.wait()
        self.entries = [entry for entry in self.entries if words not in entry.message]


Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    @asynccontextmanager
    async def started(
        script: str = 'default = "answer"\n', environ: Mapping[str, str] = {}, **parts: Any
    ) -> AsyncGenerator[Living, None]:
        (tmp_path / "script.toml").write_text(script)
        send, receive = trio.open_memory_channel[int](10)
        living = Living(tmp_path, send)
        living.write(**parts)
        known = {"KEY": "sim-alice", **environ}
        load = partial(load_settings, str(living.path), known)
        loaded = load()
        process = Process(
            loaded.settings,
            known,
            living.journal,
            Notifier(known.get("NOTIFY_SOCKET")),
            source=Source(load, loaded),
            tune=living.levels.append,
        )
        with (
            trio.fail_after(BOUND_SECONDS),
            open_sockets(loaded.settings.server.bind, {}, write_stall_seconds=30) as sockets,
        ):
            living.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"

            async def live() -> None:
                await serve(process, sockets, receive)
                living.ended.set()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(live)
                try:
                    yield living
                finally:
                    living.signal(signal.SIGTERM)
                    living.signal(signal.SIGTERM)

    return started


@pytest.fixture
async def client() -> AsyncGenerator[httpx.AsyncClient, None]:
    async with httpx.AsyncClient(trust_env=False, timeout=BOUND_SECONDS) as opened:
        yield opened


async def who(client: httpx.AsyncClient, living: Living, **headers: str) -> str:
    """Ask, and give who answered."""
    answer = await client.post(f"{living.url}/v1/messages", json=ASK, headers=headers)
    return answer.headers.get("x-account-email", str(answer.status_code))


async def test_a_signal_takes_the_file_over_and_says_what_has_changed(
    start: Start, client: httpx.AsyncClient
) -> None:
    async with start() as living:
        assert await who(client, living) == "alice"
        living.write("bob", more='[logs]\nlevel = "debug"')
        living.signal()
        await living.wait_told("taken over: accounts +bob, -alice; logs.level")
        assert await who(client, living) == "bob"
        assert living.levels == ["debug"]
        told = (await client.get(f"{living.url}/api/accounts")).json()
        assert (told["settings"]["file"], told["settings"]["loads"]) == (str(living.path), 2)
        assert "faults" not in told["settings"]
        metrics = (await client.get(f"{living.url}/metrics")).text
        assert 'peekd_events_total{event="settings_taken_over"} 1.0' in metrics


async def test_a_faulty_file_changes_nothing_and_every_fault_is_told(
    start: Start, client: httpx.AsyncClient
) -> None:
    async with start() as living:
        living.write("bob", more='[logs]\nlevel = "loud"\n[healing]\nmax_attempts = 0')
        living.signal()
        await living.wait_told("the old settings stay in force: 2 faults")
        assert await who(client, living) == "alice"
        faults = [entry.message for entry in living.entries if "not taken over" in entry.message]
        assert ["logs.level" in faults[0], "healing.max_attempts" in faults[1]] == [True, True]
        told = (await client.get(f"{living.url}/api/accounts")).json()["settings"]
        assert len(told["faults"]) == 2
        living.write("carol", more="")
        living.signal()
        await living.wait_told("toml taken over:")
        assert await who(client, living) == "carol"
        assert "faults" not in (await client.get(f"{living.url}/api/accounts")).json()["settings"]


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"more": "[healing\n"}, "expected TOML"),
        ({"script": "nowhere"}, "simulator script"),
        ({"server": 'client_keys = ["env:NOWHERE"]'}, "NOWHERE"),
        ({"account": 'x"\nmax_concurrent = -1\nproxy = "'}, "max_concurrent"),
    ],
)
async def test_whatever_cannot_be_had_is_told_and_the_old_settings_stay(
    start: Start, client: httpx.AsyncClient, parts: dict[str, str], fault: str
) -> None:
    async with start() as living:
        living.write(**parts)
        living.signal()
        await living.wait_told("the old settings stay")
        assert any(fault in entry.message for entry in living.entries if "not taken over" in entry.message)
        assert await who(client, living) == "alice"


async def test_a_file_that_is_gone_is_no_wish_for_the_defaults(
    start: Start, client: httpx.AsyncClient
) -> None:
    async with start() as living:
        living.path.unlink()
        living.signal()
        await living.wait_told("the old settings stay")
        assert await who(client, living) == "alice"


async def test_what_cannot_change_is_said_and_the_rest_is_taken(
    start: Start, client: httpx.AsyncClient
) -> None:
    async with start() as living:
        living.write("bob", server="write_stall_seconds = 5")
        living.signal()
        await living.wait_told("server.write_stall_seconds has changed, and needs a restart")
        assert await who(client, living) == "bob"
        told = (await client.get(f"{living.url}/api/accounts")).json()
        assert told["settings"]["restart"] == ["server.write_stall_seconds"]


async def test_who_may_call_is_read_anew(start: Start, client: httpx.AsyncClient) -> None:
    keys = {"ONE": "first-client-key", "TWO": "second-client-key"}
    strict = 'auth = "strict"\nclient_keys = ["env:{}"]\nmax_body_mib = {}'
    async with start(environ=keys, server=strict.format("ONE", 1)) as living:
        assert await who(client, living, **{"x-api-key": "first-client-key"}) == "alice"
        living.write(server=strict.format("TWO", 2))
        living.signal()
        await living.wait_told("toml taken over:")
        assert await who(client, living, **{"x-api-key": "first-client-key"}) == "401"
        assert await who(client, living, **{"x-api-key": "second-client-key"}) == "alice"
        big = {**ASK, "system": "x" * 1_500_000}
        answer = await client.post(
            f"{living.url}/v1/messages", json=big, headers={"x-api-key": "second-client-key"}
        )
        assert answer.status_code == 200


async def test_an_answer_that_runs_ends_under_the_old_settings(
    start: Start, client: httpx.AsyncClient
) -> None:
    async with start('default = "answer pace=0.03"\n') as living:
        body = {**ASK, "stream": True}
        async with client.stream("POST", f"{living.url}/v1/messages", json=body) as answer:
            pieces = answer.aiter_bytes()
            got = await anext(pieces)
            living.write("bob")
            living.signal()
            await living.wait_told("toml taken over:")
            async for piece in pieces:
                got += piece
        assert b"event: message_stop" in got
        assert answer.headers["x-account-email"] == "alice"


async def test_reading_that_never_ends_is_given_up(
    start: Start, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = threading.Event()

    def hang(*_: object) -> None:
        stuck.wait(BOUND_SECONDS)

    async with start() as living:
        monkeypatch.setattr(reload, "READ_SECONDS", 0.05)
        monkeypatch.setattr(reload, "make_access", hang)
        living.signal()
        await living.wait_told("could not be read within 0.05 s")
        stuck.set()
        assert await who(client, living) == "alice"


async def test_the_service_manager_is_told_that_it_reloads_and_that_it_is_ready(
    start: Start, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        async with start(environ={"NOTIFY_SOCKET": str(tmp_path / "notify")}) as living:
            await living.wait_told("listening on")
            living.write("bob")
            living.signal()
            await living.wait_told("toml taken over:")
            living.write("bob", more="[nonsense]")
            living.signal()
            await living.wait_told("the old settings stay")
        manager.settimeout(0)
        heard = list[list[str]]()
        with suppress(BlockingIOError):
            while True:
                heard.append(manager.recv(4096).decode().split("\n"))
    got = [lines for lines in heard if lines[0] in {"READY=1", "RELOADING=1"}]
    assert [lines[0] for lines in got] == ["READY=1", "RELOADING=1", "READY=1", "RELOADING=1", "READY=1"]
    assert got[1][1].removeprefix("MONOTONIC_USEC=").isdigit()
    assert "taken over" in got[2][1]
    assert "1 fault in the new ones" in got[4][1]


async def test_a_daemon_that_drains_takes_nothing_over_and_is_not_hurried_by_it(
    start: Start, client: httpx.AsyncClient
) -> None:
    async with start('default = "answer pace=0.03"\n') as living:
        async with client.stream("POST", f"{living.url}/v1/messages", json={**ASK, "stream": True}) as answer:
            pieces = answer.aiter_bytes()
            got = await anext(pieces)
            living.signal(signal.SIGTERM)
            living.signal()
            async for piece in pieces:
                got += piece
        assert b"event: message_stop" in got
        await living.ended.wait()
        assert not any("taken over" in entry.message for entry in living.entries)


# ---- a real process ----------------------------------------------------------------------------------


class Real:
    """The program itself, its journal line by line, and its file."""

    def __init__(self, folder: Path, process: subprocess.Popen[str]) -> None:
        self.folder, self.process = folder, process
        self.lines: list[dict[str, str]] = []

    def wait_told(self, words: str) -> str:
        """Read the journal until a line says so."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            entry = json.loads(line)
            self.lines.append(entry)
            if words in entry["MESSAGE"]:
                return entry["MESSAGE"]
        raise AssertionError(f"it ended without {words!r}: {self.lines}")


def put(path: Path, account: str, **parts: Any) -> None:
    """Write the settings, and swap them in as careful editors do."""
    draft = path.with_name("draft")
    draft.write_text(
        FILE.format(account=account, **{"watch": 0, "server": "", "script": "well", "more": "", **parts})
    )
    draft.replace(path)


@contextmanager
def open_real(folder: Path, path: Path) -> Generator[Real]:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "daemon"), "KEY": "sim-alice"}
    environ |= {"STATE_DIRECTORY": str(folder / "state")}
    command = [sys.executable, "-m", "peekd", "serve", "--config", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environ) as process:
        patience = threading.Timer(BOUND_SECONDS, process.kill)
        patience.start()
        try:
            yield Real(folder, process)
        finally:
            patience.cancel()
            process.kill()


def ask_real(url: str) -> str:
    with httpx.Client(trust_env=False, timeout=BOUND_SECONDS) as client:
        answer = client.post(f"{url}/v1/messages", json=ASK)
    return answer.headers["x-account-email"]


def test_a_real_process_takes_a_signal_then_a_watched_file_a_bad_one_and_a_good_one(tmp_path: Path) -> None:
    path = tmp_path / "peekd.toml"
    put(path, "alice")
    with open_real(tmp_path, path) as real:
        url = real.wait_told("listening on").rpartition(" ")[2]
        assert ask_real(url) == "alice"
        put(path, "bob", watch=0.05)
        real.process.send_signal(signal.SIGHUP)
        real.wait_told("accounts +bob, -alice")
        assert ask_real(url) == "bob"
        put(path, "carol", watch=0.05)
        real.wait_told("accounts +carol, -bob")
        put(path, "dave", watch=0.05, more="[nonsense]")
        real.wait_told("the old settings stay in force: 1 fault")
        assert ask_real(url) == "carol"
        behind = tmp_path / "behind.toml"
        put(behind, "erin", watch=0.05)
        link = tmp_path / "link"
        link.symlink_to(behind)
        link.replace(path)
        real.wait_told("accounts +erin, -carol")
        assert ask_real(url) == "erin"
        real.process.send_signal(signal.SIGTERM)
        assert real.process.wait(BOUND_SECONDS) == 0


def test_a_terminal_that_is_gone_ends_a_process_that_was_started_on_it(tmp_path: Path) -> None:
    path = tmp_path / "peekd.toml"
    put(path, "alice")
    ours, theirs = os.openpty()
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "daemon"), "KEY": "sim-alice"}
    environ |= {"STATE_DIRECTORY": str(tmp_path / "state")}
    command = [sys.executable, "-m", "peekd", "serve", "--config", str(path)]
    with subprocess.Popen(command, stderr=theirs, env=environ, start_new_session=True) as process:
        patience = threading.Timer(BOUND_SECONDS, process.kill)
        patience.start()
        os.close(theirs)
        told = b""
        while b"listening on" not in told:
            told += os.read(ours, 4096)
        process.send_signal(signal.SIGHUP)
        while b"taken over" not in told:
            told += os.read(ours, 4096)
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        code = process.wait(BOUND_SECONDS)
        patience.cancel()
    assert code == 0
