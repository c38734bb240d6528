from __future__ import annotations

from datetime import UTC
from pathlib import Path

import msgspec
import pytest

from peekd.healing.policy import POLICY, Policy
from peekd.monitor.pages import Means, Pages, Wish
from peekd.records.entries import RequestRecord
from peekd.records.ledger import Ledger
from peekd.records.live import Live
from peekd.records.rows import attempt_row, request_row
from peekd.serving.settings import ServerSettings
from peekd.signatures.settings import SignatureSettings
from peekd.store.database import Database
from peekd.store.rows import BodyRow
from peekd.vocabulary.errors import ClientError

NOW = 1_800_000_600.0


class Town:
    """A house with one account and, where it is given a path, a ledger."""

    def __init__(self, path: Path | None = None) -> None:
        self.live = Live()
        self.ledger = Ledger(self.live, path)
        self.switched: list[tuple[str, str]] = []

    def describe_accounts(self) -> object:
        return {"accounts": [{"name": "bob", "upstream": "google", "state": "ready"}]}

    def describe_policy(self) -> dict[str, Policy]:
        return {"policy": POLICY}

    def switch(self, account: str, verb: str) -> None:
        self.switched.append((account, verb))


def pages_of(town: Town) -> Pages:
    return Pages(town, Means(ServerSettings, lambda: NOW, lambda _: (("x-one", "1"),), UTC))


@pytest.fixture
def written(tmp_path: Path, healed: RequestRecord) -> Path:
    """A ledger that holds a healed request with its words."""
    path = tmp_path / "peekd.db"
    healed.shown = 2
    database = Database(path, SignatureSettings())
    rows = [attempt_row(healed, attempt) for attempt in healed.attempts]
    database.apply([request_row(healed), *rows, BodyRow("0b2f", "request", "<i>words</i>")])
    database.close()
    return path


async def test_what_only_the_ledger_has_is_listed_shown_charted_and_taken_along(written: Path) -> None:
    pages = pages_of(Town(written))
    assert b'id="r-0b2f"' in (await pages.requests(Wish({}))).body
    shown = (await pages.request(Wish({}, "0b2f"))).body
    assert b"another account, after a pause of 0.5 s" in shown
    assert b"&lt;i&gt;words&lt;/i&gt;" in shown
    assert b"x-one" in shown
    assert b"1 healed" in (await pages.charts(Wish({"range": "1h"}))).body
    assert b"0b2f" in (await pages.export(Wish({}, "requests.csv"))).body


async def test_without_a_ledger_memory_is_charted_and_the_page_says_so(healed: RequestRecord) -> None:
    town = Town()
    town.live.open(healed)
    town.live.close(healed)
    page = (await pages_of(town).charts(Wish({}))).body
    assert b"Of the requests in memory" in page
    assert b"1 healed" in page


async def test_an_open_request_is_drawn_until_now_and_updated(failed_record: RequestRecord) -> None:
    town = Town()
    failed_record.state, failed_record.seconds = "open", None
    failed_record.attempts[0].outcome = ""
    town.live.open(failed_record)
    page = (await pages_of(town).request(Wish({}, "77aa"))).body
    assert b"sse-connect" in page
    assert b"over 9 min 0 s" in page
    part = (await pages_of(town).request(Wish({"part": "1"}, "77aa"))).body
    assert b"<html" not in part
    assert b'<rect class="phase sent"' in part


def test_a_switch_is_one_of_three() -> None:
    town = Town()
    pages_of(town).switch("bob", "reset")
    with pytest.raises(ClientError, match="expected enable, disable, reset"):
        pages_of(town).switch("bob", "delete")
    assert town.switched == [("bob", "reset")]


async def test_what_was_done_is_only_told_of_accounts_that_are_there() -> None:
    pages = pages_of(Town())
    assert b"bob is as if new." in (await pages.accounts(Wish({"did": "reset", "account": "bob"}))).body
    for args in ({"did": "reset", "account": "you won"}, {"did": "won", "account": "bob"}):
        assert b"won" not in (await pages.accounts(Wish(args))).body


async def test_files_are_attachments() -> None:
    shown = await pages_of(Town()).export(Wish({}, "requests.json"))
    headers = dict(shown.headers)
    assert headers["content-disposition"] == 'attachment; filename="peekd-requests.json"'
    assert headers["content-type"] == "application/json"
    assert msgspec.json.decode(shown.body) == {"requests": []}
