"""Try what the settings name: load each credential, connect to each upstream. Nothing is asked there."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import msgspec
import truststore

from peekd.config.schema import Settings
from peekd.simulator.script import load_script
from peekd.upstream.credentials import load_any
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.errors import OperatorError

_SIMULATOR = "simulator:"
_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


class Reached(msgspec.Struct, frozen=True):
    """What was tried, and how it went."""

    what: str
    ok: bool
    words: str


def reach_accounts(settings: Settings, environ: Mapping[str, str]) -> Iterator[Reached]:
    """Load each account's credential, as the daemon would with this environment."""
    for account in settings.accounts:
        what = f"account {account.name}"
        try:
            if account.credential:
                load_any(account.credential, environ)
        except OperatorError as error:
            yield Reached(what, ok=False, words=str(error))
        else:
            yield Reached(what, ok=True, words=_read(account.credential))


def reach_upstreams(settings: Settings) -> Iterator[Reached]:
    """Connect to each upstream, with TLS where it has it; where it has a proxy, to the proxy only."""
    for name, upstream in settings.upstreams.items():
        tries = _load if upstream.address.startswith(_SIMULATOR) else _connect
        try:
            words = tries(upstream, settings.healing.connect_seconds)
        except (OSError, UnicodeError, OperatorError) as error:
            yield Reached(f"upstream {name}", ok=False, words=f"{_place(upstream)}: {_words(error)}")
        else:
            yield Reached(f"upstream {name}", ok=True, words=f"{_place(upstream)}: {words}")


def _read(reference: str) -> str:
    return f"{reference} can be read" if reference else "it needs no credential"


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _place(upstream: UpstreamSettings) -> str:
    """Name what is connected to; a proxy without the password that its URL may hold."""
    if not upstream.proxy:
        return upstream.address
    place = urlsplit(upstream.proxy)
    return f"its proxy {place.scheme}://{place.netloc.rpartition('@')[2]}"


def _load(upstream: UpstreamSettings, seconds: float) -> str:
    del seconds
    load_script(upstream.address.removeprefix(_SIMULATOR))
    return "its script can be read"


def _connect(upstream: UpstreamSettings, seconds: float) -> str:
    """Open a connection and close it again; say what it was. Raises OSError, of which TLS's own is a kind."""
    place = urlsplit(upstream.proxy or upstream.address)
    host, port = place.hostname or "", place.port or _PORTS[place.scheme]
    with socket.create_connection((host, port), timeout=seconds) as connection:
        if place.scheme != "https":
            return "connected"
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with context.wrap_socket(connection, server_hostname=host) as secured:
            return f"connected, {secured.version()}"
