"""Writes docs/faults.md: every fault played before every client, beside what agents make of it alone."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import trio
import trio.testing
from simulation.tongues import TONGUES

from faults.stage import CASES, Case, Cell, Result, Scene, play
from faults.table import FAULTS, Fault, Kind
from faults.without import MISTAKEN, WITHOUT
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
  loopback whose fault stays. Where nothing stands, it was not tried.

## At a glance

All protocols together; each fault is asked for streamed and in one piece.

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
    ("exits with 0", "it gives up without the answer, and its exit status says that all is well"),
    (
        "untold",
        "one of the last two, or nothing taken for an answer, or a broken call used all the same",
    ),
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


def _both(fault: Fault, client: str, case: Case) -> str:
    """One cell: both ways of asking, or one line where they are told the same."""
    streamed, whole = (played()[Scene(fault, client, client, stream, case)].words for stream in STREAMS)
    return streamed if streamed == whole else f"{streamed}<br>in one piece: {whole}"


def _without(fault: Fault, client: str) -> str:
    told = [f"{one.name}: {one.runs[fault.key].words}" for one in WITHOUT[client] if fault.key in one.runs]
    return "<br>".join(told)


def _glance() -> tuple[Sequence[str], list[Sequence[str]]]:
    """Count what becomes of each kind of fault, with and without."""
    rows: list[Sequence[str]] = []
    for kind, name in KINDS.items():
        ways = ((True, ": streamed"), (False, ": in one piece")) if kind == "late" else ((None, ""),)
        for stream, way in ways:
            counts = (_results(kind, stream, case) for case in CASES)
            rows.append((f"{name}{way}", *counts, "" if stream is False else _ends(kind)))
    return ("what fails", *HEADS.values(), "without peekd, the fault stays"), rows


KINDS: Mapping[Kind, str] = {
    "passing": "something that passes, before any word",
    "account": "one account: its limit, key, money, model",
    "late": "the answer, after words",
    "blank": "the model: it says nothing",
    "own": "the request itself",
    "whole": "only the last frame is missing",
}
RESULTS: Mapping[Result, str] = {
    "answer": "**answered**",
    "refused": "told by a status",
    "words, then an error": "told after words",
    "error in the stream": "told in the stream",
    "empty turn": "empty turns",
}


def _results(kind: Kind, stream: bool | None, case: Case) -> str:  # noqa: FBT001  None: both ways
    """How the scenes of one kind came out, of clients whose protocol is the upstream's."""
    return _listed(
        RESULTS[cell.result]
        for scene, cell in played().items()
        if scene.client == scene.upstream and (scene.fault.kind, scene.case) == (kind, case)
        if stream in {None, scene.stream}
    )


def _ends(kind: Kind) -> str:
    """How the runs of all programs ended."""
    keys = [fault.key for fault in FAULTS if fault.kind == kind]
    programs = [one for group in WITHOUT.values() for one in group]
    ends = [one.runs[key].end for one in programs for key in keys if key in one.runs]
    past = {"fails": "failed", "goes on": "went on", "ends well": "ended well"}
    return _listed("untold" if end in MISTAKEN else past[end] for end in ends)


def _listed(words: Iterable[str]) -> str:
    """Each word with its number, the more the sooner."""
    counts = sorted(Counter(words).items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{count} {word}" for word, count in counts)


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
