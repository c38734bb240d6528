"""A network in memory: what is dialled is served by the test's own script, and every wire is counted."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import trio
import trustme
from credential_files import Keep
from typing_extensions import override

from peekd.simulator.streams import MemoryStream, open_pair
from peekd.upstream.transport import Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Write a file of the given mode."""

    def write(text: str, mode: int = 0o600, name: str = "key") -> Path:
        path = tmp_path / name
        path.touch(mode=0o600)
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


class Asked(NamedTuple):
    """A request as it arrived."""

    line: bytes
    headers: dict[str, str]
    body: bytes


class Wire(trio.abc.Stream):
    """Our end of a connection: it can tell that the far end hung up, and that we closed it."""

    def __init__(self, near: MemoryStream) -> None:
        self._near = near
        self.hung_up = False
        self.closed = False

    def is_readable(self) -> bool:
        return self.hung_up

    @override
    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._near.send_all(data)

    @override
    async def wait_send_all_might_not_block(self) -> None:
        await self._near.wait_send_all_might_not_block()

    @override
    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return await self._near.receive_some(max_bytes)

    @override
    async def aclose(self) -> None:
        self.closed = True
        await self._near.aclose()


class Peer:
    """The far end: reads requests, writes raw bytes."""

    def __init__(self, far: MemoryStream, wire: Wire, number: int) -> None:
        self.far = far
        self.number = number
        self._wire = wire
        self._unread = b""

    async def until(self, mark: bytes) -> bytes:
        while mark not in self._unread:
            data = await self.far.receive_some()
            if not data:
                return b""
            self._unread += data
        before, _, self._unread = self._unread.partition(mark)
        return before

    async def exactly(self, size: int) -> bytes:
        while len(self._unread) < size:
            data = await self.far.receive_some()
            if not data:
                raise trio.BrokenResourceError("the caller hung up")
            self._unread += data
        taken, self._unread = self._unread[:size], self._unread[size:]
        return taken

    async def take_head(self) -> Asked | None:
        head = await self.until(b"\r\n\r\n")
        if not head:
            return None
        line, *rest = head.split(b"\r\n")
        pairs = (one.decode("latin-1").split(": ", 1) for one in rest)
        return Asked(line, {name.lower(): value for name, value in pairs}, b"")

    async def take(self) -> Asked | None:
        head = await self.take_head()
        if head is None:
            return None
        return head._replace(body=await self.exactly(int(head.headers.get("content-length", "0"))))

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            await self.far.send_all(piece)

    def hang_up(self) -> None:
        self._wire.hung_up = True
        self.far.close()

    def reset(self) -> None:
        self._wire.hung_up = True
        self.far.reset()


Serve = Callable[[Peer], Awaitable[None]]


async def answer_all(peer: Peer) -> None:
    while await peer.take() is not None:
        await peer.say(OK)


class Net:
    """What `dial` reaches. `on_dial` comes before each connection; `asked`: what a saying() script took."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.serve: Serve = answer_all
        self.on_dial: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint
        self.dialled: list[tuple[str, int]] = []
        self.wires: list[Wire] = []
        self.asked: list[Asked] = []
        self._nursery = nursery

    @property
    def open_wires(self) -> int:
        return sum(not wire.closed for wire in self.wires)

    async def dial(self, host: str, port: int) -> trio.abc.Stream:
        self.dialled.append((host, port))
        await self.on_dial()
        near, far = open_pair()
        wire = Wire(near)
        self.wires.append(wire)
        self._nursery.start_soon(self._serve, Peer(far, wire, len(self.wires)))
        return wire

    async def _serve(self, peer: Peer) -> None:
        try:
            await self.serve(peer)
        except trio.BrokenResourceError:
            assert self.wires[peer.number - 1].closed, "a script failed on a wire that was open"
        peer.hang_up()

    def saying(self, *answers: bytes) -> None:
        """Serve each connection so: one request, one answer; hang up after the last."""

        async def serve(peer: Peer) -> None:
            for answer in answers:
                asked = await peer.take()
                if asked is None:
                    return
                self.asked.append(asked)
                await peer.say(answer)

        self.serve = serve

    def transport(self, limit: int = 4, proxy: httpx.URL | None = None) -> Transport:
        return Transport(limit, dial=self.dial, proxy=proxy)


class Local:
    """A certificate authority of our own, a server it vouches for, and callers that trust it."""

    def __init__(self, *names: str) -> None:
        authority = trustme.CA()
        certificate = authority.issue_cert(*names)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with certificate.private_key_and_cert_chain_pem.tempfile() as path:
            self.server.load_cert_chain(path)
        self._caller = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._caller.load_verify_locations(cadata=authority.cert_pem.bytes().decode())

    def caller(self) -> ssl.SSLContext:
        return self._caller


@pytest.fixture(scope="session")
def local() -> Local:
    """TLS for localhost and upstream.test."""
    return Local("localhost", "upstream.test")


@pytest.fixture
def net(nursery: trio.Nursery) -> Net:
    """A network in memory."""
    return Net(nursery)


@pytest.fixture
def ask() -> Callable[..., httpx.Request]:
    """Make a request with the deadlines given by name."""

    def make(
        url: str = "http://upstream/v1/messages", body: bytes = b"{}", **timeout: float
    ) -> httpx.Request:
        return httpx.Request("POST", url, content=body, extensions={"timeout": timeout})

    return make
