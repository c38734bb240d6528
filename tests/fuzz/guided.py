"""Coverage-guided fuzzing with atheris: `./dev fuzz`. Targets and their laws: tests/support/targets.py.

One process fuzzes them all: an input's first byte chooses the target. It begins with the transcripts and
tests/fuzz/corpus/TARGET/; what breaks a law is put there too, so that every run of the tests meets it again
until it is mended.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TREE = HERE.parents[1]
CORPUS = HERE / "corpus"
sys.path[:0] = [str(TREE / "daemon"), str(HERE.parent / "support")]

atheris: Any = import_module("atheris")  # only ./dev fuzz installs it

with atheris.instrument_imports(include=["peekd", "targets"]):
    from samples import requests, streams
    from targets import TARGETS

NAMES = sorted(TARGETS)
LONGEST = 4096
SLOW_SECONDS = 10
MEMORY_MB = 2048
WORD = re.compile(rb'"[\w./-]{2,40}"')


def run_one(data: bytes) -> None:
    """Let the chosen target have the rest."""
    if data:
        TARGETS[NAMES[data[0] % len(NAMES)]](data[1:])


def seeds() -> dict[str, list[bytes]]:
    """What each target begins with."""
    found = {name: [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))] for name in NAMES}
    for name in NAMES:
        verb, _, protocol = name.partition("-")
        if verb in {"decode", "fold"}:
            found[name] += [b"\0" + body for body in streams(protocol)]
        elif verb == "ask":
            found[name] += [json.dumps(sample.said).encode() for sample in requests(protocol)]
        elif verb in {"whole", "refuse"}:
            found[name] += [data for body in streams(protocol) for data in re.findall(rb"data: ?(.+)", body)]
    found["split"] += [
        b"\0" + body for name in NAMES if name.startswith("fold-") for body in streams(name[5:])
    ]
    return found


def write_seeds(place: Path) -> bytes:
    """Write them with their first byte before them; give the words that stand in them."""
    words: set[bytes] = set()
    for number, name in enumerate(NAMES):
        for seed in seeds()[name]:
            words.update(WORD.findall(seed))
            if len(seed) < LONGEST:
                data = bytes([number]) + seed
                (place / sha256(data).hexdigest()[:16]).write_bytes(data)
    escaped = (word.decode().replace("\\", "\\\\").replace('"', '\\"') for word in sorted(words))
    return "".join(f'"{word}"\n' for word in escaped).encode()


def fuzz(options: argparse.Namespace, place: Path) -> None:
    """Fuzz until the time is over or a law is broken; this never returns."""
    live = place / "live"
    live.mkdir(exist_ok=True)
    (place / "words").write_bytes(write_seeds(live))
    seconds = options.seconds or round(options.minutes * 60)
    atheris.Setup(
        [
            sys.argv[0],
            f"-max_total_time={seconds}",
            f"-runs={options.runs}",
            f"-max_len={LONGEST}",
            f"-timeout={SLOW_SECONDS}",
            f"-rss_limit_mb={MEMORY_MB}",
            f"-dict={place / 'words'}",
            f"-artifact_prefix={place}/found-",
            "-print_final_stats=1",
            "-verbosity=0" if options.quiet else "-verbosity=1",
            *([f"-seed={options.seed}"] if options.seed else []),
            str(live),
        ],
        run_one,
    )
    atheris.Fuzz()


def keep(found: Path) -> str:
    """Put what broke a law where every run of the tests meets it; tell where."""
    data = found.read_bytes()
    place = CORPUS / NAMES[data[0] % len(NAMES)]
    place.mkdir(parents=True, exist_ok=True)
    kept = place / found.name.removeprefix("found-")[:40]
    kept.write_bytes(data[1:])
    return str(kept.relative_to(TREE))


def main() -> int:
    """Fuzz in a process of its own, since libFuzzer ends the one that it runs in; 1 where a law broke."""
    parser = argparse.ArgumentParser(prog="./dev fuzz", description="coverage-guided fuzzing")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long (default: 5)")
    parser.add_argument("--seconds", type=int, default=0, help="how long, in seconds")
    parser.add_argument("--runs", type=int, default=-1, help="no more than so many inputs")
    parser.add_argument("--seed", type=int, default=0, help="of libFuzzer's dice; 0: another each time")
    parser.add_argument("--quiet", action="store_true", help="tell only the figures at the end")
    parser.add_argument("--within", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.within:
        fuzz(options, options.within)
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, __file__, *sys.argv[1:], "--within", place]
        ended = subprocess.run(command, check=False)
        kept = [keep(found) for found in sorted(Path(place).glob("found-*"))]
    for name in kept:
        sys.stdout.write(f"fuzz: a law was broken; the input is kept as {name}\n")
    return 1 if kept else ended.returncode


if __name__ == "__main__":
    sys.exit(main())
