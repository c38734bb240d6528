import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from peekd.cli import explain
from peekd.cli.unanswered import RefusedError
from peekd.signatures.settings import SignatureSettings
from peekd.store.database import Database
from peekd.store.rows import BodyRow

Seen = list[tuple[str, dict[str, str]]]
Answers = dict[str, tuple[int, bytes]]
Serve = Callable[..., AbstractContextManager[tuple[str, Seen]]]


def parsed(*argv: str) -> Namespace:
    parser = ArgumentParser()
    explain.add_options(parser)
    return parser.parse_args(argv)


def test_the_last_request_is_told(served: Serve, pages: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    with served(pages) as (url, _):
        assert explain.run(parsed("--url", url), {}) == 0
    assert capsys.readouterr().out.startswith("0b2f  POST /v1/messages?beta=true\n")


def test_json_is_the_record_as_the_daemon_keeps_it(
    served: Serve, pages: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(pages) as (url, _):
        explain.run(parsed("77aa", "--json", "--url", url), {})
    assert json.loads(capsys.readouterr().out) == json.loads(pages["/api/requests/77aa"][1])


def test_an_id_is_one_part_of_the_path(served: Serve, pages: Answers) -> None:
    with served(pages) as (url, seen), pytest.raises(RefusedError):
        explain.run(parsed("a/../b?c", "--url", url), {})
    assert seen[0][0] == "/api/requests/a%2F..%2Fb%3Fc"


def test_what_is_no_record_is_refused(served: Serve, pages: Answers) -> None:
    with served(pages) as (url, _), pytest.raises(RefusedError, match="not this version of peekd"):
        explain.run(parsed("odd", "--url", url), {})


def test_words_are_told_where_they_are_kept(
    served: Serve, pages: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    pages["/api/requests/0b2f/bodies"] = (200, b'{"request":"{}","answer":"[text]\\nHi\\u001b[2J"}')
    pages["/api/requests/77aa/bodies"] = (200, b"{}")
    with served(pages) as (url, _):
        explain.run(parsed("--bodies", "--url", url), {})
        assert capsys.readouterr().out.endswith("\nThe request\n{}\n\nThe answer\n[text]\nHi\\x1b[2J\n")
        explain.run(parsed("77aa", "--bodies", "--url", url), {})
        assert "nothing of its words is kept" in capsys.readouterr().out


def test_words_are_read_from_the_ledger_too(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(Database(ledger, SignatureSettings())) as database:
        database.apply([BodyRow("0b2f", "answer", "Hello")])
    explain.run(parsed("0b2f", "--bodies", "--ledger", str(ledger)), {})
    assert capsys.readouterr().out.endswith("\nThe answer\nHello\n")
