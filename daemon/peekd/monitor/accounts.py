"""How the accounts stand, as the monitor's table shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from peekd.monitor import said
from peekd.store.charts import Share

_WORDS: Mapping[str, str] = {"to_mend": "to be mended"}

VERBS = ("enable", "disable", "reset")
"""What can be done about an account by hand."""


class ModelTold(msgspec.Struct, frozen=True):
    """A model of an account that stands worse than the account, as the house describes it."""

    model: str
    state: str
    cause: str
    because: str = ""


class Told(msgspec.Struct, frozen=True):
    """One account as the house describes it, as far as that is known. `seconds` until it is ready."""

    name: str
    upstream: str
    state: str
    in_flight: int = 0
    cause: str = ""
    seconds: float = 0.0
    because: str = ""
    models: tuple[ModelTold, ...] = ()
    last_error: str = ""


class _All(msgspec.Struct):
    accounts: tuple[Told, ...] = ()


class Row(msgspec.Struct, frozen=True):
    """One row of the table. `until`: wall time when it is ready again, None where that is not ahead."""

    number: int
    name: str
    upstream: str
    state: str
    words: str
    cause: str
    because: str
    until: float | None
    left: str
    in_flight: int
    models: tuple[ModelTold, ...]
    last_error: str
    cells: tuple[str, ...]
    verbs: tuple[str, ...]


def told_of(described: object) -> tuple[Told, ...]:
    """Read what the house says of its accounts."""
    return msgspec.convert(msgspec.to_builtins(described), _All).accounts


def rows_of(accounts: Sequence[Told], shares: Sequence[Share], now: float) -> list[Row]:
    """Give the table's rows; `shares`: what each account did lately."""
    did = {share.name: share for share in shares}
    return [_row(number, account, did.get(account.name), now) for number, account in enumerate(accounts, 1)]


def _row(number: int, account: Told, share: Share | None, now: float) -> Row:
    return Row(
        number=number,
        name=account.name,
        upstream=account.upstream,
        state=account.state,
        words=_WORDS.get(account.state, account.state),
        cause=account.cause,
        because=account.because,
        until=round(now + account.seconds, 3) if account.seconds > 0 else None,
        left=said.seconds(account.seconds) if account.seconds > 0 else "",
        in_flight=account.in_flight,
        models=account.models,
        last_error=account.last_error,
        cells=_cells(share),
        verbs=("enable", "reset") if account.state == "disabled" else ("disable", "reset"),
    )


def _cells(share: Share | None) -> tuple[str, ...]:
    if share is None:
        return ("0", "0", "", "", "")
    figures = (share.attempts, share.completed, share.prompt, share.output)
    return (*(said.count(figure) for figure in figures), said.dollars(share.cost))
