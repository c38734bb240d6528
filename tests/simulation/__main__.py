"""`./dev simulate`: play a seed again, play on with fresh ones, or show that planted bugs are found."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator
from itertools import count

from simulation.planted import PLANTS, Plant
from simulation.player import Player, play_seed, trace_of

FIRST_SEED = 1
WORLDS = 50
MOST_WORLDS = 150
"""How long a planted bug is looked for."""

TWICE = 5
"""Seeds below this one are played twice more, to see whether they do the same again."""

FRESH = 2**31
SHOWN = 3


def main() -> int:
    """Give the exit code: 0 where every law held."""
    parser = argparse.ArgumentParser(prog="./dev simulate", description=__doc__)
    parser.add_argument("--seed", type=int, help="play this world, and tell of all that is broken in it")
    parser.add_argument("--minutes", type=float, help="play fresh seeds for so long")
    parser.add_argument("--worlds", type=int, default=WORLDS, help="play the first so many seeds")
    parser.add_argument(
        "--planted", action="store_true", help="plant bugs, and show after how long each is found"
    )
    asked = parser.parse_args()
    if asked.planted:
        return planted()
    if asked.seed is not None:
        return played([asked.seed].__iter__(), most=100)
    if asked.minutes:
        return played(fresh_seeds(asked.minutes * 60), most=SHOWN)
    return played(iter(range(FIRST_SEED, FIRST_SEED + asked.worlds)), most=SHOWN)


def fresh_seeds(seconds: float) -> Iterator[int]:
    """Give seeds that nobody has seen, for so long."""
    ends = time.monotonic() + seconds
    first = random.SystemRandom().randrange(FRESH)
    print(f"fresh seeds from {first} on")
    for seed in count(first):
        if time.monotonic() > ends:
            return
        yield seed


def played(seeds: Iterator[int], *, most: int) -> int:
    """Play, show progress, tell of the first few laws that are broken."""
    player, told, number = Player(), 0, 0
    for _, broken in player.play(seeds):
        for one in broken:
            number += 1
            if told < most:
                told += 1
                print(f"\n{one}\n", flush=True)
        if sys.stderr.isatty() or player.tally.worlds % 50 == 0:
            print(f"\r{player.tally}", end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)
    print(f"\n{player.tally}; {number} times a law was broken")
    return 1 if number else 0


def planted() -> int:
    """Plant one bug after the other, and look for each."""
    missed = 0
    for plant in PLANTS:
        found = find(plant)
        missed += not found
        print(f"{plant.name:75} {found or 'NOT FOUND'}", flush=True)
    print(f"{len(PLANTS) - missed} of {len(PLANTS)} planted bugs are found")
    return 1 if missed else 0


def find(plant: Plant, worlds: int = MOST_WORLDS) -> str:
    """Play until a law is broken; tell which, and after how many requests; "" for none."""
    player = Player()
    with plant.grown():
        for seed, broken in player.play(range(FIRST_SEED, FIRST_SEED + worlds)):
            if broken:
                laws = ", ".join(dict.fromkeys(one.law for one in broken[:4]))
                return f"{player.tally.requests:5} requests  {laws}"
            if seed < TWICE and trace_of(play_seed(seed)) != trace_of(play_seed(seed)):
                return f"{player.tally.requests:5} requests  the same seed gave two traces"
    return ""


if __name__ == "__main__":
    sys.exit(main())
