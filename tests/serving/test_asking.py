from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from peekd.serving.asking import Asking, Scope
from peekd.serving.ingress import compile_access
from peekd.serving.settings import ServerSettings


def asking(**said: Any) -> Asking:
    scope: Scope = {
        "method": "GET",
        "scheme": "http",
        "path": "/monitor",
        "raw_path": b"/monitor",
        "query_string": b"",
        "headers": [],
        "client": ("192.0.2.1", 4000),
        "server": ("127.0.0.1", 8045),
    }
    told = cast("Scope", {**scope, **said})
    return Asking(told, "req_1", compile_access(ServerSettings(), bound=[]), ServerSettings())


async def test_what_is_passed_on_is_the_request_without_its_keys(bench: Callable[..., Any]) -> None:
    toy = bench(auth="off")
    headers = {
        "X-Api-Key": "secret",
        "X-Goog-Api-Key": "secret",
        "Authorization": "Bearer secret",
        "Anthropic-Beta": "a,b",
        "User-Agent": "agent/1",
    }
    await toy.ask("POST", "/v1/messages?key=secret&beta=true", json={"model": "m"}, headers=headers)
    (asked,) = toy.asked
    assert asked.path == "/v1/messages?beta=true"
    assert (asked.method, asked.client, asked.came) == ("POST", "agent/1", 1000.0)
    assert asked.header("anthropic-beta") == "a,b"
    assert "secret" not in repr((asked.path, asked.headers))
    assert asked.body == b'{"model": "m"}'


def test_headers_are_as_they_came_and_by_their_names_the_last() -> None:
    one = asking(headers=[(b"X-Two", b"1"), (b"x-two", b"2"), (b"X-L", b"\xe4")])
    assert one.said == (("x-two", "1"), ("x-two", "2"), ("x-l", "\xe4"))
    assert one.named == {"x-two": "2", "x-l": "\xe4"}


def test_a_path_of_two_slashes_shows_in_the_target_alone() -> None:
    one = asking(path="//v1/a b", raw_path=b"//v1/a%20b", query_string=b"x=1&key=k&y=%20")
    assert (one.path, one.target, one.query_keys) == ("/v1/a b", "//v1/a%20b?x=1&y=%20", ("k",))


def test_the_querys_parameters_are_read_as_forms_are_the_first_of_a_name() -> None:
    one = asking(query_string=b"text=a+b%26c&text=2&empty=&key=k&odd=%ff")
    assert one.arguments == {"text": "a b&c", "empty": "", "odd": "%FF"}


def test_cookies_are_read_from_all_headers_of_that_name() -> None:
    one = asking(headers=[(b"cookie", b"a=1; b=2"), (b"Cookie", b"c=3")])
    assert {**one.cookies} == {"a": "1", "b": "2", "c": "3"}


def test_both_ends_of_the_connection_are_known_where_they_have_addresses() -> None:
    assert (asking().peer, asking().local) == ("192.0.2.1", "127.0.0.1")
    bare = asking(client=None, server=None)
    assert (bare.peer, bare.local, bare.lane) == (None, None, None)
