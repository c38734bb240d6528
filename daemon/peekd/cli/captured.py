"""Captures as the commands use them: found, played and compared, or written as a transcript for the tests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from peekd.cli.paint import Paint, columns, plain
from peekd.cli.sources import SYSTEM_STATE
from peekd.cli.unanswered import RefusedError
from peekd.protocols.registry import upstream_of
from peekd.records.captures import Capture, Heard
from peekd.service.playback import Compared, Played, Side
from peekd.service.state import state_directory
from peekd.service.tapes import FOLDER, find_capture
from peekd.vocabulary.events import Event
from peekd.wire.sse import Splitter

HOW: Final = (
    'to capture what upstreams send, set capture = "failed" (or "all") in [records] and restart peekd; '
    "what it heard before that is not to be had"
)

_TITLES: Final = ("attempt", "", "account", "outcome", "move")
_REFUSED: Final = 300
_FOR_THAT: Final = "what it came to may differ for that"


def captured(name: str, environ: Mapping[str, str], folder: str = "") -> Capture:
    """Give the capture of an id, the end of one, "last" or "last-failed"; `folder`: look there alone.

    Raises RefusedError, which says how captures are switched on, where there is none.
    """
    places = [Path(folder)] if folder else list(_places(environ))
    troubles: list[str] = []
    for place in places:
        try:
            found = find_capture(place, name)
        except OSError as error:
            troubles.append(f"{place} cannot be read: {error.strerror}")
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise RefusedError(f"the capture in {place} is not this version's: {error}") from error
        else:
            if found is not None:
                return found
    where = "; ".join(troubles) or f"looked in {', '.join(map(str, places)) or 'no state directory'}"
    raise RefusedError(f"nothing was captured of {name!r} ({where}): {HOW}")


def _places(environ: Mapping[str, str]) -> Iterator[Path]:
    for directory in dict.fromkeys((state_directory(environ), SYSTEM_STATE)):
        if directory is not None:
            yield directory / FOLDER


# ---- side by side -------------------------------------------------------------------------------------


def side_by_side(played: Played, paint: Paint) -> str:
    """Write what was decided then and what is decided now, attempt by attempt."""
    rows = [row for one in played.attempts for row in _rows(one)]
    head, *lines = columns([_TITLES, *rows])
    notes = list(_notes(played))
    verdict = "the same decisions" if played.same else "differs"
    came = played.then if played.then == played.now else f"{played.then} then, {played.now} now"
    told = [paint.head(head), *lines, "", *notes, f"{plain(played.request)}: {verdict} ({came})"]
    return "\n".join(told) + "\n"


def _notes(played: Played) -> Iterator[str]:
    """Say where what is played is not what was."""
    if played.masked:
        yield f"the request held what looked like a secret, which is masked: {_FOR_THAT}"
    for one in played.attempts:
        if one.cut:
            yield f"attempt {one.number} said more than was captured: {_FOR_THAT}"
        if one.masked:
            yield f"attempt {one.number} said what looked like a secret, which is masked: {_FOR_THAT}"


def _rows(one: Compared) -> Iterator[tuple[str, ...]]:
    number = str(one.number)
    if one.same and one.then is not None:
        yield number, "same", *_told(one.then)
        return
    yield number, "then", *_told(one.then)
    yield number, "now", *_told(one.now)


def _told(side: Side | None) -> tuple[str, str, str]:
    if side is None:
        return "-", "no such attempt", "-"
    move = f"{side.move} +{side.after:.1f} s" if side.after else side.move
    return plain(side.account), side.outcome, move or "-"


# ---- a transcript -------------------------------------------------------------------------------------


def write_transcript(capture: Capture, under: Path) -> Path:
    """Write request.json, upstream.sse and events.json of one attempt; give their folder.

    It is the one whose answer the client saw, else the last that was no refusal: <protocol>/<request>.
    Raises RefusedError where there is no such attempt, or the folder cannot be made or is there already.
    """
    heard = _chosen(capture)
    case = re.sub(r"\W+", "_", capture.record.id)
    folder = under / heard.protocol.replace("-", "_") / case
    try:
        folder.mkdir(parents=True)
        (folder / "request.json").write_bytes(capture.body)
        (folder / "upstream.sse").write_bytes(heard.body)
        (folder / "events.json").write_text(_lines(events_of(heard)))
    except OSError as error:
        raise RefusedError(f"cannot write {folder}: {error.strerror}") from error
    return folder


def _chosen(capture: Capture) -> Heard:
    streams = [one for one in capture.heard if 0 < one.status < _REFUSED and one.pieces]
    shown = [one for one in streams if one.number == capture.record.shown]
    if not streams:
        raise RefusedError(f"no attempt of {capture.record.id} was answered with a stream")
    return (shown or streams)[-1]


def events_of(heard: Heard) -> list[Event]:
    """Decode what an attempt heard."""
    protocol = upstream_of(heard.protocol, heard.platform)
    decoder, splitter = protocol.decoder(), Splitter()
    frames = splitter.feed(heard.body)
    events = [event for frame in frames for event in decoder.feed(frame)]
    return [*events, *decoder.close()]


def _lines(events: list[Event]) -> str:
    told = [msgspec.json.encode(event).decode() for event in events]
    return "[" + ",\n ".join(told) + "]\n"
