"""docs/faults.md: what clients get of each fault, played through the whole daemon. `./dev docs` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import trio
import trio.testing
from playhouse import GREETING, HELLO, STREAM, Told, open_playhouse

PAGE: Final = Path(__file__).parents[2] / "docs/faults.md"
OK: Final = 200
CLIENTS: Final = ("anthropic", "gemini", "openai-chat", "openai-responses")
Form = tuple[str, bool]
"""A client's protocol, and whether it streams."""

FORMS: Final[tuple[Form, ...]] = tuple((client, stream) for client in CLIENTS for stream in (True, False))


class Fault(NamedTuple):
    """What an upstream does, as an act of the simulator, and what clients make of it with nothing between.

    `passes`: another account has the answer, so with one there is always an answer.
    """

    name: str
    act: str
    alone: str
    passes: bool = True
    midway: bool = False
    """It comes when the client of a stream has seen words, which nobody can take back."""


FAULTS: Final = (
    Fault(
        "429, retry-after 2",
        "429 retry-after=2",
        "Claude Code waits and asks 11 times, 188 s; gemini-cli ignores the header and asks 9 times, 200 s",
    ),
    Fault(
        "529 overloaded",
        "529",
        "Claude Code gives up after 3 tries in 4 s; gemini-cli after 10 in 212 s",
    ),
    Fault("503", "503", "Claude Code asks 11 times, 182 s"),
    Fault("500", "500", "Claude Code asks 11 times, 188 s"),
    Fault("502 with a page of HTML", "502", "Claude Code asks 11 times, 183 s"),
    Fault("401: the key is turned away", "401", "Claude Code asks for a minute and more; Codex 6 times"),
    Fault("402: no money left", "402", "ends at once"),
    Fault("403", "403", "ends at once; Codex asks 6 times"),
    Fault("404: no such model", "404", "Claude Code asks once more, then ends"),
    Fault(
        "400: the request's own fault",
        "400",
        "Claude Code sheds features and asks again, 6 times in half a second: it must come through",
        passes=False,
    ),
    Fault("connection reset before the status line", "reset", "Claude Code asks 11 times, 183 s"),
    Fault("connection closed before the status line", "close", "as a reset"),
    Fault("nothing at all", "silence seconds=0", "Claude Code waits 300 s, then asks again"),
    Fault(
        "headers, then nothing",
        "hang seconds=0",
        "Claude Code, Codex, gemini-cli and opencode wait 300 s",
    ),
    Fault(
        "200 with nothing in it",
        "empty",
        "opencode asks without a pause: 188 requests in 200 s; the SDKs give an empty answer for success",
    ),
    Fault("200 with usage and no word", "usage-only", "an empty answer for success"),
    Fault("keep-alives, then the end", "pings count=3", "Claude Code waits for them, then asks unstreamed"),
    Fault("thoughts that are shown, then the end", "thinking-only", "an empty turn", midway=True),
    Fault(
        "an error object inside a 200",
        "error",
        "Claude Code asks 8 times; gemini-cli 4 times, then ends as if all were well",
    ),
    Fault("its turn ends without a word", "blank", "an empty turn"),
    Fault(
        "the body ends in the middle of the words",
        "cut",
        "opencode asks 160 times in 200 s; SDKs for Python give the half answer for success; "
        "aider and continue stop silently",
        midway=True,
    ),
    Fault(
        "the connection breaks in the middle of the words",
        "drop",
        "Claude Code asks 12 times, 191 s; gemini-cli ends in a critical error",
        midway=True,
    ),
    Fault(
        "an error object in the middle of the words",
        "error at=middle",
        "Claude Code goes on by itself, 3 times; every SDK raises",
        midway=True,
    ),
    Fault("silence in the middle of the words", "stall seconds=0", "agents wait 300 s", midway=True),
    Fault(
        "the body ends before a reason to stop",
        "no-stop",
        "Claude Code asks 5 times; SDKs take it for whole",
        midway=True,
    ),
    Fault(
        "the last frame is missing",
        "no-last",
        "Claude Code takes it as whole; pi takes it for an error",
    ),
)

_BODIES: Final[Mapping[str, dict[str, Any]]] = {
    "anthropic": {**HELLO, "model": "m"},
    "gemini": GREETING,
    "openai-chat": {"model": "m", "messages": HELLO["messages"]},
    "openai-responses": {"model": "m", "input": "Say hello."},
}
_PATHS: Final = {
    "anthropic": "/v1/messages",
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
}

HEAD: Final = """# Faults, and what the client gets

Each row is played through the whole daemon under a virtual clock: an Anthropic, a Gemini, an OpenAI Chat and
a Responses client, streaming and not, each before an upstream of its own protocol. Where they do not all get
the same, the cell says who gets what. `./dev docs` writes this page; a test fails when it is stale.

*Another account*: one account always fails in this way, a second one is well. *Alone*: there is no second
one. *Without peekd*: what programs did straight before such an upstream (Claude Code 2.1.330, gemini-cli
0.61, Codex 0.169, opencode 1.18, pi 0.73, continue 1.5, aider 0.86 and the vendors' SDKs, on loopback).

What broke off after a streaming client has seen words is an error in its stream, never a half answer that
looks whole: nobody can take words back. A client that does not stream has seen nothing, so for it that is
healed as well.

"""


async def _play(act: str, form: Form, *, well: bool) -> Told:
    client, stream = form
    plays: dict[str, list[object]] = {"alice": [act]}
    if well:
        plays["bob"] = ["answer text=Hello"]
    async with open_playhouse(plays, protocol=client, models="*") as house:
        if client == "gemini":
            return await house.ask_gemini(verb=STREAM if stream else "generateContent")
        return await house.ask(_BODIES[client], stream=stream, path=_PATHS[client])


def played(fault: Fault, form: Form, *, well: bool) -> Told:
    """Play a fault for one kind of client; `well`: with a second account that is."""

    async def play() -> Told:
        return await _play(fault.act, form, well=well)

    return trio.run(play, clock=trio.testing.MockClock(autojump_threshold=0))


def got(told: Told) -> str:
    """Say in a few words what a client got."""
    if told.status == OK and told.record.outcome == "completed":
        moves = list(dict.fromkeys(move for _, _, move in told.told if move != "relay"))
        healed = f" ({', '.join(moves)})" if moves else ""
        return f"an answer{healed}" + (f", marked `{told.record.note}`" if told.record.note else "")
    if told.status == OK:
        return "an error in the stream"
    wait = told.headers.get("retry-after")
    final = ", not to be retried" if told.headers.get("x-should-retry") == "false" else ""
    return str(told.status) + (f", retry-after {wait}" if wait else "") + final


def grouped(results: Mapping[Form, str]) -> str:
    """Say once what all get, else who gets what."""
    if len(set(results.values())) == 1:
        return next(iter(results.values()))
    streamed = {word for (_, stream), word in results.items() if stream}
    whole = {word for (_, stream), word in results.items() if not stream}
    if len(streamed) == len(whole) == 1:
        return f"streaming: {streamed.pop()}; not: {whole.pop()}"
    return "; ".join(f"{word}: {_named(results, word)}" for word in dict.fromkeys(results.values()))


def _named(results: Mapping[Form, str], word: str) -> str:
    forms = (form for form, one in results.items() if one == word)
    return ", ".join(client if stream else f"{client} unstreamed" for client, stream in forms)


class Results(Protocol):
    """What each form of client gets of a fault."""

    def __call__(self, fault: Fault, *, well: bool) -> Mapping[Form, str]: ...


def encode_page(results: Results) -> str:
    """The whole page; `results` gives what each form of client gets of a fault."""
    rows: Iterable[tuple[str, ...]] = (
        (fault.name, grouped(results(fault, well=True)), grouped(results(fault, well=False)), fault.alone)
        for fault in FAULTS
    )
    head = ("the upstream", "another account", "alone", "without peekd")
    return HEAD + "".join(f"| {' | '.join(line)} |\n" for line in (head, ("---",) * len(head), *rows))


def all_results(fault: Fault, *, well: bool) -> Mapping[Form, str]:
    """Play a fault for every form of client."""
    return {form: got(played(fault, form, well=well)) for form in FORMS}


if __name__ == "__main__":
    PAGE.write_text(encode_page(all_results), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
