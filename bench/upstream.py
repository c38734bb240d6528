"""The upstream that the benchmark measures against: Anthropic's stream on a loopback port, as lean as may be.

The model asked for says what to send: `sim-EVENTS-RATE`, RATE events a second, 0 for all at once.
`GET /closed/N` answers, as soon as it is known, when the N-th stream that was cut short was seen closed.
The first line on stdout is the port.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache

import trio

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


def chunk(kind: str, more: Mapping[str, object]) -> bytes:
    """One event as one HTTP chunk."""
    data = f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


MESSAGE: dict[str, object] = {
    "id": "msg_bench",
    "type": "message",
    "role": "assistant",
    "model": "sim",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 9, "output_tokens": 1},
}
BEGIN = chunk("message_start", {"message": MESSAGE}) + chunk(
    "content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}
)


@cache
def event(number: int) -> bytes:
    """The number-th delta; each says something else."""
    delta = {"type": "text_delta", "text": f"word {number:04d} of it "}
    return chunk("content_block_delta", {"index": 0, "delta": delta})


@cache
def ending(events: int) -> bytes:
    """What follows the last delta."""
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    return (
        chunk("content_block_stop", {"index": 0})
        + chunk("message_delta", {"delta": stop, "usage": {"output_tokens": events}})
        + chunk("message_stop", {})
        + LAST
    )


class Upstream:
    """Serves any number of connections, and remembers when streams were cut short."""

    def __init__(self) -> None:
        self._closed: list[float] = []
        self._news = trio.Condition()

    async def serve(self, stream: trio.SocketStream) -> None:
        """Answer one connection's requests until it ends."""
        buffer = bytearray()
        try:
            while (request := await receive_request(stream, buffer)) is not None:
                path, body = request
                if path.startswith("/closed/"):
                    await self._tell_closed(stream, int(path.rpartition("/")[2]))
                else:
                    await self._play(stream, json.loads(body)["model"])
        except* trio.BrokenResourceError:
            pass  # the peer is gone, which is measured elsewhere
        finally:
            await trio.aclose_forcefully(stream)

    async def _play(self, stream: trio.SocketStream, model: str) -> None:
        events, rate = (int(number) for number in model.split("-")[1:])
        if not rate:
            middle = b"".join(event(number) for number in range(events))
            await stream.send_all(HEAD + BEGIN + middle + ending(events))
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, stream)
            await stream.send_all(HEAD + BEGIN)
            began = trio.current_time()
            for number in range(events):
                await trio.sleep_until(began + number / rate)
                await stream.send_all(event(number))
            nursery.cancel_scope.cancel()
        await stream.send_all(ending(events))

    async def _watch(self, stream: trio.SocketStream) -> None:
        """Note when the peer closes in the middle of a stream."""
        with suppress(trio.BrokenResourceError):  # a reset closes too
            await stream.receive_some(1)
        async with self._news:
            self._closed.append(time.monotonic())
            self._news.notify_all()
        raise trio.BrokenResourceError

    async def _tell_closed(self, stream: trio.SocketStream, number: int) -> None:
        async with self._news:
            while len(self._closed) <= number:
                await self._news.wait()
        body = json.dumps(self._closed[number]).encode()
        await stream.send_all(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


async def receive_request(stream: trio.SocketStream, buffer: bytearray) -> tuple[str, bytes] | None:
    """Read one request: its path and body; None at the end of the connection."""
    while (end := buffer.find(b"\r\n\r\n")) < 0:
        data = await stream.receive_some()
        if not data:
            return None
        buffer += data
    first, *lines = bytes(buffer[:end]).decode().lower().split("\r\n")
    length = next((int(line[15:]) for line in lines if line.startswith("content-length:")), 0)
    while len(buffer) < end + 4 + length:
        data = await stream.receive_some()
        if not data:
            return None
        buffer += data
    body = bytes(buffer[end + 4 : end + 4 + length])
    del buffer[: end + 4 + length]
    return first.split(" ")[1], body


async def main() -> None:
    """Listen until killed."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=1024)
    sys.stdout.write(f"{listeners[0].socket.getsockname()[1]}\n")
    sys.stdout.flush()
    await trio.serve_listeners(Upstream().serve, listeners)


if __name__ == "__main__":
    trio.run(main)
