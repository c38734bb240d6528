"""One configuration, ready to serve with. A request works with the tree that it began with, to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Final

import msgspec

from peekd.accounts.account import account_of
from peekd.accounts.settings import AccountSettings, SchedulingSettings
from peekd.healing.plan import Places, Plan, overlaid_healing, plan
from peekd.healing.policy import Policy, policy_in_force
from peekd.healing.settings import HealingSettings, HedgingSettings, RouteSettings
from peekd.protocols.interface import Ids, UpstreamProtocol
from peekd.protocols.registry import DecodeQuotas, Site, quotas_of, upstream_of
from peekd.relay.asked import Asked
from peekd.relay.offers import Offers
from peekd.upstream.client import Upstreams, Way
from peekd.upstream.credentials import Credentials
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.errors import ClientError
from peekd.vocabulary.quotas import Quota

PLANS: Final = 256
"""Plans that are kept, of the models asked for last: clients may name any."""


class Ground(msgspec.Struct, frozen=True):
    """The settings that a tree grows from. `where`: the file to edit, for messages."""

    healing: HealingSettings
    upstreams: Mapping[str, UpstreamSettings]
    accounts: Sequence[AccountSettings]
    routes: Sequence[RouteSettings]
    where: str = "the configuration"
    expose_account: bool = True
    scheduling: SchedulingSettings = SchedulingSettings()
    hedging: HedgingSettings = HedgingSettings()

    @property
    def references(self) -> dict[str, str]:
        """Where each account's credential is to be had."""
        return {account.name: account.credential for account in self.accounts}


class Rhythm(msgspec.Struct, frozen=True, gc=False):
    """How long a streaming client waits for a true status, and from then on for the next byte; seconds."""

    early_commit_seconds: float
    ping_seconds: float


class Tree:
    """Nothing in it changes, but for secrets that are fetched anew and connections that come and go."""

    def __init__(self, ground: Ground, upstreams: Upstreams, credentials: Credentials, ids: Ids) -> None:
        protocols = {name: settings.protocol for name, settings in ground.upstreams.items()}
        self.places = Places(tuple(ground.routes), protocols, ground.healing, ground.where)
        self.settings = ground.upstreams
        self.accounts = {account.name: account for account in ground.accounts}
        self.crew = tuple(account_of(account) for account in ground.accounts)
        self.offers = Offers(self.places, ground.accounts)
        self.upstreams = upstreams
        self.credentials = credentials
        self.expose_account = ground.expose_account
        self.scheduling = ground.scheduling
        self.hedging = ground.hedging
        self._ids = ids
        self._spoken: dict[str, UpstreamProtocol] = {}
        self._quotas: dict[str, DecodeQuotas] = {}
        self._healing: dict[tuple[int, str], tuple[RouteSettings | None, HealingSettings]] = {}
        self._policies: dict[int, tuple[HealingSettings, Policy]] = {}
        self._plan = lru_cache(PLANS)(partial(plan, places=self.places))

    @property
    def ways(self) -> frozenset[Way]:
        """Every way in which its accounts reach their upstreams."""
        return frozenset(self.upstreams.way(one.upstream, one) for one in self.accounts.values())

    def speaks(self, upstream: str) -> UpstreamProtocol:
        """How an upstream speaks: its protocol, as its platform has it."""
        spoken = self._spoken.get(upstream)
        if spoken is None:
            settings = self.settings[upstream]
            site = Site(settings.project, settings.location, self._ids)
            spoken = self._spoken[upstream] = upstream_of(settings.protocol, settings.platform, site)
        return spoken

    def quotas(self, upstream: str, headers: Mapping[str, str], wall: float) -> tuple[Quota, ...]:
        """What an answer of this upstream, that came then, says is left of its account's quota."""
        decode = self._quotas.get(upstream)
        if decode is None:
            decode = self._quotas[upstream] = quotas_of(self.settings[upstream].protocol)
        return decode(headers, wall)

    def plan(self, model: str, protocol: str) -> Plan:
        """Who may serve a request. Raises ClientError where nobody may."""
        return self._plan(model, protocol)

    def healing(self, planned: Plan, upstream: str) -> HealingSettings:
        """The budgets and deadlines for one upstream on one route."""
        key = (id(planned.route), upstream)
        known = self._healing.get(key)
        if known is None:
            known = self._healing[key] = (planned.route, self._overlaid(planned.route, upstream))
        return known[1]

    def _overlaid(self, route: RouteSettings | None, upstream: str) -> HealingSettings:
        layers = [self.settings[upstream].healing] if upstream else []
        if route is not None:
            layers.append(route.healing)
        return overlaid_healing(self.places.healing, *layers)

    def policy(self, healing: HealingSettings) -> Policy:
        """The policy table in force under these settings."""
        known = self._policies.get(id(healing))
        if known is None:
            known = self._policies[id(healing)] = (healing, policy_in_force(healing))
        return known[1]

    def rhythm(self, asked: Asked) -> Rhythm:
        """The rhythm of a request: the quickest of all whom it may go to, since it is kept from the start."""
        try:
            planned = self.plan(asked.head.model, asked.protocol.name)
        except ClientError:  # its journey will say so
            return Rhythm(self.places.healing.early_commit_seconds, self.places.healing.ping_seconds)
        first, *others = [target.upstream for target in planned.targets] or [""]
        healing = self.healing(planned, first)
        early_commit, ping = healing.early_commit_seconds, healing.ping_seconds
        for upstream in others:
            healing = self.healing(planned, upstream)
            early_commit = min(early_commit, healing.early_commit_seconds)
            ping = min(ping, healing.ping_seconds)
        return Rhythm(early_commit, ping)
