"""Let a real Claude Code work through `peekd demo` and write down what came of it.

Run by `./dev claude-code`, and no part of the test run: it fetches Claude Code with npm. Where that cannot be
done it says so and ends with 1; nothing is pretended, and the record in docs/ stays as it was.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from programs.agents import AGENTS, PROMPT
from programs.daemon import demo
from programs.npm import Unable, install, said, version
from programs.session import Amiss, blocks

TREE = Path(__file__).parents[2]
RECORD = TREE / "docs/recorded/claude-code.md"
CLAUDE_CODE = next(agent for agent in AGENTS if agent.name == "claude-code")
WHOLE_SESSIONS, SESSIONS = 3, 4
"""Each asks twice: for a tool call, and after its result. The demo's last fault cuts an answer that the
client has seen part of, so then only an answer is asked for: Claude Code goes on from the words it has."""


def judge(events: list[dict[str, Any]], *, whole: bool) -> list[str]:
    """Hold a session to what it must show, if `whole` a call too; tell it in a few lines. Raises Amiss."""
    calls, results = blocks(events, "tool_use"), blocks(events, "tool_result")
    last = events[-1] if events else {}
    if last.get("type") != "result" or last["is_error"] or not last["result"].strip():
        raise Amiss(f"last event: {last}")
    others = {call["name"] for call in calls} - {CLAUDE_CODE.tool}
    if others or (whole and not len(calls) == len(results) == 1):
        raise Amiss(f"tool calls: {calls}, results: {results}")
    if any(result.get("is_error") for result in results):
        raise Amiss(f"tool results: {results}")
    return [
        *(f"tool call    {call['name']} {json.dumps(call['input'])}" for call in calls),
        *(f"tool result  {result['content']}" for result in results),
        f"answer       {' '.join(last['result'].split())}",
        f"usage        {last['usage']['input_tokens']} in, {last['usage']['output_tokens']} out",
    ]


def write_record(release: str, told: list[list[str]], log: str) -> None:
    """Write the page of docs/ from what was seen."""
    sessions = "\n\n".join(f"session {number}\n" + "\n".join(lines) for number, lines in enumerate(told, 1))
    RECORD.write_text(
        "# Claude Code through the demo, as recorded\n\n"
        "Made by `./dev claude-code`, which anyone can repeat: it installs Claude Code from npm, starts\n"
        "`peekd demo` with its faults on, and lets Claude Code do sessions of one tool call and one answer.\n"
        "It fails unless each session ends with an answer. Port and ids are those of that run.\n\n"
        f"{release} (Claude Code), asked each time: {PROMPT}\n\n"
        f"## What Claude Code saw\n\n```text\n{sessions}\n```\n\n"
        f"## What peekd did meanwhile\n\n```text\n{log.strip()}\n```\n"
    )


def main() -> int:
    """Install, run, judge, record."""
    with tempfile.TemporaryDirectory(prefix="peekd-claude-code-") as name:
        place = Path(name)
        try:
            programs = install(place / "npm", [CLAUDE_CODE.package])
            release = version(place / "npm", CLAUDE_CODE.package)
            told: list[list[str]] = []
            with demo(place / "demo.log") as address:
                for number in range(1, SESSIONS + 1):
                    said(f"session {number} of {SESSIONS}")
                    events = CLAUDE_CODE.ask(programs, address, place / f"home{number}")
                    told.append(judge(events, whole=number <= WHOLE_SESSIONS))
            log = (place / "demo.log").read_text().replace(name, "")
        except Unable as reason:
            said("this run cannot be made here:", str(reason))
            return 1
        except Amiss as failing:
            said("FAILED, and nothing was recorded:", str(failing))
            said("what peekd said:\n" + (place / "demo.log").read_text()[-4000:])
            return 1
    write_record(release, told, log)
    said("every session was answered; recorded in", str(RECORD.relative_to(TREE)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
