"""Items that were done keep their order, and none takes another's place."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.openai_responses.done import Done


def kept(*added: tuple[int | None, object]) -> list[Any]:
    done = Done()
    for place, item in added:
        done.add(place, msgspec.Raw(msgspec.json.encode(item)))
    return [msgspec.json.decode(item) for item in done.items]


ONE, TWO = {"id": "msg_1", "n": 1}, {"id": "fc_1", "n": 2}


def test_places_give_the_order() -> None:
    assert kept((1, TWO), (0, ONE)) == [ONE, TWO]


@pytest.mark.parametrize("place", [0, None])
@pytest.mark.parametrize(("one", "two"), [(ONE, TWO), ({"n": 1}, {"n": 2}), ({"id": 7}, [])])
def test_without_places_of_their_own_they_stand_as_they_came(
    place: int | None, one: object, two: object
) -> None:
    assert kept((place, one), (place, two)) == [one, two]


@pytest.mark.parametrize("place", [0, None])
def test_an_item_that_is_told_twice_is_there_once(place: int | None) -> None:
    assert kept((place, ONE), (place, TWO), (place, TWO), (place, ONE)) == [ONE, TWO]
    assert kept((place, ONE), (place, ONE | {"n": 3})) == [ONE | {"n": 3}]


def test_a_frame_without_an_item_adds_none() -> None:
    done = Done()
    done.add(0, msgspec.Raw(b""))
    assert done.items == []
