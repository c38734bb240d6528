"""peekd itself in the simulation: the real process on simulated sockets, clock, dice and disk."""

from __future__ import annotations

import math
import signal
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock
from zlib import crc32

import msgspec
import trio
from typing_extensions import override

from peekd.accounts.cooldown import Cooldown
from peekd.records.entries import Journal
from peekd.relay.house import House, Seams
from peekd.service import main
from peekd.service.guard import GuardedServer
from peekd.service.keeping import Keeping
from peekd.service.notify import Notifier
from peekd.service.reload import Source
from peekd.serving.app import Front
from peekd.store.interface import Deed, Loaded, Standing
from peekd.store.rows import Draft, Row
from peekd.store.volatile import Volatile
from peekd.upstream import credentials, secrets
from peekd.upstream.dial import Dial
from peekd.vocabulary.errors import OperatorError
from simulation.books import Books
from simulation.dice import Dice
from simulation.laws_journal import Noted
from simulation.transcripts import WALL
from simulation.wire import Harbour

SEAL_KEY = bytes(range(32))

CLOCK_TICK = 1e-3
"""Seconds that are lost where a time goes through the clock on the wall and back."""


class Disk:
    """Files by path: what credentials are read from."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def read(self, path: Path, reference: str, *, forbidden: int) -> bytes:
        """Read a file as peekd's own reader does. Raises OperatorError."""
        del forbidden
        if str(path) not in self.files:
            raise OperatorError(f"{reference}: No such file or directory")
        return self.files[str(path)].encode()

    @contextmanager
    def mounted(self) -> Generator[None]:
        """Be the disk of this process."""
        with (
            mock.patch.object(secrets, "_read", self.read),
            mock.patch.object(credentials, "stamp_of", self.stamp),
        ):
            yield

    def stamp(self, path: Path) -> secrets.Stamp | None:
        """Look at a file as peekd's own watch does."""
        text = self.files.get(str(path))
        return None if text is None else secrets.Stamp(0, 0, len(text), crc32(text.encode()))


class Shelf(Volatile):
    """The store's double, which outlives the process; while it is `full`, it loses what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False
        self.books = Books()
        self.lost = 0
        """Deeds that it was given and did not keep; rows are counted by the books."""
        self.rested: dict[tuple[str, str, str | None], float] = {}
        """When the rests that it keeps began, by trio's clock, by account, cause and model."""

    @override
    def write(self, deed: Deed) -> None:
        """Take a deed, if there is room."""
        if isinstance(deed, Draft):
            deed = deed.make()
        if isinstance(deed, Row):
            (self.books.miss if self.full else self.books.write)(deed)
        elif self.full:
            self.lost += 1
        else:
            super().write(deed)

    @override
    async def load(self) -> Loaded:
        """Give all of it."""
        return msgspec.structs.replace(await super().load(), left_open=self.books.load())


class _Pen:
    """A process's way to the shelf: who is dead adds no row, and says no more of accounts."""

    lost = 0

    def __init__(self, shelf: Shelf, daemon: Daemon) -> None:
        self._shelf = shelf
        self._daemon = daemon
        self.load = shelf.load

    def write(self, deed: Deed) -> None:
        """Take a deed."""
        if self._daemon.dead and isinstance(deed, Row | Draft | Standing):
            return
        self._shelf.write(deed)
        if isinstance(deed, Standing) and not self._shelf.full:
            off = self._daemon.clock.wall() - trio.current_time()
            for rest in deed.cooldowns:
                began = self._daemon.began(deed.account, rest, rest.since - off)
                self._shelf.rested[deed.account, rest.cause, rest.model] = began


class Clock:
    """The clock on the wall; it may be put forth and back, and nothing but what it shows may change."""

    def __init__(self) -> None:
        self.off = 0.0
        """Seconds that it is put forth."""

    def wall(self) -> float:
        """What it shows, in seconds since 1970."""
        return WALL + trio.current_time() + self.off


class Daemon:
    """One life of peekd. `house`, `server` and `front` are its own, to be looked at."""

    def __init__(self, harbour: Harbour, shelf: Shelf) -> None:
        self.harbour = harbour
        self._shelf = shelf
        self.house: House
        self.server: GuardedServer
        self.front: Front
        self.noted = Noted()
        """What its journal adds up to."""
        self.clock = Clock()
        self.dead = False
        self.died_at = math.inf
        """When it was killed."""
        self.ended = trio.Event()
        self.scope = trio.CancelScope()
        self._signals, self._take = trio.open_memory_channel[int](10)
        self._up = trio.Event()
        self._risen_at = math.inf
        """When it had taken over what was before it, and began to serve."""

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send a signal."""
        self._signals.send_nowait(number)

    async def wait_up(self) -> None:
        """Wait until it serves."""
        await self._up.wait()

    def began(self, account: str, rest: Cooldown, since: float) -> float:
        """Give when a rest began that this life dates so.

        One that it took over is dated by the clock on the wall, which may have been put forth or back since;
        none begins later than this life, for all that peekd can know.
        """
        taken_over = since <= self._risen_at + CLOCK_TICK
        return self._shelf.rested.get((account, rest.cause, rest.model), since) if taken_over else since

    def _rise(self) -> None:
        self._risen_at = trio.current_time()
        self._up.set()

    async def run(
        self,
        source: Source,
        environ: Mapping[str, str],
        journal: Journal,
        dials: Mapping[str, Dial],
        dice: Dice,
    ) -> None:
        """Live until told to stop, or until `scope` is cancelled."""
        process = main.Process(
            settings=source.loaded.settings,
            environ=environ,
            journal=journal,
            notifier=_Word(self._rise),
            where="/etc/peekd/peekd.toml",
            seams=Seams(
                wall=self.clock.wall,
                jitter=dice.random,
                key=dice.randbytes,
                ids=lambda prefix: f"{prefix}{dice.getrandbits(96):024x}",
            ),
            source=source,
            dials=dials,
        )
        door = main.Door("127.0.0.1", "http://127.0.0.1:8045", self.harbour)
        try:
            with self.scope, self._watched():
                await main.serve_doors(process, [door], self._take)
        finally:
            self.dead = True
            self.ended.set()

    @contextmanager
    def _watched(self) -> Generator[None]:
        """Note the house and its servers as they are made."""
        real_house, real_server, real_front = main.open_house, main.GuardedServer, main.Front

        @asynccontextmanager
        async def open_house(**pieces: Any) -> AsyncGenerator[House]:
            async with real_house(**pieces) as self.house:
                yield self.house

        @asynccontextmanager
        async def open_keeping(*_: object) -> AsyncGenerator[Keeping]:
            yield Keeping(SEAL_KEY, _Pen(self._shelf, self))

        def make_server(*pieces: Any) -> GuardedServer:
            self.server = real_server(*pieces)
            return self.server

        def make_front(*pieces: Any) -> Front:
            self.front = real_front(*pieces)
            return self.front

        with (
            mock.patch.object(main, "open_house", open_house),
            mock.patch.object(main, "open_keeping", open_keeping),
            mock.patch.object(main, "GuardedServer", make_server),
            mock.patch.object(main, "Front", make_front),
        ):
            yield


class _Word(Notifier):
    """Tells when the daemon is ready."""

    def __init__(self, ready: Callable[[], None]) -> None:
        super().__init__(None)
        self._ready = ready

    @override
    def ready(self, status: str = "") -> None:
        """It serves."""
        self._ready()
