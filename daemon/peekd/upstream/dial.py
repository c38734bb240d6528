"""How a stream to an origin comes to be: TCP, TLS, and closing what did not become anything."""

from __future__ import annotations

import functools
import os
import ssl
import sys
from collections.abc import Awaitable, Callable
from types import MethodType
from typing import NamedTuple, Protocol, cast, runtime_checkable

import httpx
import trio
import truststore

from peekd.upstream.timeouts import told_as

Dial = Callable[[str, int], Awaitable[trio.abc.Stream]]
"""Opens a stream to host and port. Raises OSError. The seam for streams that are not TCP."""

Tls = Callable[[], ssl.SSLContext]
"""Gives the context under which an upstream's certificate is judged."""


class Origin(NamedTuple):
    """Whom to talk to: what one pool of connections is for."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: httpx.URL) -> Origin:
        """Read it off a URL. Raises httpx.UnsupportedProtocol.

        >>> Origin.of(httpx.URL("https://[::1]/v1"))
        Origin(scheme='https', host='::1', port=443)
        """
        if url.scheme not in _PORTS:
            raise httpx.UnsupportedProtocol(f"{url.scheme or 'no scheme'}: only http and https are spoken")
        return cls(url.scheme, url.raw_host.decode("ascii").strip("[]"), url.port or _PORTS[url.scheme])

    @property
    def authority(self) -> str:
        """Host and port as a request line has them; IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_PORTS = {"http": 80, "https": 443}


async def dial_tcp(host: str, port: int) -> trio.abc.Stream:
    """Open TCP to whichever of the host's addresses answers first (RFC 8305); small writes go out at once."""
    try:
        return await trio.open_tcp_stream(host, port)  # sets TCP_NODELAY
    except UnicodeError as fault:  # a name that no resolver can be asked for
        raise OSError(f"{host} is not a host name") from fault


BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora and kin
    "/etc/ssl/ca-bundle.pem",  # openSUSE
)
"""Where distributions keep their trust, for a Python that was built without knowing it."""


@functools.cache
def system_tls() -> ssl.SSLContext:
    """Give the context that trusts what this machine trusts; made when first needed, and once.

    On Linux the trust store is files, which OpenSSL reads once. Elsewhere the system itself judges, through
    truststore; on Linux that would read the files anew for every connection, on the event loop.
    """
    linux = sys.platform == "linux"
    context = ssl.create_default_context() if linux else truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    paths = ssl.get_default_verify_paths()
    if linux and not (paths.cafile or paths.capath):
        for bundle in filter(os.path.exists, BUNDLES):
            context.load_verify_locations(bundle)
    context.set_alpn_protocols(["http/1.1"])
    return context


async def start_tls(stream: trio.abc.Stream, host: str, tls: Tls) -> trio.abc.Stream:
    """Put TLS on a stream; it is closed when that fails. Raises httpx.ConnectError.

    An end without close_notify counts as an end: many servers do that, and HTTP's own framing tells a cut.
    """
    try:
        with told_as(httpx.ConnectError, f"TLS with {host}"):
            secured = trio.SSLStream(stream, tls(), server_hostname=host, https_compatible=True)
            await secured.do_handshake()
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return secured


Read = Callable[[int], Awaitable[bytes]]
"""Gives what one read brings, so many bytes at most; b"" at the end. Raises as the stream's own way does."""


def reader_of(stream: trio.abc.Stream) -> Read:
    """How to read a stream. A bare socket is read when it is readable, and at once: trio would try before."""
    if not isinstance(stream, trio.SocketStream):
        return cast("Read", stream.receive_some)
    return MethodType(_read, stream.socket)  # a closure would be three times as large


async def _read(socket: trio.socket.SocketType, most: int) -> bytes:
    if (number := socket.fileno()) < 0:
        raise trio.ClosedResourceError("this stream was closed")
    while True:
        await trio.lowlevel.wait_readable(number)  # closed meanwhile, it raises ClosedResourceError
        try:
            return os.read(number, most)
        except BlockingIOError:
            continue


Begin = Callable[[bytes], bytes | memoryview]
"""Writes what a stream takes at once, and gives the rest. Raises OSError."""


def beginner_of(stream: trio.abc.Stream) -> Begin:
    """How to begin to write: on a bare socket that is all of it, as a rule, and needs no deadline."""
    if not isinstance(stream, trio.SocketStream):
        return bytes
    return MethodType(_begin, stream.socket)


def _begin(socket: trio.socket.SocketType, data: bytes) -> bytes | memoryview:
    try:
        sent = os.write(socket.fileno(), data)
    except BlockingIOError:
        return data
    return b"" if sent == len(data) else memoryview(data)[sent:]


@runtime_checkable
class Readable(Protocol):
    """A stream that is no socket may tell by itself whether something (an end, too) waits to be read."""

    def is_readable(self) -> bool:
        """Whether a read would return at once."""
        ...


def is_readable(stream: trio.abc.AsyncResource) -> bool:
    """Whether a read would return at once. On an idle connection that means its end, or nonsense.

    Asks the kernel about the socket below any TLS; a stream that cannot tell counts as quiet.
    """
    if isinstance(stream, trio.SocketStream):
        return stream.socket.is_readable()
    if isinstance(stream, trio.SSLStream):
        below = cast("trio.SSLStream[trio.abc.Stream]", stream)
        return is_readable(below.transport_stream)
    return isinstance(stream, Readable) and stream.is_readable()
