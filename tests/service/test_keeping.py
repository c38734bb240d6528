"""The state directory's key and store are opened together, or peekd serves without."""

from __future__ import annotations

from pathlib import Path

from steps_told import NOW

from peekd.records.entries import Entry
from peekd.service.keeping import open_keeping
from peekd.signatures.settings import SignatureSettings
from peekd.store.interface import Bound
from peekd.store.settings import RecordSettings

SETTINGS, RECORDS = SignatureSettings(), RecordSettings()


async def test_key_and_store_outlive_the_process(tmp_path: Path) -> None:
    entries: list[Entry] = []
    environ = {"STATE_DIRECTORY": str(tmp_path / "state")}
    async with open_keeping(environ, SETTINGS, RECORDS, entries.append) as first:
        assert first.store is not None
        first.store.write(Bound("resp_1", "alice", NOW))
    async with open_keeping(environ, SETTINGS, RECORDS, entries.append) as second:
        assert second.store is not None
        assert (await second.store.load()).bound == (Bound("resp_1", "alice", NOW),)
    assert first.seal_key == second.seal_key
    assert entries == []
    assert {path.name for path in (tmp_path / "state").iterdir()} == {"peekd.db", "seal.key"}


async def test_without_a_home_nothing_is_kept() -> None:
    async with open_keeping({}, SETTINGS, RECORDS, lambda entry: None) as kept:
        assert (kept.seal_key, kept.store) == (None, None)


async def test_a_directory_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    entries: list[Entry] = []
    (tmp_path / "state").write_text("a file")
    async with open_keeping(
        {"STATE_DIRECTORY": str(tmp_path / "state")}, SETTINGS, RECORDS, entries.append
    ) as kept:
        assert (kept.seal_key, kept.store) == (None, None)
    assert "the state directory cannot be used" in entries[0].message


async def test_a_database_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    entries: list[Entry] = []
    (tmp_path / "peekd.db").mkdir()
    async with open_keeping({"STATE_DIRECTORY": str(tmp_path)}, SETTINGS, RECORDS, entries.append) as kept:
        assert kept.store is not None
        assert (await kept.store.load()).steps == ()
    assert "peekd.db cannot be used" in entries[0].message
