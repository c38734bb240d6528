from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest
import trio

from peekd.accounts.settings import AccountSettings
from peekd.healing.settings import HealingSettings
from peekd.protocols.interface import Call
from peekd.upstream.attempt import BODY_FAILURES, FAILURES, Attempt
from peekd.upstream.client import Upstreams
from peekd.upstream.headers import Proof
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.outcomes import ErrorInStream, HeadersTimeout, Rejected, Unreachable

if TYPE_CHECKING:
    from conftest import Net, Peer

ALICE = AccountSettings(name="alice", upstream="one")
DEADLINES = HealingSettings(connect_seconds=10, send_seconds=20, headers_seconds=30)
SECRET = "sk-very-secret"
Open = Callable[..., Attempt]


@pytest.fixture
def upstreams(net: Net) -> Upstreams:
    settings = UpstreamSettings(protocol="anthropic", base_url="http://upstream", max_connections=1)
    return Upstreams({"one": settings}, dials={"one": net.dial})


@pytest.fixture
def opening(upstreams: Upstreams) -> Open:
    def make(path: str = "/v1/messages", body: bytes = b"{}", secret: str = SECRET) -> Attempt:
        call = Call(path=path, body=body)
        return upstreams.attempt(
            upstream="one", account=ALICE, proof=Proof(secret), call=call, deadlines=DEADLINES
        )

    return make


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def whole(attempt: Attempt) -> bytes | ErrorInStream:
    pieces: list[bytes] = []
    while piece := await attempt.receive():
        if isinstance(piece, ErrorInStream):
            return piece
        pieces.append(piece)
    return b"".join(pieces)


async def mute(peer: Peer) -> None:
    await peer.take()
    await trio.sleep_forever()


# ---- an answer ---------------------------------------------------------------------------------------


async def test_an_answer_has_status_headers_and_the_upstreams_number(net: Net, opening: Open) -> None:
    net.saying(answer(b"hello", b"Request-Id: req_1", b"X-A: 1", b"X-B: \xe9", b"x-a: 2"))
    async with opening() as attempt:
        assert attempt.failure is None
        assert attempt.status == 200
        said = {"content-length": "5", "request-id": "req_1", "x-a": "1, 2", "x-b": "\xe9"}
        assert dict(attempt.headers) == said
        assert attempt.upstream_request_id == "req_1"
        assert await attempt.receive() == b"hello"
        assert [await attempt.receive() for _ in range(2)] == [b"", b""]


async def test_each_receive_is_one_read_of_the_upstream(net: Net, opening: Open) -> None:
    async def serve(peer: Peer) -> None:
        await peer.take()
        await peer.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        await peer.say(b"1\r\na\r\n1\r\nb\r\n", b"1\r\nc\r\n0\r\n\r\n")

    net.serve = serve
    async with opening() as attempt:
        assert [await attempt.receive() for _ in range(3)] == [b"ab", b"c", b""]


async def test_what_came_with_the_head_is_given_at_once_and_an_end_never_is(net: Net, opening: Open) -> None:
    net.saying(answer(b"hello"))
    async with opening() as attempt:
        assert [attempt.receive_nowait() for _ in range(2)] == [b"hello", b""]
        assert await attempt.receive() == b""
        assert attempt.receive_nowait() == b""


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        (answer(b"hello"), [False, True]),
        (answer(gzip.compress(b"hello"), b"Content-Encoding: gzip"), [False, False]),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello", [False, False]),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", [False, True]),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", [False, False]),
    ],
)
async def test_an_end_that_has_come_with_the_last_piece_is_told(
    net: Net, opening: Open, given: bytes, ends: list[bool]
) -> None:
    net.saying(given)
    async with opening() as attempt:
        told = [attempt.at_end]
        assert await attempt.receive() == b"hello"
        assert [*told, attempt.at_end] == ends


@pytest.mark.parametrize(
    "given",
    [
        answer(b"hello"),
        answer(b"", status=b"500 Gone"),
        answer(gzip.compress(b"hello"), b"Content-Encoding: gzip"),
        answer(b"hello", b"Content-Encoding: br"),
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
    ],
)
async def test_taken_at_once_or_waited_for_a_body_is_the_same(
    net: Net, opening: Open, upstreams: Upstreams, given: bytes
) -> None:
    ways: list[tuple[bytes, object, int]] = []
    for at_once in (False, True):
        net.saying(given)
        async with opening() as attempt:
            body = attempt.receive_nowait() if at_once else b""
            while isinstance(end := await attempt.receive(), bytes) and end:
                body += end
        ways.append((body, end, upstreams.idle_count()))
    assert ways[0] == ways[1]


async def test_sent_is_when_the_request_was_out(
    net: Net, opening: Open, autojump_clock: trio.testing.MockClock
) -> None:
    async def serve(peer: Peer) -> None:
        await trio.sleep(7)
        await peer.take()
        await trio.sleep(5)
        await peer.say(answer(b""))

    net.serve = serve
    async with opening(body=bytes(150_000)) as attempt:
        assert attempt.sent == pytest.approx(7)
        assert trio.current_time() == pytest.approx(12)


@pytest.mark.parametrize("status", [b"301 Moved", b"307 Elsewhere"])
@pytest.mark.parametrize("place", [b"http://thief/", b"http://thief:x/"])
async def test_a_redirect_is_an_answer_and_is_not_followed(
    net: Net, opening: Open, status: bytes, place: bytes
) -> None:
    net.saying(answer(b"", b"Location: " + place, status=status))
    async with opening() as attempt:
        assert attempt.status == int(status[:3])
    assert net.dialled == [("upstream", 80)]


async def test_a_compressed_answer_is_undone_as_it_comes(net: Net, opening: Open) -> None:
    net.saying(answer(gzip.compress(b"data: hi\n\n"), b"Content-Encoding: gzip"))
    async with opening() as attempt:
        assert "content-encoding" not in attempt.headers
        assert "content-length" not in attempt.headers
        assert await whole(attempt) == b"data: hi\n\n"


# ---- no answer ---------------------------------------------------------------------------------------


async def test_a_refused_connection_is_unreachable(net: Net, opening: Open) -> None:
    async def refuse() -> None:
        await trio.lowlevel.checkpoint()
        raise OSError(111, "Connection refused")

    net.on_dial = refuse
    async with opening() as attempt:
        assert attempt.failure == Unreachable(
            type="connect_error", message="cannot connect to upstream:80: Connection refused"
        )
        assert attempt.status == 0


async def test_a_dial_that_hangs_is_unreachable_after_the_connect_deadline(
    net: Net, opening: Open, autojump_clock: trio.testing.MockClock
) -> None:
    net.on_dial = trio.sleep_forever
    async with opening() as attempt:
        assert isinstance(attempt.failure, Unreachable)
        assert attempt.failure.type == "connect_timeout"
    assert trio.current_time() == pytest.approx(10)


async def test_no_status_line_in_time_is_a_headers_timeout(
    net: Net, opening: Open, autojump_clock: trio.testing.MockClock
) -> None:
    net.serve = mute
    async with opening() as attempt:
        assert isinstance(attempt.failure, HeadersTimeout)
        assert attempt.failure.type == "read_timeout"
    assert trio.current_time() == pytest.approx(30)


async def test_a_request_that_nobody_takes_is_a_headers_timeout_too(
    net: Net, opening: Open, autojump_clock: trio.testing.MockClock
) -> None:
    async def serve(peer: Peer) -> None:
        await trio.sleep_forever()

    net.serve = serve
    async with opening(body=bytes(1_000_000)) as attempt:
        assert isinstance(attempt.failure, HeadersTimeout)
        assert attempt.failure.type == "write_timeout"
    assert trio.current_time() == pytest.approx(20)


async def test_a_reset_and_an_end_before_the_status_line_are_unreachable(net: Net, opening: Open) -> None:
    async def reset(peer: Peer) -> None:
        await peer.take()
        peer.reset()

    async def end(peer: Peer) -> None:
        await peer.take()

    for serve, name in ((reset, "read_error"), (end, "protocol_error")):
        net.serve = serve
        async with opening() as attempt:
            assert isinstance(attempt.failure, Unreachable)
            assert attempt.failure.type == name


async def test_no_free_connection_in_time_is_unreachable(
    net: Net, opening: Open, autojump_clock: trio.testing.MockClock
) -> None:
    async with opening(), opening() as second:
        assert isinstance(second.failure, Unreachable)
        assert second.failure.type == "pool_timeout"


@pytest.mark.parametrize("odd", [{"path": "/v1/\x00"}, {"secret": f"{SECRET}\nx: y"}])
async def test_what_cannot_be_sent_is_rejected_and_says_no_secret(
    opening: Open, odd: dict[str, str], upstreams: Upstreams
) -> None:
    async with opening(**odd) as attempt:
        assert isinstance(attempt.failure, Rejected)
        assert SECRET not in repr(attempt.failure)
    assert upstreams.busy_count() == 0


async def test_reading_where_there_is_no_answer_is_a_bug_and_says_so(net: Net, opening: Open) -> None:
    net.saying(b"")
    async with opening() as attempt:
        with pytest.raises(RuntimeError, match="no answer"):
            await attempt.receive()


# ---- a broken body -----------------------------------------------------------------------------------

BROKEN = {
    "cut": b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
    "cut chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "nonsense": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
}


@pytest.mark.parametrize("wire", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_body_gives_what_came_and_then_an_outcome_that_stays(
    net: Net, opening: Open, wire: bytes
) -> None:
    net.saying(wire)
    async with opening() as attempt:
        assert await attempt.receive() == b"abc"
        broken = await attempt.receive()
        assert isinstance(broken, ErrorInStream)
        assert (broken.status, broken.type) == (200, "cut")
        assert await attempt.receive() == broken


async def test_a_reset_body_is_an_outcome(net: Net, opening: Open) -> None:
    told = trio.Event()

    async def serve(peer: Peer) -> None:
        await peer.take()
        await peer.say(BROKEN["cut"])
        await told.wait()
        peer.reset()

    net.serve = serve
    async with opening() as attempt:
        assert await attempt.receive() == b"abc"
        told.set()
        broken = await attempt.receive()
        assert isinstance(broken, ErrorInStream)
        assert broken.type == "reset"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"plain", b"gzip"), (gzip.compress(b"data: hi\n\n")[:-6], b"gzip"), (b"\x1b\x03", b"br")],
)
async def test_a_body_that_cannot_be_decoded_is_an_outcome(
    net: Net, opening: Open, body: bytes, encoding: bytes
) -> None:
    net.saying(answer(body, b"Content-Encoding: " + encoding))
    async with opening() as attempt:
        assert attempt.status == 200
        broken = await whole(attempt)
        assert isinstance(broken, ErrorInStream)
        assert broken.type == "undecodable"


# ---- refusals ----------------------------------------------------------------------------------------


async def test_a_refusals_body_is_read_up_to_a_limit(net: Net, opening: Open) -> None:
    net.saying(answer(b"x" * 5000, status=b"429 Slow"))
    async with opening() as attempt:
        assert attempt.status == 429
        assert await attempt.read_refusal(limit=1000) == b"x" * 1000


async def test_of_a_refusal_that_breaks_or_stalls_what_came_is_kept(
    net: Net, opening: Open, autojump_clock: trio.testing.MockClock
) -> None:
    partial = b"HTTP/1.1 429 Slow\r\ncontent-length: 99\r\n\r\nslow down"
    net.saying(partial)
    async with opening() as attempt:
        assert await attempt.read_refusal() == b"slow down"

    async def serve(peer: Peer) -> None:
        await peer.take()
        await peer.say(partial)
        await trio.sleep_forever()

    net.serve = serve
    async with opening() as attempt:
        assert await attempt.read_refusal() == b"slow down"
    assert trio.current_time() == pytest.approx(30, abs=0.1)


# ---- leaving -----------------------------------------------------------------------------------------


async def test_leaving_closes_what_is_unfinished_and_keeps_what_is_finished(
    net: Net, opening: Open, upstreams: Upstreams
) -> None:
    async with opening() as attempt:
        assert await whole(attempt) == b"{}"
        assert upstreams.open_count() == 1
    assert (upstreams.open_count(), upstreams.busy_count(), upstreams.idle_count()) == (0, 0, 1)
    net.wires[0].hung_up = True
    net.saying(BROKEN["cut"])
    async with opening() as attempt:
        assert await attempt.receive() == b"abc"
    assert (upstreams.busy_count(), upstreams.idle_count(), net.open_wires) == (0, 0, 0)


async def test_an_error_in_the_block_closes_the_stream_and_passes(
    net: Net, opening: Open, upstreams: Upstreams
) -> None:
    net.saying(BROKEN["cut"])
    with pytest.raises(ValueError, match="ours"):
        async with opening():
            raise ValueError("ours")
    assert (upstreams.open_count(), upstreams.busy_count(), net.open_wires) == (0, 0, 0)


@pytest.mark.parametrize("serve", ["mute", "stalls"])
async def test_a_cancelled_attempt_closes_the_upstream_within_the_same_moment(
    net: Net, opening: Open, upstreams: Upstreams, serve: str, autojump_clock: trio.testing.MockClock
) -> None:
    closed: list[float] = []

    async def watch(peer: Peer) -> None:
        await peer.take()
        if serve == "stalls":
            await peer.say(BROKEN["cut"])
        assert await peer.take() is None
        closed.append(trio.current_time())

    net.serve = watch
    with trio.move_on_after(5) as scope:
        async with opening() as attempt:
            while await attempt.receive():
                pass
    assert scope.cancelled_caught
    assert (upstreams.open_count(), upstreams.busy_count(), net.open_wires) == (0, 0, 0)
    await trio.testing.wait_all_tasks_blocked()
    assert closed == [pytest.approx(5)]


def test_every_error_httpx_can_raise_has_an_outcome() -> None:
    raised = {
        kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, httpx.HTTPError)
    }
    for kind in raised | {httpx.InvalidURL}:
        assert any(base in FAILURES for base in kind.__mro__)
    for kind in raised:
        assert any(base in BODY_FAILURES for base in kind.__mro__)
