"""What models a client can ask for, and which come nearest to one that nobody has."""

from __future__ import annotations

from collections.abc import Iterable

from peekd.accounts.patterns import matches
from peekd.accounts.settings import AccountSettings
from peekd.healing.plan import Places, near_names
from peekd.vocabulary.errors import ClientError


class Offers:
    """Names and patterns: those of routes, and those of accounts as far as a client gets to them.

    A `protocol` is the client's; "" stands for any. Nothing of an account is told but the models it lists.
    """

    def __init__(self, places: Places, accounts: Iterable[AccountSettings]) -> None:
        self._places = places
        self._listed = [(account.upstream, model) for account in accounts for model in account.models]

    def names(self, protocol: str = "") -> list[str]:
        """The names that are written out."""
        return [name for name in self._all(protocol) if not set(name) & {"*", "?"}]

    def find(self, model: str, protocol: str = "") -> None:
        """Raise ClientError (not_found), with near names, for a model that nobody offers."""
        if not any(matches(pattern, model) for pattern in self._all(protocol)):
            hint = self.near(model, protocol)
            raise ClientError("not_found", f"model: {model}: no route or account offers it{hint}")

    def near(self, model: str, protocol: str = "") -> str:
        """What to say of names that are like this one; "" where there is none."""
        return near_names(model, self._all(protocol))

    def _all(self, protocol: str) -> list[str]:
        routes = [route.match for route in self._places.routes]
        if routes:
            listed = (name for _, name in self._listed if any(matches(route, name) for route in routes))
        else:
            spoken = self._places.protocols
            listed = (name for upstream, name in self._listed if protocol in {"", spoken[upstream]})
        return list(dict.fromkeys([*routes, *listed]))
