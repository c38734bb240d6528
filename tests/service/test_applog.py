"""app.log: a file a day, whatever happens to it, and nobody waits for its disk."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import msgspec
import pytest

from peekd.records.entries import DEBUG, INFO, WARNING, Entry
from peekd.service import applog
from peekd.service.applog import ADVICE, KEPT_DAYS, NAME, AppLog, DayFile, day_of, open_applog

DAY = 86_400.0
NOON = 1_800_014_400.0


class Clock:
    """Wall time, set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


def messages(path: Path) -> list[str]:
    return [
        msgspec.json.decode(line, type=dict[str, str])["MESSAGE"] for line in path.read_bytes().splitlines()
    ]


def aside(directory: Path, wall: float) -> Path:
    return directory / f"{NAME}.{day_of(wall)}"


# ---- the file ----------------------------------------------------------------------------------------


def test_another_day_begins_another_file_and_a_week_is_kept(tmp_path: Path) -> None:
    file = DayFile(tmp_path)
    for day in range(12):
        file.write(b"%d\n" % day, NOON + day * DAY)
    file.close()
    today = NOON + 11 * DAY
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [NAME, *(aside(tmp_path, today - ago * DAY).name for ago in range(KEPT_DAYS, 0, -1))]
    assert (tmp_path / NAME).read_bytes() == b"11\n"
    assert aside(tmp_path, today - DAY).read_bytes() == b"10\n"


def test_what_a_process_before_wrote_on_another_day_is_moved_aside(tmp_path: Path) -> None:
    earlier = tmp_path / NAME
    earlier.write_bytes(b"old\n")
    yesterday = earlier.stat().st_mtime
    file = DayFile(tmp_path)
    file.write(b"new\n", yesterday + DAY)
    file.close()
    assert aside(tmp_path, yesterday).read_bytes() == b"old\n"
    assert (tmp_path / NAME).read_bytes() == b"new\n"


def test_on_the_same_day_it_is_added_to(tmp_path: Path) -> None:
    for words in (b"a\n", b"b\n"):
        file = DayFile(tmp_path)
        file.write(words, (tmp_path / NAME).stat().st_mtime if (tmp_path / NAME).exists() else 0.0)
        file.close()
    assert (tmp_path / NAME).read_bytes() == b"a\nb\n"


def test_a_clock_that_went_back_loses_nothing(tmp_path: Path) -> None:
    file = DayFile(tmp_path)
    for day, words in ((0, b"a\n"), (1, b"b\n"), (0, b"c\n"), (1, b"d\n")):
        file.write(words, NOON + day * DAY)
    file.close()
    assert aside(tmp_path, NOON).read_bytes() == b"a\nc\n"
    assert aside(tmp_path, NOON + DAY).read_bytes() == b"b\n"
    assert (tmp_path / NAME).read_bytes() == b"d\n"


@pytest.mark.parametrize("moved", [True, False])
def test_where_another_moved_or_removed_it_a_new_one_is_begun(tmp_path: Path, *, moved: bool) -> None:
    file = DayFile(tmp_path)
    file.write(b"a\n", NOON)
    if moved:
        (tmp_path / NAME).rename(tmp_path / "taken.1")
    else:
        (tmp_path / NAME).unlink()
    file.write(b"b\n", NOON)
    file.close()
    assert (tmp_path / NAME).read_bytes() == b"b\n"


def test_its_owner_and_group_may_read_and_nobody_else(tmp_path: Path) -> None:
    file = DayFile(tmp_path / "logs")
    file.write(b"a\n", NOON)
    file.close()
    assert (tmp_path / "logs" / NAME).stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o750


def test_a_line_of_which_only_a_part_fits_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = DayFile(tmp_path)
    file.write(b"whole\n", NOON)
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        return real(descriptor, data[:3])

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OSError, match="only 3 of 7 bytes"):
        file.write(b"second\n", NOON)
    monkeypatch.undo()
    file.write(b"third\n", NOON)
    file.close()
    assert (tmp_path / NAME).read_bytes() == b"whole\nthird\n"


# ---- the thread --------------------------------------------------------------------------------------


def test_entries_are_json_lines_in_order_over_midnight(tmp_path: Path) -> None:
    clock = Clock()
    log = AppLog(tmp_path, clock)
    for number in range(700):
        clock.now = NOON + number * DAY / 500
        assert log(Entry(str(number), request="req_1")) == ""
    log.close()
    older = sorted(tmp_path.glob(f"{NAME}.*"))
    told = [words for path in (*older, tmp_path / NAME) for words in messages(path)]
    assert older[0] == aside(tmp_path, NOON)
    assert sorted(told, key=int) == told == [str(number) for number in range(700)]
    assert log.lost == 0


def test_a_full_disk_costs_lines_and_is_told_once_and_its_end_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, wrote = threading.Event(), threading.Semaphore(0)
    full.set()
    real = DayFile.write

    def write(self: DayFile, data: bytes, wall: float) -> None:
        try:
            if full.is_set():
                raise OSError(errno.ENOSPC, "No space left on device")
            real(self, data, wall)
        finally:
            wrote.release()

    monkeypatch.setattr(DayFile, "write", write)
    log = AppLog(tmp_path)
    told: list[str] = []
    for number in range(3):
        told.append(log(Entry(f"lost {number}")))
        assert wrote.acquire(timeout=10)
    full.clear()
    told.append(log(Entry("kept")))
    assert wrote.acquire(timeout=10)
    log.close()
    told.append(log(Entry("after")))
    path = tmp_path / NAME
    assert [words for words in told if words] == [
        f"{path} cannot be written, lines are lost: No space left on device{ADVICE}",
        f"{path} is written again; lines lost until now: 3",
    ]
    (line,) = path.read_bytes().splitlines()
    assert msgspec.json.decode(line, type=dict[str, str])["PEEKD_DROPPED"] == "3"


def test_a_disk_that_hangs_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, began = threading.Event(), threading.Event()

    def write(self: DayFile, data: bytes, wall: float) -> None:
        began.set()
        goes_on.wait(10)

    monkeypatch.setattr(DayFile, "write", write)
    monkeypatch.setattr(applog, "MOST_WAITING", 5)
    monkeypatch.setattr(applog, "CLOSING_SECONDS", 0.01)
    log = AppLog(tmp_path)
    log(Entry("first"))
    assert began.wait(10)
    told = [log(Entry(str(number))) for number in range(9)]
    assert log.lost == 4
    assert [words for words in told if words] == [
        f"{tmp_path / NAME} cannot be written, lines are lost: the disk does not keep up{ADVICE}"
    ]
    log.close()
    goes_on.set()


def test_a_directory_that_cannot_be_had_is_trouble_and_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    entries: list[Entry] = []
    with open_applog(str(tmp_path / "file"), entries.append, lambda: INFO) as (journal, lost):
        journal(Entry("a"))
    assert lost() == 1
    assert entries == [Entry("a")]


def test_what_ranks_too_low_is_in_the_journal_alone_and_no_directory_is_no_file(tmp_path: Path) -> None:
    entries: list[Entry] = []
    with open_applog(str(tmp_path), entries.append, lambda: INFO) as (journal, _):
        journal(Entry("quiet", DEBUG))
        journal(Entry("loud", WARNING))
    assert [entry.message for entry in entries] == ["quiet", "loud"]
    assert messages(tmp_path / NAME) == ["loud"]
    with open_applog("", entries.append, lambda: INFO) as (journal, lost):
        assert (journal, lost()) == (entries.append, 0)
