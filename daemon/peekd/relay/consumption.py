"""What an attempt consumed: as the upstream reported it, else estimated from sizes, else unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from peekd.records.entries import Counted
from peekd.vocabulary.events import Usage

OPENED: Final = range(200, 300)
"""Statuses under which a model has read the prompt."""

CHARACTERS_A_TOKEN: Final = 4
"""Of what a model writes, where nobody counted."""


class Consumption(msgspec.Struct, frozen=True, gc=False):
    """Tokens of one attempt, who counted them, why the model stopped, and how many bytes came."""

    usage: Usage = Usage()
    counted: Counted = ""
    stop: str = ""
    received: int = 0

    @property
    def tokens(self) -> int:
        """All of them, in and out."""
        return total(self.usage)


Consumed = Callable[[], Consumption]
"""What an attempt has consumed until now."""


def nothing() -> Consumption:
    """Of an attempt that has not begun to be answered."""
    return Consumption()


def total(usage: Usage) -> int:
    """Give the tokens in and out, those that nobody knows left out.

    >>> total(Usage(prompt=7, output=5, cached=3)), total(Usage())
    (12, 0)
    """
    return (usage.prompt or 0) + (usage.output or 0)


def added(usages: Sequence[Usage]) -> Usage:
    """Give the tokens of several attempts together; what nobody reported stays unknown.

    >>> added([Usage(prompt=7, output=5), Usage(prompt=9)])
    Usage(prompt=16, cached=None, cache_written=None, output=5, thoughts=None)
    """
    if len(usages) == 1:
        return usages[0]
    figures = {
        name: [figure for one in usages if (figure := getattr(one, name)) is not None]
        for name in Usage.__struct_fields__
    }
    return Usage(**{name: sum(of) for name, of in figures.items() if of})


def counted(
    reported: Usage, status: int, said: int, *, finished: bool, estimate: Callable[[], int]
) -> tuple[Usage, Counted]:
    """Give what an attempt consumed, and who says so.

    `reported`: the upstream's last figures. `said`: characters that the model wrote. `estimate`: the prompt's
    tokens by its size, asked only where they are needed. Of a refusal nothing is known unless it is reported.
    """
    known = reported.prompt is not None and reported.output is not None
    if known and finished:
        return reported, "reported"
    if status not in OPENED:
        return reported, "reported" if known else ""
    prompt = reported.prompt if reported.prompt is not None else estimate()
    output = max(reported.output or 0, -(-said // CHARACTERS_A_TOKEN))
    if known and output == reported.output:
        return reported, "reported"
    return msgspec.structs.replace(reported, prompt=prompt, output=output), "estimated"
