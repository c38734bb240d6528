"""How an incident is told: `peekd explain`, the journal by the documented queries, the monitor's page."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC
from html import unescape
from pathlib import Path

import msgspec

from incidents.stage import Played, without_threads
from incidents.table import Incident
from peekd.cli.paint import Paint
from peekd.cli.story import tell
from peekd.config.schema import Settings
from peekd.monitor.detail import Beside, detail_of
from peekd.monitor.page import render
from peekd.monitor.pages import Means, Pages, Wish
from peekd.records.entries import INFO, Entry
from peekd.service.lines import encode_fields

TREE = Path(__file__).parents[2]
GOLDENS = Path(__file__).parent / "goldens"
PAGE = TREE / "docs/troubleshooting.md"
_ESTIMATE = re.compile(r"\d+ out \(estimated\)")
"""How far a client that stops reading has come hangs on who runs first."""


def explained(played: Played) -> str:
    """What `peekd explain` prints."""
    record = msgspec.json.decode(msgspec.json.encode(played.record), type=type(played.record))
    return _ESTIMATE.sub("some out (estimated)", tell(record, UTC, Paint()))


def query_for(field: str) -> str:
    """Give the query of docs/troubleshooting.md by this field or option, as it stands there."""
    found = re.search(rf"^journalctl -u peekd {re.escape(field)}\S*", PAGE.read_text(), re.MULTILINE)
    assert found is not None, f"no query by {field} is documented"
    return found[0]


def found_by(query: str, entries: Sequence[Entry]) -> list[Entry]:
    """Give the entries that a journalctl command finds: fields that must fit, and -g for the message."""
    words = shlex.split(query.partition("#")[0])[3:]
    fields = [word.partition("=")[::2] for word in words if "=" in word]
    phrase = words[words.index("-g") + 1] if "-g" in words else ""
    return [
        entry
        for entry in entries
        if entry.priority <= INFO
        and all(encode_fields(entry).get(name) == value for name, value in fields)
        and re.search(phrase, entry.message)
    ]


def journal_of(incident: Incident, played: Played) -> str:
    """What the journal says of it: the entries of its request, and those found by the incident's phrase."""
    return "".join(f"{line}\n" for line in _lines(incident, played))


def _lines(incident: Incident, played: Played) -> Iterator[str]:
    queries = [query_for("PEEKD_REQUEST=").partition("=")[0] + f"={played.record.id}"]
    queries += [f"journalctl -u peekd -g '{incident.phrase}'"] if incident.phrase else []
    for query in queries:
        yield f"$ {query}"
        for entry in found_by(query, played.entries):
            fields = encode_fields(entry)
            told = [
                value
                for name in ("PEEKD_PHASE", "PEEKD_OUTCOME", "PEEKD_MOVE")
                if (value := fields.get(name))
            ]
            yield f"<{entry.priority}> {' '.join(told)} | {entry.message}"


def paged(played: Played) -> str:
    """What the monitor's page says of its request."""
    return read(render("story.html", detail=detail_of(played.record, Beside(), 0.0, UTC)))


def read(page: bytes) -> str:
    """Give the words of a page."""
    return unescape(re.sub(r"<[^>]*>", " ", re.sub(r"</?(?:strong|code)>", "", page.decode())))


async def pages_around(played: Played) -> dict[str, str]:
    """What the monitor's whole pages say: the request's, the list, and the settings'."""
    pages = Pages(played.house.house, Means(Settings, lambda: 0.0, lambda _: (), UTC))
    with without_threads():
        return {
            "request": read((await pages.request(Wish({}, played.record.id))).body),
            "requests": read((await pages.requests(Wish({}))).body),
            "settings": read((await pages.settings(Wish({}))).body),
        }
