"""Memory and the ledger are one list, and both search alike."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests_told import CAME, attempt, records, request, rows_of, same

from peekd.records.entries import RequestRecord
from peekd.records.ledger import Ledger, Summary, fits, newest
from peekd.records.live import Live
from peekd.records.rows import records_of
from peekd.signatures.settings import SignatureSettings
from peekd.store.charts import Span
from peekd.store.database import Database
from peekd.store.queries import Query, open_reader
from peekd.store.rows import BodyRow

_WORDS = st.sampled_from(["", "a", "alice", "Bob", "gpt", "x%", "cut o", "CUT", "\u00e9", "silent", "broken"])
QUERIES = st.builds(
    Query,
    failed=st.booleans(),
    healed=st.booleans(),
    open=st.booleans(),
    since=st.none() | st.integers(0, 50).map(lambda number: CAME + number),
    before=st.none() | st.integers(0, 50).map(lambda number: CAME + number),
    account=_WORDS,
    model=_WORDS,
    path=st.sampled_from(["", "messages"]),
    session=_WORDS,
    key=_WORDS,
    outcome=_WORDS,
    text=_WORDS,
    limit=st.integers(1, 20),
)


@contextmanager
def written(kept: Sequence[RequestRecord]) -> Generator[Path]:
    with TemporaryDirectory() as directory:
        path = Path(directory, "peekd.db")
        with closing(Database(path, SignatureSettings())) as database:
            database.apply([row for record in kept for row in rows_of(record)])
            yield path


def live_of(*kept: RequestRecord) -> Live:
    live = Live()
    for record in kept:
        live.open(record)
        if record.state == "done":
            live.close(record)
    return live


@given(st.lists(records(), max_size=6, unique_by=lambda record: record.id), QUERIES)
def test_a_search_in_memory_finds_what_the_ledgers_own_finds(kept: list[RequestRecord], query: Query) -> None:
    with written(kept) as path, open_reader(path) as reader:
        found = {record.id: record for record in records_of(reader.requests(query))}
    fitting = newest([record for record in kept if fits(record, query)], 99)
    assert len(found) == min(len(fitting), query.limit)
    assert all(same(one, found[one.id]) for one in fitting if one.id in found)
    oldest = min([record.came for record in found.values()], default=0.0)
    assert all(one.id in found for one in fitting if one.came > oldest)


async def test_memory_goes_before_the_ledger_and_each_is_told_once() -> None:
    fresh = [request("both", came=CAME + 2, note="fresh"), request("new", came=CAME + 3)]
    old = [request("both", came=CAME + 2), request("old", came=CAME + 1), request("older")]
    with written(old) as path:
        ledger = Ledger(live_of(*fresh), path)
        told = await ledger.requests(Query(limit=3))
        assert [(one.id, one.note) for one in told] == [("new", ""), ("both", "fresh"), ("old", "")]
        found = [await ledger.find(name) for name in ("older", "both", "last", "nobody")]
        assert [one.id if one else None for one in found] == ["older", "both", "new", None]


async def test_the_last_failed_may_be_of_another_life() -> None:
    with written([request("bad", outcome="broken")]) as path:
        found = await Ledger(live_of(request("good")), path).find("last-failed")
        assert found is not None
        assert found.id == "bad"


@pytest.mark.parametrize("path", [None, Path("/nowhere/peekd.db")])
async def test_without_a_file_there_is_what_is_in_memory(path: Path | None) -> None:
    ledger = Ledger(live_of(request("a")), path)
    assert [one.id for one in await ledger.requests(Query())] == ["a"]
    assert await ledger.find("b") is None
    assert await ledger.bodies("a") == []
    assert await ledger.summary(Span(CAME, CAME + 60, 60)) == Summary()


async def test_bodies_and_sums_are_read_too() -> None:
    with written([request("a", attempt(cost=0.5))]) as path:
        with closing(Database(path, SignatureSettings())) as database:
            database.apply([BodyRow("a", "answer", "Hello")])
        ledger = Ledger(Live(), path)
        assert await ledger.bodies("a") == [BodyRow("a", "answer", "Hello")]
        summary = await ledger.summary(Span(CAME, CAME + 60, 60))
        assert [(one.requests, one.cost) for one in summary.buckets] == [(1, 0.5)]
        assert [one.name for one in summary.accounts] == ["alice"]
        with pytest.raises(ValueError, match="buckets"):
            await ledger.summary(Span(CAME, CAME + 60, 0))
