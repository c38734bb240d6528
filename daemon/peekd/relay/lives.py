"""The time that open requests have: as long as peekd has time for them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import trio


class Lives:
    """A scope for each open request; `cut` ends them all."""

    def __init__(self) -> None:
        self._scopes: set[trio.CancelScope] = set()

    @contextmanager
    def open(self) -> Generator[trio.CancelScope]:
        """Open the scope of one request; `cancelled_caught` tells that its time was over."""
        with trio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                yield scope
            finally:
                self._scopes.discard(scope)

    def cut(self) -> None:
        """Time is up for every request that is open now."""
        for scope in self._scopes:
            scope.cancel()
