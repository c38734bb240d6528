"""Laws on what a route's options allow: two attempts side by side, and what follows a broken answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from peekd.records.entries import Entry
from simulation.heard import Heard, read_json, table, tables
from simulation.transcripts import LAG, Case, Said, streamed

GONE_SECONDS = 0.1
LIMITS = frozenset({429, 529})
BOUNDARY = "completed_at_tool_boundary"


def resumed(case: Case) -> bool:
    """Whether its text was gone on with."""
    return case.record is not None and any(attempt.move == "resume" for attempt in case.record.attempts)


def bounded(case: Case) -> bool:
    """Whether the record says that it was ended at a call."""
    return case.record is not None and case.record.note == BOUNDARY


# ---- side by side --------------------------------------------------------------------------------


def one_winner(case: Case) -> Iterator[str]:
    """When the client hears an attempt, no other is open any more."""
    if not streamed(case.call) or case.call.disturbed:
        return
    for said in case.said:
        heard_at = _heard_at(case, said)
        if heard_at is None:
            continue
        for other in case.said:
            ended = other.ended_at or float("inf")
            beside = (
                said.ended_at or float("inf")
            ) > other.arrived_at  # else it goes on with the other's text
            if beside and other is not said and other.arrived_at < heard_at < ended - GONE_SECONDS:
                yield f"attempt {other.number} was open when attempt {said.number} was heard"


def _heard_at(case: Case, said: Said) -> float | None:
    """When the client had the first word of an attempt."""
    seen = b""
    for at, piece in case.call.pieces:
        seen = (seen + piece)[-len(piece) - len(said.tag) :]
        if said.tag.encode() in seen:
            return at
    return None


def no_hedge_after_limit(case: Case) -> Iterator[str]:
    """Two attempts stand side by side only where the route hedges, and no limit was met before."""
    if case.call.disturbed or case.call.errand != "converse":
        return
    for first, second in _pairs(case.said):
        if not case.rules.options.hedge or not case.call.wish.stream:
            yield f"attempts {first.number} and {second.number} side by side, unasked"
        if first.account == second.account:
            yield f"attempts {first.number} and {second.number} side by side on {first.account}"
        before = [said for said in case.said if (said.ended_at or float("inf")) < second.arrived_at]
        if any(said.answer.status in LIMITS for said in before):
            yield f"attempt {second.number} was begun beside {first.number}, after a limit"


def _pairs(said: Sequence[Said]) -> Iterator[tuple[Said, Said]]:
    for number, second in enumerate(said):
        for first in said[:number]:
            if (first.ended_at or float("inf")) > second.arrived_at + LAG:
                yield first, second


def hedges_bounded(entries: Sequence[tuple[float, Entry]], share: float) -> Iterator[str]:
    """Over the whole life of a daemon no more than their share of the requests is asked twice."""
    hedges = sum("beside attempt" in entry.message and entry.phase == "attempt" for _, entry in entries)
    requests = sum(entry.phase == "plan" and " request for " in entry.message for _, entry in entries)
    if hedges > share * requests + 1e-6:
        yield f"{hedges} hedges of {requests} requests, {share:g} of them allowed"


# ---- beyond the commit point ---------------------------------------------------------------------


def boundary_where_allowed(case: Case) -> Iterator[str]:
    """An answer ends at a call only where its route allows that, and an attempt stood just there."""
    if not bounded(case):
        return
    if not case.rules.options.tool_boundary or not case.call.wish.stream:
        yield "it was ended at a call, unasked"
    if case.call.well and not any(_stood(case, said) for said in case.said):
        yield f"no attempt stood behind a call where it was ended ({len(case.call.heard.tools)} calls)"


def _stood(case: Case, said: Said) -> bool:
    """Whether all of an attempt was closed there, a call last; or, held back, the next call was not."""
    client, upstream = case.call.heard, said.heard
    shown = len(client.tools)
    if not shown or client.calls()[:shown] != upstream.calls()[:shown] or not _usable(client):
        return False
    if shown < len(upstream.tools):
        return case.rules.options.atomic_tools
    return not upstream.open_blocks and upstream.called and client.text == upstream.text


def _usable(heard: Heard) -> bool:
    return all(isinstance(arguments, dict) for _, arguments in heard.calls())


def continuation_seam(case: Case) -> Iterator[str]:
    """What goes on goes on from what the client had, to the letter; and only where that was asked for."""
    going_on = [(said, begun) for said in case.said if (begun := begun_in(said.language, said.sent))]
    for place, (said, begun) in enumerate(going_on, 1):
        if not (case.rules.options.continue_text and case.call.wish.stream):
            yield f"attempt {said.number} was given a beginning, unasked"
        if not case.call.disturbed:
            yield from _joined(case, said, begun, *(words for _, words in going_on[place : place + 1]))


def _joined(case: Case, said: Said, begun: str, until: str = "") -> Iterator[str]:
    """Look at one that went on from `begun`; `until`: what the next one went on from."""
    told = until or case.call.heard.text
    if case.call.end == "whole" and not told.startswith(begun):
        yield f"attempt {said.number} was to go on from {begun[-40:]!r}, the client had {told[-40:]!r}"
        return
    rest, more = told[len(begun) :], said.heard.text
    if said.tag in rest and not (more.startswith(rest) or rest.startswith(more)):
        yield f"behind {begun[-20:]!r} came {more[:40]!r}, the client read {rest[:40]!r}"
    if not until and said.tag in rest and case.call.well and not (said.heard.whole and rest == more):
        yield f"attempt {said.number} said {more[-40:]!r}, the client took {rest[-40:]!r} for the end"


def begun_in(language: str, sent: bytes) -> str:
    """Give the words of the assistant's with which a request ends."""
    body = read_json(sent) if language == "anthropic" else None
    last = (tables((body or {}).get("messages")) or [{}])[-1]
    if last.get("role") != "assistant":
        return ""
    content = last.get("content")
    blocks = [table(block).get("text", "") for block in tables(content)]
    return content if isinstance(content, str) else "".join(blocks)
