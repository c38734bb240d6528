"""A house before an upstream that sends exactly the bytes a test gives it: what no script would play."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

import h11
import msgspec
import trio
from playhouse import QUICK, Playhouse

from peekd.accounts.settings import AccountSettings
from peekd.healing.settings import HealingSettings, RouteSettings
from peekd.records.entries import Entry
from peekd.relay.house import open_house
from peekd.relay.means import Seams
from peekd.simulator.streams import MemoryStream, open_pair
from peekd.upstream.settings import UpstreamSettings

Piece = bytes | float
"""Bytes that are sent as one write, or seconds of silence (infinite ones too)."""


class RawAnswer(msgspec.Struct, frozen=True):
    """A status, headers and a body in pieces; `ends` False: the connection drops where the body stops."""

    pieces: Sequence[Piece]
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("content-type", "text/event-stream"),)
    ends: bool = True


class RawUpstream:
    """Answers the n-th request with the n-th answer, and goes on with the last one."""

    def __init__(self, answers: Sequence[RawAnswer | Sequence[Piece]], nursery: trio.Nursery) -> None:
        self._answers = [one if isinstance(one, RawAnswer) else RawAnswer(one) for one in answers]
        self._nursery = nursery
        self.bodies: list[bytes] = []
        self.targets: list[str] = []
        self.begun_at: list[float] = []

    async def dial(self, host: str, port: int) -> trio.abc.Stream:
        """Connect."""
        del host, port
        client, server = open_pair()
        self._nursery.start_soon(self._serve, server)
        await trio.lowlevel.checkpoint()
        return client

    async def _serve(self, stream: MemoryStream) -> None:
        async with stream:
            try:
                while await self._serve_one(stream):
                    pass
            except trio.BrokenResourceError:
                return  # peekd closed: that is what many tests are about

    async def _serve_one(self, stream: MemoryStream) -> bool:
        parser = h11.Connection(h11.SERVER)
        body = b""
        while True:
            match parser.next_event():
                case h11.Request(target=target):
                    self.targets.append(target.decode())
                    self.begun_at.append(trio.current_time())
                case h11.Data(data=data):
                    body += bytes(data)
                case h11.EndOfMessage():
                    break
                case h11.ConnectionClosed():
                    return False
                case _:
                    parser.receive_data(bytes(await stream.receive_some()))
        self.bodies.append(body)
        return await self._answer(stream, self._answers[min(len(self.bodies), len(self._answers)) - 1])

    async def _answer(self, stream: MemoryStream, answer: RawAnswer) -> bool:
        head = [f"HTTP/1.1 {answer.status} Said", "transfer-encoding: chunked"]
        head += [f"{name}: {value}" for name, value in answer.headers]
        await stream.send_all("\r\n".join([*head, "", ""]).encode())
        for piece in answer.pieces:
            if isinstance(piece, bytes):
                await stream.send_all(b"%x\r\n%b\r\n" % (len(piece), piece))
            else:
                await trio.sleep(piece)
        if answer.ends:
            await stream.send_all(b"0\r\n\r\n")
        return answer.ends


@asynccontextmanager
async def open_rawhouse(
    *answers: RawAnswer | Sequence[Piece],
    accounts: Sequence[str] = ("alice",),
    healing: HealingSettings = QUICK,
    protocol: str = "anthropic",
    options: Mapping[str, bool] = {},
) -> AsyncGenerator[tuple[Playhouse, RawUpstream]]:
    """Open a house with one upstream that sends these answers, whoever asks; `options` of its route."""
    entries: list[Entry] = []
    settings = msgspec.convert({"protocol": protocol, "base_url": "simulator:raw"}, UpstreamSettings)
    goal = "up" if protocol == "anthropic" else "up/gemini-3-pro-preview"
    async with trio.open_nursery() as nursery:
        upstream = RawUpstream(answers, nursery)
        async with open_house(
            healing=healing,
            upstreams={"up": settings},
            accounts=[AccountSettings(name, "up", f"env:{name.upper()}") for name in accounts],
            routes=(msgspec.convert({"match": "*", "to": [goal], **options}, RouteSettings),),
            journal=entries.append,
            environ={name.upper(): name for name in accounts},
            dials={"up": upstream.dial},
            seams=Seams(wall=lambda: 0.0, jitter=lambda: 0.0),
        ) as house:
            yield Playhouse(house, {}, entries), upstream
        nursery.cancel_scope.cancel()


def frame(event: str, **fields: object) -> bytes:
    """One Anthropic event as its API writes it."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), msgspec.json.encode({"type": event, **fields}))


START = frame("message_start", message={"id": "msg_1", "type": "message", "role": "assistant", "content": []})
OPEN = frame("content_block_start", index=0, content_block={"type": "text", "text": ""})
CLOSE = frame("content_block_stop", index=0)
REASON = frame("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 3})
STOP = frame("message_stop")
PING = frame("ping")


def words(text: str) -> bytes:
    """Some words of the first block."""
    return frame("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


WHOLE = (START, OPEN, words("Hello"), CLOSE, REASON, STOP)
