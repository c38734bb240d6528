from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.serving.callers import Caller, read_address
from peekd.serving.ingress import (
    Access,
    compile_access,
    judge_address,
    judge_admin,
    judge_client,
    judge_page,
    match_key,
    offered_keys,
    refuse_encoded,
    take_keys,
)
from peekd.serving.settings import ServerSettings
from peekd.vocabulary.errors import Fault, OperatorError

HERE = Caller(read_address("127.0.0.1"), loopback=True)
THERE = Caller(read_address("192.0.2.7"), loopback=False)


def rules(
    bound: tuple[str, ...] = ("127.0.0.1",), keys: dict[str, str] | None = None, **options: object
) -> Access:
    return compile_access(
        msgspec.convert(options, ServerSettings), bound=bound, client_keys=keys, admin_keys=None
    )


# ---- keys --------------------------------------------------------------------------------------------


def test_keys_come_from_three_headers_and_the_query() -> None:
    headers = [("authorization", "bearer a"), ("x-api-key", "b"), ("x-goog-api-key", "c"), ("x-other", "d")]
    assert offered_keys(headers, ["e"]) == ("a", "b", "c", "e")


def test_basic_authorization_and_empty_values_are_no_keys() -> None:
    assert (
        offered_keys([("authorization", "Basic abc"), ("x-api-key", ""), ("authorization", "Bearer ")]) == ()
    )


@pytest.mark.parametrize(
    ("query", "keys", "rest"),
    [
        (b"", (), b""),
        (b"key=a", ("a",), b""),
        (b"alt=sse&key=a%2Bb&beta=true", ("a+b",), b"alt=sse&beta=true"),
        (b"%6bey=hidden&x=1", ("hidden",), b"x=1"),
        (b"key=a&key=b", ("a", "b"), b""),
        (b"keys=a&monkey=b", (), b"keys=a&monkey=b"),
    ],
)
def test_keys_leave_the_query_however_they_are_written(
    query: bytes, keys: tuple[str, ...], rest: bytes
) -> None:
    assert take_keys(query) == (keys, rest)


@given(st.lists(st.tuples(st.text("abkey%+ ", min_size=1), st.text("xyz%&= ")), max_size=6))
def test_what_is_left_of_a_query_holds_no_key_and_loses_nothing_else(pairs: list[tuple[str, str]]) -> None:
    query = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs).encode()
    keys, rest = take_keys(query)
    assert list(keys) == [value for name, value in pairs if name == "key"]
    assert rest.decode() == "&".join(
        f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs if name != "key"
    )


def test_one_fitting_key_among_several_is_enough() -> None:
    assert match_key(["wrong", "k2"], {"alice": "k1", "bob": "k2"}) == "bob"
    assert match_key(["wrong", "k2 "], {"alice": "k1", "bob": "k2"}) is None
    assert match_key(["schlüssel"], {"alice": "k1"}) is None


@pytest.mark.parametrize(
    ("auth", "bound", "caller", "needed"),
    [
        ("off", ("192.0.2.1",), THERE, False),
        ("auto", ("127.0.0.1", "::1"), HERE, False),
        ("auto", ("",), Caller(None, loopback=True), False),
        ("auto", ("192.0.2.1",), HERE, True),
        ("auto", ("127.0.0.1",), THERE, True),
        ("strict", ("127.0.0.1",), HERE, True),
        ("all-except-health", ("127.0.0.1",), HERE, True),
    ],
)
def test_the_auth_modes(auth: str, bound: tuple[str, ...], caller: Caller, *, needed: bool) -> None:
    judged = judge_client(rules(bound, {"alice": "k1"}, auth=auth), caller, [])
    assert isinstance(judged, Fault) == needed
    assert judge_client(rules(bound, {"alice": "k1"}, auth=auth), caller, ["k1"]) == "alice"


def test_a_refused_key_is_not_to_be_tried_again() -> None:
    judged = judge_client(rules(auth="strict"), HERE, ["nope"])
    assert isinstance(judged, Fault)
    assert (judged.kind, judged.should_retry) == ("authentication", False)


def test_admin_rule() -> None:
    keyed = compile_access(
        ServerSettings(), bound=["127.0.0.1"], client_keys={"c": "c1"}, admin_keys={"root": "a1"}
    )
    assert judge_admin(rules(), HERE, []) is None
    assert judge_admin(rules(), THERE, []) is not None
    assert judge_admin(keyed, HERE, ["c1"]) is not None
    assert judge_admin(keyed, THERE, ["a1"]) is None


# ---- addresses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ({}, False),
        ({"allow": ("192.0.2.0/24",)}, False),
        ({"allow": ("198.51.100.0/24",)}, True),
        ({"deny": ("192.0.2.7",)}, True),
        ({"allow": ("192.0.2.0/24",), "deny": ("192.0.2.0/28",)}, True),
        ({"allow": ("2001:db8::/32",)}, True),
    ],
)
def test_deny_goes_before_allow_and_no_allow_means_everyone(
    options: dict[str, Any], *, refused: bool
) -> None:
    assert (judge_address(rules(**options), THERE) is not None) == refused


def test_a_local_socket_has_no_address_to_refuse() -> None:
    assert judge_address(rules(allow=("192.0.2.0/24",)), Caller(None, loopback=True)) is None


def test_every_unreadable_range_is_told() -> None:
    with pytest.raises(OperatorError) as caught:
        rules(allow=("1192.0.2.1/33",), trusted_proxies=("proxy.example",))
    assert len(caught.value.faults) == 2


# ---- bodies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ([], False),
        ([("content-encoding", "")], False),
        ([("content-encoding", "Identity")], False),
        ([("content-encoding", "gzip")], True),
        ([("content-encoding", "identity, br")], True),
        ([("content-encoding", "identity"), ("content-encoding", "zstd")], True),
    ],
)
def test_a_compressed_body_is_refused(headers: list[tuple[str, str]], *, refused: bool) -> None:
    fault = refuse_encoded(headers)
    assert (fault is not None) == refused
    if fault is not None:
        assert (fault.status, fault.should_retry) == (415, False)


# ---- pages and hosts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("localhost", True),
        ("LOCALHOST:1", True),
        ("localhost.", True),
        ("127.0.0.1:8045", True),
        ("127.9.9.9", True),
        ("[::1]:8045", True),
        ("peekd.lan:80", True),
        ("10.1.1.1:8045", True),
        ("10.1.1.2", False),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("localhost@evil.example", False),
        ("peekd.lan.evil.example:8045", False),
    ],
)
def test_which_hosts_are_ours(host: str, *, ours: bool) -> None:
    access = rules(("192.0.2.1",), allowed_hosts=("peekd.LAN",))
    assert (judge_page(access, {"host": host}, "10.1.1.1") is None) == ours


def test_a_caller_that_names_no_host_is_no_rebound_page() -> None:
    assert judge_page(rules(), {}, "127.0.0.1") is None


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ([("origin", "http://localhost:8045")], False),
        ([("origin", "http://localhost:9")], True),
        ([("origin", "null")], True),
        ([("origin", "http://[")], True),
        ([("origin", "https://page.example")], False),
        ([("origin", "https://page.example"), ("sec-fetch-site", "cross-site")], False),
        ([("sec-fetch-site", "cross-site")], True),
        ([("sec-fetch-site", "same-site")], True),
        ([("sec-fetch-site", "same-origin")], False),
        ([("sec-fetch-site", "none")], False),
        ([("sec-fetch-mode", "cors")], False),
    ],
)
def test_which_pages_may_call(headers: list[tuple[str, str]], *, refused: bool) -> None:
    access = rules(allowed_origins=("https://Page.example/",))
    judged = judge_page(access, dict([("host", "localhost:8045"), *headers]), "127.0.0.1")
    assert (judged is not None) == refused
