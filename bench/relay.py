"""The least that a relay in trio can do: bytes from one socket to another, both ways. Prints its port.

It reads no HTTP, heals nothing and writes nothing down; what it costs is the floor that peekd is measured by.
"""

from __future__ import annotations

import sys

import trio

READ_BYTES = 65536


async def pass_on(source: trio.SocketStream, sink: trio.SocketStream, scope: trio.CancelScope) -> None:
    """Send on what comes, until there is no more."""
    try:
        while data := await source.receive_some(READ_BYTES):
            await sink.send_all(data)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass
    scope.cancel()


async def main(upstream: int) -> None:
    """Serve until killed."""

    async def relay(client: trio.SocketStream) -> None:
        other = await trio.open_tcp_stream("127.0.0.1", upstream)
        async with client, other, trio.open_nursery() as nursery:
            nursery.start_soon(pass_on, client, other, nursery.cancel_scope)
            nursery.start_soon(pass_on, other, client, nursery.cancel_scope)

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=2048)
        sys.stdout.write(f"{listener.socket.getsockname()[1]}\n")
        sys.stdout.flush()
        await trio.serve_listeners(relay, [listener], handler_nursery=nursery)


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]))
