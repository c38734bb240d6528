"""Plays a fault for a client, and tells in a few words what it got, as the simulation's readers read it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import msgspec
from playhouse import Told, open_playhouse
from simulation.asking import Wish
from simulation.heard import Heard
from simulation.tongues import TONGUES

from faults.table import ANSWER, REFUSAL, WORDS, Fault
from peekd.healing.settings import HealingSettings
from peekd.records.entries import AttemptRecord

Case = Literal["another", "once", "always"]
"""`another`: the account always fails, and another one is well. `once`: it fails once, and is the only one.
`always`: it is the only one, and always fails."""

CASES: tuple[Case, ...] = ("another", "once", "always")

Result = Literal[
    "answer",
    "empty turn",
    "error in the stream",
    "words, then an error",
    "refused",
    "NOTHING",
    "PART FOR WHOLE",
]
"""What an answer is to its reader. `empty turn`: the model's own, ended well. The last two must not be."""


class Scene(NamedTuple):
    """What is played: a fault of an upstream of one protocol, before a client of the same or another."""

    fault: Fault
    client: str
    upstream: str
    stream: bool
    case: Case


class Cell(NamedTuple):
    """What the client got, how peekd came to it, and after how long.

    `verbatim`: a refusal's body is the upstream's, byte for byte. `note`: what the record says of it beside.
    """

    result: Result
    status: int = 200
    moves: tuple[str, ...] = ()
    seconds: int = 0
    retry_after: int | None = None
    should_retry: bool = True
    verbatim: bool = False
    note: str = ""

    @property
    def words(self) -> str:
        """The cell as it stands in a protocol's table."""
        took = f", {self.seconds} s" if self.seconds else ""
        return f"{self.brief}{took}"

    @property
    def brief(self) -> str:
        """The same without the time it took."""
        told = [f"**{self.result}**" if self.result == "answer" else self.result]
        match self.result:
            case "answer" | "empty turn":
                told[0] += f" ({', '.join(self.moves)})" if self.moves else ""
            case "refused":
                told[0] = f"{self.status} as it came" if self.verbatim else str(self.status)
                told += [f"retry-after {self.retry_after}"] if self.retry_after is not None else []
                told += [] if self.should_retry else ["do not retry"]
            case _:
                pass
        told += [f"noted as `{self.note}`"] if self.note else []
        return ", ".join(told)

    @property
    def gist(self) -> tuple[object, ...]:
        """What is the same on a translated path: all but pauses and whose words a refusal has."""
        return self.result, self.status, self.moves, self.retry_after is None, self.should_retry


async def play(scene: Scene) -> Cell:
    """Play one scene, on a virtual clock."""
    tongue = TONGUES[scene.client]
    wish = Wish(1, tongue.models[0], stream=scene.stream)
    wish = msgspec.structs.replace(wish, **dict.fromkeys(scene.fault.wish, True))
    async with open_playhouse(
        _plays(scene),
        protocol=scene.upstream,
        healing=HealingSettings(),
        models="*",
        target="" if scene.client == scene.upstream else TONGUES[scene.upstream].models[0],
    ) as house:
        told = await house.ask(
            _body(scene, wish), path=tongue.path(wish), headers=dict(tongue.headers(wish, "key"))
        )
        house.assert_nothing_left()
    return _cell(scene, told)


def _plays(scene: Scene) -> dict[str, list[object]]:
    fault = scene.fault
    if scene.case == "once":
        return {"alice": [fault.act, ANSWER]}
    plays: dict[str, list[object]] = {"alice": [fault.act, *([fault.stays] if fault.stays else [])]}
    if scene.case == "another":
        plays["bob"] = [ANSWER]
    return plays


def _body(scene: Scene, wish: Wish) -> bytes:
    body = TONGUES[scene.client].ask(wish)
    if wish.signed and scene.client == "openai-responses":
        thought: dict[str, Any] = {"type": "reasoning", "id": "rs_1", "summary": []}
        body["input"].insert(1, thought | {"encrypted_content": "gAAAAABsealed"})
        body["include"] = ["reasoning.encrypted_content"]
    return msgspec.json.encode(body)


def _cell(scene: Scene, told: Told) -> Cell:
    attempts = told.record.attempts
    assert attempts[0].account == "alice", "the faulty account goes first"
    cell = Cell("refused", told.status, tuple(_moves(attempts)), round(told.record.seconds or 0))
    if told.status == 200:
        tongue = TONGUES[scene.client]
        heard = (tongue.read if scene.stream else tongue.read_whole)(told.body)
        return cell._replace(result=judge(heard), note=told.record.note)
    later = told.headers.get("retry-after")
    return cell._replace(
        retry_after=None if later is None else int(later),
        should_retry=told.headers.get("x-should-retry") != "false",
        verbatim=told.body == REFUSAL.encode(),
    )


def _moves(attempts: list[AttemptRecord]) -> Iterator[str]:
    """Tell what was done between the attempts; to rotate to where one was is to wait there."""
    for one, following in pairwise(attempts):
        yield "wait" if one.move == "rotate" and following.account == one.account else one.move


def judge(heard: Heard) -> Result:
    """Judge a 200 as a reader does that trusts nobody."""
    if heard.error and not heard.late:
        return "words, then an error" if heard.means else "error in the stream"
    if not heard.whole or heard.torn or heard.ends != 1:
        return "PART FOR WHOLE" if heard.means else "NOTHING"
    if not heard.means:
        return "empty turn"
    return "answer" if heard.text == WORDS else "PART FOR WHOLE"
