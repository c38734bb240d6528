from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.records.entries import RequestRecord
from peekd.records.ledger import Ledger
from peekd.records.live import KEPT, Live
from peekd.serving.admin import DEFAULT_LIMIT, decode_query, list_requests, show_bodies, show_request
from peekd.serving.routes import SWITCHES
from peekd.store.queries import Query
from peekd.vocabulary.errors import ClientError


@pytest.fixture
def live() -> Live:
    """Sixty requests, every third one failed, and one still open."""
    kept = Live()
    for number in range(60):
        outcome = "broken" if number % 3 == 0 else "completed"
        record = RequestRecord(f"req_{number}", 1.0, "POST", "/", "anthropic", outcome=outcome)
        kept.open(record)
        kept.close(record)
    kept.open(RequestRecord("req_open", 1.0, "POST", "/", "anthropic"))
    return kept


async def ids(live: Live, query: dict[str, str]) -> list[str]:
    told = msgspec.json.decode((await list_requests(Ledger(live), query, 3)).body, type=dict[str, Any])
    assert told["lost"] == 3
    return [record["id"] for record in told["requests"]]


async def test_the_open_ones_come_first_then_the_newest(live: Live) -> None:
    assert (await ids(live, {}))[:3] == ["req_open", "req_59", "req_58"]
    assert len(await ids(live, {})) == DEFAULT_LIMIT
    assert len(await ids(live, {"limit": str(KEPT)})) == 61


async def test_only_those_without_a_whole_answer(live: Live) -> None:
    assert await ids(live, {"failed": "1", "limit": "2"}) == ["req_57", "req_54"]
    assert await ids(live, {"failed": "0", "limit": "1"}) == ["req_open"]


@pytest.mark.parametrize("limit", ["0", "-1", "x", "", "1001", "²"])
async def test_a_limit_that_is_none_is_told(live: Live, limit: str) -> None:
    with pytest.raises(ClientError, match="limit: expected a number from 1 to 1000"):
        await list_requests(Ledger(live), {"limit": limit})


async def test_one_request_is_found_by_id_or_by_its_place(live: Live) -> None:
    found = {
        name: msgspec.json.decode((await show_request(Ledger(live), name)).body)["id"]
        for name in ("req_7", "last", "last-failed")
    }
    assert found == {"req_7": "req_7", "last": "req_59", "last-failed": "req_57"}
    with pytest.raises(ClientError, match="the last 1000 in memory"):
        await show_request(Ledger(live), "req_unheard")


async def test_filters_are_read_off_the_query(live: Live) -> None:
    assert decode_query({"since": "5", "before": "9.5", "model": "m", "text": "Cut", "open": "yes"}) == Query(
        since=5.0, before=9.5, model="m", text="Cut", open=True
    )
    assert await ids(live, {"open": "1"}) == ["req_open"]
    assert await ids(live, {"since": "2"}) == []


@pytest.mark.parametrize("time", ["x", "nan", "inf", "2h"])
def test_a_time_that_is_none_is_told(time: str) -> None:
    with pytest.raises(ClientError, match="since: expected seconds since 1970"):
        decode_query({"since": time})


async def test_words_are_given_where_they_are_kept(live: Live) -> None:
    assert (await show_bodies(Ledger(live), "req_7")).body == b"{}"
    with pytest.raises(ClientError, match="is kept"):
        await show_bodies(Ledger(live), "req_unheard")


# ---- switches ----------------------------------------------------------------------------------------

NAMES = {
    "alice": "alice",
    "alice@example.com": "alice@example.com",
    "team%2Falice": "team/alice",
    "team/alice": "team/alice",
    "a%20b%3Fc": "a b?c",
    "%C3%A4nne": "änne",
}


@pytest.mark.parametrize("written", NAMES)
@pytest.mark.parametrize("verb", SWITCHES)
async def test_an_account_is_switched_whatever_its_name(bench: Any, written: str, verb: str) -> None:
    toy = bench()
    told = await toy.ask("POST", f"/api/accounts/{written}/{verb}")
    assert (told.status, msgspec.json.decode(told.body)) == (200, {"account": {"name": NAMES[written]}})
    assert toy.house.switched == [(NAMES[written], verb)]
    (entry,) = toy.entries
    assert entry.message == f"account {NAMES[written]}: {verb} by hand, by 127.0.0.1"
    assert entry.account == NAMES[written]


async def test_who_switched_it_is_told_by_the_name_of_the_key(bench: Any) -> None:
    toy = bench(admin_keys={"ops": "admin-secret"})
    refused = await toy.ask("POST", "/api/accounts/alice/disable")
    assert (refused.status, toy.house.switched) == (401, [])
    await toy.ask("POST", "/api/accounts/alice/disable", headers={"x-api-key": "admin-secret"})
    assert toy.entries[-1].message == "account alice: disable by hand, by admin key ops from 127.0.0.1"
    assert not any("admin-secret" in entry.message for entry in toy.entries)


async def test_an_unknown_account_is_told_with_near_names_and_no_line_says_it_was_done(bench: Any) -> None:
    toy = bench()
    told = await toy.ask("POST", "/api/accounts/nobody/reset")
    assert told.status == 404
    assert "near names: norbert" in msgspec.json.decode(told.body)["error"]["message"]
    assert not any("by hand" in entry.message for entry in toy.entries)


@pytest.mark.parametrize(
    ("method", "path", "headers", "peer", "status"),
    [
        ("GET", "/api/accounts/alice/disable", {}, "127.0.0.1", 405),
        ("POST", "/api/accounts/alice/remove", {}, "127.0.0.1", 404),
        ("POST", "/api/accounts/alice/disable", {}, "192.0.2.7", 403),
        ("POST", "/api/accounts/alice/disable", {"Origin": "https://evil.example"}, "127.0.0.1", 403),
        ("POST", "/api/accounts/alice/disable", {"Sec-Fetch-Site": "cross-site"}, "127.0.0.1", 403),
    ],
)
async def test_nobody_else_switches_anything(
    bench: Any, method: str, path: str, headers: dict[str, str], peer: str, status: int
) -> None:
    toy = bench()
    told = await toy.ask(method, path, headers=headers, peer=peer)
    assert (told.status, toy.house.switched) == (status, [])
