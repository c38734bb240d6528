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

from peekd.cli import sources
from peekd.config import load
from peekd.records.entries import RequestRecord
from peekd.records.rows import attempt_row, request_row
from peekd.signatures.settings import SignatureSettings
from peekd.store.database import Database

Answers = dict[str, tuple[int, bytes]]
Seen = list[tuple[str, dict[str, str]]]
Serve = Callable[..., AbstractContextManager[tuple[str, Seen]]]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the machine's own settings, state and variables out."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setattr(sources, "SYSTEM_STATE", tmp_path / "system")
    monkeypatch.setattr(load, "SYSTEM_FILE", tmp_path / "system.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("PEEKD_CONFIG", "PEEKD_URL", "PEEKD_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)


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
def ledger(tmp_path: Path, healed: RequestRecord, failed_record: RequestRecord) -> Path:
    """A ledger that a daemon left behind where the commands look for it."""
    path = tmp_path / "state/peekd/peekd.db"
    path.parent.mkdir(parents=True)
    database = Database(path, SignatureSettings())
    for record in (healed, failed_record):
        database.apply([request_row(record), *(attempt_row(record, one) for one in record.attempts)])
    database.close()
    return path


@pytest.fixture
def pages(healed: RequestRecord, failed_record: RequestRecord) -> Answers:
    """The admin API's pages."""
    encode = msgspec.json.encode
    return {
        "/api/requests": (200, encode({"requests": [failed_record, healed], "lost": 0})),
        "/api/requests?failed=1": (200, encode({"requests": [failed_record], "lost": 0})),
        "/api/requests/last": (200, encode(healed)),
        "/api/requests/77aa": (200, encode(failed_record)),
        "/api/requests/odd": (200, b"<html>"),
        "/api/requests/locked": (401, b'{"error": {"message": "an admin key is needed"}}'),
        "/api/requests/strange": (500, b"oops"),
    }
