from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest
import trio
from typing_extensions import override

from peekd.simulator.streams import MemoryStream, open_pair
from peekd.upstream.connection import LAST_WORDS_SECONDS, PIECE_BYTES, Connection, Message
from peekd.upstream.dial import start_tls
from peekd.upstream.timeouts import Timeouts

if TYPE_CHECKING:
    from conftest import Local

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
SAYS_413 = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"
LONG = bytes(10 * 1024 * 1024)
LIMITS = Timeouts(write=60, read=50)


def message(body: bytes = b"{}") -> Message:
    headers = [(b"host", b"upstream"), (b"content-length", str(len(body)).encode())]
    return Message(b"POST", b"/v1/messages", headers, body)


@pytest.fixture
def ends() -> tuple[Connection, MemoryStream]:
    near, far = open_pair()
    return Connection(near), far


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


async def drain(far: MemoryStream) -> None:
    while await far.receive_some():
        pass


Ends = tuple[Connection, MemoryStream]


async def test_a_small_request_is_one_write_and_each_read_one_piece(ends: Ends) -> None:
    connection, far = ends
    await far.send_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n3\r\nd")
    head = await connection.exchange(message(), LIMITS)
    assert (head.status, head.reason) == (200, b"OK")
    assert await far.receive_some() == (
        b"POST /v1/messages HTTP/1.1\r\nhost: upstream\r\ncontent-length: 2\r\n\r\n{}"
    )
    assert await connection.receive() == b"abcd"
    await far.send_all(b"ef\r\n")
    await far.send_all(b"0\r\n\r\n")
    assert [await connection.receive() for _ in range(3)] == [b"ef", b"", b""]
    assert connection.recycle()


async def test_informational_answers_are_passed_over(ends: Ends) -> None:
    connection, far = ends
    await far.send_all(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + OK)
    assert (await connection.exchange(message(), LIMITS)).status == 200


async def test_an_upstream_that_never_answers_runs_into_the_read_deadline(
    ends: Ends, autojump_clock: trio.testing.MockClock
) -> None:
    connection, _far = ends
    with pytest.raises(httpx.ReadTimeout):
        await connection.exchange(message(), LIMITS)
    assert trio.current_time() == pytest.approx(50)


async def test_the_read_deadline_begins_when_all_is_sent_and_ends_with_the_head(
    ends: Ends, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    connection, far = ends

    async def slow_upstream() -> None:
        await trio.sleep(55)  # longer than `read`: the request does not fit the wire and waits
        received = 0
        while received < len(LONG):
            received += len(await far.receive_some())
        await trio.sleep(45)
        await far.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")
        await trio.sleep(500)
        await far.send_all(b"x")

    nursery.start_soon(slow_upstream)
    await connection.exchange(message(LONG), LIMITS)
    assert connection.sent == pytest.approx(55)
    assert await connection.receive() == b"x"
    assert trio.current_time() == pytest.approx(600)


async def test_a_write_that_makes_no_progress_runs_into_the_write_deadline(
    ends: Ends, autojump_clock: trio.testing.MockClock
) -> None:
    connection, _far = ends
    with pytest.raises(httpx.WriteTimeout):
        await connection.exchange(message(LONG), LIMITS)
    assert trio.current_time() == pytest.approx(60)


async def test_a_write_that_makes_progress_is_not_cut(
    ends: Ends, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    connection, far = ends
    body = bytes(PIECE_BYTES * 4)

    async def slow_reader() -> None:
        received = 0
        while received < len(body):
            await trio.sleep(20)
            received += len(await far.receive_some())
        await far.send_all(OK)

    nursery.start_soon(slow_reader)
    assert (await connection.exchange(message(body), LIMITS)).status == 200
    assert trio.current_time() > 100


@pytest.mark.parametrize("read_first", [0, 100_000])
async def test_an_answer_that_comes_while_10_mb_are_sent_is_read_and_the_sending_stops(
    ends: Ends, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, read_first: int
) -> None:
    connection, far = ends

    async def refuse_early() -> None:
        received = 0
        while received < read_first:
            received += len(await far.receive_some())
        await far.send_all(SAYS_413)

    nursery.start_soon(refuse_early)
    assert (await connection.exchange(message(LONG), LIMITS)).status == 413
    assert await connection.receive() == b"big"
    assert trio.current_time() == pytest.approx(0)
    assert not connection.recycle()


async def test_the_last_words_of_an_upstream_that_stopped_reading_are_heard(ends: Ends) -> None:
    connection, far = ends
    await far.send_all(SAYS_413)
    await far.aclose()
    assert (await connection.exchange(message(), LIMITS)).status == 413
    assert await connection.receive() == b"big"


class StopsTaking(trio.abc.Stream):
    """Refuses every write at once; what it has to say comes later."""

    def __init__(self, answer: bytes, after: float) -> None:
        self._answer, self._after = answer, after

    @override
    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        raise trio.BrokenResourceError("broken pipe")

    @override
    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    @override
    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.sleep(self._after)
        return self._answer

    @override
    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("body", [b"{}", LONG])
async def test_a_failed_write_waits_shortly_for_the_reason_and_no_longer(
    body: bytes, autojump_clock: trio.testing.MockClock
) -> None:
    told = Connection(StopsTaking(SAYS_413, LAST_WORDS_SECONDS / 2))
    assert (await told.exchange(message(body), LIMITS)).status == 413
    mute = Connection(StopsTaking(SAYS_413, 3600))
    with pytest.raises(httpx.WriteError, match="broken pipe"):
        await mute.exchange(message(body), LIMITS)
    assert trio.current_time() < 10


@pytest.mark.parametrize("body", [b"{}", LONG])
async def test_an_upstream_that_hangs_up_without_an_answer_is_no_answer(ends: Ends, body: bytes) -> None:
    connection, far = ends
    async with trio.open_nursery() as nursery:

        async def hang_up() -> None:
            await far.receive_some()
            await far.aclose()

        nursery.start_soon(hang_up)
        with pytest.raises((httpx.RemoteProtocolError, httpx.WriteError)):
            await connection.exchange(message(body), LIMITS)


async def test_a_reset_before_the_status_line_is_a_read_error(ends: Ends, nursery: trio.Nursery) -> None:
    connection, far = ends

    async def reset() -> None:
        await far.receive_some()
        far.reset()

    nursery.start_soon(reset)
    with pytest.raises(httpx.ReadError, match="reset"):
        await connection.exchange(message(), LIMITS)


@pytest.mark.parametrize("framing", [b"content-length: 9\r\n", b"transfer-encoding: chunked\r\n"])
async def test_a_body_cut_short_is_an_error_and_not_an_end(ends: Ends, framing: bytes) -> None:
    connection, far = ends
    await far.send_all(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n3\r\nabc")
    await far.send_eof()
    await connection.exchange(message(), LIMITS)
    assert (await connection.receive()).endswith(b"abc")
    with pytest.raises(httpx.RemoteProtocolError):
        await connection.receive()
    assert not connection.recycle()


async def test_a_reset_in_the_body_is_a_read_error_after_what_came(ends: Ends) -> None:
    connection, far = ends
    await far.send_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")
    await connection.exchange(message(), LIMITS)
    assert await connection.receive() == b"abc"
    far.reset()
    with pytest.raises(httpx.ReadError):
        await connection.receive()


async def test_a_body_without_length_ends_with_the_connection(ends: Ends) -> None:
    connection, far = ends
    await far.send_all(b"HTTP/1.1 200 OK\r\n\r\nabc")
    await connection.exchange(message(), LIMITS)
    assert await connection.receive() == b"abc"
    await far.send_eof()
    assert await connection.receive() == b""
    assert not connection.recycle()


async def test_a_header_that_cannot_be_sent_writes_nothing(ends: Ends) -> None:
    connection, far = ends
    bad = msgspec.structs.replace(message(), headers=[(b"host", b"x"), (b"bad", b"a\nb")])
    with pytest.raises(httpx.LocalProtocolError):
        await connection.exchange(bad, LIMITS)
    await connection.aclose()
    assert await far.receive_some() == b""


async def test_an_abandoned_read_loses_nothing(ends: Ends, autojump_clock: trio.testing.MockClock) -> None:
    connection, far = ends
    await far.send_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc")
    await connection.exchange(message(), LIMITS)
    assert await connection.receive() == b"abc"
    with trio.move_on_after(5) as scope:
        await connection.receive()
    assert scope.cancelled_caught
    await far.send_all(b"def")
    assert await connection.receive() == b"def"


async def test_after_an_answer_without_a_body_the_connection_serves_no_more(ends: Ends) -> None:
    """It may be one too many to the request before, and the next one's answer still to come."""
    connection, far = ends
    await far.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert (await connection.exchange(message(), LIMITS)).status == 200
    assert await connection.receive() == b""
    assert not connection.recycle()


@pytest.mark.parametrize("secured", [False, True])
async def test_a_read_that_is_cancelled_while_it_waits_takes_nothing(local: Local, *, secured: bool) -> None:
    near, far = open_pair()
    ours: trio.abc.Stream = near
    theirs: trio.abc.Stream = far
    if secured:
        theirs = trio.SSLStream(far, local.server, server_side=True, https_compatible=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(theirs.do_handshake)
            ours = await start_tls(near, "upstream.test", local.caller)
    connection = Connection(ours)
    await theirs.send_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    await connection.exchange(message(), LIMITS)
    got, said = b"", [b"%d," % number for number in range(50)]
    for piece in said:
        async with trio.open_nursery() as nursery:  # cancelled while it is blocked, and before it begins
            nursery.start_soon(connection.receive)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        with trio.CancelScope() as scope:
            scope.cancel()
            got += await connection.receive()
        await theirs.send_all(chunk(piece))
        got += await connection.receive()
    assert got == b"".join(said)
