"""Token endpoints in the simulation: what each exchange came to, and the laws on when there may be one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import msgspec

from peekd.simulator.acts import Act, read_act
from peekd.simulator.asked import Asked
from simulation.dice import Dice
from simulation.endings import Ending
from simulation.transcripts import LAG, Minting, Said

TOKEN_URI = "http://simulator/token"
LIVES = (15, 40, 120)
"""How long access tokens live, in seconds; a world lasts some minutes."""

FATES: tuple[tuple[str, float], ...] = (
    ("answer", 6.0),
    ("answer delay=0.5", 1.0),
    ("answer delay=1.5", 1.0),
    ("503", 1.0),
    ("500", 0.5),
    ("429", 0.3),
    ("502", 0.3),
    ("silence", 1.0),
    ("hang", 0.5),
    ("close", 0.5),
    ("invalid-grant", 0.15),
)

ON_THE_WAY = 12.0
"""Longest time from showing a token to its arrival: a free connection, a new one, a long request."""

RENEWED = 0.7
"""No sooner than at this share of its life is a token renewed by itself."""

TAKEN_UP = 25.0
"""Longest time for a replaced file to be noticed."""


def draw_fate(dice: Dice, asked: Asked, *, known: bool, seconds: float) -> tuple[Act, str]:
    """Draw what becomes of one request; a refresh token that is no longer in force is refused for good."""
    label = dice.weighed(FATES) if known else "invalid-grant"
    act = read_act(label, label, [])
    assert act is not None
    if act.kind == "refuse" and act.refusal != "502" and dice.chance(0.3):
        act = msgspec.structs.replace(act, message=f"{asked.key} is out of luck")
    return msgspec.structs.replace(act, expires=seconds), label


def credential(refresh_token: str) -> str:
    """Give what a credential file holds."""
    return json.dumps({
        "type": "authorized_user",
        "client_id": "peekd.test",
        "client_secret": "sk-canary-client-of-oauth",
        "refresh_token": refresh_token,
        "token_uri": TOKEN_URI,
    })


# ---- laws ---------------------------------------------------------------------------------------------


def _stayed(_account: str, _since: float, _until: float) -> bool:
    return True


def look_at_tokens(
    mintings: Sequence[Minting],
    said: Sequence[Said],
    rotations: Sequence[tuple[float, str]],
    stayed: Callable[[str, float, float], bool] = _stayed,
) -> Iterator[Ending]:
    """Look at all exchanges of a world, and at what was sent with their tokens.

    `stayed`: whether the settings listed an account all the time between two moments.
    """
    for one in said:
        if one.token_ends is not None and one.arrived_at > one.token_ends + ON_THE_WAY:
            late = one.arrived_at - one.token_ends
            yield Ending("no token is sent that has ended", f"attempt {one.number}: {late:.1f} s too late")
    groups: dict[tuple[str, int], list[Minting]] = {}
    for minting in sorted(mintings, key=lambda one: one.arrived_at):
        groups.setdefault((minting.account, minting.life), []).append(minting)
    for (account, _), group in groups.items():
        for first, second in pairwise(group):
            if second.arrived_at < first.ended_at:
                at = f"at {second.arrived_at:.2f}, while {first.label} was under way"
                yield Ending("one exchange at a time", f"{account} {at}")
            elif stayed(account, first.arrived_at, second.arrived_at) and _needless(
                first, second, said, rotations
            ):
                gap = f"{second.arrived_at - first.arrived_at:.1f} s after one for {first.seconds:g} s"
                yield Ending("one exchange for each expiry", f"{account} {gap}")


def _needless(
    first: Minting, second: Minting, said: Sequence[Said], rotations: Sequence[tuple[float, str]]
) -> bool:
    """Whether the first one's token was in use, holds on, and nobody turned it away."""
    shown = [one for one in said if first.token and one.token == first.token]
    used = any(one.arrived_at < second.arrived_at for one in shown)
    refused = any(one.fault for one in shown)
    rotated = any(
        account == first.account and first.arrived_at - TAKEN_UP < at < second.arrived_at
        for at, account in rotations
    )
    soon = second.arrived_at - first.ended_at < first.seconds * RENEWED
    return used and soon and not refused and not rotated


def failed(mintings: Sequence[Minting], account: str, since: float) -> bool:
    """Whether an exchange of this account went wrong just then, or took so long that peekd gave it up."""
    own = [one for one in mintings if one.account == account]
    refused = any(one.fault and one.arrived_at <= since + LAG and since <= one.ended_at + 6 for one in own)
    return refused or any(one.left_at is not None and abs(since - one.left_at) <= LAG for one in own)
