"""The benchmark's client: streams on raw sockets. Its one argument is a JSON object that says what to do.

Whole streams: {"port": 8045, "model": "sim-500-0", "requests": 40, "at_once": 8}
Streams cut short: {"port": 8045, "model": "sim-900-50", "cuts": 20, "upstream": 9000, "known": 0}
It prints one JSON object; "cuts" are the seconds from the client's FIN until the upstream saw itself closed.
"""

from __future__ import annotations

import json
import sys
import time

import trio

END = b"\r\n0\r\n\r\n"
DELTA = b"content_block_delta\ndata"


class Failed(Exception):
    """An answer that is no whole stream; a benchmark with one of them is worth nothing."""


def request_for(model: str) -> bytes:
    """A streaming request as agents send it, only shorter."""
    prompt = {"role": "user", "content": "Say something. " * 100}
    body = json.dumps({"model": model, "max_tokens": 4096, "stream": True, "messages": [prompt]}).encode()
    head = (
        "POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        "anthropic-version: 2023-06-01\r\nx-api-key: none\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def read_to(stream: trio.SocketStream, mark: bytes, so_far: bytes = b"") -> bytes:
    """Read until `mark` has come; the answer must be a 200."""
    pieces, tail = [so_far], so_far[-len(mark) :]
    while mark not in tail:
        data = await stream.receive_some()
        if not data:
            raise Failed(b"".join(pieces)[:400].decode(errors="replace"))
        pieces.append(data)
        tail = tail[-len(mark) :] + data
    read = b"".join(pieces)
    if not read.startswith(b"HTTP/1.1 200"):
        raise Failed(read[:400].decode(errors="replace"))
    return read


class Load:
    """What one stage measures."""

    def __init__(self, port: int, model: str) -> None:
        self._port = port
        self._request = request_for(model)
        self.events = 0
        self.first: list[float] = []
        """Seconds from the request to its first delta."""

    async def ask_all(self, requests: int, at_once: int) -> None:
        """Ask so many times, `at_once` connections sharing the work evenly."""
        async with trio.open_nursery() as nursery:
            for _ in range(at_once):
                nursery.start_soon(self._ask, requests // at_once)

    async def _ask(self, requests: int) -> None:
        async with await trio.open_tcp_stream("127.0.0.1", self._port) as stream:
            for _ in range(requests):
                began = time.perf_counter()
                await stream.send_all(self._request)
                read = await read_to(stream, DELTA)
                self.first.append(time.perf_counter() - began)
                whole = await read_to(stream, END, read)
                self.events += whole.count(DELTA)

    async def cut(self, upstream: int, number: int) -> float:
        """Close in the middle of a stream; give the seconds until the upstream saw its own side closed."""
        stream = await trio.open_tcp_stream("127.0.0.1", self._port)
        await stream.send_all(self._request)
        await read_to(stream, DELTA)
        closed = time.monotonic()
        await stream.aclose()
        async with await trio.open_tcp_stream("127.0.0.1", upstream) as control:
            await control.send_all(b"GET /closed/%d HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n" % number)
            answer = await read_to(control, b"\r\n\r\n")
            while not answer.rpartition(b"\r\n\r\n")[2]:
                answer += await control.receive_some()
        return float(answer.rpartition(b"\r\n\r\n")[2]) - closed


async def main(stage: dict[str, int | str]) -> None:
    """Run one stage."""
    load = Load(int(stage["port"]), str(stage["model"]))
    began, spent = time.perf_counter(), time.process_time()
    cuts: list[float] = []
    if "cuts" in stage:
        known = int(stage["known"])
        cuts = [await load.cut(int(stage["upstream"]), known + n) for n in range(int(stage["cuts"]))]
    else:
        await load.ask_all(int(stage["requests"]), int(stage["at_once"]))
    result = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - spent,
        "events": load.events,
        "first": load.first,
        "cuts": cuts,
    }
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    trio.run(main, json.loads(sys.argv[1]))
