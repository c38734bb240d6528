"""Compare the local estimate of tokens with real tokenizers: `./dev tokens [--learn K]`.

Run by hand, and no part of the test run: it fetches two tokenizers with npm, OpenAI's o200k_base and the last
one of Claude's that was published. They stand in for what upstreams report. Every request of the corpus is
counted as the text that is sent; then again with the factor that peekd would have learnt from K others of the
same client and model. Prose and code of this tree are counted too, since the corpus has its words blanked.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from peekd.protocols.estimate import estimate_prompt
from peekd.protocols.registry import CLIENTS
from peekd.serving.routes import protocol_of
from peekd.signatures.seal import KEY_BYTES, Seal
from peekd.vocabulary.conversation import Conversation, Media, Part, Text, Turn
from peekd.vocabulary.errors import ClientError

TREE = Path(__file__).parents[1]
CORPUS = TREE / "tests/transcripts/corpus"
PACKAGES = ("gpt-tokenizer@4", "@anthropic-ai/tokenizer@0.0.4")
SHORT = 200
"""Tokens below which the marks of messages and tools, which no tokenizer shows, are most of a request."""
NAMES = ("o200k_base", "claude (old)")
NODE = """
const gpt = require('gpt-tokenizer/cjs/encoding/o200k_base');
const claude = require('@anthropic-ai/tokenizer');
const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const count = text => [gpt.countTokens(text, {allowedSpecial: 'all'}), claude.countTokens(text)];
console.log(JSON.stringify(texts.map(count)));
"""
SAMPLES = {
    "prose": ("docs/*.md", "README.md"),
    "code": ("daemon/peekd/healing/*.py", "daemon/peekd/relay/*.py"),
}


class Case(NamedTuple):
    """What is counted: a request, or a file as the only words of one. `group`: client and model."""

    name: str
    group: str
    conversation: Conversation


def main() -> int:
    """Print both tables; 1 where the tokenizers cannot be had."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--learn", type=int, default=3, metavar="K", help="requests learnt from (3)")
    options.add_argument("--modules", type=Path, help="a node_modules folder that has both already")
    given = options.parse_args()
    cases = [*corpus(), *samples()]
    with tempfile.TemporaryDirectory() as place:
        modules = given.modules or install(Path(place))
        if modules is None:
            return 1
        counted = count(modules, [text_of(case.conversation) for case in cases])
    for number, name in enumerate(NAMES):
        figures = [
            Figures(case.name, case.group, estimate_prompt(case.conversation), extra(case) + one[number])
            for case, one in zip(cases, counted, strict=True)
        ]
        report(name, [one for one in figures if one.theirs >= SHORT], given.learn)
        short = [abs(one.ours - one.theirs) for one in figures if one.theirs < SHORT]
        sys.stdout.write(f"  {len(short)} of fewer than {SHORT} tokens: off by at most {max(short)} tokens\n")
    return 0


# ---- what is counted --------------------------------------------------------------------------------


def corpus() -> Iterator[Case]:
    """Every request of the corpus that can be read whole."""
    for path in sorted(CORPUS.glob("*/*.json")):
        said = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        headers = {name.lower(): value for name, value in said["headers"].items()}
        protocol = CLIENTS.get(protocol_of(said["path"].partition("?")[0], headers))
        if protocol is None or said.get("body") is None:
            continue
        body = msgspec.json.encode(said["body"])
        try:
            conversation = protocol.decode_request(body, said["path"], Seal(bytes(KEY_BYTES)))
        except ClientError:
            continue
        yield Case(
            f"{path.parent.name}/{path.stem}", f"{path.parent.name} {conversation.model}", conversation
        )


def samples() -> Iterator[Case]:
    """Files of this tree, as the only words of a request each."""
    for kind, patterns in SAMPLES.items():
        for path in sorted(path for pattern in patterns for path in TREE.glob(pattern)):
            words = Text(path.read_text(encoding="utf-8"))
            yield Case(f"{kind}/{path.name}", kind, Conversation("", (Turn("user", (words,)),)))


def text_of(conversation: Conversation) -> str:
    """All words of a request as they are sent: JSON for what is JSON, pictures left out."""
    pieces: list[str] = [*conversation.system]
    pieces += [_json([tool.name, tool.description, tool.parameters]) for tool in conversation.tools]
    pieces += [piece for turn in conversation.turns for part in turn.parts for piece in words(part)]
    if conversation.output_schema is not None:
        pieces.append(_json(conversation.output_schema))
    return "\n\n".join(pieces)


def words(part: Part) -> Iterator[str]:
    """The words of one part, those inside a tool's result too."""
    for name in ("text", "name", "arguments"):
        said = getattr(part, name, None)
        if said:
            yield said if isinstance(said, str) else _json(said)
    for inner in getattr(part, "content", ()):
        yield from words(inner)


def extra(case: Case) -> int:
    """What no tokenizer sees and upstreams count: pictures and documents, as we estimate them ourselves."""
    parts = [part for turn in case.conversation.turns for part in turn.parts]
    inner = [piece for part in parts for piece in getattr(part, "content", ())]
    media = tuple(part for part in (*parts, *inner) if isinstance(part, Media))
    return estimate_prompt(Conversation("", (Turn("user", media),))) if media else 0


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


# ---- the tokenizers ---------------------------------------------------------------------------------


def install(place: Path) -> Path | None:
    """Install both below `place`; None, said aloud, where that cannot be done."""
    npm = shutil.which("npm")
    if npm is None:
        sys.stderr.write("npm is not installed (Debian: apt-get install npm)\n")
        return None
    command = [
        npm,
        "install",
        "--prefix",
        str(place),
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        *PACKAGES,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=place)
    if done.returncode:
        sys.stderr.write(f"npm could not fetch {', '.join(PACKAGES)}: {done.stderr.strip()}\n")
        return None
    return place / "node_modules"


def count(modules: Path, texts: Sequence[str]) -> list[list[int]]:
    """The tokens of each text, by both tokenizers."""
    node = shutil.which("node") or "node"
    done = subprocess.run(
        [node, "-e", NODE], input=json.dumps(texts), capture_output=True, text=True, timeout=600, check=True,
        cwd=modules.parent,
    )  # fmt: skip
    return msgspec.json.decode(done.stdout, type=list[list[int]])


# ---- the report -------------------------------------------------------------------------------------


class Figures(NamedTuple):
    """One case: what we estimate, and what the tokenizer counts."""

    name: str
    group: str
    ours: int
    theirs: int

    def error(self, factor: float = 1.0) -> float:
        """How far off the estimate is, as a share of the count."""
        return self.ours * factor / self.theirs - 1


def learnt(figure: Figures, others: Sequence[Figures], most: int) -> float:
    """The factor from the first few others of the same group, as peekd learns it; 1 without any."""
    ratios = [one.theirs / one.ours for one in others if one.group == figure.group and one is not figure]
    return min(max(statistics.median(ratios[:most]), 0.5), 2.0) if ratios else 1.0


def report(name: str, figures: Sequence[Figures], most: int) -> None:
    """Print, by group, the errors before and after learning: median and worst."""
    sys.stdout.write(f"\n{name}: error of the estimate, before and after learning from {most}\n")
    for group in [*dict.fromkeys(one.group for one in figures), "all"]:
        chosen = [one for one in figures if group in {one.group, "all"}]
        before = [one.error() for one in chosen]
        after = [one.error(learnt(one, figures, most)) for one in chosen]
        sys.stdout.write(f"  {group:42} {len(chosen):3}  {_told(before)}   {_told(after)}\n")


def _told(errors: Sequence[float]) -> str:
    worst = max(errors, key=abs)
    return f"median {statistics.median(errors):+6.1%} worst {worst:+6.1%}"


if __name__ == "__main__":
    sys.exit(main())
