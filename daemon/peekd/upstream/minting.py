"""Access tokens: each is had once for all who wait, and the next one before the last has ended.

An exchange runs in the house's own nursery under a deadline of its own: who waits for it may leave, and
takes nobody's token along; where it hangs, only those wait who have no token left. A token is never waited
for while the one at hand still holds.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal
from urllib.parse import parse_qsl

import msgspec
import trio
from typing_extensions import override

from peekd.upstream.google import Errand, GoogleKey, Minted, Reply, UnmintedError
from peekd.vocabulary import outcomes as o

AHEAD_SECONDS: Final = 300.0
AHEAD_SHARE: Final = 0.2
"""A token is renewed so long before its end, but never before four fifths of its life are over."""

EARLY_SECONDS: Final = 10.0
EARLY_SHARE: Final = 0.05
"""A token counts as over so long before its end: a request is under way for a while, and clocks differ."""

SPREAD: Final = 0.25
"""The share of the time ahead over which renewals are spread, by chance."""

RETRY_SECONDS: Final = (5.0, 15.0, 30.0, 60.0)
"""Pauses before a renewal that failed is tried again; the last repeats."""

LOOK_SECONDS: Final = 60.0
"""How often an account that does not serve is looked at again."""

FIRST_SECONDS: Final = 1.0
"""Over which time the first tokens of all accounts are asked for."""

DEAD_ERRORS: Final = frozenset({
    "invalid_grant",  # revoked, expired, or its account is deleted
    "invalid_client",
    "deleted_client",
    "disabled_client",
    "unauthorized_client",
    "invalid_scope",
    "access_denied",
    "account_disabled",
    "admin_policy_enforced",
    "org_internal",
})
"""Errors (RFC 6749 §5.2, and Google's own) that the same credential would meet again for ever."""

_BUSY: Final = frozenset({408, 429})
_SERVER: Final = 500
_OK: Final = range(200, 300)
_SHOWN: Final = 200
_SECRET_LENGTH: Final = 8

Refused = o.Unauthorized | o.ServerError | o.HeadersTimeout | o.Unreachable
Failed = Refused | o.Rejected
Fetch = Callable[[str, Errand], Awaitable[Reply | Failed]]
"""Sends an errand on the way that an account's requests take."""


class News(msgspec.Struct, frozen=True):
    """What has become of an account's credential, told as it happens. `words` hold no secret."""

    account: str
    kind: Literal["dead", "late", "renewed", "replaced", "unreadable"]
    words: str


class Terms(msgspec.Struct, frozen=True):
    """What minting takes from outside.

    `seconds`: how long one exchange may take. `serves`: whether an account is to be kept supplied.
    """

    fetch: Fetch
    seconds: float
    wall: Callable[[], float]
    jitter: Callable[[], float]
    serves: Callable[[str], bool] = lambda _: True
    tell: Callable[[News], None] = lambda _: None


class AccessToken:
    """An access token in force. It ends by either clock: the monotonic one sleeps with the machine."""

    def __init__(self, minted: Minted, now: float, wall: float) -> None:
        self.value = minted.token
        life = max(minted.seconds, 0.0)
        lasting = life - min(EARLY_SECONDS, life * EARLY_SHARE)
        self._until, self._until_wall = now + lasting, wall + lasting
        self.ends = now + life
        self.ahead = min(AHEAD_SECONDS, life * AHEAD_SHARE)

    @override
    def __repr__(self) -> str:
        return f"AccessToken(ends={self.ends:g})"

    def holds(self, now: float, wall: float) -> bool:
        """Whether it may be sent now."""
        return now < self._until and wall < self._until_wall


class _Flight:
    """One exchange under way, and those who wait for it."""

    def __init__(self) -> None:
        self.done = trio.Event()
        self.found: Minted | Refused = o.Unreachable(type=o.CREDENTIAL_REFRESH, message="peekd is stopping")


class _Purse:
    """What is known of one account's token. `dead`: why its credential will never give one again."""

    def __init__(self, key: GoogleKey) -> None:
        self.key = key
        self.token: AccessToken | None = None
        self.flight: _Flight | None = None
        self.dead: o.Unauthorized | None = None
        self.failures = 0
        self.begun = False
        self.due = math.inf


class _Bell:
    """Rung where something is to be done before its time."""

    def __init__(self) -> None:
        self.rung = trio.Event()


class Mint:
    """The access tokens of all accounts that have a Google credential."""

    def __init__(self, keys: Mapping[str, GoogleKey], terms: Terms, nursery: trio.Nursery) -> None:
        self._purses = {name: _Purse(key) for name, key in keys.items()}
        self._terms = terms
        self._nursery = nursery
        self._bell = _Bell()

    def __contains__(self, account: str) -> bool:
        """Tell whether an account has such a credential."""
        return account in self._purses

    def key(self, account: str) -> GoogleKey:
        """Give the credential in force."""
        return self._purses[account].key

    def token(self, account: str) -> str | None:
        """Give the access token that may be sent now; None where one must be waited for."""
        token = self._purses[account].token
        return token.value if token is not None and self._holds(token) else None

    def is_dead(self, account: str) -> bool:
        """Whether its credential was refused for good."""
        return self._purses[account].dead is not None

    async def ready(self, account: str) -> str | Refused:
        """Give an access token, waiting for one only where none holds. The caller bounds the wait."""
        purse = self._purses[account]
        if (token := self.token(account)) is not None:
            return token
        if purse.dead is not None:
            return purse.dead
        flight = self._flight(account)
        await flight.done.wait()
        # One that was had just now is sent, however short its life is said to be.
        return flight.found.token if isinstance(flight.found, Minted) else flight.found

    async def renew(self, account: str, *, used: str | None = None) -> bool:
        """Have another token than the one that was turned away; True where there is one."""
        purse = self._purses[account]
        token = purse.token
        if purse.dead is not None:
            return False
        if used is not None and token is not None and token.value != used:
            return True
        flight = self._flight(account)
        await flight.done.wait()
        return isinstance(flight.found, Minted) and flight.found.token != (used or "")

    def inherit(self, before: Mint) -> None:
        """Go on with the tokens of those accounts whose credential is the same as there."""
        self._bell = before._bell
        for account, old in before._purses.items():
            own = self._purses.get(account)
            if own is not None and own.key.mark == old.key.mark:
                self._purses[account] = old

    def replace(self, account: str, key: GoogleKey) -> None:
        """Take a credential in place of the one in force; the token of the old one is used no more."""
        purse = self._purses[account]
        purse.key, purse.token, purse.dead, purse.failures = key, None, None, 0
        purse.due = trio.current_time()
        self._bell.rung.set()

    def revive(self, account: str) -> None:
        """Ask for a token again, though the credential was refused for good."""
        purse = self._purses[account]
        if purse.dead is not None:
            purse.dead, purse.due = None, trio.current_time()
        self._bell.rung.set()

    # ---- ahead of time ----

    async def run(self) -> None:
        """Keep every account supplied, until cancelled."""
        while True:
            self._bell.rung = trio.Event()
            now = trio.current_time()
            for account, purse in self._purses.items():
                if not purse.begun:
                    purse.begun, purse.due = True, now + FIRST_SECONDS * self._terms.jitter()
                if purse.flight is None and purse.due <= now:
                    self._supply(account, purse, now)
            soonest = min((purse.due for purse in self._purses.values()), default=math.inf)
            with trio.move_on_at(soonest):
                await self._bell.rung.wait()

    def _supply(self, account: str, purse: _Purse, now: float) -> None:
        if purse.dead is not None or not self._terms.serves(account):
            purse.due = now + LOOK_SECONDS
        else:
            self._flight(account)

    # ---- one exchange ----

    def _holds(self, token: AccessToken) -> bool:
        return token.holds(trio.current_time(), self._terms.wall())

    def _flight(self, account: str) -> _Flight:
        """Give the exchange under way, or begin one."""
        purse = self._purses[account]
        if purse.flight is None:
            purse.flight = _Flight()
            purse.begun, purse.due = True, math.inf
            self._nursery.start_soon(self._fly, account, purse, purse.flight)
        return purse.flight

    async def _fly(self, account: str, purse: _Purse, flight: _Flight) -> None:
        try:
            words = f"the token endpoint did not answer within {self._terms.seconds:g} s"
            found: Minted | Refused = o.HeadersTimeout(type=o.CREDENTIAL_REFRESH, message=words)
            with trio.move_on_after(self._terms.seconds):
                found = await self._mint(account, purse)
            self._book(account, purse, flight, found)
        finally:
            purse.flight = None
            flight.done.set()
            self._bell.rung.set()

    async def _mint(self, account: str, purse: _Purse) -> Minted | Refused:
        """Take one step after the other; begun anew where the credential is replaced meanwhile."""
        while True:
            key = purse.key
            found = await self._exchange(account, key)
            if purse.key is key:
                return found

    async def _exchange(self, account: str, key: GoogleKey) -> Minted | Refused:
        answers: dict[str, Reply] = {}
        try:
            while not isinstance(step := await _step(key, answers), Minted):
                reply = await self._terms.fetch(account, step)
                if not isinstance(reply, Reply):
                    return _unreached(reply)
                if reply.status not in _OK:
                    return refused(reply, step)
                answers[step.url] = reply
        except UnmintedError as fault:
            return o.ServerError(type=o.CREDENTIAL_REFRESH, message=str(fault))
        return step

    def _book(self, account: str, purse: _Purse, flight: _Flight, found: Minted | Refused) -> None:
        now, jitter = trio.current_time(), self._terms.jitter()
        flight.found = found
        if isinstance(found, Minted):
            token = purse.token = AccessToken(found, now, self._terms.wall())
            purse.failures = 0
            purse.due = max(token.ends - token.ahead * (1 - SPREAD * jitter), now + RETRY_SECONDS[0])
            self._terms.tell(News(account, "renewed", f"for {found.seconds:g} s"))
            return
        if isinstance(found, o.Unauthorized):
            purse.dead, purse.token, purse.due = found, None, now + LOOK_SECONDS
            self._terms.tell(News(account, "dead", found.message))
            return
        pause = RETRY_SECONDS[min(purse.failures, len(RETRY_SECONDS) - 1)]
        purse.failures += 1
        purse.due = now + pause * (1 - SPREAD * jitter)
        self._terms.tell(News(account, "late", found.message))


async def _step(key: GoogleKey, answers: Mapping[str, Reply]) -> Errand | Minted:
    """Ask what comes next, in a thread where that may read files; one left behind holds nothing."""
    if key.blocking:
        return await trio.to_thread.run_sync(key.step, dict(answers), abandon_on_cancel=True)
    return key.step(answers)


# ---- what a refusal means -----------------------------------------------------------------------


class _Error(msgspec.Struct):
    """RFC 6749 §5.2; Google's APIs have an object in place of the word."""

    error: str | dict[str, object] = ""
    error_description: str = ""


def refused(reply: Reply, errand: Errand) -> Refused:
    """Judge an answer that is none: the credential is dead, or the endpoint has trouble that passes.

    >>> body = b'{"error": "invalid_grant", "error_description": "Token has been revoked."}'
    >>> refused(Reply(400, body), Errand("https://x/token")).message
    'invalid_grant: Token has been revoked.'
    """
    try:
        error = msgspec.json.decode(reply.body, type=_Error)
    except (ValueError, RecursionError):
        error = _Error()
    code = error.error if isinstance(error.error, str) else ""
    if code in DEAD_ERRORS and reply.status < _SERVER and reply.status not in _BUSY:
        said = _without_secrets(error.error_description, errand)
        return o.Unauthorized(type=code, message=(f"{code}: {said}" if said else code)[:_SHOWN])
    shown = f" ({code})" if code.isidentifier() and len(code) < _SHOWN else ""
    return o.ServerError(
        type=o.CREDENTIAL_REFRESH, message=f"the token endpoint answered {reply.status}{shown}"
    )


def _without_secrets(words: str, errand: Errand) -> str:
    """Take out what was sent, should an endpoint repeat it."""
    for _, value in parse_qsl(errand.body.decode("latin-1")):
        if len(value) >= _SECRET_LENGTH:
            words = words.replace(value, "[…]")
    return words


def _unreached(failure: Failed) -> Refused:
    kind = o.HeadersTimeout if isinstance(failure, o.HeadersTimeout) else o.Unreachable
    return kind(type=o.CREDENTIAL_REFRESH, message=f"the token endpoint: {failure.type}")
