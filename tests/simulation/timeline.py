"""The story of one request, every side in one column of time."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter

from simulation.transcripts import Case, Pieces, Said

SHOWN = 110
MOST = 120


def tell(case: Case) -> str:
    """Tell it, line by line."""
    call = case.call
    wish = f"{call.wish.mark}, a {call.tongue} client that is {call.manner}, {call.errand}"
    kind = "stream" if call.wish.stream else "in one piece"
    head = f"  {wish}, {kind}; ended {call.end}, status {call.status}"
    lines = sorted(_events(case), key=itemgetter(0))
    told = [f"  {at:10.3f}  {who:10}  {what}" for at, who, what in lines[:MOST]]
    more = [f"  … {len(lines) - MOST} lines more"] if len(lines) > MOST else []
    return "\n".join([head, *told, *more])


def _events(case: Case) -> Iterator[tuple[float, str, str]]:
    call = case.call
    yield call.began, "client", f"asks for {call.wish.model}"
    if call.asked_at is not None:
        yield call.asked_at, "client", "has sent all of it"
    if call.status:
        yield call.head_at, "client", f"gets {call.status} {call.headers}"
    yield from _pieces("client", call.pieces)
    if call.left_at is not None:
        yield call.left_at, "client", "is gone, and peekd can see it"
    yield call.ended_at, "client", f"is done: {call.end}"
    for said in case.said:
        yield from _said(said)
    for at, entry in case.entries:
        yield at, "journal", f"{entry.phase}: {entry.message[:200]}"


def _said(said: Said) -> Iterator[tuple[float, str, str]]:
    who = said.account or said.upstream
    yield said.arrived_at, who, f"attempt {said.number} arrives; it will be: {said.label}"
    yield from _pieces(who, said.pieces)
    if said.finished_at is not None:
        yield said.finished_at, who, "has said all it will"
    if said.left_at is not None:
        yield said.left_at, who, "is left by peekd"


def _pieces(who: str, pieces: Pieces) -> Iterator[tuple[float, str, str]]:
    for at, piece in pieces:
        cut = "…" if len(piece) > SHOWN else ""
        yield at, who, f"{len(piece)} bytes {piece[:SHOWN]!r}{cut}"
