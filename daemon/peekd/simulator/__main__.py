"""The simulator as a program: `python -m peekd.simulator --port 8046 --script demo`."""

from __future__ import annotations

import argparse
import sys
from functools import partial

import trio

from peekd.simulator.script import Script, load_script
from peekd.simulator.server import Simulator
from peekd.vocabulary.errors import OperatorError


async def _serve(host: str, port: int, script: Script) -> None:
    async with trio.open_nursery() as nursery:
        simulator = Simulator(script)
        listeners = await nursery.start(partial(simulator.serve_tcp, host, port))
        for listener in listeners:
            name = listener.socket.getsockname()
            sys.stdout.write(f"simulator on http://{name[0]}:{name[1]}\n")
        sys.stdout.flush()


def main() -> int:
    """Serve until interrupted; 78 for a script that cannot be played."""
    parser = argparse.ArgumentParser(
        prog="python -m peekd.simulator", description="An upstream that misbehaves."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8046, help="0: any free one, which is printed")
    parser.add_argument("--script", default="demo", help="a bundled script's name, or a file")
    options = parser.parse_args()
    try:
        script = load_script(options.script)
    except OperatorError as error:
        sys.stderr.write(f"{error}\n")
        return 78
    try:
        trio.run(_serve, options.host, options.port, script)
    except* KeyboardInterrupt:
        sys.stderr.write("stopped\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
