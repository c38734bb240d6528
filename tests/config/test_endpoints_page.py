"""The page of endpoints tells every route, and shows what each protocol writes."""

from __future__ import annotations

from typing import get_args

import pytest

from peekd.config.endpoints_page import encode_endpoints_page
from peekd.protocols.registry import CLIENTS
from peekd.serving.routes import ROUTES, plain_path
from peekd.vocabulary.errors import ErrorKind

PAGE = encode_endpoints_page()
ROWS = {
    line.split("`")[1]: line for line in PAGE.splitlines() if line.startswith(("| POST |", "| GET", "| HEAD"))
}


def section(name: str) -> str:
    return PAGE.partition(f"\n### {name}\n")[2].partition("\n#")[0]


def test_every_route_has_its_row_with_methods_protocol_and_purpose() -> None:
    assert list(ROWS) == [plain_path(route) for route in ROUTES]
    for route in ROUTES:
        row = ROWS[plain_path(route)]
        assert row.startswith(f"| {', '.join(route.methods)} | ")
        assert row.endswith(f"| {route.what} |")
        assert not route.protocol or f"| {route.protocol} |" in row


def test_only_what_converses_or_tells_of_changes_streams_and_gemini_in_two_forms() -> None:
    for route in ROUTES:
        row = ROWS[plain_path(route)]
        if route.action not in {"converse", "watch"} or row.endswith("in one piece |"):
            assert "`text/event-stream`" not in row
        else:
            assert "`text/event-stream`" in row
    both = ROWS["/v1beta/models/{name}:streamGenerateContent"]
    assert "`text/event-stream` or `application/json`" in both


@pytest.mark.parametrize("name", CLIENTS)
def test_each_protocol_shows_its_own_frames(name: str) -> None:
    told, protocol = section(name), CLIENTS[name]
    assert "| keep-alive | `" in told
    assert ("| last frame | none |" in told) is not bool(protocol.encode_last_frame())
    assert "| error before the start | 503, " in told
    assert "`retry-after: 7`" in told
    assert told.count("no answer after 3 attempts") == 2


def test_every_kind_of_error_has_a_status_and_a_word_in_each_protocol() -> None:
    rows = PAGE.partition("## Errors by kind")[2].partition("## ")[0].splitlines()
    for kind in get_args(ErrorKind):
        (row,) = (row for row in rows if row.startswith(f"| {kind} |"))
        assert row.count("`") == 2 * len(CLIENTS)
        assert "``" not in row


def test_the_headers_of_a_proxied_answer_are_named() -> None:
    assert "`x-account-email`, `x-mapped-model`" in PAGE
