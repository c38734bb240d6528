"""The upstreams there are, each with its clients: one for each way of reaching it. Knows no retries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from peekd.healing.settings import HealingSettings
from peekd.protocols.interface import Call
from peekd.upstream.attempt import Attempt, Failure, Posting
from peekd.upstream.dial import Dial, Tls, dial_tcp, system_tls
from peekd.upstream.google import METADATA_HOSTS, Errand, Reply
from peekd.upstream.headers import Own, Pairs, Proof, own_headers
from peekd.upstream.proxy import decode_proxy
from peekd.upstream.seam import Said, Sender
from peekd.upstream.settings import UpstreamSettings
from peekd.upstream.transport import Transport
from peekd.vocabulary.errors import OperatorError

SIMULATOR = "simulator:"
SIMULATOR_URL = "http://simulator"
TOKEN_BYTES = 1 << 16
"""How long an answer with an access token may be."""


class Identity(Protocol):
    """What is asked of an account here."""

    @property
    def name(self) -> str:
        """Who it is."""
        ...

    @property
    def proxy(self) -> str:
        """Its own proxy, in place of the upstream's; "" for none."""
        ...


class Way(NamedTuple):
    """How an upstream is reached: where two of these are the same, so are the connections."""

    upstream: str
    base_url: str
    max_connections: int
    proxy: str


class _Client:
    """One client with its own pool: an upstream, straight or through one proxy."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.client = Sender(transport)


class _Known:
    """What is the same for all requests to one upstream: worked out once, and once for each account."""

    def __init__(self, name: str, settings: UpstreamSettings) -> None:
        self.settings = settings
        self.base = _base_url(settings)
        """What a call's path is put behind."""
        self._name = name
        self._ways: dict[str, Way] = {}
        self._own: dict[str, tuple[Proof, Own]] = {}

    def way(self, proxy: str) -> Way:
        """How an account with this proxy ("" for none) reaches it."""
        way = self._ways.get(proxy)
        if way is None:
            settings = self.settings
            simulated = settings.address.startswith(SIMULATOR)
            chosen = "" if simulated else proxy or settings.proxy
            way = self._ways[proxy] = Way(self._name, settings.address, settings.max_connections, chosen)
        return way

    def own(self, account: str, proof: Proof) -> Own:
        """The headers that are the operator's and ours, for as long as the account shows the same."""
        shown, own = self._own.get(account, (None, None))
        if own is None or shown != proof:
            own = own_headers(self.settings, proof)
            self._own[account] = proof, own
        return own


class Upstreams:
    """Opens attempts.

    `dials`: by upstream name, a stream in place of TCP; every `simulator:` one needs its own. Raises
    OperatorError where one is missing or a proxy cannot be read.
    """

    def __init__(
        self,
        settings: Mapping[str, UpstreamSettings],
        *,
        dials: Mapping[str, Dial] | None = None,
        tls: Tls = system_tls,
    ) -> None:
        self._known = {name: _Known(name, one) for name, one in settings.items()}
        self._dials = dict(dials or {})
        self._tls = tls
        self._clients: dict[Way, _Client] = {}
        self._opened: set[Attempt] = set()
        self._errands: set[Attempt] = set()
        self._check()

    def adopt(
        self, settings: Mapping[str, UpstreamSettings], dials: Mapping[str, Dial] | None = None
    ) -> Upstreams:
        """Give the same for other settings: what is reached as before is reached by the same connections.

        Raises OperatorError as making one does.
        """
        adopted = Upstreams(settings, dials=dials, tls=self._tls)
        adopted._clients, adopted._opened, adopted._errands = self._clients, self._opened, self._errands
        return adopted

    def _check(self) -> None:
        faults: list[str] = []
        for name, known in self._known.items():
            upstream = known.settings
            if upstream.address.startswith(SIMULATOR) and name not in self._dials:
                faults.append(f"upstream {name}: there is no simulator for it here")
            if upstream.proxy:
                try:
                    decode_proxy(upstream.proxy)
                except OperatorError as fault:
                    faults.append(f"upstream {name}: {fault}")
        if faults:
            raise OperatorError(*faults)

    def attempt(
        self,
        *,
        upstream: str,
        account: Identity,
        proof: Proof,
        call: Call,
        headers: Pairs = (),
        deadlines: HealingSettings,
    ) -> Attempt:
        """Prepare one try; `async with` sends it. `headers`: the client's, as far as they go on.

        Raises KeyError for an upstream that is not there, OperatorError for an account's unreadable proxy.
        """
        known = self._known[upstream]
        said = known.own(account.name, proof).said(headers, call.headers)
        posting = Posting(known.base + call.path, said, call.body, deadlines, call.method)
        client = self._client(known.way(account.proxy))
        return Attempt(client.client, posting, self._opened)

    def way(self, upstream: str, account: Identity) -> Way:
        """Tell how this account's upstream is reached. Raises KeyError for an upstream that is not there."""
        return self._known[upstream].way(account.proxy)

    async def fetch(
        self, upstream: str, account: Identity, errand: Errand, deadlines: HealingSettings
    ) -> Reply | Failure:
        """Send what an access token costs, on the way that this account's requests take; never raises.

        What the machine itself answers is asked for straight.
        """
        straight = errand.url.startswith(tuple(f"http://{host}/" for host in METADATA_HOSTS))
        way = self.way(upstream, account)
        way = way._replace(proxy="") if straight else way
        pairs = (*errand.headers, ("accept-encoding", "identity"))
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
        posting = Posting(errand.url, Said(headers), errand.body, deadlines, errand.method)
        async with Attempt(self._client(way).client, posting, self._errands) as attempt:
            if attempt.failure is not None:
                return attempt.failure
            return Reply(attempt.status, await attempt.read_refusal(TOKEN_BYTES))

    def open_count(self) -> int:
        """How many attempts are between `async with` and its end."""
        return len(self._opened)

    def errand_count(self) -> int:
        """How many access tokens are being asked for."""
        return len(self._errands)

    def busy_count(self) -> int:
        """How many connections are connecting or carry an exchange."""
        return sum(one.transport.busy for one in self._clients.values())

    def idle_count(self) -> int:
        """How many connections are kept for later."""
        return sum(one.transport.idle for one in self._clients.values())

    async def aclose(self) -> None:
        """Close all that is idle; attempts still open close theirs when they end."""
        await self.close_except(())

    async def close_except(self, ways: Iterable[Way]) -> None:
        """Close what is idle of all other ways, and forget them: nobody goes there any more."""
        kept = frozenset(ways)
        stale = [way for way in self._clients if way not in kept]
        for client in [self._clients.pop(way) for way in stale]:
            await client.client.aclose()

    def _client(self, way: Way) -> _Client:
        client = self._clients.get(way)
        if client is None:
            transport = Transport(
                way.max_connections,
                own="" if way.base_url.startswith(SIMULATOR) else way.base_url,
                proxy=decode_proxy(way.proxy) if way.proxy else None,
                dial=self._dials.get(way.upstream) or dial_tcp,
                tls=self._tls,
            )
            client = self._clients[way] = _Client(transport)
        return client


def _base_url(settings: UpstreamSettings) -> str:
    """Give what a path is put behind: the base without a version, since the path brings its own."""
    if settings.address.startswith(SIMULATOR):
        return SIMULATOR_URL
    base = settings.address.rstrip("/")
    # OpenAI's own SDKs want their base with the version, so that is how such addresses are handed around.
    return base.removesuffix("/v1") if settings.protocol.startswith("openai-") else base
