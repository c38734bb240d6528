"""Ask the daemon that runs: where it is, and its admin API. HTTP/1.1 over TCP, TLS or a local socket."""

from __future__ import annotations

import socket
import ssl
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import IPv4Address, ip_address
from urllib.parse import urlsplit

import msgspec

from peekd.cli.unanswered import RefusedError, UnreachableError
from peekd.config.binds import decode_bind
from peekd.config.load import load_settings
from peekd.upstream.credentials import load_secret
from peekd.vocabulary.errors import OperatorError

ASK_SECONDS = 10.0
"""Longest time that the daemon may be silent; it answers from memory."""

MOST_BYTES = 256 << 20
_OK, _UNAUTHORIZED, _FORBIDDEN = 200, 401, 403
_PORTS = {"http": 80, "https": 443}
_BAD_URL = "--url: expected http://HOST:PORT, https://HOST:PORT or unix:/PATH"
_REFERENCES = ("env:", "file:", "credential:")


class Target(msgspec.Struct, frozen=True):
    """Where a daemon listens. `path` is a local socket's, "" for TCP; `prefix` goes before each path."""

    host: str = "localhost"
    port: int = 80
    tls: bool = False
    path: str = ""
    prefix: str = ""

    @property
    def name(self) -> str:
        """Name it as a person would."""
        if self.path:
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.tls else ''}://{host}:{self.port}{self.prefix}"


class Daemon(msgspec.Struct, frozen=True):
    """A daemon and the key to its admin API, "" for none."""

    target: Target
    key: str = ""


def add_daemon_options(parser: ArgumentParser) -> None:
    """Let a command say which daemon it asks."""
    parser.add_argument("--config", metavar="FILE", help="the settings that the daemon runs with")
    parser.add_argument("--url", help="ask the daemon there instead (or $PEEKD_URL)")
    parser.add_argument(
        "--admin-key", metavar="KEY", help="a key, or env:NAME or file:PATH of one (or $PEEKD_ADMIN_KEY)"
    )


def find_daemon(arguments: Namespace, environ: Mapping[str, str]) -> Daemon:
    """Find the daemon by --url, $PEEKD_URL, or the addresses of its settings.

    Raises OperatorError where neither says it.
    """
    url: str = arguments.url or environ.get("PEEKD_URL", "")
    key: str = arguments.admin_key or environ.get("PEEKD_ADMIN_KEY", "")
    if key.startswith(_REFERENCES):
        key = load_secret(key, environ)
    if url:
        return Daemon(target_of_url(url), key)
    server = load_settings(arguments.config, environ).settings.server
    target = target_of_binds(server.bind)
    if target is None:
        raise OperatorError("server.bind does not say where to ask; say it with --url")
    return Daemon(target, key or _first_key(server.admin_keys, environ))


def target_of_url(url: str) -> Target:
    """Read http://HOST:PORT, https://HOST or unix:/PATH. Raises OperatorError."""
    if url.startswith("unix:/"):
        return Target(path=url.removeprefix("unix:"))
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError as error:
        raise OperatorError(_BAD_URL) from error
    if not host or scheme not in _PORTS:
        raise OperatorError(_BAD_URL)
    return Target(host, port or _PORTS[scheme], tls=scheme == "https", prefix=parts.path.rstrip("/"))


def target_of_binds(binds: Sequence[str]) -> Target | None:
    """Give the first address that can be asked; one that means every address is asked on loopback.

    >>> target_of_binds(["fd://3", "0.0.0.0:8045"]).name
    'http://127.0.0.1:8045'
    """
    for text in binds:
        bind = decode_bind(text)
        if bind is not None and bind.kind == "unix":
            return Target(path=bind.path)
        if bind is not None and bind.kind == "tcp" and bind.port:
            return Target(_reachable(bind.host), bind.port)
    return None


def _reachable(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if isinstance(address, IPv4Address) else "::1"


def _first_key(references: Sequence[str], environ: Mapping[str, str]) -> str:
    """Give the first admin key that can be read here, "" for none: the daemon then says that it wants one."""
    for reference in references:
        try:
            return load_secret(reference, environ)
        except OperatorError:
            continue
    return ""


def ask(daemon: Daemon, path: str, method: str = "GET") -> bytes:
    """Ask for one page of the admin API (or, with POST, that something be done), and give its body.

    Raises UnreachableError where no daemon answers, RefusedError where it does not give the page.
    """
    headers = {"Accept": "application/json", "Connection": "close"}
    if daemon.key:
        headers["Authorization"] = f"Bearer {daemon.key}"
    try:
        with closing(_connection(daemon.target)) as connection:
            connection.request(method, daemon.target.prefix + path, headers=headers)
            answer = connection.getresponse()
            status, body = answer.status, answer.read(MOST_BYTES)
    except (OSError, HTTPException, UnicodeError) as error:
        raise UnreachableError(f"no answer from {daemon.target.name}: {_words(error)}") from error
    if status == _OK:
        return body
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        raise RefusedError(f"{_message(body, status)}\n(an admin key: --admin-key, $PEEKD_ADMIN_KEY)")
    raise RefusedError(_message(body, status))


def _connection(target: Target) -> HTTPConnection:
    if target.path:
        connection = HTTPConnection("localhost", timeout=ASK_SECONDS)
        connection.sock = _local_socket(target.path)  # a connection that has one opens none
        return connection
    if target.tls:
        context = ssl.create_default_context()
        return HTTPSConnection(target.host, target.port, timeout=ASK_SECONDS, context=context)
    return HTTPConnection(target.host, target.port, timeout=ASK_SECONDS)


def _local_socket(path: str) -> socket.socket:
    local = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        local.settimeout(ASK_SECONDS)
        local.connect(path)
    except OSError:
        local.close()
        raise
    return local


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


class _Error(msgspec.Struct):
    message: str


class _Failure(msgspec.Struct):
    error: _Error


def _message(body: bytes, status: int) -> str:
    try:
        return msgspec.json.decode(body, type=_Failure).error.message
    except (ValueError, RecursionError):
        return f"what answers there is not peekd: status {status}"
