from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from peekd.upstream.credentials import MAX_BYTES, Credentials, load_secret
from peekd.vocabulary.errors import OperatorError

SECRET = "sk-very-secret-1"
OTHER = "sk-very-secret-2"
Keep = Callable[..., Path]


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Write a file of the given mode."""

    def write(text: str, mode: int = 0o600, name: str = "key") -> Path:
        path = tmp_path / name
        path.touch(mode=0o600)
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


# ---- references --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [SECRET, f"{SECRET}\n", f"{SECRET}\r\n"])
def test_each_way_gives_the_secret_without_its_line_end(keep: Keep, text: str) -> None:
    path = keep(text)
    assert load_secret("env:KEY", {"KEY": text}) == SECRET
    assert load_secret(f"file:{path}", {}) == SECRET
    assert load_secret("credential:key", {"CREDENTIALS_DIRECTORY": str(path.parent)}) == SECRET


@pytest.mark.parametrize(
    "literal", [SECRET, f"sk:{SECRET}", f"google:{SECRET}", "", "env:", "file:", ":x", f"ENV:{SECRET}"]
)
def test_what_is_no_reference_is_refused_with_the_ways_and_not_repeated(literal: str) -> None:
    with pytest.raises(OperatorError, match="env:NAME, file:PATH or credential:NAME") as caught:
        load_secret(literal, {})
    assert SECRET not in str(caught.value)
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o601, 0o660])
def test_a_file_others_can_reach_is_refused(keep: Keep, mode: int) -> None:
    with pytest.raises(OperatorError, match="chmod 600"):
        load_secret(f"file:{keep(SECRET, mode)}", {})


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_ones_own_is_read(keep: Keep, mode: int) -> None:
    assert load_secret(f"file:{keep(SECRET, mode)}", {}) == SECRET


@pytest.mark.parametrize(("mode", "read"), [(0o440, True), (0o400, True), (0o444, False)])
def test_systemds_own_modes_are_taken_for_a_credential(keep: Keep, mode: int, *, read: bool) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(keep(SECRET, mode).parent)}
    if read:
        assert load_secret("credential:key", environ) == SECRET
    else:
        with pytest.raises(OperatorError, match="chmod 600"):
            load_secret("credential:key", environ)


def test_a_file_of_another_user_is_refused(keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    path = keep(SECRET)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    if path.stat().st_uid == 0:
        assert load_secret(f"file:{path}", {}) == SECRET  # root's files serve everyone
        os.chown(path, 4242, -1)
    with pytest.raises(OperatorError, match="another user"):
        load_secret(f"file:{path}", {})


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(OperatorError, match=r"not a regular file|directory"):
            load_secret(f"file:{path}", {})


def test_a_link_is_judged_by_what_it_leads_to(keep: Keep, tmp_path: Path) -> None:
    (tmp_path / "good").symlink_to(keep(SECRET))
    (tmp_path / "bad").symlink_to(keep(SECRET, 0o644, "open"))
    assert load_secret(f"file:{tmp_path / 'good'}", {}) == SECRET
    with pytest.raises(OperatorError, match="chmod 600"):
        load_secret(f"file:{tmp_path / 'bad'}", {})


@pytest.mark.parametrize(
    "text", ["", "\n", f"{SECRET}\nsecond", f"{SECRET}\x00", f"{SECRET}é", "x" * (MAX_BYTES + 1)]
)
def test_what_can_be_no_key_is_refused_and_not_repeated(keep: Keep, text: str) -> None:
    for reference, environ in ((f"file:{keep(text)}", {}), ("env:KEY", {"KEY": text})):
        if len(text) > MAX_BYTES and environ:
            continue
        with pytest.raises(OperatorError) as caught:
            load_secret(reference, environ)
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "environ", "why"),
    [
        ("env:NO_SUCH", {}, "no NO_SUCH"),
        ("file:/no/such/file", {}, "No such file"),
        ("credential:key", {}, "CREDENTIALS_DIRECTORY"),
        ("credential:../key", {"CREDENTIALS_DIRECTORY": "/tmp"}, "not a credential's name"),  # noqa: S108
        ("credential:..", {"CREDENTIALS_DIRECTORY": "/tmp"}, "not a credential's name"),  # noqa: S108
        ("credential:none", {"CREDENTIALS_DIRECTORY": "/no/such"}, "No such file"),
    ],
)
def test_what_is_not_there_is_named(reference: str, environ: dict[str, str], why: str) -> None:
    with pytest.raises(OperatorError, match=why):
        load_secret(reference, environ)


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
