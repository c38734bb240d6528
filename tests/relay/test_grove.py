"""Trees in use: an earlier one stands as long as a request keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from peekd.relay.grove import Grove
from peekd.relay.tree import Tree


class Planted:
    """A grove of trees that are only names, and what it told of those that are left."""

    def __init__(self) -> None:
        self.told: list[Sequence[Tree]] = []
        self.first, self.second, self.third = (cast("Tree", object()) for _ in range(3))
        self.grove = Grove(self.first, self.told.append)


def test_a_tree_that_nobody_keeps_is_felled_at_once() -> None:
    planted = Planted()
    planted.grove.adopt(planted.second)
    assert planted.told == [(planted.second,)]
    assert planted.grove.take() is planted.second


def test_a_tree_that_is_kept_stands_until_the_last_one_leaves() -> None:
    planted = Planted()
    grove = planted.grove
    held = [grove.take(), grove.take()]
    grove.adopt(planted.second)
    grove.adopt(planted.third)
    assert grove.standing == (planted.first, planted.third)
    grove.leave(held[0])
    assert len(planted.told) == 1
    grove.leave(held[1])
    assert planted.told[-1] == (planted.third,)
    assert grove.standing == (planted.third,)


def test_the_current_tree_is_never_felled() -> None:
    planted = Planted()
    with planted.grove.visited() as tree:
        assert tree is planted.first
    assert planted.told == []
    assert planted.grove.standing == (planted.first,)
