"""Ways through a proxy: CONNECT (RFC 9110 §9.3.6) and SOCKS5 (RFC 1928). Only proxies that are configured."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable

import httpx
import socksio
import trio
from socksio import socks5

from peekd.upstream.dial import Origin
from peekd.upstream.parser import Parser
from peekd.upstream.timeouts import told_as
from peekd.vocabulary.errors import OperatorError

_SUCCESSFUL = 2  # RFC 9110 §15.3: the class of statuses
PROXY_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


def decode_proxy(text: str) -> httpx.URL:
    """Read a proxy's URL. Raises OperatorError; its words never hold the proxy's password."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise OperatorError("proxy is not a URL; write http://, https:// or socks5://HOST:PORT") from None
    if url.scheme not in PROXY_PORTS or not url.host:
        raise OperatorError("proxy must be http://, https:// or socks5://HOST:PORT")
    return url


def proxy_authorization(proxy: httpx.URL) -> list[tuple[bytes, bytes]]:
    """Give the header that introduces us to an HTTP proxy, if its URL names a user."""
    if not proxy.userinfo:
        return []
    pair = f"{proxy.username}:{proxy.password}".encode()
    return [(b"proxy-authorization", b"Basic " + base64.b64encode(pair))]


async def tunnel(proxy: httpx.URL, stream: trio.abc.Stream, origin: Origin) -> None:
    """Have the proxy at the other end of `stream` connect it to `origin`. Raises httpx.ProxyError."""
    with told_as(httpx.ProxyError, f"proxy {proxy.host}"):
        await _WAYS[proxy.scheme](proxy, stream, origin)


async def _connect(proxy: httpx.URL, stream: trio.abc.Stream, origin: Origin) -> None:
    parser = Parser()
    authority = origin.authority.encode("ascii")
    headers = [(b"host", authority), *proxy_authorization(proxy)]
    await stream.send_all(parser.encode_head(b"CONNECT", authority, headers) + parser.encode_end())
    try:
        while (head := parser.read_head()) is None:
            data = await stream.receive_some()
            if not data:
                raise httpx.ProxyError(f"proxy {proxy.host}: closed without answering")
            parser.feed(bytes(data))
        early = parser.has_leftover or parser.read_body()
    except httpx.RemoteProtocolError as fault:
        raise httpx.ProxyError(f"proxy {proxy.host}: {fault}") from fault
    if head.status // 100 != _SUCCESSFUL:
        raise httpx.ProxyError(f"proxy {proxy.host}: answered {head.status}")
    if early:
        raise httpx.ProxyError(f"proxy {proxy.host}: spoke before it was asked to")


async def _socks5(proxy: httpx.URL, stream: trio.abc.Stream, origin: Origin) -> None:
    try:
        await _socks5_greet(proxy, stream)
        # The name, not an address: the proxy resolves it, so that nothing is asked of the local resolver.
        command = socks5.SOCKS5CommandRequest.from_address(
            socks5.SOCKS5Command.CONNECT, (origin.host, origin.port)
        )
        await stream.send_all(command.dumps())
        reply = socks5.SOCKS5Reply.loads(await _receive_reply(stream))
    except socksio.SOCKSError as fault:
        raise httpx.ProxyError(f"proxy {proxy.host}: does not speak SOCKS5") from fault
    if reply.reply_code is not socks5.SOCKS5ReplyCode.SUCCEEDED:
        raise httpx.ProxyError(f"proxy {proxy.host}: {reply.reply_code.name.lower().replace('_', ' ')}")


async def _socks5_greet(proxy: httpx.URL, stream: trio.abc.Stream) -> None:
    named = bool(proxy.userinfo)
    method = socks5.SOCKS5AuthMethod.USERNAME_PASSWORD if named else socks5.SOCKS5AuthMethod.NO_AUTH_REQUIRED
    await stream.send_all(socks5.SOCKS5AuthMethodsRequest([method]).dumps())
    chosen = socks5.SOCKS5AuthReply.loads(await _receive_exactly(stream, 2)).method
    if chosen is not method:
        raise httpx.ProxyError(f"proxy {proxy.host}: wants another way of logging in")
    if not named:
        return
    user, password = proxy.username.encode(), proxy.password.encode()
    await stream.send_all(socks5.SOCKS5UsernamePasswordRequest(user, password).dumps())
    if not socks5.SOCKS5UsernamePasswordReply.loads(await _receive_exactly(stream, 2)).success:
        raise httpx.ProxyError(f"proxy {proxy.host}: user or password refused")


_ADDRESS_BYTES = {1: 4, 4: 16}  # IPv4 and IPv6 (RFC 1928 §5); a name brings its own length


async def _receive_reply(stream: trio.abc.Stream) -> bytes:
    start = await _receive_exactly(stream, 5)
    length = _ADDRESS_BYTES.get(start[3], start[4] + 1)
    return start + await _receive_exactly(stream, length - 1 + 2)


async def _receive_exactly(stream: trio.abc.Stream, size: int) -> bytes:
    """Read `size` bytes and none that belong to the origin."""
    got = b""
    while len(got) < size:
        data = await stream.receive_some(size - len(got))
        if not data:
            raise trio.BrokenResourceError("closed in the middle of its greeting")
        got += data
    return got


_WAYS: dict[str, Callable[[httpx.URL, trio.abc.Stream, Origin], Awaitable[None]]] = {
    "http": _connect,
    "https": _connect,
    "socks5": _socks5,
    "socks5h": _socks5,
}
