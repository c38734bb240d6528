"""peekd serve: run the daemon with the settings that are found."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from functools import partial

from peekd.config.load import load_settings
from peekd.service.main import run as run_service
from peekd.service.reload import Source


def add_options(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--config", metavar="FILE", help="the settings to read")


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Serve until told to stop."""
    load = partial(load_settings, arguments.config, environ)
    loaded = load()
    return run_service(loaded.settings, where=str(loaded.file_to_edit), source=Source(load, loaded))
