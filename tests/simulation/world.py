"""One world: a daemon, its upstreams, its clients, and an operator who stops it, kills it, changes keys."""

from __future__ import annotations

import re
import signal
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from itertools import starmap
from unittest import mock

import msgspec
import trio

from peekd.config.schema import Settings
from peekd.healing.plan import Places, plan
from peekd.healing.plan import Plan as Planned
from peekd.healing.settings import RouteSettings
from peekd.records.entries import ERROR, Entry
from peekd.service import watching
from peekd.service.reload import Source
from peekd.serving.settings import ServerSettings
from peekd.simulator.strict import Strict
from peekd.vocabulary.errors import ClientError
from simulation import laws_pool
from simulation.books import UNWRITTEN_SECONDS
from simulation.clients import Client
from simulation.daemon import Daemon, Disk, Shelf
from simulation.dice import Dice
from simulation.endings import Ending, look_back, look_into, look_over
from simulation.intruders import Intruder
from simulation.laws import judge
from simulation.laws_beyond import hedges_bounded
from simulation.leanings import PLAIN, Leaning
from simulation.manners import AGENTS
from simulation.moods import climate
from simulation.operator_file import PATH, OperatorFile, changed
from simulation.settings import CLIENT_KEY, Plan, draw, new_key
from simulation.tokens import credential, look_at_tokens
from simulation.transcripts import Blame, Call, Case, Minting, Rules, Said
from simulation.upstreams import Upstream
from simulation.wire import Harbour, Line, Manner, connect

SECONDS = 240.0
"""About how long a world lasts; storms are drawn over it."""

STRICT = 0.5
"""The share of worlds whose upstreams refuse what the vendors do of thought signatures."""

TALKING = (0.3, 0.95)
"""In such a world: how often a client that takes a turn leads a conversation."""

CLOSE = 0.01
AFTERWARDS = 0.5
"""How long after its end a request is judged: what it owes must be paid by then."""


PATIENCE = 130.0
"""Seconds: longer than any budget that is drawn."""


class World:
    """Everything in it follows its dice. `cases`: one for each request that is over."""

    def __init__(self, dice: Dice, nursery: trio.Nursery, leaning: Leaning = PLAIN) -> None:
        self.dice = dice
        self.leaning = leaning
        self.strict = dice.chance(STRICT)
        self.talking = dice.choice(TALKING) if self.strict else 0.0
        self.plan: Plan = leaning.plan(draw(dice, straight=self._is_salon), dice)
        self.disk = Disk()
        self.disk.files |= self.plan.files
        self.file = OperatorFile(self.plan.settings, self.disk.files)
        self.shelf = Shelf()
        self.said: list[Said] = []
        self.mintings: list[Minting] = []
        self.rotations: list[tuple[float, str]] = []
        self.bad_lines: list[tuple[float, str]] = []
        self.calls: list[Call] = []
        self.entries: list[tuple[float, Entry]] = []
        self.cases: list[Case] = []
        self.endings: list[Ending] = []
        self.client_key = CLIENT_KEY
        self.life = 0
        self.starts: list[float] = []
        self.full: list[tuple[float, float]] = []
        self.stall_seconds = self.plan.settings.server.write_stall_seconds
        self.daemon: Daemon
        self.lives: dict[int, Daemon] = {}
        self._nursery = nursery
        self.starved = 0
        """How often a daemon said that it can accept nobody."""
        self._wishes = 0
        self._keys = 0
        self._bells: defaultdict[tuple[int, str], trio.Event] = defaultdict(trio.Event)
        self._adopted: list[Line] = []
        self._judging = 0
        self._disturbances: list[float] = []
        self._stops: list[float] = []
        self._changes: list[float] = []
        self._clocks: list[float] = []
        self._came: dict[str, float] = {}
        self.intruders_dice = Dice(dice.getrandbits(64))
        self.intruder = Intruder(self)
        self.upstreams = {name: self._upstream(name) for name in self.plan.settings.upstreams}

    @property
    def _is_salon(self) -> bool:
        """Whether its clients do little but lead conversations; upstreams let them, and restarts do not."""
        return self.talking == TALKING[-1]

    def _upstream(self, name: str) -> Upstream:
        keys = self.plan.keys[name]
        language = self.plan.settings.upstreams[name].protocol
        sky = climate(self.dice, keys, SECONDS, fair_share=0.7 if self._is_salon else 0.25)
        upstream = Upstream(name, language, self.leaning.sky(sky), self, self._nursery)
        upstream.keys = dict(keys)
        upstream.strict = Strict() if self.strict else None
        return upstream

    # ---- what clients and upstreams know of it ---------------------------------------------------------

    def next_wish(self) -> int:
        """Give a number that no wish had."""
        self._wishes += 1
        return self._wishes

    async def connect(self, *, narrow: bool = False) -> tuple[Line, Line]:
        """Reach the daemon; gives the client's end and the daemon's. Raises OSError."""
        await trio.sleep(self.dice.uniform(0, 0.01))
        manner = Manner(room=4096 if narrow else 65536, spills=self.dice.chance(0.5))
        ours, theirs = connect(self.dice, manner)
        self.daemon.harbour.enter(theirs)
        theirs.life = self.life
        self.adopt(theirs)
        return ours, theirs

    def adopt(self, line: Line) -> None:
        """Note an end of a connection that is the daemon's."""
        self._adopted = [one for one in self._adopted if one.closed_at is None]
        self._adopted.append(line)

    def ring(self, wish: int, what: str) -> None:
        """Tell whoever waits for this to happen to a wish."""
        bell = self._bells.get((wish, what))
        if bell is not None:
            bell.set()

    def bell(self, wish: int, what: str) -> trio.Event:
        """Give what is set when this happens to a wish."""
        return self._bells[wish, what]

    def over(self, call: Call) -> None:
        """Take a call that is over: it is judged a moment later."""
        self.calls.append(call)
        self._judging += 1
        self._nursery.start_soon(self._judge, call, self.lives[call.life])

    async def _judge(self, call: Call, daemon: Daemon) -> None:
        await trio.sleep(AFTERWARDS)
        asked = call.began if call.asked_at is None else min(call.began, call.asked_at)
        call.disturbed = any(asked <= at <= call.ended_at + 1 for at in self._disturbances)
        call.stopping = any(asked - 1 <= at <= call.ended_at for at in self._stops)
        self.cases.append(self._case(call, daemon, asked))
        self._judging -= 1

    # ---- what strangers know of it ---------------------------------------------------------------------

    def in_force(self) -> ServerSettings:
        """The settings that hold for whoever connects now."""
        return self.file.in_force.server

    def shaken(self, since: float) -> bool:
        """Whether the daemon was stopped or killed, or its settings changed, since then."""
        return any(at >= since - 1 for at in (*self._disturbances, *self._stops, *self._changes))

    # ---- what is known of one request ------------------------------------------------------------------

    def _case(self, call: Call, daemon: Daemon, asked: float) -> Case:
        """Put a request's case together: by what was in force when it was planned.

        Where that is not known to the moment, whatever was in force may speak for it.
        """
        said = [one for one in self.said if one.wish == call.wish.number]
        request = call.headers.get("x-request-id", "") or self._request_of(daemon, call, said)
        record = daemon.house.live.find(request) if request else None
        entries = [(at, entry) for at, entry in self.entries if entry.request == request]
        planned = [at for at, entry in entries if entry.phase == "plan"]
        call.request = request if call.errand == "converse" and (record or planned) else ""
        blames = self._blames(daemon)
        cases = [
            Case(
                call=call,
                said=said,
                entries=entries,
                record=record,
                rules=_rules(call, settings),
                blames=blames,
                others=self.said,
                mintings=self.mintings,
                bad_lines=self.bad_lines,
                idle=self._idle(call, said, settings),
                intact=not self.shelf.lost,
            )
            for settings in self.file.between(*(planned[:1] * 2 or (asked, call.ended_at)))
        ]
        return cases[0] if len(cases) == 1 else next((one for one in cases if not [*judge(one)]), cases[-1])

    def closed_cases(self) -> list[Case]:
        """Give the cases with what the ledger has of each, now that all is over."""
        books = self.shelf.books
        books.load()  # where the last life was killed, as the next one would
        return [
            msgspec.structs.replace(
                case,
                request=case.call.request,
                row=books.find(case.call.request),
                missed=case.call.request in books.missed,
                closes=books.closes[case.call.request],
            )
            if case.call.request
            else case
            for case in self.cases
        ]

    def _request_of(self, daemon: Daemon, call: Call, said: Sequence[Said]) -> str:
        """Find the id of a request whose client never heard it, by whom it asked and when it came."""
        accounts = [one.account for one in said]
        sent = call.asked_at if call.asked_at is not None else call.ended_at
        near = [
            ([one.account for one in record.attempts] != accounts, abs(came - sent), record.id)
            for record in daemon.house.live.newest_first()
            if record.model == call.wish.model
            and record.session.startswith(call.wish.session)
            and min(call.began, sent)
            <= (came := self._came.get(record.id, -1.0))
            <= call.ended_at + AFTERWARDS
        ]
        return min(near)[2] if near and said else ""

    def _blames(self, daemon: Daemon) -> list[Blame]:
        return [
            Blame(name, rest.cause, daemon.began(name, rest, rest.since))
            for name, health in daemon.house.roster.pool.health.items()
            for rest in health.cooldowns
            if rest.since < daemon.died_at
        ]

    def _idle(self, call: Call, said: Sequence[Said], settings: Settings) -> list[str]:
        """Name the accounts that were well and free throughout, and were not asked."""
        asked = {one.account for one in said}
        suspects = {one.account for one in self.said if one.fault or one.left_at is not None}
        suspects |= {one.account for one in self.mintings if one.fault or one.seconds == 0.0}
        shaken = {upstream for _, upstream in self.bad_lines}
        limits = {account.name: account for account in settings.accounts}
        return [
            name
            for name in _rules(call, settings).accounts
            if name not in asked | suspects
            and limits[name].upstream not in shaken
            and not limits[name].max_concurrent
            and not limits[name].requests_per_minute
        ]

    # ---- a life -----------------------------------------------------------------------------------------

    def _journal(self, daemon: Daemon, entry: Entry) -> None:
        if daemon.dead:
            return
        daemon.noted.note(entry)
        if entry.priority <= ERROR and self.file.spoilt and not entry.request:
            self.file.refused += entry.message.startswith("the old settings stay")
            return
        if entry.message.startswith("cannot accept connections"):
            self.starved += 1
            return
        self._came.setdefault(entry.request, trio.current_time())
        if "taken over:" in entry.message:
            self.file.take(trio.current_time())
            self._changes.append(trio.current_time())
        self.entries.append((trio.current_time(), entry))

    async def start(self) -> None:
        """Bring a daemon up."""
        self.life += 1
        self.starts.append(trio.current_time())
        if self.life > 1 and self.daemon.clock.off:
            self._clocks.append(trio.current_time())  # the new life's shows the right time
        self.daemon = self.lives[self.life] = daemon = Daemon(Harbour(), self.shelf)
        loaded = self.file.load()
        self.file.take(trio.current_time())
        run = partial(
            daemon.run,
            Source(self.file.load, loaded),
            self.plan.environ,
            partial(self._journal, daemon),
            {name: upstream.dial for name, upstream in self.upstreams.items()},
            self.dice,
        )
        self._nursery.start_soon(run)
        await daemon.wait_up()

    async def live(self, requests: int) -> None:
        """Let clients come and go until about so many requests were made, and the operator do his deeds."""
        await self.start()
        clients = self.dice.randint(3, 8)
        async with trio.open_nursery() as operating:
            operating.start_soon(self._operate)
            operating.start_soon(self.intruder.live)
            async with trio.open_nursery() as nursery:
                for number in range(clients):
                    agent = self.dice.weighed(AGENTS)
                    nursery.start_soon(Client(self, agent, number).live, max(1, requests // clients))
            operating.cancel_scope.cancel()
        while self._judging:  # noqa: ASYNC110  the last one does not know that it is
            await trio.sleep(AFTERWARDS)
        await self._end()

    async def _end(self) -> None:
        """Look whether anything is left, while it runs and after it stopped."""
        with trio.move_on_after(PATIENCE):  # one that was accepted late may be served still
            while not self.daemon.dead and self.daemon.house.live.opened():  # noqa: ASYNC110  it tells nobody
                await trio.sleep(1.0)
        await trio.sleep(2.0)
        self.endings += look_over(self.daemon)
        self.endings += look_at_tokens(self.mintings, self.said, self.rotations, self._stayed)
        if not self.daemon.dead:  # of one that was killed, the last words are missing
            self.endings += look_into(
                self.daemon, self.plan.settings, {call.wish.model for call in self.calls}
            )
        self.endings += list(starmap(Ending, self.intruder.found))
        share = self.plan.settings.hedging.max_share
        self.endings += [Ending("hedges_bounded", told) for told in hedges_bounded(self.entries, share)]
        self._stop()
        await self._wait_ended(self.file.settings.server.drain_seconds + 5)
        self.endings += look_back(self.daemon, self._adopted)
        self.endings += list(starmap(Ending, laws_pool.judge(self._pool())))

    def _pool(self) -> laws_pool.World:
        """What the laws on the choice of accounts look at."""
        fresh = [
            (at, account)
            for at, entry in self.entries
            if entry.phase == "refresh"
            for account in _RENEWED.findall(entry.message)
        ]
        asked = laws_pool.asked_of(self.entries, self.starts)
        steady = self.file.steady  # what a reload lets go of is forgotten
        every, clocks = self.plan.accounts, self._clocks
        return laws_pool.World(asked, self.said, steady, self.starts, self.full, fresh, every, clocks)

    def _stayed(self, account: str, since: float, until: float) -> bool:
        """Whether the settings listed an account all that time, and no clock said that its token ended."""
        put = any(since <= at <= until for at in self._clocks)
        return not put and all(
            account in {one.name for one in now.accounts} for now in self.file.between(since, until)
        )

    async def _wait_ended(self, seconds: float) -> None:
        with trio.move_on_after(seconds) as patience:
            await self.daemon.ended.wait()
        if patience.cancelled_caught:
            self.endings.append(
                Ending("stops in time", f"still there {seconds:g} s after it was told to stop")
            )
            self.daemon.scope.cancel()
            await self.daemon.ended.wait()

    # ---- the operator -------------------------------------------------------------------------------------

    async def _operate(self) -> None:
        deeds = (
            (self._rotate_key, 3.0),
            (self._restart, 1.0),
            (self._hurry, 0.5),
            (self._crash, 1.0),
            (self._fill_shelf, 0.5),
            (self._change_file, 4.0),
            (self._spoil_file, 1.0),
            (self._starve, 0.5),
            (self._put_clock, 1.0),
        )
        if self.dice.chance(0.3):
            return
        while True:
            await trio.sleep(self.dice.uniform(5, 20 if self._is_salon else 60))
            await self.dice.weighed(deeds)()

    async def _rotate_key(self) -> None:
        """A key is made anew: the disk has it soon, the environment never."""
        upstream = self.upstreams[self.dice.choice(sorted(self.upstreams))]
        account = self.dice.choice(sorted(upstream.keys))
        if f"/keys/{account}" not in self.disk.files:
            return
        self._keys += 1
        fresh = new_key(account, self._keys)
        upstream.keys[account] = fresh
        await trio.sleep(self.dice.uniform(0, 5))
        google = self.disk.files[f"/keys/{account}"].startswith("{")
        self.disk.files[f"/keys/{account}"] = credential(fresh) if google else fresh
        self.rotations.append((trio.current_time(), account))

    async def _restart(self) -> None:
        """Drain, and start again."""
        before = self.daemon
        began = trio.current_time()
        self._stop()
        await self._wait_ended(self.file.settings.server.drain_seconds + 5)
        if trio.current_time() - began >= self.file.settings.server.drain_seconds - CLOSE:
            self._disturb()
        self.endings += look_back(before, self._adopted)
        await self.start()

    async def _hurry(self) -> None:
        """Drain, and lose patience."""
        self._stop()
        await trio.sleep(self.dice.uniform(0, 1))
        self._disturb()
        self.daemon.signal()
        await self._wait_ended(10)
        self.endings += look_back(self.daemon, self._adopted)
        await self.start()

    async def _crash(self) -> None:
        """Kill it: every connection is torn, and what it would still do comes too late to matter."""
        self._disturb()
        self.daemon.dead = True
        self.daemon.died_at = trio.current_time()
        self.shelf.books.kill(self.dice.uniform(0, UNWRITTEN_SECONDS))
        self.daemon.harbour.open = False
        for line in self._adopted:
            line.reset()
        self.daemon.scope.cancel()
        await self.daemon.ended.wait()
        await trio.sleep(self.dice.uniform(0, 2))
        await self.start()

    async def _starve(self) -> None:
        """Nobody is accepted for a while: the system has no descriptors. Those who wait are served then."""
        harbour = self.daemon.harbour
        harbour.starved_until = trio.current_time() + self.dice.uniform(0.1, 2)
        while trio.current_time() < harbour.starved_until + 1:
            self._disturb()
            await trio.sleep(0.25)

    async def _put_clock(self) -> None:
        """The clock on the wall is put forth or back, by far less than anything is kept for."""
        self.daemon.clock.off = self.dice.uniform(-1800, 1800)
        self._clocks.append(trio.current_time())

    async def _change_file(self) -> None:
        """Other settings, right ones: they are taken over."""
        self.file.write(changed(self.dice, self.plan, self.file.settings))
        await self._read_anew(lambda: self.file.taken, "other settings are taken over")

    async def _spoil_file(self) -> None:
        """Settings with a fault: they change nothing, and the operator mends them."""
        before = self.daemon.house.tree
        self.file.spoil(f"{PATH}:3: expected TOML")
        await self._read_anew(lambda: self.file.refused, "settings with a fault are refused")
        if self.daemon.house.tree is not before:
            self.endings.append(Ending("a bad file changes nothing", "there is another tree"))
        self.file.write(self.file.settings)

    async def _read_anew(self, count: Callable[[], int], law: str) -> None:
        """Have the file read, by a signal or by who watches it, and wait until that shows."""
        before = count()
        if not self.dice.chance(0.3) or not self._watched():
            self.daemon.signal(signal.SIGHUP)
        for _ in range(100):
            await trio.sleep(0.1)
            if count() > before:
                return
        self.endings.append(Ending(law, "nothing was said within 10 s"))

    def _watched(self) -> bool:
        """Whether the daemon watches its file."""
        return bool(self.file.in_force.server.watch_seconds)

    async def _fill_shelf(self) -> None:
        """The store can take nothing for a while; requests go on."""
        self.shelf.full = True
        since = trio.current_time()
        try:
            await trio.sleep(self.dice.uniform(1, 20))
        finally:
            self.shelf.full = False
            self.full.append((since, trio.current_time()))

    def _stop(self) -> None:
        self._stops.append(trio.current_time())
        self.daemon.signal()

    def _disturb(self) -> None:
        """Note that whatever is under way is cut by us."""
        self._disturbances.append(trio.current_time())


def _rules(call: Call, settings: Settings) -> Rules:
    """What these settings promise for a request."""
    protocols = {name: upstream.protocol for name, upstream in settings.upstreams.items()}
    places = Places(settings.routes, protocols, settings.healing)
    try:
        planned = plan(call.wish.model, call.tongue, places)
    except ClientError:
        planned = Planned((), settings.healing)
    goals = frozenset((target.upstream, target.model) for target in planned.targets)
    upstreams = {target.upstream for target in planned.targets}
    able = tuple(account.name for account in settings.accounts if account.upstream in upstreams)
    limited = frozenset(
        one.name for one in settings.accounts if one.max_concurrent or one.requests_per_minute
    )
    options = planned.route or RouteSettings("*", ())
    return Rules(settings.healing, settings.server, able, goals, limited, options)


_RENEWED = re.compile(r"the credential of ([^ ]+) (?:is fetched|was replaced)")
"""Whose credential is another now."""


class Played(msgspec.Struct, frozen=True):
    """What came of one world."""

    cases: Sequence[Case]
    endings: Sequence[Ending]
    seconds: float
    entries: Sequence[tuple[float, Entry]] = ()


async def play(dice: Dice, requests: int, leaning: Leaning = PLAIN) -> Played:
    """Play one world to its end."""
    tasks = trio.lowlevel.current_statistics().tasks_living
    async with trio.open_nursery() as nursery:
        world = World(dice, nursery, leaning)
        with world.disk.mounted(), mock.patch.object(watching, "stamps", world.file.stamps):
            await world.live(requests)
        await trio.sleep(5.0)  # the last word of a close may be late
        left = trio.lowlevel.current_statistics().tasks_living - tasks
        endings = [*world.endings]
        if left:
            endings.append(Ending("no task is left", f"{left} tasks live on"))
        nursery.cancel_scope.cancel()
    return Played(world.closed_cases(), endings, trio.current_time(), world.entries)
