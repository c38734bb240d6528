"""What a house works with whatever its settings are: journal, seal, archive, seams to clock and dice."""

from __future__ import annotations

import os
import random
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from peekd.protocols.interface import Ids
from peekd.records.entries import Journal
from peekd.relay.archive import Archive
from peekd.signatures.seal import Seal
from peekd.store.interface import Store
from peekd.store.volatile import Nowhere


def fresh_id(prefix: str) -> str:
    """An id nobody has had: the prefix and 24 hex digits of chance."""
    return f"{prefix}{os.urandom(12).hex()}"


def request_id(wall: float, ids: Ids) -> str:
    """An id for a request that came then: milliseconds since 1970 and chance, 24 hex digits together.

    So ids grow: the ledger, whose rows lie in their order, adds new ones at its end, not all over the file.

    >>> request_id(1_700_000_000.0, lambda prefix: prefix + "0123456789abcdef01234567")
    'req_18bcfe56800bcdef01234567'
    """
    return f"req_{int(wall * 1000) & _MOMENTS:011x}{ids('')[-_CHANCE:]}"


_MOMENTS = (1 << 44) - 1
_CHANCE = 13
"""Hex digits of an id that are chance: 52 bits within a millisecond."""


class Seams(msgspec.Struct, frozen=True):
    """Where chance and wall time come in; `trio.current_time` is the clock for everything else."""

    wall: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.Random().random  # noqa: S311  it spreads pauses and guards nothing
    key: Callable[[int], bytes] = secrets.token_bytes
    ids: Ids = fresh_id


NATURAL = Seams()
"""The real clock and real dice."""


class Means(msgspec.Struct, frozen=True):
    """What a house works with. `ledger_path`: where the store's rows can be read, None: nowhere."""

    journal: Journal
    seal: Seal
    archive: Archive
    seams: Seams = NATURAL
    store: Store = Nowhere()
    ledger_path: Path | None = None
