"""peekd top on a terminal, in a pipe, as data, and before a daemon that comes and goes."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import AbstractContextManager

import msgspec
import pytest

from peekd.accounts.states import AccountState
from peekd.cli import top
from peekd.cli.top import MOST_RECORDS
from peekd.cli.unanswered import RefusedError, UnreachableError
from peekd.records.entries import RequestRecord

Answers = dict[str, tuple[int, bytes]]
Serve = Callable[..., AbstractContextManager[tuple[str, list[tuple[str, dict[str, str]]]]]]
BOUND_SECONDS = 30
LEFT = b"\x1b[?1049l"


def resize(descriptor: int, columns: int, rows: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def parsed(*argv: str) -> Namespace:
    parser = ArgumentParser()
    top.add_options(parser)
    return parser.parse_args(argv)


@pytest.fixture
def answers(healed: RequestRecord) -> Answers:
    """A daemon with one account and one request that is over."""
    alice = AccountState("alice@example.com", "google", "ready", usable=True, in_flight=1)
    healed.came = time.time()
    return {
        "/api/accounts": (200, msgspec.json.encode({"accounts": [alice]})),
        f"/api/requests?limit={MOST_RECORDS}": (200, msgspec.json.encode({"requests": [healed]})),
    }


def test_in_a_pipe_it_is_plain_and_printed_once(
    served: Serve, answers: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(answers) as (url, _):
        assert top.run(parsed("--url", url), {}) == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "  alice@example.com  google  ready  -  1 in flight\n" in text
    assert text.startswith("last minute: 1 request, 1 whole (1 healed)\n")


def test_as_data_it_is_the_same(served: Serve, answers: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    with served(answers) as (url, _):
        top.run(parsed("--json", "--url", url), {})
    told = json.loads(capsys.readouterr().out)
    assert (told["accounts"][0]["name"], told["minute"]["healed"]) == ("alice@example.com", 1)


def test_what_is_no_peekd_is_refused_and_nobody_there_is_said(served: Serve) -> None:
    with served({"/api/accounts": (200, b"{}")}) as (url, _), pytest.raises(RefusedError):
        top.run(parsed("--url", url), {})
    with pytest.raises(UnreachableError):
        top.run(parsed("--url", url), {})


# ---- on a terminal ------------------------------------------------------------------------------------


class Person:
    """Somebody before a terminal in which `peekd top` runs."""

    def __init__(self, url: str) -> None:
        self._own, theirs = pty.openpty()
        resize(theirs, 80, 24)
        environ = {**os.environ, "NO_COLOR": "1", "TERM": "xterm"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "peekd", "top", "--every", "0.1", "--url", url],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environ,
            start_new_session=True,
        )
        self._theirs = theirs
        self.seen = b""

    def read_until(self, mark: bytes) -> bytes:
        """Read on until `mark` has come; gives all from there back to the last time."""
        begun = self.seen
        self.seen = b""
        while mark not in self.seen:
            ready, _, _ = select.select([self._own], [], [], BOUND_SECONDS)
            assert ready, f"{mark!r} did not come; before: {begun[-300:]!r}, since: {self.seen[-500:]!r}"
            self.seen += os.read(self._own, 65536)
        return self.seen

    def type(self, keys: bytes) -> None:
        os.write(self._own, keys)

    def resize(self, columns: int, rows: int) -> None:
        resize(self._theirs, columns, rows)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(BOUND_SECONDS)
        os.close(self._own)
        os.close(self._theirs)


def test_it_lives_on_the_other_screen_takes_another_size_and_leaves_with_q(
    served: Serve, answers: Answers
) -> None:
    with served(answers) as (url, _):
        person = Person(url)
        try:
            first = person.read_until(b"alice@example.com  google")
            assert first.startswith(b"\x1b[?1049h")
            assert b"q: leave" in first
            person.resize(24, 10)
            narrow = b"".join(person.read_until(mark) for mark in ("…".encode(), b"\x1b[H", b"\x1b[H"))
            page = narrow.rsplit(b"\x1b[H", 2)[1].decode().replace("\r", "")
            lines = page.replace("\x1b[K", "").replace("\x1b[J", "").split("\n")
            assert len(lines) <= 10
            assert max(map(len, lines)) <= 24
            person.type(b"q")
            assert person.read_until(LEFT).endswith(LEFT)
            assert person.process.wait(BOUND_SECONDS) == 0
        finally:
            person.close()


def test_ctrl_c_leaves_as_cleanly_and_a_daemon_that_goes_is_waited_for(
    served: Serve, answers: Answers
) -> None:
    with served(answers) as (url, _):
        person = Person(url)
        person.read_until(b"alice@example.com")
    try:
        person.read_until(b"no answer from")
        person.process.send_signal(2)
        assert person.read_until(LEFT).endswith(LEFT)
        assert person.process.wait(BOUND_SECONDS) == 0
    finally:
        person.close()
