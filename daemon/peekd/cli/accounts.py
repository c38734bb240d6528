"""peekd accounts: what can be done about accounts; each is a command of its own."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping

from peekd.cli import accounts_import


def add_options(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    words = "make [[accounts]] of a list of accounts, or of Google credential files"
    command = commands.add_parser("import", help=words, description=f"{words[0].upper()}{words[1:]}.")
    accounts_import.add_options(command)
    command.set_defaults(doing=accounts_import.run)


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Do what was chosen."""
    code: int = arguments.doing(arguments, environ)
    return code
