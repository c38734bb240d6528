"""The process: opens everything, serves until told to stop, drains, and closes in the other order."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import msgspec
import trio
from hypercorn.typing import ASGIFramework

from peekd import __version__
from peekd.config.schema import Settings
from peekd.protocols.registry import CLIENTS
from peekd.records.entries import INFO, NOTICE, WARNING, Entry, Journal, RequestRecord
from peekd.relay.house import NATURAL, House, Seams, open_house
from peekd.relay.journey import Journey
from peekd.relay.means import request_id
from peekd.service import demo as demonstration
from peekd.service.access import make_access
from peekd.service.applog import NAME, open_applog
from peekd.service.dials import Dials
from peekd.service.guard import GuardedServer, Limits
from peekd.service.holders import tell_holders
from peekd.service.keeping import open_keeping
from peekd.service.lag import measure_lag
from peekd.service.logs import LineSink, LoggingBridge, gathering, open_journal
from peekd.service.notify import Notifier, watchdog_seconds
from peekd.service.reload import Parts, Reloader, Source
from peekd.service.sockets import host_of, open_sockets, raise_descriptor_limit, tell_address
from peekd.service.state import state_directory
from peekd.service.status import keep_patient, keep_told
from peekd.service.tapes import FOLDER, open_tapes
from peekd.service.tracing import open_tracing
from peekd.serving.app import Front
from peekd.serving.behind import Fittings
from peekd.serving.exposition import Exposition
from peekd.serving.ingress import Access
from peekd.serving.settings import ServerSettings
from peekd.upstream.dial import Dial
from peekd.vocabulary.errors import OperatorError

DESCRIPTORS_KEPT = 128
"""Descriptors that are not for streams: files, sockets that listen, what libraries open."""

DESCRIPTORS_A_STREAM = 2

FAREWELL_SECONDS = 2.0
"""How long those who are still waiting when the drain ends have to read that there is no answer."""


_STDERR = 2


def _untuned(level: str) -> None:
    """A journal without levels."""


Signals = AsyncIterator[int]


class Process(msgspec.Struct, frozen=True):
    """What a daemon is started with. `where` is the file to name to someone who is to change a setting.

    `terminal`: somebody watches it on one. `source`: where its settings came from, to be read again; None:
    they stay as they are. `tune`: sets the journal's level. `seams` and `dials` (by upstream name, a stream
    in place of TCP) are the ways to clock, dice and network.
    """

    settings: Settings
    environ: Mapping[str, str]
    journal: Journal
    notifier: Notifier
    where: str = "the configuration"
    descriptors: int = 1024
    demo: bool = False
    terminal: bool = False
    source: Source | None = None
    tune: Callable[[str], None] = _untuned
    seams: Seams = NATURAL
    dials: Mapping[str, Dial] = MappingProxyType({})
    watching: bool = True
    lost: Mapping[str, Callable[[], int]] = MappingProxyType({})
    """By what it is, how much of what was to be written down is gone."""
    on_close: Sequence[Callable[[RequestRecord], None]] = ()
    """Who is told of each request that is over."""


class Door(msgspec.Struct, frozen=True):
    """Where clients come in: the host ("" for a unix socket), and the address as a client has it."""

    host: str
    address: str
    listener: trio.abc.Listener[trio.SocketStream]


def run(
    settings: Settings,
    *,
    demo: bool = False,
    where: str = "the configuration",
    source: Source | None = None,
) -> int:
    """Serve until SIGTERM or SIGINT, and give the exit code. `source`: as in `Process`.

    Raises OperatorError where it cannot begin: a socket that cannot be had, a key that cannot be read.
    """
    environ = dict(os.environ)
    if demo:
        settings = demonstration.demo_settings(settings.server)
        environ.update(demonstration.SECRETS)
    filtered = open_journal(settings.logs.level, environ)
    sink = LineSink(1, demonstration.tell) if demo else filtered.sink
    journal = sink if demo else filtered.write
    server, directory = settings.server, "" if demo else settings.logs.directory
    with (
        open_tracing(settings) as on_close,
        open_applog(directory, journal, lambda: filtered.least) as (journal, lost),
        open_sockets(server.bind, environ, write_stall_seconds=server.write_stall_seconds) as sockets,
    ):
        logging.getLogger().addHandler(LoggingBridge(journal))
        process = Process(
            settings=settings,
            environ=environ,
            journal=journal,
            notifier=Notifier(environ.get("NOTIFY_SOCKET")),
            where=where,
            descriptors=raise_descriptor_limit(),
            demo=demo,
            terminal=os.isatty(_STDERR),
            source=source,
            tune=filtered.tune,
            lost={NAME: lost},
            on_close=on_close,
        )
        if demo:
            sys.stdout.write(demonstration.banner(tell_address(sockets[0])))
            sys.stdout.flush()
        gc.freeze()  # what is loaded stays: no collection, and a large request makes some, goes over it again
        try:
            trio.run(partial(_live, process, sockets, sink))
        except BaseExceptionGroup as group:
            faults = group.subgroup(OperatorError)
            if faults is None:
                raise
            raise OperatorError(*_lines(faults)) from None
    return 0


def _lines(group: BaseExceptionGroup[OperatorError]) -> Iterator[str]:
    for fault in group.exceptions:
        if isinstance(fault, OperatorError):
            yield from fault.faults
        else:
            yield from _lines(fault)


async def _live(process: Process, sockets: Sequence[socket.socket], sink: Journal) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async with gathering(sink):
            await serve(process, sockets, aiter(signals))


# ---- serving ------------------------------------------------------------------------------------------


async def serve(process: Process, sockets: Sequence[socket.socket], signals: Signals) -> None:
    """Serve on sockets that listen already; see `serve_doors`."""
    await serve_doors(process, [_door(sock) for sock in sockets], signals)


def _door(sock: socket.socket) -> Door:
    listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
    return Door(host_of(sock), tell_address(sock), listener)


async def serve_doors(process: Process, doors: Sequence[Door], signals: Signals) -> None:
    """Serve until told to stop; the first signal begins the end, the second hurries it.

    SIGHUP is no such signal: the settings are read anew.
    """
    settings, journal = process.settings, process.journal
    hosts = [door.host for door in doors]
    access = make_access(settings.server, hosts, process.environ)
    async with _open_dials(process) as dials, _open(process, dials) as house:
        reloader: Reloader | None = None
        front = _front(house, access, process, lambda: reloader.settings if reloader else settings)
        limits = partial(_limits, descriptors=process.descriptors)
        server = GuardedServer(_asgi(front), journal, limits(settings.server))
        async with trio.open_nursery() as nursery:
            await nursery.start(server.serve, [door.listener for door in doors])
            nursery.start_soon(_keep_watchdog_calm, process)
            nursery.start_soon(measure_lag, house.tally.lag.note)
            parts = Parts(
                house=house,
                front=front,
                server=server,
                dials=dials,
                hosts=hosts,
                environ=process.environ,
                journal=journal,
                notifier=process.notifier,
                limits=limits,
                tune=process.tune,
            )
            reloader = Reloader(settings, process.source, parts) if process.source else None
            addresses = [door.address for door in doors]
            _tell_begun(process, house, addresses)
            nursery.start_soon(keep_told, process.notifier, house, f"listening on {', '.join(addresses)}")
            async with trio.open_nursery() as listening:
                if reloader is not None:
                    listening.start_soon(reloader.run)
                await _wait_told_to_stop(signals, reloader, process)
                listening.cancel_scope.cancel()
            house.draining = True
            front.drain()
            process.notifier.stopping("finishing open requests")
            seconds = (reloader.settings if reloader else settings).server.drain_seconds
            await _drain(server, process, signals, house, seconds)
            nursery.cancel_scope.cancel()


async def _wait_told_to_stop(signals: Signals, reloader: Reloader | None, process: Process) -> None:
    """Wait for the signal to end; those to read the settings anew are passed on.

    SIGHUP ends who has no settings to read, and who was started on a terminal that is gone.
    """
    while await anext(signals) == signal.SIGHUP and reloader is not None:
        if process.terminal and not os.isatty(_STDERR):
            return
        reloader.ask()


async def _drain(
    server: GuardedServer, process: Process, signals: Signals, house: House, seconds: float
) -> None:
    """Let what runs finish, for so many seconds or until the next signal; then end what is left.

    Each of those is told so in its own words, and cut where it does not read them.
    """
    server.stop()
    words = f"stopping: {server.open_connections} connections have up to {seconds:g} s to finish"
    process.journal(Entry(words, NOTICE))
    with trio.move_on_after(seconds) as patience:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_hurry, signals, patience)
            nursery.start_soon(keep_patient, process.notifier, house, patience.deadline)
            await server.wait_ended()
            nursery.cancel_scope.cancel()
    if patience.cancelled_caught:
        for entry in tell_holders(house.live, server.open_connections, process.seams.wall()):
            process.journal(entry)
    house.lives.cut()
    with trio.move_on_after(FAREWELL_SECONDS):
        await server.wait_ended()
    server.abort()
    await server.wait_ended()
    process.journal(Entry("stopped", NOTICE))


async def _hurry(signals: Signals, patience: trio.CancelScope) -> None:
    while await anext(signals) == signal.SIGHUP:
        pass  # what ends takes nothing over any more
    patience.cancel()


async def _keep_watchdog_calm(process: Process) -> None:
    seconds = watchdog_seconds(process.environ)
    while seconds is not None:
        process.notifier.watchdog()
        await trio.sleep(seconds)


def _tell_begun(process: Process, house: House, addresses: Sequence[str]) -> None:
    listens = f"listening on {', '.join(addresses)}"
    process.journal(Entry(listens, INFO))
    if house.ledger.path is not None:
        process.journal(_of_ledger(house.ledger.path, house.left_open))
    if not house.ready():
        words = f"no account is usable: requests are refused until one is; see {process.where}"
        process.journal(Entry(words, WARNING))
    process.notifier.ready(listens)


def _of_ledger(path: Path, left_open: int) -> Entry:
    """Say where requests are written down, and what an end without warning cost the time before."""
    words = f"requests are written to {path}, within 250 ms"
    if not left_open:
        return Entry(words, INFO)
    lost = "what came in its last 250 ms may be missing"
    return Entry(
        f"{words}; {left_open} were open when peekd ended, and are closed as internal; {lost}", NOTICE
    )


# ---- what serving takes -------------------------------------------------------------------------------


def _front(house: House, access: Access, process: Process, in_force: Callable[[], Settings]) -> Front:
    fittings = Fittings(
        house=house,
        protocols=CLIENTS,
        open_trip=partial(Journey, house),
        journal=process.journal,
        fresh_id=lambda: request_id(process.seams.wall(), process.seams.ids),
        wall=process.seams.wall,
        settings=in_force,
        metrics=Exposition(house, __version__).page,
        open_metrics=process.settings.metrics.open,
    )
    return Front(fittings, access, process.settings.server)


def _asgi(front: Front) -> ASGIFramework:
    return front


@asynccontextmanager
async def _state(process: Process) -> AsyncGenerator[Mapping[str, str]]:
    """Give the environment that names the state directory; what a demo keeps ends with it."""
    if not process.demo:
        yield process.environ
        return
    with TemporaryDirectory(prefix="peekd-demo-", ignore_cleanup_errors=True) as directory:
        yield {"STATE_DIRECTORY": directory}


@asynccontextmanager
async def _open(process: Process, dials: Dials) -> AsyncGenerator[House]:
    settings = process.settings
    stages = dials.stages(settings.upstreams)
    dials.keep(stages)
    async with (
        _state(process) as environ,
        open_keeping(
            environ, settings.signatures, settings.records, process.journal, process.seams.wall
        ) as kept,
        open_tapes(state_directory(environ), settings.records, partial(_warn, process.journal)) as taping,
        open_house(
            healing=settings.healing,
            upstreams=settings.upstreams,
            accounts=settings.accounts,
            routes=settings.routes,
            journal=process.journal,
            environ=process.environ,
            dials=dials.of(stages),
            where=process.where,
            expose_account=settings.server.expose_account,
            seal_key=kept.seal_key,
            signatures=settings.signatures,
            scheduling=settings.scheduling,
            store=kept.store,
            ledger_path=kept.path,
            seams=process.seams,
            watching=process.watching,
            hedging=settings.hedging,
        ) as house,
    ):
        house.bodies, house.tapes = settings.records.bodies, taping.tapes
        house.live.on_close.extend(process.on_close)
        house.tally.lost.update(process.lost, signatures=kept.lost, **{FOLDER: taping.lost})
        yield house


def _warn(journal: Journal, words: str) -> None:
    journal(Entry(words, WARNING))


@asynccontextmanager
async def _open_dials(process: Process) -> AsyncGenerator[Dials]:
    """Where simulators run, one for each upstream that is one."""
    async with trio.open_nursery() as nursery:
        try:
            yield Dials(nursery, process.dials)
        finally:
            nursery.cancel_scope.cancel()


def _limits(settings: ServerSettings, descriptors: int) -> Limits:
    return Limits(
        write_stall_seconds=settings.write_stall_seconds,
        keep_alive_seconds=settings.keep_alive_seconds,
        head_seconds=settings.head_seconds,
        connections_per_address=settings.max_connections_per_address,
        connections=max(16, (descriptors - DESCRIPTORS_KEPT) // DESCRIPTORS_A_STREAM),
    )
