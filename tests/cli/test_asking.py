from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from peekd.cli.asking import (
    Daemon,
    RefusedError,
    Target,
    UnreachableError,
    add_daemon_options,
    ask,
    find_daemon,
    target_of_binds,
    target_of_url,
)
from peekd.vocabulary.errors import OperatorError

Seen = list[tuple[str, dict[str, str]]]
Answers = dict[str, tuple[int, bytes]]
Serve = Callable[..., AbstractContextManager[tuple[str, Seen]]]


def found(environ: dict[str, str], *argv: str) -> Daemon:
    parser = ArgumentParser()
    add_daemon_options(parser)
    return find_daemon(parser.parse_args(argv), environ)


@pytest.mark.parametrize(
    ("url", "target", "name"),
    [
        ("http://host:8045/", Target("host", 8045), "http://host:8045"),
        ("https://host/peekd", Target("host", 443, tls=True, prefix="/peekd"), "https://host:443/peekd"),
        ("http://[::1]", Target("::1", 80), "http://[::1]:80"),
        ("unix:/run/peekd.sock", Target(path="/run/peekd.sock"), "unix:/run/peekd.sock"),
    ],
)
def test_a_url_says_where_to_ask(url: str, target: Target, name: str) -> None:
    assert target_of_url(url) == target
    assert target.name == name


@pytest.mark.parametrize(
    "url", ["host:8045", "ftp://host", "http://", "http://a:x", "http://[", "unix:relative"]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(OperatorError, match=r"^--url: expected "):
        target_of_url(url)


@pytest.mark.parametrize(
    ("binds", "target"),
    [
        (("127.0.0.1:9000", "unix:/a"), Target("127.0.0.1", 9000)),
        (("fd://3", "unix:/a"), Target(path="/a")),
        (("0.0.0.0:1",), Target("127.0.0.1", 1)),
        (("[::]:1",), Target("::1", 1)),
        (("peekd.lan:1",), Target("peekd.lan", 1)),
        (("192.168.0.2:1",), Target("192.168.0.2", 1)),
        (("127.0.0.1:0", "fd://3"), None),
    ],
)
def test_the_first_address_that_can_be_asked_is(binds: tuple[str, ...], target: Target | None) -> None:
    assert target_of_binds(binds) == target


def test_the_option_goes_before_the_variable_and_that_before_the_settings(tmp_path: Path) -> None:
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert found({"PEEKD_URL": "http://b:1"}, "--url", "http://a:1").target.host == "a"
    assert found({"PEEKD_URL": "http://b:1"}).target.host == "b"
    assert found({**home, "PEEKD_SERVER__BIND": '["127.0.0.1:9"]'}).target.port == 9


def test_settings_that_say_no_address_call_for_a_url(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="--url"):
        found({"XDG_CONFIG_HOME": str(tmp_path), "PEEKD_SERVER__BIND": '["fd://3"]'})


def test_a_key_is_given_or_named_or_the_settings_own(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("from-file\n")
    key.chmod(0o600)
    home = {"XDG_CONFIG_HOME": str(tmp_path), "PEEKD_SERVER__ADMIN_KEYS": f'["env:GONE", "file:{key}"]'}
    assert found({}, "--url", "http://a", "--admin-key", "plain").key == "plain"
    assert found({"K": "from-env"}, "--url", "http://a", "--admin-key", "env:K").key == "from-env"
    assert found({"PEEKD_ADMIN_KEY": "v"}, "--url", "http://a").key == "v"
    assert found(home).key == "from-file"


def test_the_settings_own_key_goes_to_no_other_place(tmp_path: Path) -> None:
    home = {"XDG_CONFIG_HOME": str(tmp_path), "K": "secret", "PEEKD_SERVER__ADMIN_KEYS": '["env:K"]'}
    assert found(home, "--url", "http://elsewhere").key == ""


def test_the_page_is_asked_for_with_the_key(served: Serve, pages: Answers) -> None:
    with served(pages) as (url, seen):
        body = ask(Daemon(target_of_url(url), "secret"), "/api/requests")
    assert body == pages["/api/requests"][1]
    assert [(path, headers["authorization"]) for path, headers in seen] == [
        ("/api/requests", "Bearer secret")
    ]


def test_without_a_key_none_is_sent(served: Serve, pages: Answers) -> None:
    with served(pages) as (url, seen):
        ask(Daemon(target_of_url(url)), "/api/requests")
    assert "authorization" not in seen[0][1]


def test_a_local_socket_is_asked_too(served: Serve, pages: Answers, tmp_path: Path) -> None:
    with served(pages, tmp_path / "s") as (url, seen):
        assert ask(Daemon(target_of_url(url)), "/api/requests") == pages["/api/requests"][1]
    assert seen[0][1]["host"] == "localhost"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/requests/none", "^no such thing is kept$"),
        ("/api/requests/locked", r"^an admin key is needed\n.*--admin-key"),
        ("/api/requests/strange", "^what answers there is not peekd: status 500$"),
    ],
)
def test_another_answer_is_told(served: Serve, pages: Answers, path: str, words: str) -> None:
    with served(pages) as (url, _), pytest.raises(RefusedError, match=words):
        ask(Daemon(target_of_url(url)), path)


def test_an_answer_that_is_no_text_is_told_too(served: Serve) -> None:
    pages: Answers = {"/api/requests": (500, b'{"error":{"message":"caf\xe9"}}')}
    with served(pages) as (url, _), pytest.raises(RefusedError, match="is not peekd: status 500"):
        ask(Daemon(target_of_url(url)), "/api/requests")


@pytest.mark.parametrize("url", ["unix:/nowhere/peekd.sock", "http://127.0.0.1:1", f"http://{'a' * 70}:1"])
def test_where_nobody_answers_that_is_told(url: str) -> None:
    with pytest.raises(UnreachableError, match=r"^no answer from "):
        ask(Daemon(target_of_url(url)), "/api/requests")
