"""Whole conversations of agents, led through peekd to upstreams that refuse what the vendors refuse.

Clients of four protocols, parallel and sequential calls, thinking between them, models and accounts that
change, clients that lose or rewind what they had, restarts of peekd in between: no 400 reaches a client.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import trio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from signers import AGENTS
from signhouse import Drama, Lead, Tally, lead

Clock = trio.testing.MockClock

MOST_REPAIRS = 0.01
"""Of all turns."""


async def played(seed: int, tally: Tally, many: int = 3) -> None:
    chance = Random(seed)  # noqa: S311 - the same drama for the same seed
    await Drama(chance, tally).play([lead(chance) for _ in range(chance.randint(1, many))])


REWOUND = 66048
"""A client without signatures and ids goes back, and the model says the very same once more."""

LACKED = 10037
"""Amid signatures that Gemini gave it lacks one, for a call that was made by Claude."""

COME_ROUND = 30688
"""It is so long that the models say to one conversation what they said to another."""


@given(seed=st.integers(min_value=10_000))
@example(REWOUND)
@example(LACKED)
@example(COME_ROUND)
@settings(max_examples=48, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_signature_error_ever_reaches_a_client(autojump_clock: Clock, seed: int) -> None:
    tally = Tally()
    await played(seed, tally)
    assert tally.refused == []
    assert tally.strange == 0, "a signature went to a conversation that it was not made in"
    assert tally.needless == 0, "a stand-in stood where the real signature was known"


async def test_repairs_are_rare_and_stand_ins_are_for_what_gemini_did_not_say(
    autojump_clock: Clock, record_property: Callable[[str, object], None]
) -> None:
    tally = Tally()
    for seed in range(40):
        await played(seed, tally)
    record_property("turns", tally.turns)
    record_property("repairs", tally.repairs)
    record_property("stand_ins", tally.stand_ins)
    assert tally.refused == []
    assert (tally.strange, tally.needless) == (0, 0)
    assert tally.repairs < MOST_REPAIRS * tally.turns, tally
    assert min(tally.turns / 1000, tally.restored, tally.restarts, tally.rewinds, tally.switches) >= 1
    assert tally.stand_ins, "models change between them, so there are some"


async def test_clients_that_lose_nothing_never_need_a_repair(autojump_clock: Clock) -> None:
    for protocol in AGENTS:
        tally = Tally()
        chance = Random(protocol)  # noqa: S311
        await Drama(chance, tally).play([
            Lead(protocol, "", "enabled", 40),
            Lead(protocol, "", "adaptive", 40),
        ])
        assert (tally.refused, tally.needless, tally.strange) == ([], 0, 0)
        assert tally.repairs == 0, tally
