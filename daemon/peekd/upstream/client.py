"""The upstreams there are, each with its clients: one for each way of reaching it. Knows no retries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import httpx

from peekd.healing.settings import HealingSettings
from peekd.protocols.interface import Call
from peekd.upstream.attempt import Attempt, Failure, Posting
from peekd.upstream.dial import Dial, Tls, dial_tcp, system_tls
from peekd.upstream.google import METADATA_HOSTS, Errand, Reply
from peekd.upstream.headers import Pairs, Proof, encode_headers
from peekd.upstream.proxy import decode_proxy
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


class _Way:
    """One client with its own pool: an upstream, straight or through one proxy."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        # trust_env: no proxy, certificate or netrc of the environment. Redirects are not followed by default.
        # The jar it keeps is never sent: an attempt makes its request without the client's own headers.
        self.client = httpx.AsyncClient(transport=transport, trust_env=False)


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
        self._settings = dict(settings)
        self._dials = dict(dials or {})
        self._tls = tls
        self._ways: dict[tuple[str, str], _Way] = {}
        self._opened: set[Attempt] = set()
        self._errands: set[Attempt] = set()
        self._check()

    def _check(self) -> None:
        faults: list[str] = []
        for name, upstream in self._settings.items():
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
        settings = self._settings[upstream]
        posting = Posting(
            url=_base_url(settings) + call.path,
            headers=encode_headers(settings, proof, headers, call.headers),
            body=call.body,
            deadlines=deadlines,
        )
        way = self._way(upstream, account.proxy or settings.proxy)
        return Attempt(way.client, posting, self._opened)

    async def fetch(
        self, upstream: str, account: Identity, errand: Errand, deadlines: HealingSettings
    ) -> Reply | Failure:
        """Send what an access token costs, on the way that this account's requests take; never raises.

        What the machine itself answers is asked for straight.
        """
        straight = errand.url.startswith(tuple(f"http://{host}/" for host in METADATA_HOSTS))
        proxy = "" if straight else account.proxy or self._settings[upstream].proxy
        pairs = (*errand.headers, ("accept-encoding", "identity"))
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
        posting = Posting(errand.url, headers, errand.body, deadlines, errand.method)
        async with Attempt(self._way(upstream, proxy).client, posting, self._errands) as attempt:
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
        return sum(way.transport.busy for way in self._ways.values())

    def idle_count(self) -> int:
        """How many connections are kept for later."""
        return sum(way.transport.idle for way in self._ways.values())

    async def aclose(self) -> None:
        """Close all that is idle; attempts still open close theirs when they end."""
        for way in self._ways.values():
            await way.client.aclose()

    def _way(self, upstream: str, proxy: str) -> _Way:
        dial = self._dials.get(upstream)
        simulated = self._settings[upstream].address.startswith(SIMULATOR)
        key = (upstream, "" if simulated else proxy)
        way = self._ways.get(key)
        if way is None:
            transport = Transport(
                self._settings[upstream].max_connections,
                proxy=decode_proxy(key[1]) if key[1] else None,
                dial=dial or dial_tcp,
                tls=self._tls,
            )
            way = self._ways[key] = _Way(transport)
        return way


def _base_url(settings: UpstreamSettings) -> str:
    """Give what a path is put behind: the base without a version, since the path brings its own."""
    if settings.address.startswith(SIMULATOR):
        return SIMULATOR_URL
    base = settings.address.rstrip("/")
    # OpenAI's own SDKs want their base with the version, so that is how such addresses are handed around.
    return base.removesuffix("/v1") if settings.protocol.startswith("openai-") else base
