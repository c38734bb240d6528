"""The whole daemon under simulated time: every law holds in these worlds, and each can be played again."""

from simulation.player import Player, play_seed, trace_of

BROKE_ONCE = (63, 67, 70, 101, 758469469, 758469586, 758469643, 1127145803, 1127146049)
"""Seeds beyond the first that broke a law: the laws or peekd were mended for them."""

WORLDS = (*range(1, 51), *BROKE_ONCE)
LEAST = 2000
"""Requests that a run of the tests plays."""


def test_every_law_holds_for_thousands_of_requests() -> None:
    player = Player()
    broken = [one for _, found in player.play(WORLDS) for one in found]
    assert not broken, "\n\n".join(map(str, broken[:3]))
    assert player.tally.requests >= LEAST
    assert player.tally.whole > LEAST / 4
    assert player.tally.healed > LEAST / 40


def test_the_same_seed_gives_the_same_trace_and_another_one_another() -> None:
    first, second, other = (trace_of(play_seed(seed)) for seed in (7, 7, 8))
    assert first == second
    assert first != other
