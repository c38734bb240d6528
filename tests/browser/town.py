"""Daemons for a browser to look at: with faults, odd names and hostile words in what they tell."""

from __future__ import annotations

import http.client
import json
import os
import shutil
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Playwright
from programs.daemon import free_port, running
from programs.npm import Unable

ODD_NAME = "bob <b>bold</b>/&?#"
ADMIN_KEY = "an admin's own key"
HOSTILE = "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>"
ASK_SECONDS = 30

SCRIPT = """\
keys = ["sim-a", "sim-b"]

[[play]]
acts = [
    "429 retry-after=600 retry-info=600s",
    "answer pace=0.01",
    "529",
    "answer pace=0.01",
    "empty",
    "answer pace=0.01",
    "cut at=middle pace=0.01",
    "answer",
]
"""

SETTINGS = """\
[server]
bind = ["127.0.0.1:{port}"]
admin_keys = [{admin}]

[upstreams.sim]
protocol = "anthropic"
base_url = "simulator:{script}"

[[accounts]]
name = "alice@example.com"
upstream = "sim"
credential = "env:KEY_A"

[[accounts]]
name = "{second}"
upstream = "sim"
credential = "env:KEY_B"

[[routes]]
match = "*"
to = ["sim"]

[healing]
peek_seconds = 2.0
"""

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str:
    """Give the path of a Chromium. Raises Unable where there is none."""
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        path = shutil.which(name) if name else None
        if path:
            return path
    raise Unable("there is no Chromium here (Debian: apt-get install chromium), nor does $CHROMIUM name one")


def launch(playwright: Playwright) -> Browser:
    """Start the browser; without a sandbox only where root has none."""
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    return playwright.chromium.launch(executable_path=chromium(), args=[*arguments, "--disable-gpu"])


@contextmanager
def town(place: Path, *, admin: bool = False, second: str = ODD_NAME) -> Generator[str]:
    """A daemon before a simulated upstream, with a ledger in `place`; give its address."""
    port, script, config = free_port(), place / "script.toml", place / "peekd.toml"
    script.write_text(SCRIPT)
    key = '"env:ADMIN_KEY"' if admin else ""
    config.write_text(SETTINGS.format(port=port, admin=key, script=script, second=second))
    environment = {
        "KEY_A": "sim-a",
        "KEY_B": "sim-b",
        "ADMIN_KEY": ADMIN_KEY,
        "STATE_DIRECTORY": str(place / "state"),
    }
    (place / "state").mkdir(mode=0o700)
    with running(["serve", "--config", str(config)], port, place / "log", environment) as address:
        yield address


def ask(address: str, model: str = "claude-sonnet-4-5", headers: Mapping[str, str] | None = None) -> int:
    """Ask for an answer in one piece, and give its status."""
    body = {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}
    connection = _connected(address)
    try:
        return _post(connection, json.dumps(body).encode(), headers or {})
    finally:
        connection.close()


def stream(address: str) -> int:
    """Ask for a stream and read it to its end, whatever that is."""
    body = {"model": "claude-sonnet-4-5", "max_tokens": 100, "stream": True}
    connection = _connected(address)
    try:
        said = {**body, "messages": [{"role": "user", "content": "Hello"}]}
        return _post(connection, json.dumps(said).encode(), {})
    finally:
        connection.close()


def crowd(address: str, count: int) -> None:
    """Send many requests that are turned away at once, each of which is kept."""

    def some(number: int) -> None:
        connection = _connected(address)
        for turn in range(number):
            status = _post(connection, b"no JSON", {"user-agent": f"crowd/{turn}"})
            assert status == 400
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(some, [count // 4] * 4))


def _connected(address: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(address).netloc, timeout=ASK_SECONDS)


def _post(connection: http.client.HTTPConnection, body: bytes, headers: Mapping[str, str]) -> int:
    said = {"content-type": "application/json", "anthropic-version": "2023-06-01", **headers}
    connection.request("POST", "/v1/messages", body, said)
    answer = connection.getresponse()
    answer.read()
    return answer.status
