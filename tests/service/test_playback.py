"""A captured request, asked again, is decided as it was; under other settings as those say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from playhouse import QUICK
from taped import taped_once

from peekd.healing.settings import HedgingSettings
from peekd.service.playback import play

PLAYS: Mapping[str, tuple[Mapping[str, Sequence[object]], Mapping[str, Any]]] = {
    "smooth": ({"alice": ["answer text=Read"]}, {}),
    "limited": ({"alice": ["429 retry-after=400"], "bob": ["answer text=Read"]}, {}),
    "two limited, one dead": ({"alice": ["429"], "bob": ["429"], "carol": ["401"]}, {}),
    "rested": ({"alice": ["429 retry-after=2", "answer text=Read"]}, {}),
    "overloaded": ({"alice": ["529", "529"], "bob": ["answer text=Read"]}, {}),
    "silent": ({"alice": ["silence"], "bob": ["answer text=Read"]}, {}),
    "closed": ({"alice": ["close"], "bob": ["answer text=Read"]}, {}),
    "reset": ({"alice": ["reset"], "bob": ["answer text=Read"]}, {}),
    "cut": ({"alice": ["cut"], "bob": ["answer text=Read"]}, {}),
    "stalled": ({"alice": ["hang"], "bob": ["answer text=Read"]}, {}),
    "drop in the middle": ({"alice": ["drop"], "bob": ["answer text=Read"]}, {}),
    "longer than silence may last": ({"alice": ["answer pace=4 text='" + "slow " * 12 + "'"]}, {}),
    "pings alone": ({"alice": ["pings every=5"], "bob": ["answer text=Read"]}, {}),
    "compressed": ({"alice": ["empty"], "bob": ["gzip"]}, {}),
    "gave up with one left": ({"alice": ["400"], "bob": ["answer text=Read"]}, {}),
    "hedged": (
        {"alice": ["answer text=slow delay=15"], "bob": ["answer text=fast"]},
        {"hedging": HedgingSettings(min_seconds=4, max_seconds=4, max_share=1)},
    ),
    "in one piece": ({"alice": ["500"], "bob": ["answer text=Read"]}, {"stream": False}),
    "client left": ({"alice": ["silence"]}, {"leave_after": 3}),
}


@pytest.mark.parametrize("name", PLAYS)
def test_the_same_bytes_at_the_same_times_are_decided_on_in_the_same_way(name: str) -> None:
    plays, more = PLAYS[name]
    capture = taped_once(plays, **more)
    played = play(capture)
    assert played.same, played
    assert [one.number for one in played.attempts] == [one.number for one in capture.record.attempts]


def test_other_settings_decide_otherwise_and_that_is_told() -> None:
    capture = taped_once({"alice": ["529"], "bob": ["answer text=Read"]})
    played = play(capture, msgspec.structs.replace(QUICK, max_attempts=1, max_accounts=1, policy={}))
    assert not played.same
    assert (played.then, played.now) == ("completed", "overloaded")
