"""Which account a session's last turns went to, and which one holds what a request may name.

The first is a soft tie: the next turn finds its prompt cache there. The second is a hard one: a stored
response, a file or a container is to be had from nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

CAPACITY = 10_000
"""Bindings kept at most."""


class Key(msgspec.Struct, frozen=True, gc=False):
    """A session as one model of one upstream sees it: caches are kept per model, and limits may be too."""

    session: str
    upstream: str
    model: str


Tied = Key | str
"""A session, or the id of something that an account holds."""


class Bindings(msgspec.Struct, frozen=True, gc=False):
    """Ties to account names, the least recently used forgotten first.

    Kept in two generations: a full young one becomes the old one, and what was old is forgotten. So between
    half of `capacity` and all of it is kept, always the newest, and using one again mostly copies nothing.
    """

    capacity: int = CAPACITY
    young: Mapping[Tied, str] = msgspec.field(default_factory=dict[Tied, str])
    old: Mapping[Tied, str] = msgspec.field(default_factory=dict[Tied, str])

    def __len__(self) -> int:
        return len(self.young.keys() | self.old.keys())


def bound(bindings: Bindings, key: Tied) -> str | None:
    """Give the account that it is tied to, or None."""
    return bindings.young.get(key) or bindings.old.get(key)


def bind(bindings: Bindings, key: Tied, account: str) -> Bindings:
    """Tie it to an account, in place of any other; also tells that the tie was used just now."""
    if bindings.young.get(key) == account:
        return bindings
    if key not in bindings.young and len(bindings.young) >= bindings.capacity // 2:
        return Bindings(bindings.capacity, young={key: account}, old=bindings.young)
    return msgspec.structs.replace(bindings, young={**bindings.young, key: account})
