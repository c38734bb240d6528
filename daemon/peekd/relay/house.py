"""What all requests share: accounts, upstreams, policy, and what a house works with."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial

import msgspec
import trio

from peekd.accounts.settings import AccountSettings
from peekd.accounts.states import AccountState
from peekd.healing.plan import Places, Plan, overlaid_healing, plan
from peekd.healing.policy import Policy, policy_in_force
from peekd.healing.settings import HealingSettings, RouteSettings
from peekd.protocols.interface import UpstreamProtocol
from peekd.protocols.registry import Site, upstream_of
from peekd.records.entries import Journal
from peekd.records.live import Live
from peekd.relay.archive import Archive
from peekd.relay.asked import Asked
from peekd.relay.counting import Counting
from peekd.relay.delivery import Final
from peekd.relay.lives import Lives
from peekd.relay.means import NATURAL, Means, Seams
from peekd.relay.offers import Offers
from peekd.relay.roster import Roster
from peekd.relay.vigil import Vigil
from peekd.signatures.seal import KEY_BYTES, Seal
from peekd.signatures.settings import SignatureSettings
from peekd.store.interface import Loaded, Store
from peekd.store.volatile import Nowhere
from peekd.upstream.client import Upstreams
from peekd.upstream.credentials import Credentials, Supply
from peekd.upstream.dial import Dial
from peekd.upstream.google import Errand, Reply
from peekd.upstream.minting import Failed
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.errors import ClientError


class Rhythm(msgspec.Struct, frozen=True):
    """How long a streaming client waits for a true status, and from then on for the next byte; seconds."""

    early_commit_seconds: float
    ping_seconds: float


class House:
    """One per daemon."""

    def __init__(
        self,
        places: Places,
        settings: Mapping[str, UpstreamSettings],
        accounts: Sequence[AccountSettings],
        means: Means,
    ) -> None:
        self.places = places
        self.settings = settings
        self.accounts = {account.name: account for account in accounts}
        self.upstreams = means.upstreams
        self.credentials = means.credentials
        self.journal = means.journal
        self.seal = means.seal
        self.archive = means.archive
        self.seams = means.seams
        self.live = Live()
        self.offers = Offers(places, accounts)
        self.roster = Roster(accounts, means.credentials, means.archive)
        self.draining = False
        self.lives = Lives()
        self.expose_account = True
        self.counting = Counting(places, self.accounts, means, self.roster.glance, self.speaks)
        self._healing = cache(self._overlaid)
        self._policies: dict[int, tuple[HealingSettings, Policy]] = {}

    # ---- accounts ----

    def recall(self, loaded: Loaded) -> None:
        """Take over what a store has kept."""
        self.archive.recall(loaded)
        self.roster.recall(loaded.bound)

    async def count_tokens(self, asked: Asked) -> Final:
        """Count a request's tokens, or estimate them. Raises ClientError for one that cannot be read."""
        return await self.counting.count(asked)

    def describe_accounts(self) -> dict[str, tuple[AccountState, ...]]:
        """How the accounts stand, as the admin API shows it."""
        return {"accounts": self.roster.states()}

    def describe_policy(self) -> dict[str, Policy]:
        """The policy table in force for all requests, as the admin API shows it."""
        return {"policy": self.policy(self.places.healing)}

    def ready(self) -> bool:
        """Whether a request could be served now."""
        return not self.draining and any(state.usable for state in self.roster.states())

    # ---- settings ----

    def speaks(self, upstream: str) -> UpstreamProtocol:
        """How an upstream speaks: its protocol, as its platform has it."""
        settings = self.settings[upstream]
        site = Site(settings.project, settings.location, self.seams.ids)
        return upstream_of(settings.protocol, settings.platform, site)

    def plan(self, model: str, protocol: str) -> Plan:
        """Who may serve a request. Raises ClientError where nobody may."""
        return plan(model, protocol, self.places)

    def healing(self, planned: Plan, upstream: str) -> HealingSettings:
        """The budgets and deadlines for one upstream on one route."""
        number = self.places.routes.index(planned.route) if planned.route is not None else None
        return self._healing(number, upstream)

    def rhythm(self, asked: Asked) -> Rhythm:
        """The rhythm of a request: the quickest of all whom it may go to, since it is kept from the start."""
        try:
            planned = self.plan(asked.head.model, asked.protocol.name)
        except ClientError:  # its journey will say so
            return Rhythm(self.places.healing.early_commit_seconds, self.places.healing.ping_seconds)
        upstreams = [target.upstream for target in planned.targets] or [""]
        kept = [self.healing(planned, upstream) for upstream in upstreams]
        return Rhythm(
            early_commit_seconds=min(healing.early_commit_seconds for healing in kept),
            ping_seconds=min(healing.ping_seconds for healing in kept),
        )

    def _overlaid(self, route: int | None, upstream: str) -> HealingSettings:
        layers = [self.settings[upstream].healing] if upstream else []
        if route is not None:
            layers.append(self.places.routes[route].healing)
        return overlaid_healing(self.places.healing, *layers)

    def policy(self, healing: HealingSettings) -> Policy:
        """The policy table in force under these settings."""
        known = self._policies.get(id(healing))
        if known is None:
            known = self._policies[id(healing)] = (healing, policy_in_force(healing))
        return known[1]


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
    seal_key: bytes | None = None,
    signatures: SignatureSettings | None = None,
    store: Store | None = None,
    seams: Seams = NATURAL,
    watching: bool = False,
) -> AsyncGenerator[House]:
    """Open what a daemon serves with; closes every connection on leaving.

    `dials`: by upstream name, how to reach it where it is not on the network (a simulator). `where`: the file
    to edit, for messages. `seal_key`: what carriers of signatures are sealed with; without one it is made up,
    and no carrier outlives the house. `store`: what outlives it; without one nothing does. `watching`: files
    of credentials that are replaced are taken up. Raises OperatorError, in a group, where a credential cannot
    be had.
    """
    protocols = {name: settings.protocol for name, settings in upstreams.items()}
    references = {account.name: account.credential for account in accounts}
    async with trio.open_nursery() as nursery:
        clients = Upstreams(upstreams, dials=dials)
        seal = Seal(seal_key if seal_key is not None else seams.key(KEY_BYTES))
        kept = store or Nowhere()
        archive = Archive(signatures or SignatureSettings(), kept, seams.wall)
        known = {account.name: account for account in accounts}

        async def fetch(account: str, errand: Errand) -> Reply | Failed:
            return await clients.fetch(known[account].upstream, known[account], errand, healing)

        supply = Supply(fetch, healing.refresh_seconds, seams.wall, seams.jitter)
        credentials = Credentials(references, environ, nursery, supply)
        means = Means(clients, credentials, journal, seal, archive, seams)
        house = House(Places(tuple(routes), protocols, healing, where), upstreams, accounts, means)
        house.recall(await kept.load())
        nursery.start_soon(partial(Vigil(credentials, house.roster, journal).run, watching=watching))
        try:
            yield house
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSING_SECONDS):
                await clients.aclose()
            nursery.cancel_scope.cancel()


CLOSING_SECONDS = 1.0
"""How long closing idle connections may take at the end."""
