from __future__ import annotations

import base64
from itertools import product
from typing import TYPE_CHECKING

import httpx
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from peekd.upstream.dial import Origin
from peekd.upstream.parser import AnswerHead, Parser
from peekd.upstream.seam import Answer, Order, Said, Sender, framed, place_of
from peekd.upstream.timeouts import Timeouts, unmarked

if TYPE_CHECKING:
    from conftest import Net, Peer

URLS = (
    "http://upstream/v1/messages?beta=true",
    "https://[::1]:8443/v1/a%20b",
    "http://Upstream:80/",
    "http://u:p@upstream:8080",
    "http://例え.test/日?q=é",
)
NAMES = ("Host", "host", "Content-Length", "content-length", "Transfer-Encoding", "x-a", "X-A", "accept")
LIMITS = Timeouts(1, 2, 3)

headers_sent = st.lists(st.tuples(st.sampled_from([name.encode() for name in NAMES]), st.just(b"7")))


def order(*headers: tuple[bytes, bytes]) -> Order:
    return Order("POST", place_of(URLS[0]), Said(list(headers)), b"{}", LIMITS)


@given(
    st.sampled_from(["POST", "PUT", "PATCH", "GET", "DELETE"]),
    st.sampled_from(URLS),
    headers_sent,
    st.sampled_from([b"", b"{}", b"x" * 70_000]),
)
def test_a_request_is_framed_as_httpx_frames_it(
    method: str, url: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    theirs = httpx.Request(method, url, headers=headers, content=body)
    assert framed(method, place_of(url), headers, body) == theirs.headers.raw


@given(
    st.sampled_from(["POST", "GET"]),
    st.sampled_from(URLS),
    st.lists(st.tuples(st.sampled_from([b"x-a", b"X-B", b"hoSt", b"a b", b""]), st.binary(max_size=3))),
    st.sampled_from([b"", b"{}"]),
)
def test_a_head_that_is_encoded_beforehand_is_the_one_that_the_parser_encodes(
    method: str, url: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    place = place_of(url)
    made = Order(method, place, Said(headers), body, LIMITS)
    try:
        whole = Parser().encode_head(method.encode(), place.target, framed(method, place, headers, body))
    except httpx.LocalProtocolError:
        assert made.head == b""
    else:
        usual = body and headers and not any(name.lower() == b"host" for name, _ in headers)
        assert made.head == (whole if usual else b"")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=6), st.sampled_from(["", "%", "?", "#", "@"]))
def test_where_a_request_goes_can_stand_on_the_wire(text: str, before: str) -> None:
    for url in (f"http://upstream/{before}{text}", f"http://{before}{text}/", f"http://{text}{before}u/"):
        try:
            place = place_of(url)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            continue
        assert min(place.target + place.host, default=0xFF) > 0x20
        assert b"\x7f" not in place.target + place.host


@pytest.mark.parametrize("url", URLS)
def test_a_place_is_what_the_url_says(url: str) -> None:
    place, read = place_of(url), httpx.URL(url)
    assert (place.url, place.origin, place.target, place.host) == (
        read,
        Origin.of(read),
        read.raw_path,
        read.netloc,
    )


def test_a_url_that_cannot_be_read_or_spoken_has_no_place() -> None:
    for _ in range(2):
        with pytest.raises(httpx.InvalidURL):
            place_of("http://a:x")
        with pytest.raises(httpx.UnsupportedProtocol):
            place_of("ftp://a")


@pytest.mark.parametrize("body", [b"", b"{}", bytes(200_000)])
async def test_what_is_on_the_wire_is_the_same_by_httpx_s_own_request_and_client(
    net: Net, body: bytes
) -> None:
    heard: list[bytes] = []

    async def serve(peer: Peer) -> None:
        head = await peer.until(b"\r\n\r\n")
        heard.append(head + await peer.exactly(len(body)))
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    net.serve = serve
    pairs = [(b"x-A", b"1"), (b"accept-encoding", b"identity"), (b"x-a", b"2")]
    ours = Order("POST", place_of(URLS[0]), Said(pairs), body, LIMITS)
    theirs = httpx.Request("POST", URLS[0], headers=pairs, content=body)
    sender, stock = Sender(net.transport()), httpx.AsyncClient(transport=net.transport())
    answers: list[httpx.Response] = [await sender.carry(ours)]
    for client, request in product((sender, stock), (ours, theirs)):
        answers.append(await client.send(request, stream=True))
    for answer in answers:
        assert await answer.aread() == b"{}"
        await answer.aclose()
    assert len(heard) == 5
    assert len(set(heard)) == 1
    assert heard[0].endswith(b"\r\nx-a: 2" + (b"\r\nContent-Length: %d" % len(body)) * bool(body) + body)


async def test_an_order_is_a_request_of_httpx_s_to_any_transport() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["X-a"] == "1"
        assert request.headers["host"] == "upstream"
        timeout = {"connect": 1, "write": 2, "read": 3, "pool": None}
        assert request.extensions == {"timeout": timeout, "mark": unmarked}
        assert (request.method, request.url.path) == ("POST", "/v1/messages")
        return httpx.Response(200, content=request.content)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        assert (await client.send(order((b"x-a", b"1")))).content == b"{}"


async def test_a_request_of_httpx_s_becomes_an_order_that_says_the_same() -> None:
    def mark(name: str, at: float) -> None:
        """Note nothing."""

    extensions = {"timeout": {"connect": 1, "write": 2, "read": 3}, "mark": mark}
    made = await Order.of(httpx.Request("POST", URLS[0], content=b"{}", extensions=extensions))
    assert (made.method, made.place, made.raw, made.body) == (
        "POST",
        place_of(URLS[0]),
        order().raw,
        b"{}",
    )
    assert (made.timeouts, made.mark) == (LIMITS, mark)


def test_what_is_sent_is_in_no_repr() -> None:
    made = order((b"authorization", b"Bearer sk-secret"))
    assert "sk-secret" not in repr(made)
    assert "sk-secret" not in repr(made.said)


def test_an_answers_headers_are_httpx_s_once_they_are_asked_for() -> None:
    head = AnswerHead(200, b"OK", b"1.1", [(b"x-a", b"1"), (b"x-a", b"2"), (b"location", b"/b")])
    answer = Answer(head, httpx.ByteStream(b"hi"), order(), 1.0)
    assert "headers" not in vars(answer)
    assert answer.headers.get_list("X-A") == ["1", "2"]
    assert answer.headers is answer.headers
    assert (answer.has_redirect_location, answer.request.method) == (False, "POST")


# ---- the client --------------------------------------------------------------------------------------


async def test_an_answer_that_is_not_streamed_is_read_and_its_connection_free(net: Net) -> None:
    transport = net.transport()
    client = Sender(transport)
    response = await client.send(order())
    assert (response.status_code, response.content) == (200, b"{}")
    assert (transport.busy, transport.idle) == (0, 1)
    await client.aclose()
    assert net.open_wires == 0


async def test_asked_as_httpx_s_own_client_it_does_all_that_one_does(net: Net) -> None:
    moved = b"HTTP/1.1 307 Elsewhere\r\nLocation: /b\r\nContent-Length: 2\r\n\r\n{}"
    net.saying(moved, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    async with Sender(net.transport()) as client:
        response = await client.send(order(), stream=True, auth=("u", "p"), follow_redirects=True)
        assert response.status_code == 200
        await response.aclose()
    assert net.asked[0].headers["authorization"] == "Basic " + base64.b64encode(b"u:p").decode()
    assert net.asked[1].line == b"POST /b HTTP/1.1"


async def test_carried_straight_an_order_is_answered_with_the_body_still_to_come(net: Net) -> None:
    transport = net.transport()
    answer = await Sender(transport).carry(order())
    assert (answer.status_code, answer.raw, transport.busy) == (200, [(b"content-length", b"2")], 1)
    assert await answer.aread() == b"{}"
    await answer.aclose()
    assert (transport.busy, transport.idle) == (0, 1)


async def test_a_cancelled_order_leaves_nothing_open(net: Net) -> None:
    async def mute(peer: Peer) -> None:
        await peer.take()
        await trio.sleep_forever()

    net.serve = mute
    transport = net.transport()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Sender(transport).carry, order())
        await trio.testing.wait_all_tasks_blocked()
        assert transport.busy == 1
        nursery.cancel_scope.cancel()
    assert (transport.busy, transport.idle, net.open_wires) == (0, 0, 0)
