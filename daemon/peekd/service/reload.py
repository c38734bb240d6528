"""Takes other settings over while the daemon runs: read as at the start, and whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import trio

from peekd.config.load import Loaded
from peekd.config.schema import Settings
from peekd.records.entries import ERROR, NOTICE, WARNING, Entry, Journal
from peekd.relay.house import House
from peekd.relay.standing import SettingsState
from peekd.relay.tree import Ground, Tree
from peekd.service.access import make_access, tell_opening
from peekd.service.changes import Taken, take_over, tell_changes
from peekd.service.dials import Dials, Stages
from peekd.service.guard import GuardedServer, Limits
from peekd.service.notify import Notifier
from peekd.service.watching import Watch
from peekd.serving.app import Front
from peekd.serving.ingress import Access
from peekd.serving.settings import ServerSettings
from peekd.vocabulary.errors import OperatorError

READ_SECONDS = 20.0
"""How long reading settings, credentials and keys may take: a dead mount never answers."""


class Source(msgspec.Struct, frozen=True):
    """Where settings come from: `load` reads them, blocking, and `loaded` is what it gave at the start."""

    load: Callable[[], Loaded]
    loaded: Loaded


class Parts(msgspec.Struct, frozen=True):
    """What of a daemon takes other settings, and what it takes to make them. `hosts`: what it listens on."""

    house: House
    front: Front
    server: GuardedServer
    dials: Dials
    hosts: Sequence[str]
    environ: Mapping[str, str]
    journal: Journal
    notifier: Notifier
    limits: Callable[[ServerSettings], Limits]
    tune: Callable[[str], None]
    """Takes another least level of the journal."""


class _Ready(msgspec.Struct, frozen=True):
    """All that is to be put in place, made while nothing has changed yet."""

    loaded: Loaded
    taken: Taken
    tree: Tree
    access: Access
    stages: Stages


class Reloader:
    """`settings` are those in force. `ask` is for a signal or a watch; `run` answers."""

    def __init__(self, settings: Settings, source: Source, parts: Parts) -> None:
        self.settings = settings
        self._source = source
        self._loaded = source.loaded
        self._parts = parts
        self._asked = trio.Event()
        self._watch = Watch(self._files, lambda: self.settings.server.watch_seconds, self.ask)

    def ask(self) -> None:
        """Read the settings anew, soon; whoever asks while that is under way is answered once more."""
        self._asked.set()

    async def run(self) -> None:
        """Answer for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch.run)
            while True:
                await self._asked.wait()
                self._asked = trio.Event()
                await self.reload()

    def _files(self) -> list[Path]:
        """The files whose change is a wish for other settings: where they may be, and the keys of callers."""
        server = self.settings.server
        references = (*server.client_keys, *server.admin_keys)
        keys = [one.removeprefix("file:") for one in references if one.startswith("file:")]
        return [*self._loaded.searched, *(Path(key).expanduser() for key in keys)]

    async def reload(self) -> None:
        """Take over what the settings say now; where that cannot be, say why, and change nothing."""
        self._parts.notifier.reloading("reading the settings")
        try:
            with trio.fail_after(READ_SECONDS):
                ready = await self._prepare()
        except OperatorError as error:
            self._refuse(error.faults)
        except trio.TooSlowError:
            self._refuse((f"the settings and what they name could not be read within {READ_SECONDS:g} s",))
        else:
            self._adopt(ready)

    # ---- making ready --------------------------------------------------------------------------------

    async def _prepare(self) -> _Ready:
        """Do all that can fail. Raises OperatorError."""
        parts = self._parts
        loaded = await trio.to_thread.run_sync(self._source.load, abandon_on_cancel=True)
        if loaded.source_path is None and self._loaded.source_path is not None:
            raise OperatorError(f"{self._loaded.source_path}: no such file any more")
        taken = take_over(self.settings, loaded.settings)
        settings = taken.settings
        access = await trio.to_thread.run_sync(
            make_access, settings.server, parts.hosts, parts.environ, abandon_on_cancel=True
        )
        opening = tell_opening(parts.front.access, access)
        if opening:
            raise OperatorError(opening)
        stages = await trio.to_thread.run_sync(parts.dials.stages, settings.upstreams, abandon_on_cancel=True)
        ground = ground_of(settings, str(loaded.file_to_edit))
        tree = await parts.house.grow(ground, parts.dials.of(stages))
        return _Ready(loaded, taken, tree, access, stages)

    # ---- the change ----------------------------------------------------------------------------------

    def _adopt(self, ready: _Ready) -> None:
        """Put everything in place at once: nothing here waits, and nothing fails."""
        parts, before = self._parts, self.settings
        self.settings, self._loaded = ready.taken.settings, ready.loaded
        parts.dials.keep(ready.stages)
        parts.house.adopt(ready.tree)
        parts.front.adopt(ready.access, self.settings.server)
        parts.server.adopt(parts.limits(self.settings.server))
        parts.tune(self.settings.logs.level)
        parts.house.tally.happened("settings_taken_over")
        self._watch.wake()
        self._note(ready.loaded, ready.taken.restart)
        file = ready.loaded.file_to_edit
        parts.journal(Entry(f"settings of {file} taken over: {tell_changes(before, self.settings)}", NOTICE))
        for name in ready.taken.restart:
            parts.journal(Entry(f"{name} has changed, and needs a restart to take effect", WARNING))
        waits = f"; a restart is needed for {', '.join(ready.taken.restart)}" if ready.taken.restart else ""
        parts.notifier.ready(f"settings of {file} taken over{waits}")

    def _note(self, loaded: Loaded, restart: tuple[str, ...]) -> None:
        house = self._parts.house
        house.settings_state = SettingsState(
            file=str(loaded.file_to_edit),
            at=house.seams.wall(),
            loads=house.settings_state.loads + 1,
            restart=restart,
        )

    def _refuse(self, faults: tuple[str, ...]) -> None:
        house, file = self._parts.house, self._loaded.file_to_edit
        house.settings_state = msgspec.structs.replace(
            house.settings_state, at=house.seams.wall(), faults=faults
        )
        house.tally.happened("settings_refused")
        for fault in faults:
            self._parts.journal(Entry(f"settings not taken over: {fault}", ERROR))
        count = f"{len(faults)} fault{'s' * (len(faults) != 1)}"
        words = f"the old settings stay in force: {count} in the new ones, see `peekd check`"
        cure = f"What you can do: mend {file}; `peekd check` tells what and where"
        self._parts.journal(Entry(f"{words}. {cure}", ERROR))
        self._parts.notifier.ready(words)


def ground_of(settings: Settings, where: str) -> Ground:
    """Give what a tree grows from."""
    return Ground(
        healing=settings.healing,
        upstreams=settings.upstreams,
        accounts=settings.accounts,
        routes=settings.routes,
        where=where,
        expose_account=settings.server.expose_account,
        scheduling=settings.scheduling,
        hedging=settings.hedging,
    )
