"""What is written is read again, and what is no database of ours is told apart from a disk that says no."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from steps_told import NOW, SESSION, call, proof, step, thought, words

from peekd.accounts.cooldown import Cooldown
from peekd.accounts.health import Streak
from peekd.accounts.standing import Standing
from peekd.signatures.settings import SignatureSettings
from peekd.signatures.steps import Piece
from peekd.store.database import MIGRATIONS, MOST_BOUND, Database, Unreadable, is_corrupt
from peekd.store.interface import Bound, Forgotten, Kept, Loaded, Refused, Touched

REST = Cooldown(NOW, NOW + 60, "quota_exhausted", "spent")
SETTINGS = SignatureSettings(max_mib=1)
STEP = step(thought("hm \ud800\u2028"), words("x"), call("t1"), family="gemini", number=3, account="alice")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "peekd.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = Database(path, SETTINGS)
    yield opened
    opened.close()


def loaded(path: Path, now: float = NOW) -> Loaded:
    again = Database(path, SETTINGS)
    try:
        return again.load(now)
    finally:
        again.close()


def test_everything_comes_back_as_it_was_the_least_recent_first(database: Database, path: Path) -> None:
    sound = msgspec.structs.replace(STEP, pieces=(thought("hm \u2028"), words("x"), call("t1")))
    other = step(thought("b"), before="what was said before")
    refused = Refused(SESSION, ("a", "b"), NOW)
    bound = Bound("resp_1", "alice", NOW)
    standing = Standing("alice", (REST,), (Streak("quota_exhausted", None, 2, NOW),), disabled=True)
    before = Standing("alice")
    database.apply([Kept(sound, NOW), Kept(other, NOW - 5), refused, bound, before, standing])
    assert loaded(path) == Loaded((Kept(other, NOW - 5), Kept(sound, NOW)), (refused,), (bound,), (standing,))


def test_only_its_owner_can_read_it(database: Database, path: Path) -> None:
    database.apply([Bound("a", "b", 1)])
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_step_is_written_once_touched_and_forgotten(database: Database, path: Path) -> None:
    step_ = step(thought("a"))
    database.apply([Kept(step_, NOW), Kept(step_, NOW), Touched(step_.key, NOW + 9), Touched("nobody", 1)])
    assert loaded(path).steps == (Kept(step_, NOW + 9),)
    database.apply([Forgotten(step_.key)])
    assert loaded(path).steps == ()


def test_a_later_binding_goes_before_an_earlier(database: Database, path: Path) -> None:
    database.apply([Bound("resp_1", "alice", 1), Bound("resp_1", "bob", 2)])
    assert loaded(path).bound == (Bound("resp_1", "bob", 2),)


def test_what_is_over_its_time_is_gone(database: Database, path: Path) -> None:
    database.apply([Kept(step(thought("a")), NOW), Refused(SESSION, (), NOW)])
    assert loaded(path, NOW + 7200).steps
    assert loaded(path, NOW + 7201) == Loaded()


def test_no_more_is_kept_than_there_is_room_for_the_most_recent_of_it(database: Database, path: Path) -> None:
    big = [step(Piece("thought", str(n), proof(str(n)), "x" * 300_000)) for n in range(5)]
    database.apply([Kept(one, NOW + n) for n, one in enumerate(big)])
    database.apply([Bound(f"id{n}", "alice", n) for n in range(MOST_BOUND + 3)])
    kept = loaded(path, NOW)
    assert [one.used for one in kept.steps] == [NOW + 2, NOW + 3, NOW + 4]
    assert (len(kept.bound), kept.bound[0].id) == (MOST_BOUND, "id3")


def test_a_batch_is_written_whole_or_not_at_all(database: Database, path: Path) -> None:
    with pytest.raises(sqlite3.Error):
        database.apply([Bound("a", "b", 1), Bound("c", "d", msgspec.UNSET)])  # pyright: ignore[reportArgumentType] - what no database takes
    assert loaded(path).bound == ()
    database.apply([Bound("a", "b", 1)])


def test_what_is_no_database_is_unreadable(path: Path) -> None:
    path.write_bytes(b"this is no database at all, but long enough to be looked at" * 100)
    with pytest.raises(Unreadable, match="not a database"):
        Database(path, SETTINGS)


def test_a_broken_page_is_unreadable(database: Database, path: Path) -> None:
    database.apply([Kept(step(thought(f"{n}")), NOW) for n in range(200)])
    database.close()
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    path.write_bytes(raw)
    again = Database(path, SETTINGS)
    with pytest.raises((Unreadable, sqlite3.DatabaseError)) as told:
        again.load(NOW)
    again.close()
    assert isinstance(told.value, Unreadable) or is_corrupt(told.value)


def test_rows_of_another_shape_are_unreadable(database: Database, path: Path) -> None:
    database.apply([Kept(step(thought("a")), NOW)])
    with sqlite3.connect(path) as stranger:
        stranger.execute("UPDATE steps SET pieces = x'c1'")
    stranger.close()
    with pytest.raises(Unreadable):
        database.load(NOW)


def test_tables_of_a_later_version_are_left_alone(database: Database, path: Path) -> None:
    database.close()
    with sqlite3.connect(path) as later:
        later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(Unreadable, match="version 99") as told:
        Database(path, SETTINGS)
    assert told.value.newer


def test_a_locked_file_is_not_a_broken_one(database: Database, path: Path) -> None:
    stranger = sqlite3.connect(path, isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as told:
        database.apply([Bound("a", "b", 1)])
    stranger.execute("ROLLBACK")
    stranger.close()
    assert not is_corrupt(told.value)
    database.apply([Bound("a", "b", 1)])
    assert loaded(path).bound


def test_tables_of_an_earlier_version_are_grown(path: Path) -> None:
    with sqlite3.connect(path) as earlier:
        earlier.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
    earlier.close()
    grown = Database(path, SETTINGS)
    grown.apply([Bound("a", "b", 1), Standing("alice")])
    grown.close()
    assert loaded(path).standings == (Standing("alice"),)


def test_a_standing_of_another_shape_is_unreadable(database: Database, path: Path) -> None:
    database.apply([Standing("alice")])
    with sqlite3.connect(path) as stranger:
        stranger.execute("UPDATE standings SET standing = x'c1'")
    stranger.close()
    with pytest.raises(Unreadable):
        database.load(NOW)


def test_steps_of_tables_that_knew_no_branches_are_kept(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        older.executescript(f"BEGIN; {''.join(MIGRATIONS[:3])} PRAGMA user_version = 3; COMMIT;")
        columns = (STEP.key, "gemini", SESSION, 3, "up", "model", "alice", NOW, NOW, 9)
        pieces = msgspec.msgpack.encode(STEP.pieces[1:])
        older.execute("INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*columns, pieces))
    (kept,) = loaded(path).steps
    assert kept.step == msgspec.structs.replace(STEP, pieces=STEP.pieces[1:])


def test_no_value_of_a_row_is_searched_for_a_way_to_adapt_it() -> None:
    for kind in (type(None), bool, bytes):
        assert (kind, sqlite3.PrepareProtocol) in sqlite3.adapters
    values = (None, True, False, b"a\0b", "a", 1, 1.5)
    connection = sqlite3.connect(":memory:")
    (read,) = connection.execute("SELECT ?, ?, ?, ?, ?, ?, ?", values)
    connection.close()
    assert read == (None, 1, 0, b"a\0b", "a", 1, 1.5)
