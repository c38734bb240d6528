"""The benchmark's command line: which stages, which systems, how long."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from peers import PEERS
from stages import STAGES, Stage
from systems import OWN

ROUNDS = 3
EPILOG = """examples:
  ./dev bench --quick                       three minutes, to see whether a change did something
  ./dev bench --quick --stage paced         twenty seconds
  ./dev bench --all                         peekd beside nginx, LiteLLM and claude-code-router, all stages
  ./dev bench --stage paced --with litellm  one stage: its name, or the beginning of several
  ./dev bench --quick --beside ../before    this tree's peekd and another's, in the same run
  ./dev bench --instructions --stage request   a machine that is not at rest: instructions, counted

Peers are fetched when asked for, at the versions that are pinned here, into ~/.cache/peekd-bench;
one that cannot be had is said and left out. A whole run also draws docs/performance.svg."""


def parser() -> argparse.ArgumentParser:
    """What may be said."""
    found = argparse.ArgumentParser(
        prog="./dev bench",
        description="Measure peekd, with all that it does switched on, beside a bare relay and others.",
        epilog=f"stages: {', '.join(stage.name for stage in STAGES)}\n\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = found.add_argument
    add("--with", dest="peers", type=names, default=set(), metavar="NAME,…", help=f"also {', '.join(PEERS)}")
    add("--all", action="store_true", help="measure all of them")
    add("--beside", type=tree, metavar="DIR", help="also the peekd of another source tree: before, or after")
    add("--only", type=names, default=set(), metavar="NAME,…", help="measure these systems alone")
    add(
        "--stage", action="append", type=stage, default=[], metavar="NAME", help="this alone; may be repeated"
    )
    add("--rounds", type=int, default=0, help=f"how often each stage is run (default: {ROUNDS})")
    add(
        "--python",
        default="",
        metavar="FILE",
        help="runs all that is Python (default: the system's)",
    )
    add("--quick", action="store_true", help="one round, a quarter of the time")
    add("--ahead", action="store_true", help="go before all other programs on these cores (needs root)")
    add("--markdown", action="store_true", help="print the tables as a page has them")
    add("--json", type=Path, metavar="FILE", help="also write every sample to this file")
    add("--svg", type=Path, metavar="FILE", help="also draw the figures into this file")
    add("--instructions", action="store_true", help="count instructions instead, by valgrind: minds no load")
    add("--ledger", action="store_true", help="measure instead what the ledger costs")
    return found


def names(words: str) -> set[str]:
    """Systems, with commas between them."""
    known = {system.name for system in OWN} | set(PEERS)
    found = {word for word in words.split(",") if word}
    if strange := sorted(found - known):
        raise argparse.ArgumentTypeError(f"{strange[0]!r} is none of {', '.join(sorted(known))}")
    return found


def tree(word: str) -> Path:
    """A source tree of peekd."""
    if not Path(word, "daemon/peekd").is_dir():
        raise argparse.ArgumentTypeError(f"{word} is no source tree of peekd: it has no daemon/peekd")
    return Path(word)


def stage(word: str) -> str:
    """A stage, or the beginning of some."""
    if not stages([word]):
        raise argparse.ArgumentTypeError(f"no stage is called {word!r}, nor begins so")
    return word


def stages(called: Sequence[str]) -> list[Stage]:
    """The stages so called; where none is, those whose names begin so. Without names, all."""
    exact = {stage.name for stage in STAGES}
    return [
        stage
        for stage in STAGES
        if not called
        or any(stage.name == name if name in exact else stage.name.startswith(name) for name in called)
    ]
