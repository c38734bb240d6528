"""Writes docs/faults.md: every fault played before every client, beside what agents make of it alone."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import trio
import trio.testing
from simulation.tongues import TONGUES

from faults.stage import CASES, Case, Cell, Scene, play
from faults.table import FAULTS, Fault
from faults.without import WITHOUT
from peekd.protocols.registry import UPSTREAMS

PAGE = Path(__file__).parents[2] / "docs/faults.md"
NAMES = {
    "anthropic": "Anthropic Messages",
    "gemini": "Gemini",
    "openai-chat": "OpenAI Chat Completions",
    "openai-responses": "OpenAI Responses",
}
STREAMS = (True, False)
HEADS: Mapping[Case, str] = {
    "another": "another account is well",
    "once": "the only account, the fault passes",
    "always": "the only account, the fault stays",
}

HEAD = """\
# Faults

<!-- Written by `./dev docs` from tests/faults/, by playing each of them. -->

What a client gets when its upstream fails in each of these ways: through peekd, and without it.

- Under peekd, each was played for this page: by the [simulator](simulator.md), under simulated time, with
  `[healing]` as it is without settings. Its answers were read by readers that are not peekd's own.
- *Without peekd* is what the programs themselves did, streaming, measured straight at one upstream on
  loopback whose fault stays. The SDKs are those for Python. Where nothing stands, it was not tried.

## At a glance

All protocols together. How long it takes, and what each program does, stands in the tables below.

{glance}
Of {played} requests that were played, none got a 200 that says nothing, but for a model's own empty turns,
and none got a part of an answer that ends as if it were whole.

## Words

{words}
Where a cell has two lines, the second is for clients that ask for an answer in one piece. What breaks after
its first words is healed unseen only for those.
"""

MEANINGS = (
    ("**answer**", "a whole answer; nothing shows of what was before it"),
    ("(again, rotate)", "the same account was asked again, then another one"),
    ("(wait)", "the same account was asked after the time that it had named"),
    ("(repair)", "the request was mended"),
    ("503, retry-after 1", "this status, and when to ask again; agents wait for that"),
    ("do not retry", "`x-should-retry: false`: a person has to act, and the message says how"),
    ("400 as it came", "the upstream's refusal, byte for byte"),
    ("words, then an error", "what is sent cannot be taken back: an error follows that agents know as one"),
    ("error in the stream", "the same without words: pings had to go out, and a status with them"),
    ("empty turn", "the model itself ended well without a word, twice: that is its answer"),
    ("60 s", "how long it took, from a second on; a streaming client gets pings meanwhile"),
    ("11 in 188 s", "so many requests in a run of that length"),
    ("goes on", "it was still asking when the run was stopped"),
    ("takes it for whole", "an answer without its end is given as the answer, and no error"),
    ("noted as …", "what `peekd explain` says of it beside"),
    ("exits with 0", "it gives up without the answer, and its exit status says that all is well"),
)

TRANSLATED = """
## Through another protocol

The same was played before upstreams of each other protocol, {count} times. All but the length of pauses
and the words of a refusal is the same, but for these, streamed:

{table}
Gemini sends a tool call in one piece, so half of one was never begun, and is healed. Gemini clients get a
call when it is whole; of one that was begun upstream, only the error.
"""


def scenes(pairs: Iterable[tuple[str, str]]) -> list[Scene]:
    """All that is played for these pairs of a client's and an upstream's protocol."""
    return [
        Scene(fault, client, upstream, stream, case)
        for client, upstream in pairs
        for fault in FAULTS
        if not {client, upstream} & set(fault.but)
        for case in CASES
        for stream in STREAMS
    ]


OWN = [(one, one) for one in TONGUES]
ACROSS = [(client, upstream) for client in TONGUES for upstream in UPSTREAMS if client != upstream]


@functools.cache
def played() -> Mapping[Scene, Cell]:
    """Play every scene, one after the other, on one virtual clock."""

    async def play_all() -> dict[Scene, Cell]:
        return {scene: await play(scene) for scene in scenes([*OWN, *ACROSS])}

    return trio.run(play_all, clock=trio.testing.MockClock(autojump_threshold=0))


# ---- tables -----------------------------------------------------------------------------------------


def encode_page() -> str:
    """The whole page."""
    pages = [
        HEAD.format(
            glance=_table(*_glance()),
            played=f"{len(played()):,}",
            words=_table(("words", "say"), MEANINGS),
        )
    ]
    pages += [_section(client) for client in TONGUES]
    count = f"{len(scenes(ACROSS)):,}"
    pages.append(TRANSLATED.format(count=count, table=_table(*_differing())))
    return "".join(pages)


def _section(client: str) -> str:
    programs = WITHOUT[client]
    known = ", ".join(f"{one.name} {one.version}" for one in programs)
    rows = [
        (fault.name, *(_both(fault, client, case) for case in CASES), _without(fault, client))
        for fault in FAULTS
        if client not in fault.but
    ]
    head = ("fault", *HEADS.values(), "without peekd")
    return f"\n## {NAMES[client]}\n\nWithout peekd: {known}.\n\n{_table(head, rows)}"


def _both(fault: Fault, client: str, case: Case, *, brief: bool = False) -> str:
    """One cell: both ways of asking, or one line where they are told the same."""
    cells = [played()[Scene(fault, client, client, stream, case)] for stream in STREAMS]
    streamed, whole = (cell.brief if brief else cell.words for cell in cells)
    return streamed if streamed == whole else f"{streamed}<br>in one piece: {whole}"


def _without(fault: Fault, client: str) -> str:
    told = [f"{one.name}: {one.runs[fault.key].words}" for one in WITHOUT[client] if fault.key in one.runs]
    return "<br>".join(told)


def _glance() -> tuple[Sequence[str], list[Sequence[str]]]:
    """Each fault in a row, all protocols together."""
    head = ("fault", *HEADS.values(), "without peekd, the fault stays")
    return head, [(fault.name, *(_all(fault, case) for case in CASES), _ends(fault)) for fault in FAULTS]


def _all(fault: Fault, case: Case) -> str:
    """What all clients get; apart, where those of some protocols get something else."""
    told: dict[str, list[str]] = {}
    for client in TONGUES:
        if client not in fault.but:
            told.setdefault(_both(fault, client, case, brief=True), []).append(NAMES[client])
    if len(told) == 1:
        return next(iter(told))
    return "<br>".join(f"{', '.join(names)}: {words}" for words, names in told.items())


def _ends(fault: Fault) -> str:
    """How the programs ended: those that only failed in one line, by the one that took longest."""
    programs = [one for group in WITHOUT.values() for one in group if fault.key in one.runs]
    failed = [one for one in programs if one.runs[fault.key].end == "fails"]
    told = [f"{one.name}: {one.runs[fault.key].words}" for one in programs if one not in failed]
    if failed:
        slowest = max(failed, key=lambda one: one.runs[fault.key].seconds)
        others = f" (and {len(failed) - 1} more, sooner)" if len(failed) > 1 else ""
        told.append(f"{slowest.name}: {slowest.runs[fault.key].words}{others}")
    return "<br>".join(told)


def differing() -> list[Scene]:
    """The scenes in which a translated path gives something else than the client's own protocol."""
    return [
        scene
        for scene in scenes(ACROSS)
        if played()[scene].gist != played()[scene._replace(upstream=scene.client)].gist
    ]


def _differing() -> tuple[Sequence[str], list[Sequence[str]]]:
    rows = dict.fromkeys((scene.fault, scene.client, scene.upstream, scene.stream) for scene in differing())
    told: list[Sequence[str]] = [
        (
            fault.name,
            NAMES[client],
            NAMES[upstream],
            *(played()[Scene(fault, client, upstream, stream, case)].words for case in CASES),
        )
        for fault, client, upstream, stream in rows
    ]
    return ("fault", "client", "upstream", *HEADS.values()), told


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
