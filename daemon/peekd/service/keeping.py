"""What outlives the process, opened: the key that seals carriers, and the store."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from peekd.records.entries import WARNING, Entry, Journal
from peekd.service.state import load_seal_key, state_directory
from peekd.signatures.settings import SignatureSettings
from peekd.store.interface import Store
from peekd.store.writer import open_writer

_DATABASE: Final = "peekd.db"
_WORDS: Final = "conversations may lose their thought signatures when peekd restarts"


class Keeping(msgspec.Struct, frozen=True):
    """None where there is nothing that could outlive the process."""

    seal_key: bytes | None = None
    store: Store | None = None


@asynccontextmanager
async def open_keeping(
    environ: Mapping[str, str],
    settings: SignatureSettings,
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

    async with open_writer(directory / _DATABASE, settings, wall=wall, tell=tell) as store:
        yield Keeping(key, store)


def _seal_key(directory: Path, environ: Mapping[str, str], journal: Journal) -> bytes | None:
    try:
        return load_seal_key(directory, environ)
    except OSError as error:
        journal(Entry(f"the state directory cannot be used: {error}; {_WORDS}", WARNING))
        return None
