"""What a house asks of a store: to take what is to outlive it, at once and without fail, and to give it back.

Taking never waits and never raises: what cannot be kept is lost and counted, and requests go on.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from peekd.accounts.standing import Standing
from peekd.signatures.steps import Step
from peekd.store.rows import AttemptRow, BodyRow, Draft, RequestRow


class Kept(msgspec.Struct, frozen=True):
    """A step of a conversation, last used then (wall time, seconds)."""

    step: Step
    used: float


class Touched(msgspec.Struct, frozen=True):
    """A step, by its key, was of use once more."""

    key: str
    used: float


class Forgotten(msgspec.Struct, frozen=True):
    """A step is not to be kept any longer."""

    key: str


class Refused(msgspec.Struct, frozen=True):
    """An upstream refused a request of this session; `proofs`: digests of those in it, as far as known."""

    session: str
    proofs: tuple[str, ...]
    since: float


class Bound(msgspec.Struct, frozen=True):
    """An account holds what this id names; known since then."""

    id: str
    account: str
    since: float


Told = Kept | Touched | Forgotten | Refused | Bound | Standing | RequestRow | AttemptRow | BodyRow
"""What a database takes."""

Deed = Told | Draft
"""What a store takes."""


class Loaded(msgspec.Struct, frozen=True):
    """What was kept, each with the least recent first.

    `left_open`: requests that were open when the process before this one ended; they are closed now.
    """

    steps: tuple[Kept, ...] = ()
    refused: tuple[Refused, ...] = ()
    bound: tuple[Bound, ...] = ()
    standings: tuple[Standing, ...] = ()
    left_open: int = 0


class Store(Protocol):
    """Where deeds are written down. `lost` counts those that could not be."""

    @property
    def lost(self) -> int:
        """How many deeds were lost so far."""
        ...

    def write(self, deed: Deed) -> None:
        """Take a deed; returns at once."""
        ...

    async def load(self) -> Loaded:
        """Give what is kept, as much as is remembered; nothing where it cannot be read."""
        ...
