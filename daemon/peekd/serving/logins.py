"""Who is logged in to the monitor: tokens in cookies, and how often an address may guess. No IO."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from ipaddress import IPv6Address, ip_network

import msgspec

from peekd.serving.callers import Address
from peekd.serving.ingress import match_key

COOKIE = "peekd_monitor"

LASTS_SECONDS = 12 * 3600.0
GUESSES, GUESS_SECONDS = 5, 300.0
"""So many wrong keys from one address in so many seconds; then none is looked at until they have passed."""

_MOST_SESSIONS = 1000
_MOST_ADDRESSES = 1000
_SITE_BITS = 64
"""Whoever has one IPv6 address mostly has all of such a network."""


class _Session(msgspec.Struct, frozen=True):
    key: str
    secret: bytes
    until: float


class Logins:
    """`fresh` gives a new token that nobody can guess. What is kept of tokens and keys are digests."""

    def __init__(self, fresh: Callable[[], str]) -> None:
        self._fresh = fresh
        self._sessions: OrderedDict[bytes, _Session] = OrderedDict()
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def log_in(self, key: str, keys: Mapping[str, str], address: Address | None, now: float) -> str | None:
        """Give a token for a key that is one of `keys`, None for any other; ask `blocked` first."""
        name = match_key([key], keys) if key else None
        if name is None:
            self._count(_site(address), now)
            return None
        self._wrong.pop(_site(address), None)
        token = self._fresh()
        self._sessions[_digest(token)] = _Session(name, _digest(keys[name]), now + LASTS_SECONDS)
        while len(self._sessions) > _MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return token

    def blocked(self, address: Address | None, now: float) -> float:
        """Tell for how many seconds no key is looked at from this address; 0: it may try."""
        recent = self._recent(_site(address), now)
        return recent[0] + GUESS_SECONDS - now if len(recent) >= GUESSES else 0.0

    def holds(self, token: str, keys: Mapping[str, str], now: float) -> bool:
        """Whether a token is one of ours, in its time, and its key is still one of `keys`."""
        session = self._sessions.get(_digest(token)) if token else None
        if session is None:
            return False
        secret = keys.get(session.key)
        same = secret is not None and hmac.compare_digest(_digest(secret), session.secret)
        if same and now < session.until:
            return True
        del self._sessions[_digest(token)]
        return False

    def log_out(self, token: str) -> None:
        """A token is worth nothing from now on."""
        self._sessions.pop(_digest(token), None)

    def _count(self, site: str, now: float) -> None:
        self._wrong[site] = [*self._recent(site, now), now]
        self._wrong.move_to_end(site)
        while len(self._wrong) > _MOST_ADDRESSES:
            self._wrong.popitem(last=False)

    def _recent(self, site: str, now: float) -> list[float]:
        return [at for at in self._wrong.get(site, []) if now - at < GUESS_SECONDS]


def cookie(token: str, *, secure: bool) -> str:
    """Write the header's value that gives a browser a token, or ("") takes it away.

    >>> cookie("", secure=True)
    'peekd_monitor=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure'
    """
    age = int(LASTS_SECONDS) if token else 0
    return f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{'; Secure' if secure else ''}"


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogateescape")).digest()


def _site(address: Address | None) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _SITE_BITS), strict=False))
    return str(address)
