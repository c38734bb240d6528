"""What an account is: the part of it that does not change while it works."""

from __future__ import annotations

import msgspec

from peekd.accounts.patterns import matches
from peekd.accounts.settings import AccountSettings


class Account(msgspec.Struct, frozen=True, gc=False):
    """An identity at an upstream. Its `name` is the one key it is known by, everywhere.

    `models`: patterns of the upstream's model names it may serve; empty: all. `max_concurrent` and
    `requests_per_minute` 0: no limit. `reserve`: the share of its quota that is kept. `own_path`: it goes to
    its upstream by a proxy of its own. `because`: why it is disabled, in words; "" where the settings say so.
    """

    name: str
    upstream: str
    priority: int = 0
    weight: int = 1
    models: tuple[str, ...] = ()
    disabled: bool = False
    because: str = ""
    max_concurrent: int = 0
    requests_per_minute: int = 0
    reserve: float = 0.0
    own_path: bool = False


def account_of(settings: AccountSettings) -> Account:
    """Take from the settings what choosing an account needs; never the credential."""
    return Account(
        name=settings.name,
        upstream=settings.upstream,
        priority=settings.priority,
        weight=settings.weight,
        models=settings.models,
        disabled=settings.disabled,
        max_concurrent=settings.max_concurrent,
        requests_per_minute=settings.requests_per_minute,
        reserve=settings.reserve,
        own_path=bool(settings.proxy),
    )


def serves(account: Account, model: str) -> bool:
    """Whether its patterns allow this model of its upstream.

    >>> serves(Account("a", "google", models=("gemini-*",)), "gemini-3-pro")
    True
    """
    return not account.models or any(matches(pattern, model) for pattern in account.models)
