"""The list of requests, from a daemon or its ledger, in pages, followed or not."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import pytest

from peekd.cli import requests
from peekd.cli.requests import followed, gathered
from peekd.cli.sources import Listing
from peekd.cli.unanswered import RefusedError
from peekd.records.entries import RequestRecord
from peekd.store.queries import Query

Seen = list[tuple[str, dict[str, str]]]
Answers = dict[str, tuple[int, bytes]]
Serve = Callable[..., AbstractContextManager[tuple[str, Seen]]]


def parsed(*argv: str) -> Namespace:
    parser = ArgumentParser()
    requests.add_options(parser)
    return parser.parse_args(argv)


def test_the_list_or_its_failed_part_is_asked_for(
    served: Serve, pages: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(pages) as (url, _):
        assert requests.run(parsed("--url", url), {}) == 0
        assert len(capsys.readouterr().out.splitlines()) == 3
        requests.run(parsed("--failed", "--url", url), {})
        assert len(capsys.readouterr().out.splitlines()) == 2


def test_json_is_what_the_daemon_gives(
    served: Serve, pages: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(pages) as (url, _):
        requests.run(parsed("--json", "--url", url), {})
    assert json.loads(capsys.readouterr().out) == json.loads(pages["/api/requests"][1])


@pytest.mark.parametrize("body", [b"[]", b'{"requests":[{"id":"\xff"}]}'])
def test_what_is_no_list_is_refused(served: Serve, body: bytes) -> None:
    with served({"/api/requests": (200, body)}) as (url, _), pytest.raises(RefusedError):
        requests.run(parsed("--url", url), {})


class Past:
    """A source of requests that are numbered by when they came; what `grows` gives comes with each look."""

    def __init__(self, *records: RequestRecord) -> None:
        self.records = list(records)
        self.asked: list[Query] = []

    def requests(self, query: Query) -> Listing:
        self.asked.append(query)
        fitting = [
            one
            for one in sorted(self.records, key=lambda one: one.came, reverse=True)
            if (query.since is None or one.came >= query.since)
            and (query.before is None or one.came < query.before)
            and (not query.open or one.state == "open")
        ]
        return Listing(tuple(fitting[: query.limit]), lost=2)

    def find(self, name: str) -> RequestRecord:
        raise NotImplementedError(name)

    def bodies(self, record: RequestRecord) -> dict[str, str]:
        raise NotImplementedError(record.id)


def numbered(number: int, *, done: bool = True) -> RequestRecord:
    return RequestRecord(
        f"req_{number}", float(number), "POST", "/", "anthropic", state="done" if done else "open"
    )


def test_more_than_one_page_is_gathered() -> None:
    past = Past(*(numbered(number) for number in range(2500)))
    records, lost = gathered(past, Query(limit=2200))
    assert [record.came for record in records] == [float(number) for number in range(2499, 299, -1)]
    assert (lost, [query.limit for query in past.asked]) == (2, [1000, 1000, 200])
    assert len(gathered(past, Query(limit=9999))[0]) == 2500


def test_what_is_followed_is_told_once_it_ends_and_only_once() -> None:
    past = Past(numbered(1), numbered(2, done=False), numbered(3))

    def sleep(_seconds: float) -> None:
        past.records[1].state = "done"
        if len(past.records) == 3:
            past.records.append(numbered(4))

    told = followed(past, Query(limit=10), sleep)
    assert [next(told).id for _ in range(4)] == ["req_1", "req_3", "req_2", "req_4"]


def test_without_a_daemon_the_ledger_is_listed(
    ledger: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEEKD_SERVER__BIND", '["127.0.0.1:1"]')
    assert requests.run(parsed("--failed"), os.environ) == 0
    told = capsys.readouterr()
    assert "77aa" in told.out
    assert "0b2f" not in told.out
    assert told.err.endswith(f"peekd: this is from the ledger, {ledger}\n")
    requests.run(parsed("--account", "bob", "--ledger", str(ledger), "--json"), {})
    assert [one["id"] for one in json.loads(capsys.readouterr().out)["requests"]] == ["0b2f"]


@pytest.mark.parametrize("limit", ["0", "-3", "many"])
def test_a_limit_is_a_number(limit: str) -> None:
    with pytest.raises((SystemExit, ArgumentTypeError)):
        parsed("--limit", limit)


def test_lost_rows_are_told(served: Serve, healed: RequestRecord, capsys: pytest.CaptureFixture[str]) -> None:
    body = msgspec.json.encode({"requests": [healed], "lost": 3})
    with served({"/api/requests": (200, body)}) as (url, _):
        requests.run(parsed("--url", url), {})
    assert capsys.readouterr().err == "peekd: 3 rows could not be written; the journal says why\n"
