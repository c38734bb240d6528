"""Files are looked at again and again; whoever writes is left time to finish."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from peekd.service.watching import Watch, stamps

Clock = trio.testing.MockClock


class Seen:
    """A watch on one file, and how often it told of a change."""

    def __init__(self, path: Path, seconds: float = 2.0) -> None:
        self.paths, self.seconds, self.changes = [path], seconds, list[float]()
        self.watch = Watch(lambda: self.paths, lambda: self.seconds, self._changed)

    def _changed(self) -> None:
        self.changes.append(trio.current_time())


@pytest.fixture(autouse=True)
def no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at once: virtual time does not wait for a real thread."""

    async def run_sync(work: Callable[..., Any], *given: Any, abandon_on_cancel: bool = False) -> Any:
        await trio.lowlevel.checkpoint()
        return work(*given)

    monkeypatch.setattr(trio.to_thread, "run_sync", run_sync)


def replace(path: Path, text: str) -> None:
    draft = path.with_name("draft")
    draft.write_text(text)
    draft.replace(path)


def test_a_stamp_differs_where_a_file_was_replaced_and_a_link_is_what_it_leads_to(tmp_path: Path) -> None:
    first, second, link = tmp_path / "one", tmp_path / "two", tmp_path / "link"
    first.write_text("same")
    second.write_text("same")
    link.symlink_to(first)
    before = stamps([first, link, tmp_path / "none"])
    assert before[0] == before[1]
    assert before[2] is None
    swapped = tmp_path / "swapped"
    swapped.symlink_to(second)
    swapped.replace(link)
    assert stamps([first, link])[0] == before[0]
    assert stamps([first, link])[1] != before[1]
    status = first.stat()
    replace(first, "same")
    os.utime(first, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert stamps([first])[0] != before[0]


async def test_a_file_that_stays_is_no_change_and_one_that_is_swapped_is_one(
    autojump_clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_text("a")
    seen = Seen(path)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(seen.watch.run)
        await trio.sleep(11)
        assert seen.changes == []
        replace(path, "b")
        await trio.sleep(60)
        assert seen.changes == [14.0]
        path.unlink()
        await trio.sleep(60)
        path.write_text("b")
        await trio.sleep(60)
        assert len(seen.changes) == 3
        nursery.cancel_scope.cancel()


async def test_who_writes_piece_by_piece_is_waited_for(autojump_clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    seen = Seen(path)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(seen.watch.run)
        for _ in range(20):
            await trio.sleep(1.5)
            path.write_text(path.read_text() + "x")
        assert seen.changes == []
        await trio.sleep(10)
        assert len(seen.changes) == 1
        nursery.cancel_scope.cancel()


async def test_nothing_is_looked_at_while_the_interval_is_zero(autojump_clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("a")
    seen = Seen(path, seconds=0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(seen.watch.run)
        await trio.sleep(1)
        replace(path, "b")
        await trio.sleep(60)
        assert seen.changes == []
        seen.seconds = 1
        seen.watch.wake()
        await trio.sleep(10)
        assert len(seen.changes) == 1
        nursery.cancel_scope.cancel()


async def test_another_file_to_watch_is_no_change(autojump_clock: Clock, tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    first.write_text("a")
    second.write_text("bb")
    seen = Seen(first)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(seen.watch.run)
        await trio.sleep(5)
        seen.paths = [second]
        await trio.sleep(20)
        assert seen.changes == []
        replace(second, "c")
        await trio.sleep(20)
        assert len(seen.changes) == 1
        nursery.cancel_scope.cancel()
