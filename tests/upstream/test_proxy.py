from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trio

from peekd.upstream.proxy import decode_proxy
from peekd.vocabulary.errors import OperatorError

if TYPE_CHECKING:
    from conftest import Net, Peer

PASSWORD = "hush-hush"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def through(proxy: str, net: Net) -> httpx.AsyncBaseTransport:
    return net.transport(proxy=decode_proxy(proxy))


@pytest.mark.parametrize("text", ["ftp://p", "localhost:3128", "http://", f"http://u:{PASSWORD}@p:x"])
def test_what_is_no_proxy_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(OperatorError) as caught:
        decode_proxy(text)
    assert PASSWORD not in str(caught.value)


def test_a_proxys_password_is_not_in_its_repr() -> None:
    assert PASSWORD not in repr(decode_proxy(f"http://u:{PASSWORD}@p:1"))


async def test_plain_requests_go_to_an_http_proxy_whole(net: Net, ask: Callable[..., httpx.Request]) -> None:
    net.saying(OK)
    response = await through(f"http://u:{PASSWORD}@p:3128", net).handle_async_request(ask())
    assert response.status_code == 200
    assert net.dialled == [("p", 3128)]
    assert net.asked[0].line == b"POST http://upstream:80/v1/messages HTTP/1.1"
    assert net.asked[0].headers["host"] == "upstream"
    assert net.asked[0].headers["proxy-authorization"] == "Basic dTpodXNoLWh1c2g="
    await response.aclose()


# ---- CONNECT: TLS would follow, so the tunnel is watched up to its first bytes -----------------------


def connecting(net: Net, *answer: bytes) -> list[Any]:
    """Have the net be a proxy; gives what it saw: the request, then what came through the tunnel."""
    seen: list[Any] = []

    async def serve(peer: Peer) -> None:
        seen.append(await peer.take())
        await peer.say(*answer)
        seen.append(await peer.exactly(1))

    net.serve = serve
    return seen


async def test_an_https_origin_is_asked_for_and_tls_goes_through_the_tunnel(
    net: Net, ask: Callable[..., httpx.Request]
) -> None:
    seen = connecting(net, b"HTTP/1.1 200 ", b"Connection established\r\n", b"\r\n")
    transport = through("http://p", net)
    with pytest.raises(httpx.ConnectError, match="TLS with upstream"):
        await transport.handle_async_request(ask("https://upstream/v1"))
    assert net.dialled == [("p", 80)]
    assert seen[0].line == b"CONNECT upstream:443 HTTP/1.1"
    assert "proxy-authorization" not in seen[0].headers
    assert seen[1] == b"\x16"  # a TLS handshake record


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n", "answered 407"),
        (b"HTTP/1.1 200 OK\r\n\r\nwelcome", "spoke before"),
        (b"SSH-2.0\r\n\r\n", "proxy p: "),
    ],
)
async def test_a_proxy_that_will_not_connect_is_told_as_such(
    net: Net, ask: Callable[..., httpx.Request], answer: bytes, why: str
) -> None:
    connecting(net, answer)
    transport = through(f"http://u:{PASSWORD}@p", net)
    with pytest.raises(httpx.ProxyError, match=why) as caught:
        await transport.handle_async_request(ask("https://upstream/v1"))
    assert PASSWORD not in str(caught.value)
    assert net.open_wires == 0


async def test_a_proxy_that_hangs_up_is_told_as_such(net: Net, ask: Callable[..., httpx.Request]) -> None:
    async def serve(peer: Peer) -> None:
        await peer.take()

    net.serve = serve
    with pytest.raises(httpx.ProxyError, match="closed without answering"):
        await through("http://p", net).handle_async_request(ask("https://upstream/v1"))
    assert net.open_wires == 0


async def test_a_mute_proxy_falls_under_the_connect_deadline(
    net: Net, ask: Callable[..., httpx.Request], autojump_clock: trio.testing.MockClock
) -> None:
    async def serve(peer: Peer) -> None:
        await trio.sleep_forever()

    net.serve = serve
    with pytest.raises(httpx.ConnectTimeout):
        await through("http://p", net).handle_async_request(ask("https://upstream/v1", connect=10))
    assert trio.current_time() == pytest.approx(10)
    assert net.open_wires == 0


# ---- SOCKS5 ------------------------------------------------------------------------------------------


def socks(
    net: Net, *, method: bytes = b"\x00", login: bytes = b"\x00", reply: bytes = b"\x00"
) -> list[bytes]:
    """Have the net be a SOCKS5 proxy that answers byte by byte; gives what it was told."""
    told: list[bytes] = []

    async def serve(peer: Peer) -> None:
        version, count = await peer.exactly(2)
        assert version == 5
        told.append(await peer.exactly(count))
        await peer.say(b"\x05", method)
        if method == b"\x02":
            user = await peer.exactly((await peer.exactly(2))[1])
            told.append(user + b":" + await peer.exactly((await peer.exactly(1))[0]))
            await peer.say(b"\x01", login)
        head = await peer.exactly(5)
        told.append(head + await peer.exactly(head[4] + 2))
        await peer.say(b"\x05", reply, b"\x00", b"\x01", b"\x00\x00", b"\x00\x00", b"\x00", b"\x00")
        await peer.take()
        await peer.say(OK)

    net.serve = serve
    return told


async def test_socks5_is_given_the_name_and_carries_the_request(
    net: Net, ask: Callable[..., httpx.Request]
) -> None:
    told = socks(net)
    response = await through("socks5://p", net).handle_async_request(ask())
    assert response.status_code == 200
    assert net.dialled == [("p", 1080)]
    assert told == [b"\x00", b"\x05\x01\x00\x03\x08upstream\x00\x50"]
    await response.aclose()


async def test_socks5_logs_in_where_the_url_names_a_user(net: Net, ask: Callable[..., httpx.Request]) -> None:
    told = socks(net, method=b"\x02")
    response = await through(f"socks5h://u:{PASSWORD}@p:9050", net).handle_async_request(ask())
    assert response.status_code == 200
    assert told[:2] == [b"\x02", b"u:" + PASSWORD.encode()]
    await response.aclose()


@pytest.mark.parametrize(
    ("url", "bad", "why"),
    [
        ("socks5://p", {"reply": b"\x05"}, "connection refused"),
        ("socks5://p", {"method": b"\xff"}, "another way"),
        ("socks5://p", {"method": b"\x33"}, "does not speak"),
        (f"socks5://u:{PASSWORD}@p", {"method": b"\x02", "login": b"\x01"}, "refused"),
    ],
)
async def test_a_socks5_refusal_is_told_and_nothing_stays_open(
    net: Net, ask: Callable[..., httpx.Request], url: str, bad: dict[str, bytes], why: str
) -> None:
    socks(net, **bad)
    with pytest.raises(httpx.ProxyError, match=why) as caught:
        await through(url, net).handle_async_request(ask())
    assert PASSWORD not in str(caught.value)
    assert net.open_wires == 0
