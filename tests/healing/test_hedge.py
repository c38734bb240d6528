"""When a second attempt may start, and whether."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.healing.hedge import ENOUGH, MOST, WINDOW, Bucket, Pace, Prospect, why_not
from peekd.healing.settings import HedgingSettings
from peekd.vocabulary import outcomes as o

SETTINGS = HedgingSettings()
GOOD = Prospect(
    before=(),
    attempts=2,
    max_attempts=3,
    accounts=2,
    max_accounts=8,
    prompt=100,
    resent=100,
    max_resent=0,
    fresh=True,
    bound=False,
    effects=False,
    left=10.0,
)


@given(st.lists(st.booleans(), max_size=300), st.floats(0, 1))
def test_hedges_stay_within_their_share_whatever_is_asked_when(wishes: list[bool], share: float) -> None:
    bucket, taken = Bucket(), 0
    for number, wish in enumerate(wishes, 1):
        bucket = bucket.filled(share)
        drawn = bucket.drawn() if wish else None
        taken += drawn is not None
        bucket = drawn or bucket
        assert taken <= share * number + 1e-6
        assert 0 <= bucket.level <= MOST


@given(st.lists(st.floats(0, 1000), max_size=WINDOW + 50), st.floats(0, 50), st.floats(0.1, 100))
def test_the_time_is_the_p95_of_the_last_ones_within_bounds(
    times: list[float], least: float, most: float
) -> None:
    settings = HedgingSettings(min_seconds=least, max_seconds=most)
    pace = Pace()
    for seconds in times:
        pace = pace.noted(seconds)
    delay = pace.delay(settings)
    assert len(pace.times) <= WINDOW
    if len(times) < ENOUGH:
        assert delay == most
        return
    assert delay in {least, most} or delay in times[-WINDOW:]
    if least < delay < most:
        sooner = sum(seconds <= delay for seconds in pace.times)
        assert sooner >= 0.95 * len(pace.times)


def test_nothing_speaks_against_a_plain_one() -> None:
    assert why_not(GOOD, SETTINGS) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"before": (o.RateLimited(status=429),)}, "limit"),
        ({"before": (o.Silent(), o.Overloaded(status=529))}, "limit"),
        ({"before": (o.QuotaExhausted(status=429), o.Silent())}, "limit"),
        ({"bound": True}, "one account"),
        ({"fresh": False}, "no other account"),
        ({"prompt": SETTINGS.max_prompt_tokens + 1}, "tokens"),
        ({"effects": True}, "twice"),
        ({"attempts": 4}, "attempts"),
        ({"accounts": 9}, "accounts"),
        ({"resent": 101, "max_resent": 100}, "sent again"),
        ({"left": 0.0}, "time"),
    ],
)
def test_each_thing_speaks_against_it_alone(change: dict[str, Any], words: str) -> None:
    assert words in why_not(msgspec.structs.replace(GOOD, **change), SETTINGS)


def test_a_failure_that_is_no_limit_does_not() -> None:
    assert why_not(msgspec.structs.replace(GOOD, before=(o.Silent(), o.Unauthorized())), SETTINGS) == ""
