"""peekd demo: run the daemon against its own simulator, with three accounts and a mix of faults."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Mapping

from peekd.config.schema import Settings
from peekd.service.main import run as run_service
from peekd.serving.settings import ServerSettings

PORT = 8045
_HIGHEST_PORT = 65535


def port(text: str) -> int:
    """Read a port; 0 lets the system choose. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and int(text) <= _HIGHEST_PORT):
        raise ArgumentTypeError(f"expected a port from 0 to {_HIGHEST_PORT}, found {text!r}")
    return int(text)


def add_options(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--port", type=port, default=PORT, help=f"the port on 127.0.0.1 ({PORT})")


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Serve the simulator until told to stop; no file of settings is read."""
    del environ
    server = ServerSettings(bind=(f"127.0.0.1:{arguments.port}",))
    return run_service(Settings(server=server), demo=True)
