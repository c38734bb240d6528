"""The time that open requests have: as long as peekd has time for them."""

from __future__ import annotations

import trio


class Lives:
    """A scope for each open request; `cut` ends them all."""

    def __init__(self) -> None:
        self._scopes: set[trio.CancelScope] = set()

    def open(self) -> trio.CancelScope:
        """Give the scope for one request, to be closed: `cancelled_caught` tells that its time was over."""
        scope = trio.CancelScope()
        self._scopes.add(scope)
        return scope

    def close(self, scope: trio.CancelScope) -> None:
        """Forget a request's scope, which has been left."""
        self._scopes.discard(scope)

    def cut(self) -> None:
        """Time is up for every request that is open now."""
        for scope in self._scopes:
            scope.cancel()
