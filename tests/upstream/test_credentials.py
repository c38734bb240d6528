from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from credential_files import Keep, authorized_user, write_credential

from peekd.upstream.credentials import Credentials
from peekd.upstream.minting import News
from peekd.vocabulary.errors import OperatorError

SECRET = "sk-very-secret-1"
OTHER = "sk-very-secret-2"

# ---- the accounts' secrets -----------------------------------------------------------------------------


async def test_all_references_that_fail_are_told_at_once_by_account(nursery: trio.Nursery) -> None:
    references = {"alice": "env:A", "bob": SECRET, "carol": "env:C"}
    await trio.lowlevel.checkpoint()
    with pytest.raises(OperatorError) as caught:
        Credentials(references, {"A": SECRET}, nursery)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["account bob", "account carol"]
    assert SECRET not in str(caught.value)


async def test_secrets_are_given_by_account_and_shown_in_no_repr(nursery: trio.Nursery) -> None:
    await trio.lowlevel.checkpoint()
    credentials = Credentials({"alice": "env:A", "none": ""}, {"A": SECRET}, nursery)
    assert (credentials.secret("alice"), credentials.secret("none")) == (SECRET, "")
    assert SECRET not in repr(credentials)
    with pytest.raises(KeyError):
        credentials.secret("nobody")


async def test_a_replaced_file_gives_a_fresh_secret_and_an_unchanged_one_does_not(
    keep: Keep, nursery: trio.Nursery
) -> None:
    path = keep(SECRET)
    credentials = Credentials({"alice": f"file:{path}"}, {}, nursery)
    assert credentials.refreshable("alice")
    assert not await credentials.refresh("alice")
    path.write_text(OTHER)
    assert await credentials.refresh("alice")
    assert credentials.secret("alice") == OTHER


async def test_a_secret_that_another_has_refreshed_already_needs_no_reading(
    keep: Keep, nursery: trio.Nursery
) -> None:
    path = keep(SECRET)
    credentials = Credentials({"alice": f"file:{path}"}, {}, nursery)
    path.write_text(OTHER)
    assert await credentials.refresh("alice")
    path.unlink()
    assert await credentials.refresh("alice", used=SECRET)
    assert credentials.fault("alice") == ""


async def test_an_environment_cannot_be_refreshed(nursery: trio.Nursery) -> None:
    credentials = Credentials({"alice": "env:A", "none": ""}, {"A": SECRET}, nursery)
    for account in ("alice", "none"):
        assert not credentials.refreshable(account)
        assert not await credentials.refresh(account)


async def test_a_refresh_that_fails_keeps_the_old_secret_and_says_why(
    keep: Keep, nursery: trio.Nursery
) -> None:
    path = keep(SECRET)
    credentials = Credentials({"alice": f"file:{path}"}, {}, nursery)
    path.chmod(0o644)
    assert not await credentials.refresh("alice")
    assert credentials.secret("alice") == SECRET
    assert "chmod 600" in credentials.fault("alice")
    path.chmod(0o600)
    path.write_text(OTHER)
    assert await credentials.refresh("alice")
    assert credentials.fault("alice") == ""


async def test_all_who_wait_share_one_reading_and_one_who_leaves_takes_it_from_nobody(
    keep: Keep, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, readings, go_on = keep(SECRET), list[object](), trio.Event()
    credentials = Credentials({"alice": f"file:{path}"}, {}, nursery)
    path.write_text(OTHER)

    async def read_slowly(read: Callable[..., str], *given: object, **_: bool) -> str:
        readings.append(given)
        await go_on.wait()
        return read(*given)

    monkeypatch.setattr(trio.to_thread, "run_sync", read_slowly)
    results: list[bool] = []

    async def wait(scope: trio.CancelScope) -> None:
        with scope:
            results.append(await credentials.refresh("alice"))

    scopes = [trio.CancelScope() for _ in range(3)]
    async with trio.open_nursery() as waiters:
        for scope in scopes:
            waiters.start_soon(wait, scope)
            await trio.testing.wait_all_tasks_blocked()
        scopes[0].cancel()  # the one who started it
        await trio.testing.wait_all_tasks_blocked()
        go_on.set()
    assert results == [True, True]
    assert len(readings) == 1
    assert credentials.secret("alice") == OTHER


# ---- files that are replaced ---------------------------------------------------------------------------


def _serving(account: str) -> bool:
    return bool(account)


class Watched:
    """Credentials of alice with a file, and what was told of them."""

    def __init__(self, reference: str, environ: dict[str, str], nursery: trio.Nursery) -> None:
        self.credentials = Credentials({"alice": reference, "bob": "env:B"}, {"B": "b", **environ}, nursery)
        self.news: list[News] = []
        self.heard = trio.Event()
        nursery.start_soon(self.credentials.run, _serving, self._hear)

    def _hear(self, news: News) -> None:
        self.news.append(news)
        self.heard.set()

    async def look(self) -> list[tuple[str, str]]:
        """Look once; gives what was told of it, by account and kind."""
        with trio.fail_after(30):
            await self.credentials.look()
        told = [(one.account, one.kind) for one in self.news]
        self.news.clear()
        return told


def rename_over(path: Path, text: str) -> None:
    """Put a new file in a path's place, as careful programs do."""
    fresh = path.with_name("fresh")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.rename(path)


async def test_a_file_that_is_replaced_is_taken_up_without_being_asked_for(
    keep: Keep, nursery: trio.Nursery
) -> None:
    path = keep(SECRET)
    watched = Watched(f"file:{path}", {}, nursery)
    assert await watched.look() == []
    rename_over(path, OTHER)
    assert await watched.look() == [("alice", "replaced")]
    assert watched.credentials.secret("alice") == OTHER
    assert await watched.look() == []


async def test_a_link_that_is_swapped_is_a_replacement(keep: Keep, nursery: trio.Nursery) -> None:
    """systemd's credentials and Kubernetes' secrets are swapped so: nothing is written to the file itself."""
    root = keep(SECRET).parent
    for name, text in (("one", SECRET), ("two", OTHER)):
        (root / name).mkdir()
        keep(text, name=f"{name}/key")
    (root / "data").symlink_to("one")
    watched = Watched("credential:key", {"CREDENTIALS_DIRECTORY": str(root / "data")}, nursery)
    (root / "swap").symlink_to("two")
    (root / "swap").rename(root / "data")
    assert await watched.look() == [("alice", "replaced")]
    assert watched.credentials.secret("alice") == OTHER


async def test_one_that_cannot_be_read_leaves_the_old_in_force_and_is_told_once(
    keep: Keep, nursery: trio.Nursery
) -> None:
    path = keep(SECRET)
    watched = Watched(f"file:{path}", {}, nursery)
    path.chmod(0o644)
    assert await watched.look() == [("alice", "unreadable")]
    assert await watched.look() == []
    assert watched.credentials.secret("alice") == SECRET
    path.chmod(0o600)
    path.write_text(OTHER)
    assert await watched.look() == [("alice", "replaced")]
    path.unlink()  # a gap between two files is nothing to be told
    assert await watched.look() == []
    assert watched.credentials.secret("alice") == OTHER


async def test_a_file_touched_with_the_same_key_is_no_news(keep: Keep, nursery: trio.Nursery) -> None:
    path = keep(SECRET)
    watched = Watched(f"file:{path}", {}, nursery)
    rename_over(path, f"{SECRET}\n")
    assert await watched.look() == []


async def test_watching_goes_on_at_its_interval_and_not_where_there_is_no_file(
    keep: Keep, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peekd.upstream.credentials.LOOK_SECONDS", 0.01)
    path = keep(SECRET)
    watched = Watched(f"file:{path}", {}, nursery)
    nursery.start_soon(watched.credentials.watch)
    rename_over(path, OTHER)
    with trio.fail_after(30):
        await watched.heard.wait()
        assert watched.credentials.secret("alice") == OTHER
        await Credentials({"bob": "env:B"}, {"B": "b"}, nursery).watch()


async def test_a_google_credential_needs_a_way_to_a_token_endpoint(
    tmp_path: Path, nursery: trio.Nursery
) -> None:
    await trio.lowlevel.checkpoint()
    file = write_credential(tmp_path / "a.json", authorized_user())
    with pytest.raises(OperatorError, match="token endpoint"):
        Credentials({"alice": f"google:{file}"}, {}, nursery)
