"""What ties requests to accounts: sessions softly, and what only one account can give."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from peekd.accounts.account import Account
from peekd.accounts.pool import Pool, listed
from peekd.accounts.sessions import Key, bind, bound
from peekd.accounts.wanted import Target, Wanted

# ---- what accounts hold -----------------------------------------------------------------------------


def keep(pool: Pool, account: str, ids: Iterable[str]) -> Pool:
    """Remember that an account holds these: responses, files, containers, thoughts only it can read."""
    held = pool.held
    for one in ids:
        held = bind(held, one, account)
    return pool if held is pool.held else msgspec.structs.replace(pool, held=held)


def holder(
    pool: Pool, ids: Iterable[str], targets: Iterable[Target], among: tuple[Account, ...] | None = None
) -> str | None:
    """Give the account that holds the first of these of which that is known, if it can serve a target."""
    known = next((name for one in ids if (name := bound(pool.held, one)) is not None), None)
    wanted = Wanted(tuple(targets), only=known, among=among)
    is_listed = any(True for target in wanted.targets for _ in listed(pool, wanted, target))
    return known if is_listed else None


def strangers(pool: Pool, account: str, ids: Iterable[str]) -> frozenset[str]:
    """Give those of these that some other account is known to hold."""
    return frozenset(one for one in ids if bound(pool.held, one) not in {None, account})


# ---- sessions ---------------------------------------------------------------------------------------


def session_key(session: str | None, upstream: str, model: str) -> Key | None:
    """Give what a session is tied by; None where the request has no session."""
    return None if session is None else Key(session, upstream, model)


def own_account(pool: Pool, wanted: Wanted, target: Target) -> str | None:
    """Give the account that the session is tied to for a target, if any."""
    key = session_key(wanted.session, target.upstream, target.model)
    return None if key is None else bound(pool.bindings, key)
