"""How upstreams misbehave, by seed: single faults, combinations, storms over all accounts, quotas, bad lines.

The faults are the simulator's own acts; `TWISTS` add what is no act: bytes that are no HTTP, or not theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from math import inf
from string import digits
from typing import Any, Literal

import msgspec

from peekd.simulator.acts import Act, ToolUse, read_act
from peekd.simulator.asked import Asked
from peekd.simulator.stage import Break, Step
from simulation.dice import Dice
from simulation.tongues import TONGUES

FAULTS: tuple[str, ...] = (
    # refusals
    "400", "401", "402", "403", "404", "409", "413", "422", "429", "500", "502", "503", "504", "529",
    "429 retry-after=2", "429 retry-after=40 retry-info=40s", "429 quota=PerDay", "429 quota-reset-delay=3s",
    "503 retry-after=1", "529 retry-after=3", "503 should-retry=false", "500 should-retry=false",
    "signature", "signature", "signature", "bad-key", "no-credit", "validation",
    "500 body='' content-type=text/plain", "503 body='<html>' content-type=text/html",
    # answers that are none
    "blank", "thinking-blank", "empty", "usage-only", "thinking-only", "thinking-only thinking=''",
    "malformed-call", "error at=first", "error at=start", "error at=middle", "error at=reason",
    "error at=last", "error type=rate_limit_error at=start", "error type=authentication_error at=middle",
    # ends before the end
    "cut", "cut-tool", "no-stop", "cut at=100", "cut at=7", "drop", "drop at=start", "drop at=reason",
    "close", "reset", "reset at=first", "reset at=middle", "reset at=tool", "reset at=reason",
    # silence and signs of life
    "silence", "hang", "stall", "stall at=start", "stall at=reason", "stall at=last", "stall seconds=4",
    "silence seconds=4", "hang seconds=4", "stall at=middle seconds=7",
    "pings", "pings then=answer", "pings count=0", "pings count=8 every=1.5 then=answer",
    "pings count=0 at=middle every=2", "pings count=0 at=start every=3", "pings then=silence",
    "pings then=reset", "pings then=error", "pings count=9 every=3 then=answer",
)  # fmt: skip

ODD: tuple[str, ...] = (
    # odd, and answers all the same
    "answer", "answer", "answer", "answer pace=0.3", "answer pace=1.5", "answer delay=3", "crlf",
    "split-utf8", "gzip", "no-last", "refusal", "answer stop=max_tokens", "answer newline=cr",
    "answer chunk=3", "huge", "pings count=2 every=0.5 then=answer", "answer thinking='Let me see.'",
    "answer delay=0.5 pace=0.1", "wrong-length", "blocked",
)  # fmt: skip

UNSTREAMED_FAULTS = frozenset({"no-last", "wrong-length"})
"""Odd in a stream; of an answer in one piece they leave less than all."""

STORMS: Mapping[str, tuple[str, ...]] = {
    "overload": ("529", "503", "529 retry-after=2", "error at=start"),
    "limits": ("429 retry-after=5", "429", "429 retry-after=20"),
    "mute": ("hang", "silence", "pings count=0", "stall at=start"),
    "cuts": ("empty", "cut", "reset at=middle", "no-stop", "drop"),
    "broken": ("500", "502", "reset", "close"),
    "locked": ("401", "403", "402"),
}

Dialling = Literal["", "refused", "no route", "no name", "tls", "never", "slow", "dropped"]
DIALLINGS: tuple[Dialling, ...] = ("refused", "no route", "no name", "tls", "never", "slow", "dropped")

LEANS = 0.8
"""The share of an upstream's requests that come to what it leans to, where it does."""

MOST_STEPS = 300
"""How far ahead a twist looks: some acts never end."""

Twist = Callable[[Iterable[Step], Dice], Iterator[Step]]


def _garbage(_steps: Iterable[Step], dice: Dice) -> Iterator[Step]:
    yield dice.choice((b"\x15\x03\x01\x00\x02\x02\x28", b"SSH-2.0-OpenSSH_9.2\r\n", dice.randbytes(200)))
    yield Break("drop")


def _half_head(_steps: Iterable[Step], _dice: Dice) -> Iterator[Step]:
    yield b"HTTP/1.1 200 OK\r\ncontent-ty"
    yield Break("drop")


def _endless_head(_steps: Iterable[Step], _dice: Dice) -> Iterator[Step]:
    yield b"HTTP/1.1 200 OK\r\n"
    yield b"".join(b"x-pad-%d: %b\r\n" % (number, b"a" * 1000) for number in range(80))
    yield Break("drop")


def _interim(steps: Iterable[Step], _dice: Dice) -> Iterator[Step]:
    yield b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
    yield from steps


def _bad_chunk(steps: Iterable[Step], dice: Dice) -> Iterator[Step]:
    left = dice.randint(2, 6)
    for step in steps:
        if isinstance(step, bytes):
            left -= 1
            if not left:
                yield b"zz\r\nthis is no chunk\r\n"
                yield Break("drop")
                return
        yield step


def _trailing(steps: Iterable[Step], _dice: Dice) -> Iterator[Step]:
    yield from steps
    yield b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


def _late_drop(steps: Iterable[Step], dice: Dice) -> Iterator[Step]:
    """All is well, and then the line is dropped, perhaps before the last chunk's mark."""
    whole = list(islice(steps, MOST_STEPS))
    yield from whole[: -1 if dice.chance(0.5) else None]
    yield Break(dice.choice(("drop", "reset")))


def _hurried(steps: Iterable[Step], _dice: Dice) -> Iterator[Step]:
    """All in one write, pauses and all."""
    held = b""
    for number, step in enumerate(steps):
        if isinstance(step, bytes):
            held += step
        elif isinstance(step, Break) or step.seconds == inf or number >= MOST_STEPS:
            if held:
                yield held
            held = b""
            yield step
    if held:
        yield held


TWISTS: Mapping[str, Twist] = {
    "garbage": _garbage,
    "half-head": _half_head,
    "endless-head": _endless_head,
    "interim": _interim,
    "bad-chunk": _bad_chunk,
    "trailing": _trailing,
    "late-drop": _late_drop,
    "hurried": _hurried,
}
HARMLESS = frozenset({"interim", "trailing", "hurried", ""})


class Storm(msgspec.Struct, frozen=True):
    """A time in which most of an upstream's requests fail alike."""

    kind: str
    since: float
    until: float


class Climate(msgspec.Struct, frozen=True):
    """What may be expected of an upstream: shares of faults, odd answers, bad dials, twists; and storms."""

    faults: float
    odd: float
    dials: float
    twists: float
    storms: tuple[Storm, ...] = ()
    quotas: Mapping[str, tuple[int, float]] = {}
    """By account: so many requests within so many seconds."""
    leans: tuple[tuple[str, float], ...] = ()
    """Acts by weight that most requests come to, if there are any."""


class Fate(msgspec.Struct, frozen=True):
    """What becomes of one request: an act, a twist of it, and whether it counts as the upstream's fault."""

    act: Act
    label: str
    twist: str = ""
    fault: str = ""


def climate(dice: Dice, accounts: Iterable[str], seconds: float, *, fair_share: float = 0.25) -> Climate:
    """Draw an upstream's climate for a life of so many seconds; fair in this share of cases."""
    fair = dice.chance(fair_share)
    kinds = [*STORMS, "unreachable"]
    storms = [
        Storm(dice.choice(kinds), since, since + dice.uniform(3, 40))
        for since in (dice.uniform(0, seconds) for _ in range(dice.randint(0, 3)))
    ]
    quotas = {name: (dice.randint(1, 6), dice.uniform(5, 60)) for name in accounts if dice.chance(0.15)}
    return Climate(
        faults=0.0 if fair else dice.choice((0.1, 0.3, 0.6)),
        odd=dice.uniform(0.1, 0.5),
        dials=0.0 if fair else dice.choice((0.0, 0.05, 0.2)),
        twists=0.0 if fair else dice.choice((0.0, 0.05, 0.15)),
        storms=() if fair else tuple(storms),
        quotas=quotas,
    )


def storming(sky: Climate, now: float) -> str:
    """Name the storm that rages now, "" for none."""
    return next((storm.kind for storm in sky.storms if storm.since <= now < storm.until), "")


def dialling(sky: Climate, dice: Dice, now: float) -> Dialling:
    """Draw what becomes of a connect."""
    if storming(sky, now) == "unreachable":
        return dice.choice(("refused", "no route", "never"))
    return dice.choice(DIALLINGS) if dice.chance(sky.dials) else ""


def fate(sky: Climate, dice: Dice, asked: Asked, tag: str, now: float) -> Fate:
    """Draw what becomes of a request."""
    storm = storming(sky, now)
    if sky.leans and dice.chance(LEANS):
        spec = dice.weighed(sky.leans)
    elif storm in STORMS and dice.chance(0.9):
        spec = dice.choice(STORMS[storm])
    elif dice.chance(sky.faults):
        spec = dice.choice(FAULTS)
    else:
        spec = dice.choice(ODD) if dice.chance(sky.odd) else "answer"
    twist = dice.choice(sorted(TWISTS)) if dice.chance(sky.twists) else ""
    act = _varied(_worded(read(spec), dice, asked, tag), dice)
    halved = not asked.stream and spec in UNSTREAMED_FAULTS
    bad = spec if halved or spec in FAULTS or storm in STORMS else "" if twist in HARMLESS else twist
    return Fate(act, f"{spec}{f' ({twist})' if twist else ''}", twist, bad)


def read(spec: str) -> Act:
    """Read an act that is known to be one."""
    faults: list[str] = []
    act = read_act(spec, "moods", faults)
    if act is None:
        raise ValueError(faults)
    return act


_SAME: dict[str, Any] = {"command": "ls"}


def _worded(act: Act, dice: Dice, asked: Asked, tag: str) -> Act:
    """Put words into the act's mouth that nobody else says."""
    if act.text != "":
        act = msgspec.structs.replace(
            act, text=_words(dice, tag, huge=bool(act.text and len(act.text) > 999))
        )
    if act.thinking or (act.thinking is None and asked.thinks and act.text):
        act = msgspec.structs.replace(act, thinking=f"{tag}think {tag}more ")
    if act.text and act.tool is None and asked.tools and dice.chance(0.7 if asked.thinks else 0.4):
        same = asked.thinks and dice.chance(0.2)  # what others say too: its thoughts tell it from theirs
        call = ToolUse("Bash", _SAME if same else {"command": f"echo {tag}", "timeout": dice.randint(1, 9)})
        words = act.text if dice.chance(0.5) else ""
        act = msgspec.structs.replace(act, tool=call, text=words)
        if dice.chance(0.2):
            act = msgspec.structs.replace(act, tools=(ToolUse("Bash", {"command": f"date {tag}"}),))
    usage = {TONGUES[asked.language].output: dice.randint(1, 5000)}
    return msgspec.structs.replace(act, usage=usage)


def _words(dice: Dice, tag: str, *, huge: bool) -> str:
    if huge:
        return f"{tag} " + f"{tag}{digits * 300} " * dice.randint(1, 60)
    strange = ("", "Grüße, 世界 🌍", "\u2028 \u0085", 'quo"te \\ back', "\n\n\n", "data: x\n\nevent: y")
    return " ".join(f"{tag}{number}" for number in range(dice.randint(1, 12))) + " " + dice.choice(strange)


def _varied(act: Act, dice: Dice) -> Act:
    """Combine a fault with another way of sending."""
    changes: dict[str, object] = {}
    if dice.chance(0.15):
        changes["delay"] = dice.uniform(0, 3)
    if dice.chance(0.15) and len(act.text or "") < 999:
        changes["pace"] = dice.uniform(0, 0.8)
    if dice.chance(0.1):
        changes["chunk"] = dice.randint(1, 40) if len(act.text or "") < 999 else 5000
    if dice.chance(0.05) and not act.length:
        changes["gzip"] = True
    if dice.chance(0.1):
        changes["newline"] = dice.choice(("lf", "crlf", "cr"))
    return msgspec.structs.replace(act, **changes)
