"""What the tests of the commands share: records to tell, and a daemon that gives canned answers."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from peekd.config import load
from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.vocabulary.events import Usage

Answers = dict[str, tuple[int, bytes]]
Seen = list[tuple[str, dict[str, str]]]
Serve = Callable[..., AbstractContextManager[tuple[str, Seen]]]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the machine's own settings and variables out."""
    monkeypatch.setattr(load, "SYSTEM_FILE", tmp_path / "system.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("PEEKD_CONFIG", "PEEKD_URL", "PEEKD_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def healed() -> RequestRecord:
    """A request whose first account was at its limit."""
    first = AttemptRecord(
        1,
        "alice@example.com",
        "google",
        "gemini-3-pro",
        0.01,
        marks={"sent": 0.02, "headers": 0.3},
        status=429,
        outcome="rate_limited",
        upstream_error="RESOURCE_EXHAUSTED: slow\x1b[2J down",
        move="rotate",
        because="the account asks too fast; bob has quota",
        after=0.5,
        ended=0.31,
    )
    second = AttemptRecord(
        2,
        "bob",
        "google",
        "gemini-3-pro",
        0.82,
        marks={"sent": 0.83, "headers": 1.0, "first_byte": 1.1, "first_meaning": 1.2, "last": 3.4},
        status=200,
        upstream_request_id="req_7",
        outcome="completed",
        ended=3.41,
    )
    return RequestRecord(
        "0b2f",
        1_800_000_000.0,
        "POST",
        "/v1/messages?beta=true",
        "anthropic",
        client="127.0.0.1",
        key="alice",
        session="s1",
        model="claude-sonnet-4-5",
        mapped_model="gemini-3-pro",
        stream=True,
        attempts=[first, second],
        state="done",
        commit="late",
        status=200,
        outcome="completed",
        account="bob",
        usage=Usage(prompt=1200, cached=1000, output=40),
        dropped=("top_k",),
        repaired=("read.limit",),
        spliced=("model",),
        waits=[(0.31, 0.5, "the account asks too fast; bob has quota")],
        seconds=3.42,
        first_byte=1.21,
    )


@pytest.fixture
def failed_record() -> RequestRecord:
    """A request that no account could serve."""
    attempt = AttemptRecord(
        1, "alice@example.com", "google", "gemini-3-pro", 0.0, outcome="unauthorized", status=401
    )
    return RequestRecord(
        "77aa",
        1_800_000_060.0,
        "POST",
        "/v1/messages",
        "anthropic",
        model="claude-sonnet-4-5",
        attempts=[attempt],
        state="done",
        status=503,
        outcome="unauthorized",
        verdict="no account can serve this: alice@example.com was turned away (peekd explain 77aa)",
        seconds=0.2,
    )


def _canned(answers: Answers, seen: Seen) -> type[BaseHTTPRequestHandler]:
    class Canned(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(self.path)

        def do_POST(self) -> None:
            self._answer(f"POST {self.path}")

        def _answer(self, asked: str) -> None:
            seen.append((asked, {name.lower(): value for name, value in self.headers.items()}))
            status, body = answers.get(self.path, (404, b'{"error": {"message": "no such thing is kept"}}'))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Canned


@pytest.fixture
def served() -> Serve:
    """Answer on loopback, or on a local socket where a path is given; gives the URL and what was asked."""

    @contextmanager
    def serve(answers: Answers, path: Path | None = None) -> Generator[tuple[str, Seen]]:
        seen: Seen = []
        canned = _canned(answers, seen)
        web = None if path else HTTPServer(("127.0.0.1", 0), canned)
        server = web or socketserver.UnixStreamServer(str(path), canned)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{web.server_port}" if web else f"unix:{path}", seen
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    return serve


@pytest.fixture
def pages(healed: RequestRecord, failed_record: RequestRecord) -> Answers:
    """The admin API's pages."""
    encode = msgspec.json.encode
    return {
        "/api/requests": (200, encode({"requests": [failed_record, healed]})),
        "/api/requests?failed=1": (200, encode({"requests": [failed_record]})),
        "/api/requests/last": (200, encode(healed)),
        "/api/requests/77aa": (200, encode(failed_record)),
        "/api/requests/odd": (200, b"<html>"),
        "/api/requests/locked": (401, b'{"error": {"message": "an admin key is needed"}}'),
        "/api/requests/strange": (500, b"oops"),
    }
