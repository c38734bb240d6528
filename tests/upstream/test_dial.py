from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import httpx
import pytest
import trio

from peekd.simulator.streams import open_pair
from peekd.upstream.dial import (
    Origin,
    beginner_of,
    dial_tcp,
    is_readable,
    reader_of,
    start_tls,
    system_tls,
)

if TYPE_CHECKING:
    from conftest import Local


async def serve(nursery: trio.Nursery, handler: Callable[[trio.SocketStream], Awaitable[None]]) -> int:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, handler, listeners)
    port: int = listeners[0].socket.getsockname()[1]
    return port


async def echo(stream: trio.SocketStream) -> None:
    async for piece in stream:
        await stream.send_all(piece)


async def echo_tls(raw: trio.SocketStream, context: ssl.SSLContext) -> None:
    stream = trio.SSLStream(raw, context, server_side=True, https_compatible=True)
    try:
        await stream.send_all(await stream.receive_some())
    except trio.BrokenResourceError:
        await raw.aclose()


@pytest.mark.parametrize(
    ("url", "origin", "authority"),
    [
        ("http://a/x", Origin("http", "a", 80), "a:80"),
        ("https://a:8443", Origin("https", "a", 8443), "a:8443"),
        ("https://[2001:db8::1]/", Origin("https", "2001:db8::1", 443), "[2001:db8::1]:443"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: Origin, authority: str) -> None:
    assert Origin.of(httpx.URL(url)) == origin
    assert origin.authority == authority


@pytest.mark.parametrize("url", ["ftp://a/", "simulator:demo", "/v1"])
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        Origin.of(httpx.URL(url))


async def test_tls_over_loopback_carries_bytes_when_the_certificate_is_trusted(
    local: Local, nursery: trio.Nursery
) -> None:
    port = await serve(nursery, lambda raw: echo_tls(raw, local.server))
    stream = await start_tls(await dial_tcp("127.0.0.1", port), "upstream.test", local.caller)
    await stream.send_all(b"hello")
    assert await stream.receive_some() == b"hello"
    await trio.aclose_forcefully(stream)


@pytest.mark.parametrize(("host", "trusted"), [("other.test", "local"), ("upstream.test", "system")])
async def test_a_certificate_of_another_name_or_another_authority_is_refused_and_the_stream_closed(
    local: Local, nursery: trio.Nursery, host: str, trusted: str
) -> None:
    port = await serve(nursery, lambda raw: echo_tls(raw, local.server))
    raw = await trio.open_tcp_stream("127.0.0.1", port)
    with pytest.raises(httpx.ConnectError, match=rf"TLS with {host}: .*certificate"):
        await start_tls(raw, host, {"local": local.caller, "system": system_tls}[trusted])
    assert raw.socket.fileno() == -1


async def test_a_certificate_that_has_expired_is_refused_though_its_authority_is_trusted(
    expired: Local, nursery: trio.Nursery
) -> None:
    port = await serve(nursery, lambda raw: echo_tls(raw, expired.server))
    raw = await trio.open_tcp_stream("127.0.0.1", port)
    with pytest.raises(httpx.ConnectError, match=r"TLS with upstream\.test: .*expired"):
        await start_tls(raw, "upstream.test", expired.caller)
    assert raw.socket.fileno() == -1


def test_the_system_context_checks_names_and_certificates_and_is_made_once() -> None:
    context = system_tls()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert system_tls() is context


async def test_a_refused_connection_is_an_os_error() -> None:
    with trio.socket.socket() as holder:
        await holder.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match="failed"):
            await dial_tcp("127.0.0.1", holder.getsockname()[1])


async def test_a_name_that_no_resolver_can_be_asked_for_is_an_os_error() -> None:
    with pytest.raises(OSError, match="not a host name"):
        await dial_tcp("a" * 70 + ".test", 80)


async def test_an_idle_socket_is_readable_once_its_peer_is_gone(nursery: trio.Nursery) -> None:
    arrived, give = trio.Event(), trio.Event()

    async def handler(_stream: trio.SocketStream) -> None:
        arrived.set()
        await give.wait()

    stream = await dial_tcp("127.0.0.1", await serve(nursery, handler))
    await arrived.wait()
    assert not is_readable(stream)
    give.set()
    assert isinstance(stream, trio.SocketStream)
    await trio.lowlevel.wait_readable(stream.socket)
    assert is_readable(stream)
    await trio.aclose_forcefully(stream)


def test_a_stream_that_cannot_tell_counts_as_quiet() -> None:
    near, _far = open_pair()
    assert not is_readable(near)


async def test_a_socket_takes_what_it_can_at_once_and_is_read_as_it_comes(nursery: trio.Nursery) -> None:
    port = await serve(nursery, echo)
    stream = await dial_tcp("127.0.0.1", port)
    read, begin = reader_of(stream), beginner_of(stream)
    said, got = bytes(range(256)) * 65536, b""
    rest = begin(said)
    assert 0 < len(rest) < len(said)  # more than the socket takes at once
    nursery.start_soon(stream.send_all, rest)
    while len(got) < len(said):
        got += await read(65536)
    assert got == said
    await stream.aclose()
    with pytest.raises((OSError, trio.ClosedResourceError)):
        await read(1)
    with pytest.raises((OSError, trio.ClosedResourceError)):
        begin(b"x")


async def test_a_reader_that_waits_hears_that_its_socket_was_closed(nursery: trio.Nursery) -> None:
    stream = await dial_tcp("127.0.0.1", await serve(nursery, echo))
    read, heard = reader_of(stream), trio.Event()

    async def wait() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await read(1)
        heard.set()

    nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()
    await stream.aclose()
    await heard.wait()


async def test_a_stream_in_memory_is_read_and_written_by_its_own_ways() -> None:
    ours, theirs = open_pair()
    assert beginner_of(ours)(b"x") == b"x"
    await ours.send_all(b"x")
    assert await reader_of(theirs)(10) == b"x"
