"""A plain HTTP client over the simulator's streams, and the least requests of both languages."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import h11
import pytest
import trio

from peekd.simulator.asked import Asked, read_asked
from peekd.simulator.script import Script
from peekd.simulator.server import Simulator, open_simulator

ANTHROPIC = "/v1/messages"
GEMINI = "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse"
HELLO: dict[str, dict[str, Any]] = {
    ANTHROPIC: {"model": "claude", "stream": True, "messages": [{"role": "user", "content": "Hello there"}]},
    GEMINI: {"contents": [{"role": "user", "parts": [{"text": "Hello there"}]}]},
}


@dataclass
class Got:
    """An answer as it came. `end`: whole, short (closed before it was whole) or reset; `at`: when that was.

    `pieces`: what each data event held, and when.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    pieces: list[tuple[float, bytes]] = field(default_factory=list[tuple[float, bytes]])
    end: str = ""
    at: float = 0.0

    @property
    def body(self) -> bytes:
        """All that came."""
        return b"".join(piece for _, piece in self.pieces)

    @property
    def json(self) -> Any:
        """The body of an answer that is one JSON value."""
        return json.loads(self.body)

    @property
    def data(self) -> list[Any]:
        """The data of each frame of a stream."""
        lines = self.body.replace(b"\r", b"\n").split(b"\n")
        return [json.loads(line[5:]) for line in lines if line.startswith(b"data:")]


class Client:
    """One connection; asks one request after the other."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.parser = h11.Connection(h11.CLIENT)

    async def send(self, target: str, body: Any, *, key: str = "key", method: str = "POST") -> None:
        """Send a request; a body that is no bytes goes as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = [("host", "simulator"), ("x-api-key", key), ("content-length", str(len(content)))]
        sent = self.parser.send(h11.Request(method=method, target=target, headers=headers)) or b""
        sent += self.parser.send(h11.Data(content)) or b""
        await self.stream.send_all(sent + (self.parser.send(h11.EndOfMessage()) or b""))

    async def receive(self) -> Got:
        """Read one answer to its end, whatever that is."""
        got = Got()
        try:
            while not got.end:
                match self.parser.next_event():
                    case h11.NEED_DATA:
                        self.parser.receive_data(bytes(await self.stream.receive_some(65536)))
                    case h11.Response() as response:
                        got.status = response.status_code
                        got.headers = {key.decode(): value.decode() for key, value in response.headers}
                    case h11.Data() as data:
                        got.pieces.append((trio.current_time(), bytes(data.data)))
                    case h11.EndOfMessage():
                        got.end = "whole"
                    case _:
                        got.end = "short"
        except h11.RemoteProtocolError:
            got.end = "short"
        except trio.BrokenResourceError:
            got.end = "reset"
        got.at = trio.current_time()
        if got.end == "whole":
            self.parser.start_next_cycle()
        return got

    async def ask(self, target: str = ANTHROPIC, body: Any = None, *, key: str = "key") -> Got:
        """Send a request, the language's hello where no body is given, and read the answer."""
        await self.send(target, HELLO[target] if body is None else body, key=key)
        return await self.receive()


Stage = Callable[..., AbstractAsyncContextManager[tuple[Simulator, Client]]]


@asynccontextmanager
async def _open_stage(acts: Sequence[object] | Script) -> AsyncGenerator[tuple[Simulator, Client]]:
    script = acts if isinstance(acts, Script) else Script.of(acts)
    async with open_simulator(script) as simulator, await simulator.dial("simulator", 80) as stream:
        yield simulator, Client(stream)


@pytest.fixture
def open_stage() -> Stage:
    """Open a simulator that plays the acts, and one client of it."""
    return _open_stage


@pytest.fixture
def ask_once() -> Callable[..., Awaitable[Got]]:
    """Ask one simulator one thing."""

    async def ask(act: object, target: str = ANTHROPIC, body: Any = None) -> Got:
        async with _open_stage([act]) as (_, client):
            return await client.ask(target, body)

    return ask


@pytest.fixture
def asked_of() -> Callable[..., Asked]:
    """Read a request as the simulator does."""

    def read(target: str, body: Any, headers: dict[str, str] | None = None, method: str = "POST") -> Asked:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return read_asked(method, target, headers or {}, content, 7)

    return read
