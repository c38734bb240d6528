from __future__ import annotations

import errno
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import httpx
import pytest
import trio

from peekd.upstream.connection import PIECE_BYTES
from peekd.upstream.proxy import decode_proxy
from peekd.upstream.transport import Transport

if TYPE_CHECKING:
    from conftest import Local, Net, Peer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n"
Ask = Callable[..., httpx.Request]


async def read(transport: httpx.AsyncBaseTransport, request: httpx.Request) -> tuple[int, bytes]:
    response = await transport.handle_async_request(request)
    try:
        return response.status_code, await response.aread()
    finally:
        await response.aclose()


async def test_an_httpx_client_can_use_it_like_any_other(net: Net) -> None:
    net.saying(b"HTTP/1.1 200 Fine\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 4\r\n\r\nbody")
    async with httpx.AsyncClient(transport=net.transport()) as client:
        response = await client.post("http://upstream/a%20b?x=1", content=b"hello", headers={"x-b": "c"})
        assert (response.status_code, response.reason_phrase, response.text) == (200, "Fine", "body")
        assert response.http_version == "HTTP/1.1"
        assert response.headers.get_list("x-a") == ["1", "2"]
    asked = net.asked[0]
    assert (asked.line, asked.body) == (b"POST /a%20b?x=1 HTTP/1.1", b"hello")
    assert (asked.headers["host"], asked.headers["x-b"]) == ("upstream", "c")
    assert net.dialled == [("upstream", 80)]
    assert net.open_wires == 0


async def test_a_connection_is_kept_and_used_again(net: Net, ask: Ask) -> None:
    transport = net.transport()
    for _ in range(5):
        assert await read(transport, ask()) == (200, b"{}")
    assert len(net.dialled) == 1
    assert (transport.busy, transport.idle) == (0, 1)


async def test_each_origin_has_a_pool_of_its_own(net: Net, ask: Ask) -> None:
    transport = net.transport(1)
    first = await transport.handle_async_request(ask("http://a/"))
    second = await transport.handle_async_request(ask("http://b/"))
    assert transport.busy == 2
    assert net.dialled == [("a", 80), ("b", 80)]
    await first.aclose()
    await second.aclose()


async def test_a_connection_that_was_told_to_close_is_not_used_again(net: Net, ask: Ask) -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    net.saying(closing, OK)
    transport = net.transport()
    for _ in range(2):
        assert await read(transport, ask()) == (200, b"{}")
    assert len(net.dialled) == 2


async def test_leaving_in_the_middle_of_a_body_closes_the_connection_at_once(net: Net, ask: Ask) -> None:
    async def serve(peer: Peer) -> None:
        await peer.take()
        await peer.say(CHUNKED)
        assert await peer.take() is None  # our close, and nothing else

    net.serve = serve
    transport = net.transport()
    response = await transport.handle_async_request(ask())
    body = response.extensions["body"]
    assert await body.receive() == b"abcd"
    await response.aclose()
    assert (transport.busy, transport.idle, net.open_wires) == (0, 0, 0)


async def test_closing_twice_frees_one_slot(net: Net, ask: Ask) -> None:
    transport = net.transport(1)
    response = await transport.handle_async_request(ask())
    body = response.extensions["body"]
    await body.aclose()
    await body.aclose()
    assert transport.busy == 0
    assert await read(transport, ask()) == (200, b"{}")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (OSError(errno.ECONNREFUSED, "Connection refused"), "upstream:80: Connection refused"),
        (OSError(-2, "Name or service not known"), "Name or service not known"),
    ],
)
async def test_a_refused_connection_or_an_unknown_name_is_a_connect_error(
    ask: Ask, fault: OSError, words: str
) -> None:
    async def dial(host: str, port: int) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        raise fault

    transport = Transport(1, dial=dial)
    for _ in range(2):
        with pytest.raises(httpx.ConnectError, match=words):
            await read(transport, ask())
    assert transport.busy == 0


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200", httpx.RemoteProtocolError),
        (b"nonsense\r\n\r\n", httpx.RemoteProtocolError),
    ],
)
async def test_a_failed_exchange_leaves_nothing_open(
    net: Net, ask: Ask, answer: bytes, error: type[Exception]
) -> None:
    net.saying(answer)
    transport = net.transport(1)
    for _ in range(3):
        with pytest.raises(error):
            await read(transport, ask())
    assert (transport.busy, transport.idle, net.open_wires) == (0, 0, 0)


async def test_a_request_that_cannot_be_written_leaves_nothing_open(net: Net) -> None:
    transport = net.transport(1)
    request = httpx.Request("POST", "http://upstream/", headers=[(b"x", b"a\nb")], content=b"")
    with pytest.raises(httpx.LocalProtocolError):
        await transport.handle_async_request(request)
    assert (transport.busy, net.open_wires) == (0, 0)


async def test_another_scheme_is_refused(net: Net, ask: Ask) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        await net.transport().handle_async_request(ask("ftp://upstream/"))


async def test_https_goes_over_tls_to_a_real_socket_and_is_kept(
    nursery: trio.Nursery, ask: Ask, local: Local
) -> None:
    arrived: list[trio.SSLStream[trio.SocketStream]] = []

    async def serve(raw: trio.SocketStream) -> None:
        stream = trio.SSLStream(raw, local.server, server_side=True, https_compatible=True)
        arrived.append(stream)
        while await stream.receive_some():
            await stream.send_all(OK)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, serve, listeners)
    transport = Transport(2, tls=local.caller)
    url = f"https://localhost:{listeners[0].socket.getsockname()[1]}/v1/messages"
    for _ in range(3):
        assert await read(transport, ask(url)) == (200, b"{}")
    assert len(arrived) == 1
    await transport.aclose()


# ---- the end of an answer that is here but unread, on real sockets ------------------------------------


async def on_loopback(nursery: trio.Nursery, serve: Callable[[trio.SocketStream], Awaitable[None]]) -> str:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, serve, listeners)
    return f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/"


async def test_an_end_that_has_arrived_unread_keeps_the_connection(nursery: trio.Nursery, ask: Ask) -> None:
    end, ended = trio.Event(), trio.Event()

    async def serve(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(CHUNKED)
        await end.wait()
        await stream.send_all(b"0\r\n\r\n")
        ended.set()
        await stream.receive_some()

    transport = Transport(2)
    response = await transport.handle_async_request(ask(await on_loopback(nursery, serve)))
    assert await response.extensions["body"].receive() == b"abcd"
    end.set()
    await ended.wait()
    await response.aclose()
    assert (transport.busy, transport.idle) == (0, 1)
    await transport.aclose()


async def test_an_idle_socket_that_the_upstream_closed_is_replaced(nursery: trio.Nursery, ask: Ask) -> None:
    gone = trio.Event()
    served: list[int] = []

    async def serve(stream: trio.SocketStream) -> None:
        served.append(len(served))
        await stream.receive_some()
        await stream.send_all(OK)
        await stream.aclose()
        gone.set()

    transport = Transport(2)
    url = await on_loopback(nursery, serve)
    for _ in range(3):
        assert await read(transport, ask(url)) == (200, b"{}")
        await gone.wait()
    assert served == [0, 1, 2]
    await transport.aclose()


# ---- cancellation ------------------------------------------------------------------------------------


async def cancelled_after(steps: int, work: Callable[[], Awaitable[object]]) -> bool:
    """Run it, cancelled once the scheduler has gone round so many times; whether that came in time."""
    with trio.CancelScope() as scope:

        async def wait_steps() -> None:
            for _ in range(steps):
                await trio.lowlevel.checkpoint()
            scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_steps)
            await work()
            nursery.cancel_scope.cancel()
    return scope.cancelled_caught


def socks_then_answer(net: Net) -> None:
    async def serve(peer: Peer) -> None:
        await peer.exactly(3)
        await peer.say(b"\x05\x00")
        await peer.exactly(5 + len("upstream") + 2)
        await peer.say(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        while await peer.take() is not None:
            await peer.say(CHUNKED, b"0\r\n\r\n")

    net.serve = serve


WAYS = {
    "straight": (None, b"{}"),
    "straight, a long body": (None, bytes(PIECE_BYTES * 3)),
    "by socks5": ("socks5://proxy", b"{}"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_cancellation_at_any_await_loses_no_slot_and_leaves_no_stream(
    net: Net, ask: Ask, way: str
) -> None:
    proxy, body = WAYS[way]
    if proxy is not None:
        socks_then_answer(net)
    steps, cancelled = 0, 1
    while cancelled:
        cancelled = 0
        transport = net.transport(1, proxy=decode_proxy(proxy) if proxy else None)
        for _ in range(2):  # over a new connection, then perhaps over a kept one
            cancelled += await cancelled_after(steps, lambda: read(transport, ask(body=body)))  # noqa: B023
            assert transport.busy == 0
            assert net.open_wires == transport.idle
        assert (await read(transport, ask()))[0] == 200
        assert (transport.busy, transport.idle, net.open_wires) == (0, 1, 1)
        await transport.aclose()
        steps += 1
    assert steps > 3


async def test_a_cancellation_at_any_await_of_the_tls_handshake_closes_the_socket(
    nursery: trio.Nursery, ask: Ask
) -> None:
    closed: list[int] = []

    async def serve(stream: trio.SocketStream) -> None:
        while await stream.receive_some():  # takes the greeting and never answers
            pass
        closed.append(1)

    url = (await on_loopback(nursery, serve)).replace("http:", "https:")
    transport = Transport(1)
    for steps in range(1, 40):
        assert await cancelled_after(steps, lambda: read(transport, ask(url)))
        assert transport.busy == 0


async def churn(transport: Transport, url: str, ask: Ask, rounds: int) -> list[str]:
    """Twice as many workers as slots; about half of what they ask is cancelled somewhere on its way."""
    dice, ended = random.Random(7), list[str]()  # noqa: S311  chance for a test, the same each time

    async def work() -> None:
        for _ in range(rounds):
            cancelled = await cancelled_after(dice.randrange(60), lambda: read(transport, ask(url)))
            ended.append("cancelled" if cancelled else "done")

    async with trio.open_nursery() as workers:
        for _ in range(8):
            workers.start_soon(work)
    return ended


async def test_after_churn_in_memory_every_slot_is_free_and_the_next_request_is_served(
    net: Net, ask: Ask, autojump_clock: trio.testing.MockClock
) -> None:
    async def serve(peer: Peer) -> None:
        while await peer.take() is not None:
            await trio.lowlevel.checkpoint()
            await peer.say(CHUNKED, b"0\r\n\r\n")

    net.serve = serve
    transport = net.transport(4)
    ended = await churn(transport, "http://upstream/", ask, 50)
    assert {"cancelled", "done"} == set(ended)
    assert transport.busy == 0
    assert net.open_wires == transport.idle <= 4
    assert (await read(transport, ask(pool=1, connect=1)))[0] == 200


async def test_after_churn_on_loopback_every_slot_is_free_and_the_next_request_is_served(
    nursery: trio.Nursery, ask: Ask
) -> None:
    async def serve(stream: trio.SocketStream) -> None:
        try:
            while await stream.receive_some():
                await stream.send_all(OK)
        except trio.BrokenResourceError:
            await stream.aclose()

    transport = Transport(4)
    url = await on_loopback(nursery, serve)
    ended = await churn(transport, url, ask, 40)
    assert {"cancelled", "done"} == set(ended)
    assert transport.busy == 0
    assert (await read(transport, ask(url, pool=5)))[0] == 200
    held = [await transport.handle_async_request(ask(url, pool=5)) for _ in range(4)]
    assert transport.busy == 4
    for response in held:
        await response.aclose()
    assert transport.busy == 0
    await transport.aclose()
