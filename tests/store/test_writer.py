"""The writer never holds anyone up, loses what it must and says so, and leaves nothing behind unwritten."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import trio
from requests_told import CAME, request, rows_of
from steps_told import NOW, step, thought

from peekd.signatures.settings import SignatureSettings
from peekd.store.interface import Bound, Kept, Loaded
from peekd.store.ledger import CHUNK
from peekd.store.queries import Query, open_reader
from peekd.store.rows import BodyRow, Draft, Row
from peekd.store.settings import RecordSettings
from peekd.store.writer import MOST_WAITING, Writer, open_writer

SETTINGS = SignatureSettings()
STEP = step(thought("hm"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "peekd.db"


async def kept(path: Path, told: list[str] | None = None) -> Loaded:
    """What a peekd that starts now finds."""
    words: list[str] = [] if told is None else told
    async with open_writer(path, SETTINGS, wall=lambda: NOW, tell=words.append) as writer:
        return await writer.load()


async def test_what_was_written_before_the_end_is_there_at_the_next_start(path: Path) -> None:
    told: list[str] = []
    async with open_writer(path, SETTINGS, wall=lambda: NOW, tell=told.append) as writer:
        assert await writer.load() == Loaded()
        for number in range(1000):
            writer.write(Bound(f"id{number}", "alice", NOW))
        writer.write(Kept(STEP, NOW))
    again = await kept(path, told)
    assert again.steps == (Kept(STEP, NOW),)
    assert len(again.bound) == 1000
    assert (told, writer.lost) == ([], 0)


async def test_nothing_need_be_loaded_to_be_written(path: Path) -> None:
    async with open_writer(path, SETTINGS, wall=lambda: NOW, tell=lambda words: None) as writer:
        writer.write(Kept(STEP, NOW))
    assert (await kept(path)).steps


def test_beyond_its_bound_the_oldest_is_lost_and_counted_and_told_once(path: Path) -> None:
    told: list[str] = []
    writer = Writer(path, SETTINGS, RecordSettings(), lambda: NOW, told.append)
    for number in range(MOST_WAITING + 10):
        writer.write(Bound(f"id{number}", "alice", NOW))
    assert writer.lost == 10
    assert len(told) == 1
    assert "does not keep up" in told[0]


async def test_a_locked_file_costs_what_was_to_be_written_and_nothing_else(path: Path) -> None:
    told: list[str] = []
    async with open_writer(path, SETTINGS, wall=lambda: NOW, tell=told.append) as writer:
        await writer.load()
        stranger = sqlite3.connect(path, isolation_level=None)
        stranger.execute("BEGIN IMMEDIATE")
        writer.write(Bound("lost", "alice", NOW))
        while not writer.lost:
            await trio.lowlevel.checkpoint()
        stranger.execute("ROLLBACK")
        stranger.close()
        writer.write(Bound("kept", "alice", NOW))
    assert [one.id for one in (await kept(path)).bound] == ["kept"]
    assert len(told) == 1
    assert "locked" in told[0]
    assert writer.lost == 1


def disk_of(writer: Writer) -> sqlite3.Connection:
    """Give the connection that it writes by, to be made a worse one."""
    database: Any = vars(writer)["_database"]
    return cast("sqlite3.Connection", vars(database)["_connection"])


async def test_a_full_disk_costs_what_was_to_be_written_until_there_is_room_again(path: Path) -> None:
    told: list[str] = []
    async with open_writer(path, SETTINGS, wall=lambda: NOW, tell=told.append) as writer:
        await writer.load()
        disk = disk_of(writer)
        (pages,) = disk.execute("PRAGMA page_count").fetchone()
        disk.execute(f"PRAGMA max_page_count = {pages}")
        writer.write(Bound("x" * 100_000, "alice", NOW))
        while not writer.lost:
            await trio.lowlevel.checkpoint()
        disk.execute("PRAGMA max_page_count = 100000")
        writer.write(Bound("kept", "alice", NOW))
    assert [one.id for one in (await kept(path)).bound] == ["kept"]
    assert (writer.lost, len(told)) == (1, 1)
    assert "full" in told[0]


async def test_a_file_that_turns_read_only_is_neither_broken_nor_moved(path: Path) -> None:
    told: list[str] = []
    async with open_writer(path, SETTINGS, wall=lambda: NOW, tell=told.append) as writer:
        await writer.load()
        disk_of(writer).execute("PRAGMA query_only = 1")
        writer.write(Bound("lost", "alice", NOW))
        while not writer.lost:
            await trio.lowlevel.checkpoint()
    assert len(told) == 1
    assert "readonly" in told[0]
    assert [one.name for one in path.parent.iterdir() if "broken" in one.name] == []


async def test_a_clock_that_jumps_back_puts_tidying_off_for_no_longer_than_ever(path: Path) -> None:
    now = [NOW]
    async with open_writer(path, SETTINGS, wall=lambda: now[0], tell=lambda _: None) as writer:
        await writer.load()
        now[0] = NOW - 365 * 86400
        writer.write(Bound("a", "alice", now[0]))
        while vars(writer)["_tidied"] != now[0]:
            await trio.lowlevel.checkpoint()


async def test_a_directory_that_is_not_there_is_told_and_no_reason_to_fail(tmp_path: Path) -> None:
    told: list[str] = []
    async with open_writer(tmp_path / "no/peekd.db", SETTINGS, wall=lambda: NOW, tell=told.append) as writer:
        assert await writer.load() == Loaded()
        writer.write(Kept(STEP, NOW))
    assert writer.lost == 1
    assert len(told) == 1


async def test_what_no_database_takes_is_lost_alone(path: Path) -> None:
    told: list[str] = []
    async with open_writer(path, SETTINGS, wall=lambda: NOW, tell=told.append) as writer:
        writer.write(Kept(step(thought("half a \ud800")), NOW))
        while not writer.lost:
            await trio.lowlevel.checkpoint()
        writer.write(Kept(STEP, NOW))
    assert (await kept(path)).steps == (Kept(STEP, NOW),)
    assert (writer.lost, len(told)) == (1, 1)


async def test_a_broken_file_is_moved_aside_and_a_fresh_one_begun(path: Path) -> None:
    await trio.Path(path).write_bytes(b"no database" * 1000)
    told: list[str] = []
    async with open_writer(path, SETTINGS, wall=lambda: NOW, tell=told.append) as writer:
        assert await writer.load() == Loaded()
        writer.write(Kept(STEP, NOW))
    assert len(told) == 1
    assert "is broken" in told[0]
    aside = trio.Path(path.parent / f"peekd.db.broken-{int(NOW)}")
    assert await aside.read_bytes() == b"no database" * 1000
    assert (await kept(path)).steps


async def test_a_file_that_breaks_while_it_is_open_is_moved_aside_too(path: Path) -> None:
    told: list[str] = []
    async with open_writer(path, SETTINGS, wall=lambda: NOW, tell=told.append) as writer:
        await writer.load()
        with sqlite3.connect(path) as stranger:
            stranger.execute("DROP TABLE bound")
            stranger.execute("PRAGMA writable_schema = ON")
            stranger.execute("UPDATE sqlite_schema SET sql = 'CREATE TABLE steps (' WHERE name = 'steps'")
        stranger.close()
        writer.write(Kept(STEP, NOW))
    assert any("is broken" in words for words in told), told
    assert (await kept(path)).steps


async def test_a_later_peekds_file_is_left_as_it_is(path: Path) -> None:
    with sqlite3.connect(path) as later:
        later.execute("PRAGMA user_version = 99")
    later.close()
    before = await trio.Path(path).read_bytes()
    told: list[str] = []
    async with open_writer(path, SETTINGS, wall=lambda: NOW, tell=told.append) as writer:
        assert await writer.load() == Loaded()
        writer.write(Kept(STEP, NOW))
    assert "version 99" in told[0]
    assert await trio.Path(path).read_bytes() == before


async def test_from_time_to_time_it_is_tidied(path: Path) -> None:
    now = [NOW]
    async with open_writer(path, SETTINGS, wall=lambda: now[0], tell=lambda words: None) as writer:
        writer.write(Kept(STEP, NOW))
        await trio.testing.wait_all_tasks_blocked()
        now[0] += 10_000
        writer.write(Bound("later", "alice", now[0]))
    check = sqlite3.connect(path)
    assert check.execute("SELECT COUNT(*) FROM steps").fetchone() == (0,)
    check.close()


async def test_of_many_drafts_for_one_place_only_the_last_is_made(path: Path) -> None:
    made: list[str] = []

    def draft(outcome: str, name: str = "req_000001") -> Draft:
        def make() -> Row:
            made.append(outcome)
            return rows_of(request(name, outcome=outcome))[0]

        return Draft((name, 0), make)

    async with open_writer(path, SETTINGS, wall=lambda: NOW, tell=lambda words: None) as writer:
        for deed in (draft("first"), draft("other", "req_000002"), draft("last")):
            writer.write(deed)
    assert made == ["last", "other"]
    with open_reader(path) as reader:
        assert [one.request.outcome for one in reader.requests(Query(limit=9))] == ["other", "last"]


async def test_a_draft_that_is_handed_in_again_is_made_once_and_after_that_anew(
    path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    made: list[str] = []
    record = request()

    def make() -> Row:
        made.append(record.outcome)
        return rows_of(record)[0]

    draft = Draft((record.id, 0), make)
    async with open_writer(path, SETTINGS, wall=lambda: NOW, tell=print) as writer:
        for outcome in ("first", "last"):
            record.outcome = outcome
            writer.write(draft)
        while not made:  # noqa: ASYNC110  a thread takes no time by this clock
            await trio.sleep(1)
        record.outcome = "later"
        writer.write(draft)
    assert made == ["last", "later"]
    with open_reader(path) as reader:
        assert [one.request.outcome for one in reader.requests(Query())] == ["later"]


def test_a_draft_that_was_lost_may_be_handed_in_again(path: Path) -> None:
    writer = Writer(path, SETTINGS, RecordSettings(), lambda: NOW, print)
    draft = Draft(("a", 0), lambda: rows_of(request("a"))[0])
    writer.write(draft)
    for number in range(MOST_WAITING):
        writer.write(Bound(f"id{number}", "alice", NOW))
    assert (writer.lost, draft.waits) == (1, False)
    writer.write(draft)
    assert (writer.lost, draft.waits) == (2, True)


async def test_a_number_that_no_database_takes_is_lost_alone(path: Path) -> None:
    told: list[str] = []
    odd = msgspec.structs.replace(rows_of(request("odd"))[0], prompt=2**70)

    def broken() -> Row:
        raise OverflowError("too large to tell")

    async with open_writer(path, SETTINGS, wall=lambda: NOW, tell=told.append) as writer:
        for deed in (*rows_of(request("a")), odd, Draft(("b", 0), broken), *rows_of(request("c"))):
            writer.write(deed)
    with open_reader(path) as reader:
        assert {one.request.id for one in reader.requests(Query())} == {"a", "c"}
    assert (writer.lost, len(told)) == (2, 1)


async def test_old_requests_are_deleted_also_while_nobody_asks(
    path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    def wall() -> float:
        return CAME + autojump_clock.current_time()

    async with open_writer(path, SETTINGS, RecordSettings(retention_days=1), wall=wall, tell=print) as writer:
        await writer.load()
        for number in range(CHUNK + 20):
            for row in rows_of(request(f"req_{number}")):
                writer.write(row)
        await trio.sleep(600)
        with open_reader(path) as reader:
            while reader.find("last") is not None:  # noqa: ASYNC110  a thread takes no time by this clock
                await trio.sleep(600)


async def test_a_full_disk_costs_rows_that_are_counted_and_nothing_once_there_is_room(path: Path) -> None:
    told: list[str] = []
    async with open_writer(path, SETTINGS, wall=lambda: NOW, tell=told.append) as writer:
        await writer.load()
        connection = cast("sqlite3.Connection", vars(vars(writer)["_database"])["_connection"])
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        big = [BodyRow(f"req_{number}", "answer", "much " * 1000) for number in range(20)]
        for row in big:
            writer.write(row)
        while not writer.lost:  # noqa: ASYNC110  it tells nobody
            await trio.sleep(0.01)
        assert writer.lost == len(big)
        connection.execute("PRAGMA max_page_count = 1000000")
        writer.write(big[0])
    assert len(told) == 1
    assert "full" in told[0]
    assert "the ledger misses requests" in told[0]
    with open_reader(path) as reader:
        assert reader.bodies("req_0") == [big[0]]
        assert reader.bodies("req_1") == []
