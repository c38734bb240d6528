"""Outcomes are a closed set whose names are used everywhere."""

from typing import get_args

import msgspec

from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import AnyOutcome, name_of


def test_every_outcome_has_a_name_of_its_own() -> None:
    names = [name_of(kind) for kind in get_args(AnyOutcome)]
    assert len(set(names)) == len(names)
    assert name_of(o.HeadersTimeout()) == name_of(o.HeadersTimeout) == "headers_timeout"


def test_outcomes_survive_a_journey_through_json() -> None:
    for kind in get_args(AnyOutcome):
        outcome = kind(status=503, message="busy", retry_after=1.5)
        assert msgspec.json.decode(msgspec.json.encode(outcome), type=AnyOutcome) == outcome


def test_no_outcome_is_missing_from_the_set() -> None:
    assert set(o.Outcome.__subclasses__()) == set(get_args(AnyOutcome))
