"""The page of metrics: each row of the table and no other, in both forms, and only known labels."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from playhouse import open_playhouse
from prometheus_client.openmetrics import parser as open_parser
from prometheus_client.parser import text_string_to_metric_families as read_plain
from trio.testing import MockClock as Clock

from peekd.accounts.states import AccountState
from peekd.records.live import Live
from peekd.records.tally import Tally
from peekd.serving.exposition import METRICS, MOST_ACCOUNTS, Exposition, House

read_open: Any = vars(open_parser)["text_string_to_metric_families"]  # it has no types
OPEN = "application/openmetrics-text; version=1.0.0"


def house_of(**changes: Any) -> House:
    given: dict[str, Any] = {
        "tally": Tally(),
        "live": Live(),
        "ready": lambda: True,
        "account_states": tuple[AccountState, ...],
        "signatures": lambda: (3, 999),
    }
    return cast("House", SimpleNamespace(**given | changes))


def families(exposition: Exposition) -> dict[str, Any]:
    return {family.name: family for family in read_plain(exposition.page("").body.decode())}


def base(name: str) -> str:
    return name.removesuffix("_total")


def test_every_row_is_on_the_page_and_nothing_else_is() -> None:
    page = families(Exposition(house_of(), "1.2"))
    assert page.keys() == {base(row.name) for row in METRICS}
    for row in METRICS:
        assert (page[base(row.name)].type, page[base(row.name)].documentation) == (row.kind, row.what)


def test_names_are_ours_and_counters_end_as_counters_do() -> None:
    assert all(row.name.startswith("peekd_") for row in METRICS)
    assert all(row.name.endswith("_total") == (row.kind == "counter") for row in METRICS)
    assert len({row.name for row in METRICS}) == len(METRICS)


def test_open_metrics_come_to_who_asks_for_them() -> None:
    exposition = Exposition(house_of(), "1.2")
    plain, opened = exposition.page("*/*"), exposition.page(OPEN)
    assert dict(plain.headers)["content-type"].startswith("text/plain")
    assert dict(opened.headers)["content-type"].startswith("application/openmetrics-text")
    assert {family.name for family in read_open(opened.body.decode())} == families(exposition).keys()


async def test_what_was_done_for_requests_stands_there(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["429"], "bob": ["answer text=Hi"]}) as house:
        await house.ask()
        house.house.tally.lost["app.log"] = lambda: 4
        house.house.tally.happened("reloaded")
        house.house.tally.lag.note(0.002)
        page = families(Exposition(house.house, "1.2"))
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in page.values()
        for sample in family.samples
    }
    assert samples["peekd_requests_total", "anthropic", "completed"] == 1
    assert samples["peekd_attempts_total", "rate_limited", "up"] == 1
    assert samples["peekd_decisions_total", "rate_limited", "rotate"] == 1
    assert samples["peekd_first_meaning_seconds_count", "anthropic"] == 1
    assert samples["peekd_accounts", "resting", "up"] == 1
    assert samples["peekd_account_state", "alice", "resting"] == 1
    assert samples["peekd_account_state", "alice", "ready"] == 0
    assert samples["peekd_tokens_total", "claude-opus-5-5", "output", "up"] > 0
    assert samples["peekd_lost_total", "app.log"] == 4
    assert samples["peekd_events_total", "reloaded"] == 1
    assert samples["peekd_loop_lag_seconds_count",] == 1
    assert samples["peekd_build_info", "1.2"] == 1
    assert samples["peekd_requests_open",] == 0
    for row in METRICS:
        for sample in page[base(row.name)].samples:
            assert sample.labels.keys() - {"le"} == set(row.labels)


@pytest.mark.parametrize("count", [MOST_ACCOUNTS, MOST_ACCOUNTS + 50])
def test_of_very_many_accounts_only_the_first_are_told_one_by_one(count: int) -> None:
    states = tuple(AccountState(f"a{one}", "up", "ready", usable=True, in_flight=0) for one in range(count))
    page = families(Exposition(house_of(account_states=lambda: states), "1"))
    told = {sample.labels["account"] for sample in page["peekd_account_state"].samples}
    assert len(told) == MOST_ACCOUNTS
    assert sum(sample.value for sample in page["peekd_accounts"].samples) == count
