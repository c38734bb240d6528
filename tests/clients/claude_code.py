"""Let a real Claude Code work through `peekd demo` and write down what came of it.

Run by `./dev claude-code`, and no part of the test run: it fetches Claude Code with npm. Where that cannot be
done it says so and ends with 1; nothing is pretended, and the record in docs/ stays as it was.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

TREE = Path(__file__).parents[2]
RECORD = TREE / "docs/recorded/claude-code.md"
PACKAGE = "@anthropic-ai/claude-code@latest"
INSTALL_SECONDS, START_SECONDS, SESSION_SECONDS, STOP_SECONDS = 300, 20, 180, 30
WHOLE_SESSIONS, SESSIONS = 3, 4
"""Each asks twice: for a tool call, and after its result. The demo's last fault cuts an answer that the
client has seen part of, so then only an answer is asked for: Claude Code goes on from the words it has."""
PROMPT = "Run `echo peekd` with your Bash tool and tell me what it printed."


class Unable(Exception):
    """The run cannot be made here, and why."""


def install(place: Path) -> Path:
    """Install Claude Code below `place` and give the path of its program."""
    npm = shutil.which("npm")
    if npm is None:
        raise Unable("npm is not installed (Debian: apt-get install npm)")
    said("installing", PACKAGE)
    command = [npm, "install", "--prefix", str(place), "--no-audit", "--no-fund", "--loglevel=error", PACKAGE]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False, cwd=place
        )
    except subprocess.TimeoutExpired:
        raise Unable(f"npm did not finish within {INSTALL_SECONDS} s") from None
    program = place / "node_modules/.bin/claude"
    if done.returncode != 0 or not program.exists():
        raise Unable(f"npm could not install {PACKAGE}:\n{done.stderr.strip()[-800:]}")
    return program


@contextmanager
def demo(log: Path) -> Generator[str]:
    """Run `peekd demo` on a free loopback port and give its address; its words go to `log`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        command = [Path(sys.executable).parent / "peekd", "demo", "--port", str(port)]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            wait_alive(process, address, log)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def wait_alive(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Wait until the demo answers, or fail with what it said."""
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            with urlopen(f"{address}/healthz", timeout=2):
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise Unable(f"`peekd demo` did not come up:\n{log.read_text()[-2000:]}")


def work(program: Path, address: str, place: Path) -> list[dict[str, Any]]:
    """Let Claude Code do one session and give its events. It sees nothing of this machine's own settings."""
    place.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "ANTHROPIC_BASE_URL": address,
        "ANTHROPIC_API_KEY": "demo",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    done = subprocess.run(
        [program, "-p", PROMPT, "--allowedTools", "Bash", "--output-format", "stream-json", "--verbose"],
        capture_output=True,
        text=True,
        timeout=SESSION_SECONDS,
        check=False,
        env=environment,
        cwd=place,
        stdin=subprocess.DEVNULL,
    )
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0:
        raise AssertionError(
            f"claude ended with {done.returncode}:\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
        )
    return events


def blocks(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Give the content blocks of one kind, in order."""
    contents = [event["message"]["content"] for event in events if event["type"] in {"assistant", "user"}]
    return [block for content in contents for block in content if block["type"] == kind]


def judge(events: list[dict[str, Any]], *, whole: bool) -> list[str]:
    """Hold a session to what it must show, a tool call too where it is `whole`; tell it in a few lines."""
    calls, results = blocks(events, "tool_use"), blocks(events, "tool_result")
    last = events[-1]
    assert last["type"] == "result", f"last event: {last}"
    assert not last["is_error"], f"last event: {last}"
    assert last["result"].strip(), "the answer is empty"
    assert {call["name"] for call in calls} <= {"Bash"}, f"tool calls: {calls}"
    assert len(calls) == len(results) == 1 or not whole, f"tool calls: {calls}, results: {results}"
    assert not any(result.get("is_error") for result in results), f"tool results: {results}"
    return [
        *(f"tool call    {call['name']} {json.dumps(call['input'])}" for call in calls),
        *(f"tool result  {result['content']}" for result in results),
        f"answer       {' '.join(last['result'].split())}",
        f"usage        {last['usage']['input_tokens']} in, {last['usage']['output_tokens']} out",
    ]


def write_record(version: str, told: list[list[str]], log: str) -> None:
    """Write the page of docs/ from what was seen."""
    sessions = "\n\n".join(f"session {number}\n" + "\n".join(lines) for number, lines in enumerate(told, 1))
    RECORD.write_text(
        "# Claude Code through the demo, as recorded\n\n"
        "Made by `./dev claude-code`, which anyone can repeat: it installs Claude Code from npm, starts\n"
        "`peekd demo` with its faults on, and lets Claude Code do sessions of one tool call and one answer.\n"
        "It fails unless each session ends with an answer. Port and ids are those of that run.\n\n"
        f"{version}, asked each time: {PROMPT}\n\n"
        f"## What Claude Code saw\n\n```text\n{sessions}\n```\n\n"
        f"## What peekd did meanwhile\n\n```text\n{log.strip()}\n```\n"
    )


def said(*words: str) -> None:
    """Tell the person who waits."""
    print("claude-code:", *words, file=sys.stderr, flush=True)


def main() -> int:
    """Install, run, judge, record."""
    with tempfile.TemporaryDirectory(prefix="peekd-claude-code-") as name:
        place = Path(name)
        try:
            program = install(place)
            version = subprocess.run(
                [program, "--version"], capture_output=True, text=True, check=True
            ).stdout
            told: list[list[str]] = []
            with demo(place / "demo.log") as address:
                for number in range(1, SESSIONS + 1):
                    said(f"session {number} of {SESSIONS}")
                    events = work(program, address, place / f"home{number}")
                    told.append(judge(events, whole=number <= WHOLE_SESSIONS))
            log = (place / "demo.log").read_text().replace(name, "")
        except Unable as reason:
            said("this run cannot be made here:", str(reason))
            return 1
        except AssertionError as failing:
            said("FAILED, and nothing was recorded:", str(failing))
            said("what peekd said:\n" + (place / "demo.log").read_text()[-4000:])
            return 1
    write_record(version.strip(), told, log)
    said("every session was answered; recorded in", str(RECORD.relative_to(TREE)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
