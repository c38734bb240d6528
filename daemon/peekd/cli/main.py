"""The command line: which commands there are, and the exit code of each way to fail."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from types import ModuleType

from peekd import __version__
from peekd.cli import check, demo, explain, policy, requests, serve
from peekd.cli.asking import RefusedError, UnreachableError
from peekd.cli.codes import CONFIGURATION, FAILED, INTERRUPTED, UNREACHABLE
from peekd.vocabulary.errors import OperatorError

COMMANDS: tuple[tuple[str, ModuleType, str], ...] = (
    ("serve", serve, "run the daemon"),
    ("demo", demo, "run it against its own simulator: three accounts, a mix of faults, no key needed"),
    ("check", check, "say which settings are in force and what is wrong with them"),
    ("requests", requests, "list the latest requests"),
    ("explain", explain, "tell the story of one request: what was tried, what came of it, what to do"),
    ("policy", policy, "print what is done about each outcome"),
)


def make_parser() -> ArgumentParser:
    """Make the parser of the whole command line."""
    parser = ArgumentParser(prog="peekd", description="One local endpoint that coding agents can trust.")
    parser.add_argument("--version", action="version", version=f"peekd {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, module, words in COMMANDS:
        command = commands.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
        module.add_options(command)
        command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give the exit code."""
    arguments = make_parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments, os.environ)
        sys.stdout.flush()
    except OperatorError as error:
        return _failed(CONFIGURATION, *error.faults)
    except UnreachableError as error:
        return _failed(UNREACHABLE, f"{error}; does `peekd serve` run?")
    except RefusedError as error:
        return _failed(FAILED, str(error))
    except BrokenPipeError:
        # The reader of a pipe left; nothing more can be told, also not by the interpreter as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _failed(code: int, *lines: str) -> int:
    sys.stderr.writelines(f"peekd: {line}\n" for line in lines)
    return code
