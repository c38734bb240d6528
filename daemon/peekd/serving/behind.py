"""What the HTTP face needs of the rooms behind it, as it sees them; `relay` provides it, tests fake it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from peekd.healing.policy import Policy
from peekd.protocols.interface import ClientProtocol
from peekd.records.entries import Journal
from peekd.records.ledger import Ledger
from peekd.records.live import Live
from peekd.relay.alarms import Alarms
from peekd.relay.asked import Asked
from peekd.relay.delivery import Delivery, Final
from peekd.store.interface import Store


class Trip(Protocol):
    """One request's journey, before it begins."""

    async def run(self) -> None:
        """Travel to the end; whatever the client is told goes through the delivery."""
        ...

    async def tell_internal(self) -> None:
        """After a bug ended `run`: tell the client so, in the way its stage leaves."""
        ...

    def commit_early(self) -> None:
        """Let headers and pings go out now, with what is known of the attempt in flight."""
        ...


class Rhythm(Protocol):
    """Seconds."""

    @property
    def early_commit_seconds(self) -> float:
        """How long a streaming client waits for a true status."""
        ...

    @property
    def ping_seconds(self) -> float:
        """The longest silence towards a streaming client once headers are out."""
        ...


class Offers(Protocol):
    """Models, for a client of a protocol ("": of any)."""

    def names(self, protocol: str = "") -> Sequence[str]:
        """Name those that can be asked for."""
        ...

    def find(self, model: str, protocol: str = "") -> None:
        """Raise ClientError, with near names, for one that nobody offers."""
        ...


class House(Protocol):
    """All that outlives a request."""

    @property
    def live(self) -> Live:
        """The requests that are kept in memory."""
        ...

    @property
    def alarms(self) -> Alarms:
        """What wakes a request that waits for too long."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Those and the older ones."""
        ...

    @property
    def store(self) -> Store:
        """Where rows are written."""
        ...

    def rhythm(self, asked: Asked) -> Rhythm:
        """How long this request's client waits for a true status, and for the next byte."""
        ...

    def ready(self) -> bool:
        """Whether some account is usable now."""
        ...

    @property
    def offers(self) -> Offers:
        """What models can be asked for."""
        ...

    async def count_tokens(self, asked: Asked) -> Final:
        """Count a request's tokens: a side channel, without journey or record."""
        ...

    def switch(self, account: str, verb: str) -> object:
        """Do one of `routes.SWITCHES` to an account, and tell of it. Raises ClientError: no such one."""
        ...

    def describe_accounts(self) -> object:
        """Tell of each account, in what msgspec can write as JSON; no secret is in it."""
        ...

    def describe_policy(self) -> Mapping[str, Policy]:
        """Tell the policy in force, as "policy", in what msgspec can write as JSON."""
        ...


class Fittings(msgspec.Struct, frozen=True):
    """What an app is built on. `fresh_id` gives a new request id, `wall` the time in seconds since 1970.

    `metrics` gives the page of metrics, as an `Accept` header asks for it; `open_metrics`: to anyone.
    `protocols` holds the wire languages that clients may speak, by the names in the table of routes;
    `settings` gives the configuration in force, for people to read.
    """

    house: House
    protocols: Mapping[str, ClientProtocol]
    open_trip: Callable[[Asked, Delivery], Trip]
    journal: Journal
    fresh_id: Callable[[], str]
    wall: Callable[[], float]
    settings: Callable[[], msgspec.Struct]
    metrics: Callable[[str], Final]
    open_metrics: bool = False
