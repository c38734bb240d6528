"""The command line: which commands there are, and the exit code of each way to fail."""

from __future__ import annotations

import os
import sys
from argparse import Action, ArgumentParser
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from typing_extensions import override

from peekd.cli.codes import CONFIGURATION, FAILED, INTERRUPTED, UNREACHABLE
from peekd.cli.unanswered import RefusedError, UnreachableError
from peekd.vocabulary.errors import OperatorError

COMMANDS = (
    ("serve", "run the daemon"),
    ("demo", "run it against its own simulator: three accounts, a mix of faults, no key needed"),
    ("check", "say which settings are in force and what is wrong with them"),
    ("requests", "list the latest requests"),
    ("explain", "tell the story of one request: what was tried, what came of it, what to do"),
    ("top", "show what goes on now, live: accounts, requests under way, the last minute"),
    ("accounts", "list the accounts: how they stand, and until when; enable, disable, reset or import"),
    ("replay", "say what other settings would have decided about the requests in the ledger"),
    ("policy", "print what is done about each outcome"),
    ("service", "install peekd as a systemd service, or take it away"),
)
"""Each command is the module of its name in this room."""


class _Version(Action):
    """Looks up versions only when asked for them."""

    @override
    def __call__(self, parser: ArgumentParser, *_: object) -> NoReturn:
        sys.stdout.write(f"{import_module('peekd.cli.version').tell_version()}\n")
        parser.exit()


def make_parser(chosen: str = "", *, whole: bool = False) -> ArgumentParser:
    """Make the parser of the command line, with the options of the command that is chosen.

    Only that one is imported: what a question to the daemon needs is there sooner than a daemon.
    `whole`: with those of all, for what describes the command line.
    """
    parser = ArgumentParser(prog="peekd", description="One local endpoint that coding agents can trust.")
    parser.add_argument("--version", action=_Version, nargs=0, help="say which peekd this is, and on what")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, words in COMMANDS:
        command = commands.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
        if whole or name == chosen:
            module = import_module(f"peekd.cli.{name}")
            module.add_options(command)
            command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give the exit code."""
    words = sys.argv[1:] if argv is None else argv
    chosen = next((word for word in words if not word.startswith("-")), "")
    arguments = make_parser(chosen).parse_args(words)
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
