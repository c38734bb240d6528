from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
from credential_files import Keep

from peekd.upstream.credentials import Credentials
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
