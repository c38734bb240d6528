"""What outlives the process, opened: the key that seals carriers, and the store."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from peekd.records.entries import WARNING, Entry, Journal
from peekd.service.state import DATABASE, load_seal_key, state_directory
from peekd.signatures.settings import SignatureSettings
from peekd.store.interface import Store
from peekd.store.settings import RecordSettings
from peekd.store.writer import open_writer

_WORDS: Final = "conversations may lose their thought signatures when peekd restarts"


class Keeping(msgspec.Struct, frozen=True):
    """None where there is nothing that could outlive the process. `path`: the store's file."""

    seal_key: bytes | None = None
    store: Store | None = None
    path: Path | None = None
    lost: Callable[[], int] = int
    """How much the store could not write down."""


@asynccontextmanager
async def open_keeping(
    environ: Mapping[str, str],
    settings: SignatureSettings,
    records: RecordSettings,
    journal: Journal,
    wall: Callable[[], float] = time.time,
) -> AsyncGenerator[Keeping]:
    """Open what lies in the state directory; what cannot be had is told, and no reason not to serve."""
    directory = state_directory(environ)
    key = _seal_key(directory, environ, journal) if directory is not None else None
    if directory is None or key is None:
        yield Keeping()
        return

    def tell(words: str) -> None:
        journal(Entry(words, WARNING))

    path = directory / DATABASE
    async with open_writer(path, settings, records, wall=wall, tell=tell) as store:
        yield Keeping(key, store, path, lambda: store.lost)


def _seal_key(directory: Path, environ: Mapping[str, str], journal: Journal) -> bytes | None:
    try:
        return load_seal_key(directory, environ)
    except OSError as error:
        journal(Entry(f"the state directory cannot be used: {error}; {_WORDS}", WARNING))
        return None
