"""The trees in use: the one that new requests take, and earlier ones for as long as a request keeps them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from peekd.relay.tree import Tree


class Grove:
    """`felled` is told whenever an earlier tree is out of use, with those that are left."""

    def __init__(self, tree: Tree, felled: Callable[[Sequence[Tree]], None]) -> None:
        self.current = tree
        self._felled = felled
        self._earlier: list[Tree] = []
        self._uses: dict[Tree, int] = {}

    @property
    def standing(self) -> tuple[Tree, ...]:
        """Those in use, the current one last."""
        return (*self._earlier, self.current)

    def take(self) -> Tree:
        """Give the tree for a request that begins; it is to be left when the request ends."""
        self._uses[self.current] = self._uses.get(self.current, 0) + 1
        return self.current

    def leave(self, tree: Tree) -> None:
        """A request that took this tree is over."""
        self._uses[tree] -= 1
        if not self._uses[tree]:
            del self._uses[tree]
            self._fell(tree)

    @contextmanager
    def visited(self) -> Generator[Tree]:
        """Take the current tree for as long as the block lasts."""
        tree = self.take()
        try:
            yield tree
        finally:
            self.leave(tree)

    def adopt(self, tree: Tree) -> None:
        """From now on requests take this tree."""
        before, self.current = self.current, tree
        self._earlier.append(before)
        self._fell(before)

    def _fell(self, tree: Tree) -> None:
        if tree is not self.current and tree not in self._uses:
            self._earlier.remove(tree)
            self._felled(self.standing)
