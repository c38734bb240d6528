"""What settings must be to mean something together: names that exist, addresses that parse, a guarded face.

Their shape is `walk`'s; what is allowed but unwise is `cautions`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from urllib.parse import urlsplit

from peekd.config.binds import decode_bind
from peekd.config.faults import SettingsFault, nearest, shown
from peekd.config.ladders import ladder_faults
from peekd.config.places import Path
from peekd.config.schema import Settings
from peekd.config.secrecy import secrecy_faults
from peekd.protocols.registry import PLATFORMS
from peekd.upstream.settings import UpstreamSettings

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
_PROXIES = " or ".join(f"{scheme}://HOST" for scheme in _PROXY_SCHEMES)
_BIND = "HOST:PORT, [IPV6]:PORT, unix:/PATH or fd://NUMBER"


def cross_faults(settings: Settings) -> Iterator[SettingsFault]:
    """Give every fault that the shape of the settings does not show."""
    for check in CHECKS:
        yield from check(settings)


def _binds(settings: Settings) -> Iterator[SettingsFault]:
    if not settings.server.bind:
        yield SettingsFault(("server", "bind"), f"at least one of {_BIND}", "none")
    for at, text in enumerate(settings.server.bind):
        path: Path = ("server", "bind", at)
        bind = decode_bind(text)
        if bind is None:
            yield SettingsFault(path, _BIND, shown(text))
        elif not bind.is_local and not settings.server.client_keys:
            expected = "server.client_keys for an address beyond loopback (or a loopback address)"
            yield SettingsFault(path, expected, f"{shown(text)} without any client key")
        elif text in settings.server.bind[:at]:
            yield SettingsFault(path, "each address once", f"{shown(text)} twice")


def _server_lists(settings: Settings) -> Iterator[SettingsFault]:
    for name in ("trusted_proxies", "allow", "deny"):
        networks: tuple[str, ...] = getattr(settings.server, name)
        for at, text in enumerate(networks):
            yield from _network(("server", name, at), text)
    for at, host in enumerate(settings.server.allowed_hosts):
        if not host or re.search(r"[/@\s]", host):
            path = ("server", "allowed_hosts", at)
            yield SettingsFault(path, "a host name, without scheme or path", shown(host))
    for at, origin in enumerate(settings.server.allowed_origins):
        if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/@\s]+", origin):
            path = ("server", "allowed_origins", at)
            yield SettingsFault(path, "an origin: SCHEME://HOST, with :PORT where needed", shown(origin))


def _directories(settings: Settings) -> Iterator[SettingsFault]:
    directory = settings.logs.directory
    if directory and not directory.startswith("/"):
        yield SettingsFault(("logs", "directory"), "an absolute path, or nothing", shown(directory))
    endpoint = settings.tracing.endpoint
    scheme, host = _scheme_and_host(endpoint)
    if endpoint and (scheme not in {"http", "https"} or not host):
        yield SettingsFault(
            ("tracing", "endpoint"), "https://HOST/PATH or http://HOST/PATH", _found_url(scheme)
        )


def _network(path: Path, text: str) -> Iterator[SettingsFault]:
    try:
        ip_network(text)
    except ValueError:
        try:
            near = str(ip_network(text, strict=False))
        except ValueError:
            near = ""
        yield SettingsFault(path, "an address or a network (CIDR)", shown(text), near)


def _upstreams(settings: Settings) -> Iterator[SettingsFault]:
    for name, upstream in settings.upstreams.items():
        path: Path = ("upstreams", name)
        if not name or "/" in name or not name.isprintable():
            yield SettingsFault(path, 'a name without "/", as routes split at it', shown(name))
        yield from _base_url((*path, "base_url"), upstream)
        yield from _proxy((*path, "proxy"), upstream.proxy)
        yield from _platform(path, upstream)
        for header, value in upstream.headers.items():
            here = (*path, "headers", header)
            if not _HEADER_NAME.fullmatch(header) or not value.isascii() or not value.isprintable():
                yield SettingsFault(here, "a header of printable ASCII in one line")
            elif header.lower() in _OURS:
                yield SettingsFault(here, "a header that peekd does not set itself")


def _platform(path: Path, upstream: UpstreamSettings) -> Iterator[SettingsFault]:
    platform = upstream.platform
    if platform is not None and (upstream.protocol, platform) not in PLATFORMS:
        spoken = [f'"{protocol}"' for protocol, known in sorted(PLATFORMS) if known == platform]
        expected = f"protocol = {' or '.join(spoken)} where platform is {shown(platform)}"
        yield SettingsFault((*path, "platform"), expected, f"protocol = {shown(upstream.protocol)}")
    for key, takes, needs in _PLATFORM_KEYS:
        value: str = getattr(upstream, key)
        if value and platform not in takes:
            yield SettingsFault((*path, key), "a platform that it belongs to", "none")
        elif not value and platform in needs:
            yield SettingsFault(
                (*path, key), f"the {key} of Google Cloud to ask, where platform is {shown(platform)}", "none"
            )
        elif value and not _PLACE.fullmatch(value):
            yield SettingsFault((*path, key), "letters, digits, hyphens, dots and colons", shown(value))


_PLATFORM_KEYS = (("project", {"code-assist", "vertex"}, {"vertex"}), ("location", {"vertex"}, {"vertex"}))
"""A platform's own settings: which take one, which need it. None is ever made up: that would be foreign."""

_PLACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]*")


def _base_url(path: Path, upstream: UpstreamSettings) -> Iterator[SettingsFault]:
    url = upstream.base_url
    scheme, host = _scheme_and_host(url)
    if not url:
        if upstream.platform != "vertex":
            yield SettingsFault(path, "https://HOST, http://HOST or simulator:SCRIPT", "nothing")
    elif scheme == "simulator":
        if not url.removeprefix("simulator:"):
            yield SettingsFault(path, "simulator:SCRIPT", "no script")
    elif scheme not in {"http", "https"} or not host:
        yield SettingsFault(path, "https://HOST, http://HOST or simulator:SCRIPT", _found_url(scheme))


def _proxy(path: Path, url: str) -> Iterator[SettingsFault]:
    scheme, host = _scheme_and_host(url)
    if url and (scheme not in _PROXY_SCHEMES or not host):
        yield SettingsFault(path, _PROXIES, _found_url(scheme))


def _scheme_and_host(url: str) -> tuple[str, str]:
    """Give the parts that decide; "" for both where it is no URL. The URL itself may hold a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", ""
    return (parts.scheme, parts.hostname or "") if port != 0 else ("", "")


def _found_url(scheme: str) -> str:
    return f"a URL of another form ({scheme}:…)" if scheme else "something else"


def _accounts(settings: Settings) -> Iterator[SettingsFault]:
    names = [account.name for account in settings.accounts]
    for at, account in enumerate(settings.accounts):
        path: Path = ("accounts", at)
        if not account.name or not account.name.isascii() or not account.name.isprintable():
            expected = "a name of printable ASCII: it goes out as X-Account-Email"
            yield SettingsFault((*path, "name"), expected, shown(account.name))
        elif account.name in names[:at]:
            yield SettingsFault((*path, "name"), "a name of its own", f"{shown(account.name)} a second time")
        if account.upstream not in settings.upstreams:
            yield _no_upstream((*path, "upstream"), account.upstream, settings)
        yield from _proxy((*path, "proxy"), account.proxy)


def _routes(settings: Settings) -> Iterator[SettingsFault]:
    for at, route in enumerate(settings.routes):
        path: Path = ("routes", at)
        if not route.match:
            yield SettingsFault((*path, "match"), "a pattern of model names", "nothing")
        if not route.to:
            yield SettingsFault((*path, "to"), "at least one UPSTREAM/MODEL or UPSTREAM", "none")
        for number, target in enumerate(route.to):
            name, slash, model = target.partition("/")
            if name not in settings.upstreams:
                yield _no_upstream((*path, "to", number), name, settings)
            elif slash and not model:
                yield SettingsFault((*path, "to", number), "a model after the slash", shown(target))


def _no_upstream(path: Path, name: str, settings: Settings) -> SettingsFault:
    known = ", ".join(settings.upstreams) or "none is configured"
    expected = f"the name of an upstream ({known})"
    return SettingsFault(path, expected, shown(name), nearest(name, settings.upstreams))


CHECKS: tuple[Callable[[Settings], Iterator[SettingsFault]], ...] = (
    _binds,
    _server_lists,
    _directories,
    _upstreams,
    _accounts,
    _routes,
    secrecy_faults,
    ladder_faults,
)
