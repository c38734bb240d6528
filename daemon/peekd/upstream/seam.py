"""httpx's client, request and answer as peekd uses them: what nobody asks for is not made. No IO."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, Self

import httpx
import msgspec
from typing_extensions import override

from peekd.upstream.dial import Origin
from peekd.upstream.parser import AnswerHead, Headers, encode_fields
from peekd.upstream.timeouts import Mark, Timeouts, unmarked

_SAY_NO_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Methods that are expected to bring a body, and say so where they do not (RFC 9110 section 8.6)."""


class Place(NamedTuple):
    """Where a request goes, read off its URL."""

    url: httpx.URL
    origin: Origin
    target: bytes
    host: bytes

    @classmethod
    def of(cls, url: httpx.URL) -> Place:
        """Read it; all of that is ASCII, and printable. Raises httpx.UnsupportedProtocol."""
        return cls(url, Origin.of(url), url.raw_path, url.netloc)


@lru_cache(maxsize=256)
def place_of(url: str) -> Place:
    """Read a URL: the same few are asked all the time. Raises httpx.InvalidURL, httpx.UnsupportedProtocol."""
    return Place.of(httpx.URL(url))


_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding"})


def framed(method: str, place: Place, headers: Headers, body: bytes) -> Headers:
    """Add Host and Content-Length where they are not said, where httpx would and as it writes them."""
    names = {name.lower() for name, _ in headers}
    first = [] if b"host" in names else [(b"Host", place.host)]
    if body:
        last = [] if b"content-length" in names else [(b"Content-Length", b"%d" % len(body))]
        return [*first, *headers, *last]
    if method in _SAY_NO_BODY and not names & {b"content-length", b"transfer-encoding"}:
        first.append((b"Content-Length", b"0"))
    return [*first, *headers]


class Said:
    """A request's headers without its framing: in pairs, and as they stand on the wire. Has no repr."""

    __slots__ = ("pairs", "wire")

    def __init__(self, pairs: Headers) -> None:
        self.pairs = pairs
        self.wire: bytes | None = None
        """None where there is framing among them after all, or what cannot be sent."""
        if not any(name.lower() in _FRAMING for name, _ in pairs):
            with suppress(httpx.LocalProtocolError):
                self.wire = encode_fields(pairs)


class Order(httpx.Request):
    """A request as our transport needs it.

    What httpx knows besides is made of that once it is asked for; changed, it holds where httpx's own client
    sends.
    """

    def __init__(
        self, method: str, place: Place, said: Said, body: bytes, timeouts: Timeouts, mark: Mark = unmarked
    ) -> None:
        self.method = method
        self.url = place.url
        self.place = place
        self.said = said
        self.body = body
        self.timeouts = timeouts
        self.mark = mark

    @classmethod
    async def of(cls, request: httpx.Request) -> Self:
        """Give what httpx would send as one of ours. Raises httpx.UnsupportedProtocol."""
        place, timeouts = Place.of(request.url), Timeouts.of(request)
        mark = request.extensions.get("mark", unmarked)
        order = cls(request.method, place, Said([]), await request.aread(), timeouts, mark)
        order.raw = request.headers.raw
        return order

    @property
    def head(self) -> bytes:
        """How it begins on the wire; b"" where that is not just as usual, and is to be encoded from `raw`."""
        fields = self.said.wire
        if not fields or not self.body:
            return b""
        method, (_, _, target, host) = self.method.encode("ascii"), self.place
        size = len(self.body)
        return b"%b %b HTTP/1.1\r\nHost: %b\r\n%bContent-Length: %d\r\n\r\n" % (
            method,
            target,
            host,
            fields,
            size,
        )

    @cached_property
    def raw(self) -> Headers:
        """Its headers as they are sent, framing included."""
        return framed(self.method, self.place, self.said.pairs, self.body)

    @cached_property
    def headers(self) -> httpx.Headers:
        """The same headers, by name."""
        return httpx.Headers(self.raw)

    @cached_property
    def stream(self) -> httpx.ByteStream:
        """The body, for who reads it so."""
        return httpx.ByteStream(self.body)

    @cached_property
    def extensions(self) -> dict[str, Any]:
        """What httpx has no name for; see `Timeouts` and `Mark`."""
        said = msgspec.structs.asdict(self.timeouts).items()
        timeout = {name: seconds if seconds < math.inf else None for name, seconds in said}
        return {"timeout": timeout, "mark": self.mark}


_NO_HEADERS = httpx.Headers()


class Answer(httpx.Response):
    """An answer whose body is still to come. `raw`: its headers as they came, names in lower case.

    In `extensions`: "body", the stream itself, and "sent", when the request was out, by trio's clock.
    """

    def __init__(self, head: AnswerHead, body: httpx.AsyncByteStream, order: Order, sent: float) -> None:
        said = {
            "http_version": b"HTTP/" + head.version,
            "reason_phrase": head.reason,
            "body": body,
            "sent": sent,
        }
        super().__init__(head.status, headers=_NO_HEADERS, stream=body, request=order, extensions=said)
        self.raw = head.headers
        del self.headers  # see below

    @cached_property
    def headers(self) -> httpx.Headers:
        """The same headers, by name."""
        return httpx.Headers(self.raw)


class Carrier(httpx.AsyncBaseTransport, ABC):
    """A transport for any client of httpx's that carries orders."""

    @abstractmethod
    async def carry(self, order: Order) -> Answer:
        """Send a request, give its answer with the body still to come. Raises what httpx names for it."""

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Do the same for a request of httpx's; see `Timeouts` and `Mark` for its extensions."""
        return await self.carry(await Order.of(request))


class _NoCookies(httpx.Cookies):
    @override
    def extract_cookies(self, response: httpx.Response) -> None:
        """Keep none."""


_NO_COOKIES = _NoCookies()


class Sender(httpx.AsyncClient):
    """httpx's client over one transport.

    No account's cookies are kept and no answer is searched for them; no proxy, certificate or netrc of the
    environment is used. Redirects are not followed, as is httpx's default.
    """

    def __init__(self, carrier: Carrier) -> None:
        super().__init__(transport=carrier, trust_env=False)
        self.carry = carrier.carry
        """Sends an order straight: of authentication, redirects, hooks and logging there is nothing."""

    @property
    @override
    def cookies(self) -> httpx.Cookies:
        """Give the jar that stays empty."""
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        """Take none."""
