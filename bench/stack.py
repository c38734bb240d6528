"""The stack alone: Quart-Trio under peekd's server, httpx over its transport, nothing of what peekd is for.

It passes a request on and streams what comes: no accounts, no peek, no record, no journal, no deadline, no
client keys. What it costs is what is left to peekd's own code to be spared. Prints its port.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import trio
from quart import Response, request
from quart_trio import QuartTrio
from typing_extensions import override

from peekd.service.guard import GuardedServer, Limits
from peekd.upstream.transport import Transport

CONNECTIONS = 8192
LEFT_OUT = frozenset({"host", "content-length", "transfer-encoding", "connection"})


class Relayed(AsyncIterator[bytes]):
    """An answer's body as it comes."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._receive = response.extensions["body"].receive

    @override
    async def __anext__(self) -> bytes:
        """Give what one read brought."""
        if piece := await self._receive():
            return bytes(piece)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Give the connection back, or close it where the answer is not at its end."""
        await self._response.aclose()


async def main(upstream: int) -> None:
    """Serve until killed."""
    client = httpx.AsyncClient(transport=Transport(CONNECTIONS), trust_env=False)
    app = QuartTrio("stack", static_folder=None)
    app.config["RESPONSE_TIMEOUT"] = None

    async def pass_on(path: str) -> Response:
        body = await request.get_data(cache=False)
        headers = [(name, value) for name, value in request.headers if name.lower() not in LEFT_OUT]
        asked = client.build_request(
            request.method, f"http://127.0.0.1:{upstream}/{path}", headers=headers, content=cast("Any", body)
        )
        answer = await client.send(asked, stream=True)
        response = Response(Relayed(answer), answer.status_code, {"content-type": "text/event-stream"})
        response.timeout = None
        return response

    app.add_url_rule("/<path:path>", view_func=pass_on, methods=["POST", "GET"])
    limits = Limits(connections_per_address=CONNECTIONS, connections=CONNECTIONS)
    server = GuardedServer(app, lambda _: None, limits)
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=2048)
    sys.stdout.write(f"{listeners[0].socket.getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve(listeners)


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]))
