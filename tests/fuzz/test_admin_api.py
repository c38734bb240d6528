"""The admin API asked anything: what it answers is JSON of a described status, and never a bug."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
import trio
import trio.testing
from front import answer_to, open_door, statuses
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi import describe, routes
from playhouse import Playhouse, open_playhouse

from peekd.records.entries import ERROR
from peekd.serving.routes import Route, plain_path

NAMES = st.one_of(
    st.sampled_from([
        "alice",
        "last",
        "last-failed",
        "req_1",
        "nobody",
        "a/b",
        "..",
        "%2e%2e",
        "\0",
        "é\u2028",
    ]),
    st.text(min_size=1, max_size=30),
)
QUERIES = st.lists(
    st.tuples(
        st.sampled_from(["limit", "failed", "key", "x", ""]), st.one_of(st.text(max_size=12), st.integers())
    ),
    max_size=3,
)
METHODS = st.one_of(
    st.just(""), st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
)
EXTRAS = st.sampled_from([
    b"",
    b"Accept: application/xml\r\n",
    b"Content-Type: multipart/form-data; boundary=x\r\n",
    b"Content-Type: application/json; charset=nonsense\r\n",
    b"Content-Encoding: br\r\n",
    b"Range: bytes=0-1\r\nIf-None-Match: *\r\n",
    b"Cookie: peekd=1; a\r\n",
    b"Authorization: Bearer \xff\r\n",
    b"X-HTTP-Method-Override: DELETE\r\n",
])
BODIES = st.one_of(st.just(b""), st.binary(max_size=40), st.sampled_from([b"{}", b"[" * 3000, b"null"]))
DESCRIBED = describe()["paths"]


@st.composite
def asked(draw: st.DrawFn) -> tuple[Route, str, bytes]:
    """A route, the method, and a request for it on raw bytes."""
    route = draw(st.sampled_from(routes()))
    method = draw(METHODS) or route.methods[0]
    path = plain_path(route).replace("{name}", quote(draw(NAMES), safe=draw(st.sampled_from(["", "/:"]))))
    query = "&".join(f"{name}={quote(str(value))}" for name, value in draw(QUERIES))
    body = draw(BODIES)
    first = f"{method} {path}{'?' if query else ''}{query} HTTP/1.1\r\nHost: localhost\r\n".encode()
    length = b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
    return route, method, first + draw(EXTRAS) + length + body


def check(route: Route, method: str, got: bytes) -> None:
    """What holds for every answer."""
    head, _, body = got.partition(b"\r\n\r\n")
    status = statuses(got)
    operations = DESCRIBED[plain_path(route)]
    described = operations.get(method.lower()) or (operations.get("get") if method == "HEAD" else None)
    assert status in (described["responses"] if described else {"403", "404", "405"}), got[:200]
    assert b"content-type: application/json" in head.lower()
    assert not body or msgspec.json.decode(body) is not None
    assert b"Traceback" not in got


async def ask_all(requests: list[tuple[Route, str, bytes]]) -> None:
    """Ask one house all of it."""
    async with (
        open_playhouse({"alice": ["answer text=Hello"]}) as house,
        open_door(house) as (server, connect),
    ):
        await house.ask()
        for route, method, raw in requests:
            check(route, method, await answer_to(connect, raw))
        assert server.open_connections == 0
        assert_unharmed(house)


def assert_unharmed(house: Playhouse) -> None:
    """No bug was met, and nothing is open."""
    assert [entry.message for entry in house.entries if entry.priority <= ERROR] == []
    house.assert_nothing_left()


@settings(deadline=None)
@given(st.lists(asked(), min_size=1, max_size=12))
def test_whatever_the_admin_api_is_asked_it_answers_as_described(requests: list[Any]) -> None:
    trio.run(ask_all, requests, clock=trio.testing.MockClock(autojump_threshold=0))


def test_the_description_has_every_route_that_answers_by_itself() -> None:
    assert {plain_path(route) for route in routes()} == set(DESCRIBED)
    assert {path for path in DESCRIBED if path.startswith("/api/")} >= {"/api/requests", "/api/policy"}
