"""What all requests share: the settings in force, accounts, and what a house works with."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import trio

from peekd.accounts.settings import AccountSettings, SchedulingSettings
from peekd.accounts.states import AccountState
from peekd.healing.plan import near_names
from peekd.healing.policy import Policy
from peekd.healing.settings import HealingSettings, HedgingSettings, RouteSettings
from peekd.records.entries import Journal
from peekd.records.ledger import Ledger
from peekd.records.live import Live
from peekd.records.tally import Tally
from peekd.relay.alarms import Alarms
from peekd.relay.archive import Archive
from peekd.relay.asked import Asked
from peekd.relay.counting import Counting
from peekd.relay.delivery import Final
from peekd.relay.grove import Grove
from peekd.relay.hedging import Hedges
from peekd.relay.lives import Lives
from peekd.relay.means import NATURAL, Means, Seams
from peekd.relay.offers import Offers
from peekd.relay.roster import Roster
from peekd.relay.standing import SettingsState, stand
from peekd.relay.taping import Tapes
from peekd.relay.tree import Ground, Rhythm, Tree
from peekd.relay.vigil import Vigil
from peekd.signatures.seal import KEY_BYTES, Seal
from peekd.signatures.settings import SignatureSettings
from peekd.store.interface import Loaded, Store
from peekd.store.settings import Bodies
from peekd.store.volatile import Nowhere
from peekd.upstream.client import Upstreams
from peekd.upstream.credentials import Credentials, Supply
from peekd.upstream.dial import Dial
from peekd.upstream.google import Errand, Reply
from peekd.upstream.minting import Failed, News
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.errors import ClientError


class House:
    """One per daemon. `nursery`: what a tree leaves behind is cleared away there."""

    def __init__(self, tree: Tree, means: Means, nursery: trio.Nursery) -> None:
        self.journal = means.journal
        self.seal = means.seal
        self.archive = means.archive
        self.seams = means.seams
        self.live = Live()
        self.store = means.store
        self.ledger = Ledger(self.live, means.ledger_path)
        self.left_open = 0
        """Requests that were open when the process before this one ended."""
        self.bodies: Bodies = "off"
        self.tapes: Tapes | None = None
        self.tally = Tally()
        self.live.on_close.append(self.tally.closed)
        self.live.on_step.append(self.tally.stepped)
        self.grove = Grove(tree, self._clear)
        self.roster = Roster(tree.crew, means.archive)
        self.roster.schedule(tree.scheduling)
        self.hedges = Hedges(tree.hedging)
        self.draining = False
        self.lives = Lives()
        self.alarms = Alarms()
        self.counting = Counting(means.seal, self.roster.glance)
        self.settings_state = SettingsState(file=tree.places.where, at=means.seams.wall(), loads=1)
        self._nursery = nursery
        self.vigil = Vigil(self.roster, means.journal, nursery)

    @property
    def tree(self) -> Tree:
        """The configuration that new requests take."""
        return self.grove.current

    @property
    def offers(self) -> Offers:
        """What models can be asked for."""
        return self.tree.offers

    def recall(self, loaded: Loaded) -> None:
        """Take over what a store has kept."""
        self.left_open = loaded.left_open
        self.archive.recall(loaded)
        self.roster.recall(loaded.bound)
        self.roster.stand(loaded.standings)

    def rhythm(self, asked: Asked) -> Rhythm:
        """The rhythm of a request that begins now."""
        return self.tree.rhythm(asked)

    async def count_tokens(self, asked: Asked) -> Final:
        """Count a request's tokens, or estimate them. Raises ClientError for one that cannot be read."""
        with self.grove.visited() as tree:
            return await self.counting.count(asked, tree)

    def account_states(self) -> tuple[AccountState, ...]:
        """How the accounts stand."""
        return self.roster.states()

    def signatures(self) -> tuple[int, int]:
        """How many steps of conversations are remembered, and about how many bytes they take."""
        return self.archive.size()

    def ready(self) -> bool:
        """Whether a request could be served now."""
        return not self.draining and any(state.usable for state in self.roster.states())

    # ---- what the admin API shows and does ----

    def describe_accounts(self) -> dict[str, Any]:
        """How the accounts stand, and the settings."""
        upstreams = self.roster.upstreams()
        return {"accounts": self._accounts(), "upstreams": upstreams, "settings": self.settings_state}

    def describe_policy(self) -> dict[str, Policy]:
        """The policy table in force for all requests."""
        return {"policy": self.tree.policy(self.tree.places.healing)}

    def switch(self, account: str, verb: str) -> dict[str, Any]:
        """Enable, disable or reset an account, and tell how it stands then.

        Raises ClientError (not_found), with near names, for an account that is not there.
        """
        names = [one.name for one in self.roster.pool.accounts]
        if account not in names:
            words = f"no account is called {account!r}{near_names(account, names)}"
            raise ClientError("not_found", words)
        verbs = {
            "enable": self._enable,
            "disable": partial(self.roster.disable, because="disabled by hand"),
            "reset": self.roster.reset,
        }
        verbs[verb](account)
        return {"account": next(one for one in self._accounts() if one["name"] == account)}

    def _enable(self, account: str) -> None:
        """Let an account serve; a credential that was refused for good is tried again."""
        self.roster.enable(account)
        self.tree.credentials.revive(account)

    def _accounts(self) -> list[dict[str, Any]]:
        wall = self.seams.wall()
        return [stand(state, self.roster.tally(state.name), wall) for state in self.roster.states()]

    # ---- other settings ----

    async def grow(self, ground: Ground, dials: Mapping[str, Dial]) -> Tree:
        """Make a tree of other settings, for `adopt`; nothing changes by it.

        Raises OperatorError where a credential or a way to an upstream cannot be had.
        """
        upstreams = self.tree.upstreams.adopt(ground.upstreams, dials)
        supply = supply_of(ground, upstreams, self.seams)
        read = partial(self.tree.credentials.adopt, ground.references, supply)
        # A dead mount never answers, and a read has no effect: it may be left behind.
        credentials = await trio.to_thread.run_sync(read, abandon_on_cancel=True)
        return Tree(ground, upstreams, credentials, self.seams.ids)

    def adopt(self, tree: Tree) -> None:
        """Serve with this tree from now on; what runs goes on with the one that it began with."""
        before = self.tree
        self.roster.adopt(tree.crew)
        self.roster.schedule(tree.scheduling)
        for account in sorted(tree.credentials.renewed(before.credentials)):
            self.vigil.tell(News(account, "replaced", tree.accounts[account].credential))
        self.hedges.settings = tree.hedging
        self.vigil.attend(tree.credentials)
        self.grove.adopt(tree)

    def _clear(self, standing: Sequence[Tree]) -> None:
        """Let go of what no tree in use has any more."""
        self.roster.forget(frozenset(name for tree in standing for name in tree.accounts))
        ways = [way for tree in standing for way in tree.ways]
        self._nursery.start_soon(self.tree.upstreams.close_except, ways)


@asynccontextmanager
async def open_house(  # noqa: PLR0913  the pieces of the settings, each by its name
    *,
    healing: HealingSettings,
    upstreams: Mapping[str, UpstreamSettings],
    accounts: Sequence[AccountSettings],
    routes: Sequence[RouteSettings],
    journal: Journal,
    environ: Mapping[str, str],
    dials: Mapping[str, Dial] | None = None,
    where: str = "the configuration",
    expose_account: bool = True,
    seal_key: bytes | None = None,
    signatures: SignatureSettings | None = None,
    scheduling: SchedulingSettings | None = None,
    store: Store | None = None,
    ledger_path: Path | None = None,
    seams: Seams = NATURAL,
    watching: bool = False,
    hedging: HedgingSettings | None = None,
) -> AsyncGenerator[House]:
    """Open what a daemon serves with; closes every connection on leaving.

    `dials`: by upstream name, how to reach it where it is not on the network (a simulator). `where`: the file
    to edit, for messages. `seal_key`: what carriers of signatures are sealed with; without one it is made up,
    and no carrier outlives the house. `store`: what outlives it; without one nothing does. `ledger_path`: the
    file in which the store's rows can be read. `watching`: files of credentials that are replaced are taken
    up. Raises OperatorError, in a group, where a credential cannot be had.
    """
    ground = Ground(
        healing,
        upstreams,
        accounts,
        routes,
        where,
        expose_account,
        scheduling or SchedulingSettings(),
        hedging or HedgingSettings(),
    )
    async with trio.open_nursery() as nursery:
        clients = Upstreams(upstreams, dials=dials)
        credentials = Credentials(ground.references, environ, nursery, supply_of(ground, clients, seams))
        seal = Seal(seal_key if seal_key is not None else seams.key(KEY_BYTES))
        kept = store or Nowhere()
        archive = Archive(signatures or SignatureSettings(), kept, seams.wall)
        means = Means(journal, seal, archive, seams, kept, ledger_path)
        house = House(Tree(ground, clients, credentials, seams.ids), means, nursery)
        nursery.start_soon(house.alarms.run)
        house.recall(await kept.load())
        house.vigil.watching = watching
        house.vigil.attend(credentials)
        try:
            yield house
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSING_SECONDS):
                await house.tree.upstreams.aclose()
            nursery.cancel_scope.cancel()


def supply_of(ground: Ground, clients: Upstreams, seams: Seams) -> Supply:
    """What access tokens are had with, under these settings."""
    known = {account.name: account for account in ground.accounts}

    async def fetch(account: str, errand: Errand) -> Reply | Failed:
        return await clients.fetch(known[account].upstream, known[account], errand, ground.healing)

    return Supply(fetch, ground.healing.refresh_seconds, seams.wall, seams.jitter)


CLOSING_SECONDS = 1.0
"""How long closing idle connections may take at the end."""
