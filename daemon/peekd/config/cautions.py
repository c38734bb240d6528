"""What the settings allow and an operator should still know: `peekd check` says it, nothing stops for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from peekd.config.binds import decode_bind
from peekd.config.schema import Settings


def cautions(settings: Settings) -> Iterator[str]:
    """Give each caution in one line."""
    for caution in _CAUTIONS:
        yield from caution(settings)


def _face(settings: Settings) -> Iterator[str]:
    server = settings.server
    binds = [(text, decode_bind(text)) for text in server.bind]
    for text in [text for text, bind in binds if bind is not None and not bind.is_local]:
        yield f"server.bind: other machines reach {text}, unencrypted: put a TLS proxy before it"
        if server.auth == "off":
            yield f"server.auth is off: whoever reaches {text} uses your accounts"
    if server.auth in {"strict", "all-except-health"} and not server.client_keys:
        yield f'server.auth is "{server.auth}" and there is no client key: every request is refused'


def _nothing_to_serve(settings: Settings) -> Iterator[str]:
    if not settings.upstreams:
        yield "no upstream is configured: requests are answered with an error, and /readyz with 503"
    elif not settings.accounts:
        yield "no account is configured: requests are answered with an error, and /readyz with 503"


def _upstreams(settings: Settings) -> Iterator[str]:
    usable = {account.upstream for account in settings.accounts if not account.disabled}
    routed = {target.partition("/")[0] for route in settings.routes for target in route.to}
    for name, upstream in settings.upstreams.items():
        if settings.accounts and name not in usable:
            yield f"upstreams.{name} has no account that is enabled"
        if settings.routes and name not in routed:
            yield f"upstreams.{name} is in no route: it is never asked"
        url = urlsplit(upstream.address)
        if url.scheme == "http" and not _is_near(url.hostname or ""):
            yield f"upstreams.{name}.base_url is http: credentials and prompts cross the network unencrypted"


def _google(settings: Settings) -> Iterator[str]:
    """A Google access token is worth more than a key: it opens the whole project."""
    for account in settings.accounts:
        upstream = settings.upstreams.get(account.upstream)
        if upstream is None or not account.credential.startswith("google:"):
            continue
        url = urlsplit(upstream.address)
        host = url.hostname or ""
        if url.scheme != "simulator" and not host.endswith(".googleapis.com") and not _is_near(host):
            yield f"account {account.name}: a Google access token goes to {host}, which is not Google's"


def _is_near(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _routes(settings: Settings) -> Iterator[str]:
    seen: list[str] = []
    for at, route in enumerate(settings.routes):
        if "*" in seen or route.match in seen:
            yield f'routes[{at}] ("{route.match}") is never reached: an earlier route takes it all'
        seen.append(route.match)


_CAUTIONS: tuple[Callable[[Settings], Iterator[str]], ...] = (
    _face,
    _nothing_to_serve,
    _upstreams,
    _google,
    _routes,
)
