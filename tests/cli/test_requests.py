import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC

import pytest

from peekd.cli import requests
from peekd.cli.asking import RefusedError
from peekd.cli.paint import Paint
from peekd.cli.requests import listed
from peekd.records.entries import RequestRecord

Seen = list[tuple[str, dict[str, str]]]
Answers = dict[str, tuple[int, bytes]]
Serve = Callable[..., AbstractContextManager[tuple[str, Seen]]]

TABLE = """\
came                 id    model              account  attempts  seconds  got
2027-01-15 08:01:00  77aa  claude-sonnet-4-5  -        1         0.20     503 unauthorized
2027-01-15 08:00:00  0b2f  claude-sonnet-4-5  bob      2         3.42     200 completed
"""


def parsed(*argv: str) -> Namespace:
    parser = ArgumentParser()
    requests.add_options(parser)
    return parser.parse_args(argv)


def test_requests_are_listed_in_columns(healed: RequestRecord, failed_record: RequestRecord) -> None:
    assert listed([failed_record, healed], UTC, Paint()) == TABLE


def test_where_there_is_none_that_is_said() -> None:
    assert listed([], UTC, Paint()) == "no request\n"


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
