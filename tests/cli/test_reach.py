"""peekd check --connect: what each upstream says to each account's credential, and what to do about it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import msgspec
import pytest
import trustme

from peekd.cli import reach
from peekd.cli.reach import QUESTIONS, Reached, reach_all
from peekd.config.schema import Settings

Answers = dict[str, tuple[int, bytes]]
Serve = Callable[..., AbstractContextManager[tuple[str, list[tuple[str, dict[str, str]]]]]]
KEYS = {"KEY": "canary-secret-0123456789"}
ALICE = {"name": "alice", "upstream": "up", "credential": "env:KEY"}


def told_of(
    base_url: str, *accounts: dict[str, Any], protocol: str = "anthropic", **upstream: Any
) -> list[Reached]:
    tables = {"up": {"protocol": protocol, "base_url": base_url, **upstream}}
    settings = msgspec.convert({"upstreams": tables, "accounts": accounts or [ALICE]}, Settings)
    told = reach_all(settings, KEYS, lambda _done, _count: None)
    assert "canary" not in repr(told)
    return told


@pytest.mark.parametrize(
    ("protocol", "header", "value"),
    [
        ("anthropic", "x-api-key", KEYS["KEY"]),
        ("gemini", "x-goog-api-key", KEYS["KEY"]),
        ("openai-chat", "authorization", f"Bearer {KEYS['KEY']}"),
        ("openai-responses", "authorization", f"Bearer {KEYS['KEY']}"),
    ],
)
def test_the_list_of_models_is_asked_for_with_the_credential_and_nothing_else(
    served: Serve, protocol: str, header: str, value: str
) -> None:
    path = QUESTIONS[protocol].path
    with served({path: (200, b"{}")}) as (url, seen):
        assert told_of(url, protocol=protocol) == [
            Reached("account alice", ok=True, words="up answers 200: the credential is good")
        ]
    assert [(asked, headers[header]) for asked, headers in seen] == [(path, value)]


REFUSALS = {
    401: (
        b'{"error":{"type":"authentication_error","message":"invalid x-api-key"}}',
        False,
        "renew the credential of alice: env:KEY",
    ),
    403: (b'{"error":{"type":"permission_error","message":"no"}}', False, "let alice use"),
    500: (b"oops", False, "try again later"),
    529: (b'{"error":{"type":"overloaded_error","message":"busy"}}', False, "try again later"),
    429: (b'{"error":{"type":"rate_limit_error","message":"slow down"}}', True, ""),
    404: (b"<html>", True, ""),
}


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_is_told_with_what_to_do_and_a_limit_is_none(served: Serve, status: int) -> None:
    body, ok, advice = REFUSALS[status]
    with served({QUESTIONS["anthropic"].path: (status, body)}) as (url, _):
        (one,) = told_of(url)
    assert one.ok == ok
    assert one.words.startswith(f"up answers {status}: ")
    assert one.advice.startswith(advice)
    assert bool(one.advice) == (not ok)


def test_googles_bad_key_is_a_matter_of_the_credential_though_its_status_is_400(served: Serve) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    error = {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT", "details": [info]}
    with served({QUESTIONS["gemini"].path: (400, msgspec.json.encode({"error": error}))}) as (url, _):
        (one,) = told_of(url, protocol="gemini")
    assert (one.ok, one.advice) == (False, "renew the credential of alice: env:KEY")


def test_a_key_that_an_upstream_repeats_is_not_told(served: Serve) -> None:
    body = b'{"error":{"type":"authentication_error","message":"bad key %b"}}' % KEYS["KEY"].encode()
    with served({QUESTIONS["anthropic"].path: (401, body)}) as (url, _):
        (one,) = told_of(url)
    assert "bad key" in one.words


def test_each_account_is_tried_and_an_upstream_without_one_is_only_reached(served: Serve) -> None:
    off = {**ALICE, "name": "off", "disabled": True}
    gone = {**ALICE, "name": "gone", "credential": "env:GONE"}
    with served({QUESTIONS["anthropic"].path: (200, b"{}")}) as (url, _):
        told = told_of(url, ALICE, off, gone)
        assert [(one.what, one.ok) for one in told] == [("account alice", True), ("account gone", False)]
        assert told[1].words == "env:GONE: the environment has no GONE"
        (one,) = told_of(url, off)
        assert (one.what, one.ok, one.words) == ("upstream up", True, "up answers 404")


def test_a_platform_without_a_free_question_is_reached_and_its_key_not_tried(served: Serve) -> None:
    with served({}) as (url, seen):
        (one,) = told_of(url, protocol="gemini", platform="code-assist")
    assert one.ok
    assert "the key is not tried" in one.words
    assert [asked for asked, _ in seen] == ["/"]


def test_simulators_are_asked_like_any_other() -> None:
    for protocol in QUESTIONS:
        (one,) = told_of("simulator:well", protocol=protocol)
        assert (one.ok, one.words) == (True, "up answers 200: the credential is good")
    (one,) = told_of("simulator:none")
    assert not one.ok
    assert "simulator script" in one.words


def test_an_upstream_that_does_not_listen_or_cannot_be_found_is_told() -> None:
    for url in ("http://127.0.0.1:1", f"http://{'a' * 70}:1"):
        (one,) = told_of(url)
        assert not one.ok
        assert "cannot connect" in one.words
        assert one.advice.startswith("see base_url and proxy of upstreams.up")


def test_a_certificate_that_nobody_vouches_for_is_told() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.tempfile() as path:
        context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=turned_away, args=(listener, context))
        thread.start()
        (one,) = told_of(f"https://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()
    assert not one.ok
    assert "certificate" in one.words.lower()


def turned_away(listener: socket.socket, context: ssl.SSLContext) -> None:
    with listener.accept()[0] as connection, pytest.raises(ssl.SSLError):
        context.wrap_socket(connection, server_side=True)


def test_one_that_never_answers_is_given_up_and_holds_nobody_up(
    served: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "TRY_SECONDS", 0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        served({"/v1/models?limit=1": (200, b"{}")}) as (url, _),
    ):
        tables = {
            "deaf": {"protocol": "anthropic", "base_url": f"http://127.0.0.1:{deaf.getsockname()[1]}"},
            "up": {"protocol": "anthropic", "base_url": url},
        }
        accounts = [{"name": name, "upstream": name, "credential": "env:KEY"} for name in tables]
        settings = msgspec.convert({"upstreams": tables, "accounts": accounts}, Settings)
        told: list[tuple[int, int]] = []
        reached = reach_all(settings, KEYS, lambda done, count: told.append((done, count)))
    assert [one.ok for one in reached] == [False, True]
    assert told == [(0, 2), (1, 2), (2, 2)]
