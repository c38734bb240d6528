"""Where commands read: the daemon, or the ledger it left behind."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from peekd.cli.sources import FromLedger, Source, add_source_options, find_source
from peekd.cli.unanswered import RefusedError, UnreachableError
from peekd.store.queries import Query
from peekd.vocabulary.errors import OperatorError

Seen = list[tuple[str, dict[str, str]]]
Answers = dict[str, tuple[int, bytes]]
Serve = Callable[..., AbstractContextManager[tuple[str, Seen]]]

NOBODY = {"PEEKD_SERVER__BIND": '["127.0.0.1:1"]'}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


def source(environ: Mapping[str, str], *argv: str) -> Source:
    parser = ArgumentParser()
    add_source_options(parser)
    arguments: Namespace = parser.parse_args(argv)
    return find_source(arguments, environ)


def ids(found: Source, query: Query | None = None) -> list[str]:
    return [record.id for record in found.requests(query or Query()).requests]


def test_a_query_goes_to_the_daemon_as_words(served: Serve, pages: Answers) -> None:
    with served(pages) as (url, seen):
        found = source({}, "--url", url)
        assert ids(found) == ["77aa", "0b2f"]
        with pytest.raises(RefusedError):
            found.requests(Query(failed=True, since=12.5, model="a b&c", limit=3))
        assert found.find("last").id == "0b2f"
    assert seen[1][0] == "/api/requests?failed=1&since=12.5&model=a+b%26c&limit=3"


def test_where_no_daemon_answers_the_ledger_does(
    ledger: Path, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = source({**environ, **NOBODY})
    assert ids(found) == ["77aa", "0b2f"]
    assert found.find("last-failed").id == "77aa"
    told = capsys.readouterr().err
    assert told.count(f"this is from the ledger, {ledger}") == 1
    assert "no answer from http://127.0.0.1:1" in told


def test_a_daemon_that_wants_a_key_is_read_around(
    served: Serve, ledger: Path, environ: dict[str, str]
) -> None:
    refusing = {"/api/requests?limit=1": (401, b'{"error": {"message": "a key"}}')}
    with served(refusing) as (url, _):
        bind = f'["{url.removeprefix("http://")}"]'
        assert ids(source({**environ, "PEEKD_SERVER__BIND": bind})) == ["77aa", "0b2f"]


def test_a_daemon_that_is_named_is_the_only_one_asked(ledger: Path, environ: dict[str, str]) -> None:
    assert ledger.exists()
    with pytest.raises(UnreachableError):
        source(environ, "--url", "unix:/nowhere/peekd.sock").requests(Query())


def test_without_either_the_daemon_is_what_is_missing(environ: dict[str, str]) -> None:
    with pytest.raises(UnreachableError):
        source({**environ, **NOBODY}).requests(Query())


def test_faulty_settings_do_not_hide_the_ledger(
    ledger: Path, environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "none.toml")
    assert ids(source(environ, "--config", missing)) == ["77aa", "0b2f"]
    assert f"{missing}: no such file" in capsys.readouterr().err
    ledger.unlink()
    with pytest.raises(OperatorError):
        source(environ, "--config", missing)


def test_a_ledger_that_is_named_is_read(ledger: Path) -> None:
    found = source({}, "--ledger", str(ledger))
    assert ids(found, Query(outcome="rate_limited")) == ["0b2f"]
    with pytest.raises(RefusedError, match="no request 'req_none' is in"):
        found.find("req_none")


def test_what_is_no_ledger_is_told(tmp_path: Path) -> None:
    path = tmp_path / "odd.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(RefusedError, match="not a database"):
        FromLedger(path).requests(Query())
    with pytest.raises(RefusedError, match="there is no ledger"):
        FromLedger(tmp_path / "none.db").find("last")
