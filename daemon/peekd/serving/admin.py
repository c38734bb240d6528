"""The admin API on requests, as JSON: from memory and from the ledger. Who may ask is judged elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from peekd.records.entries import NOTICE, Entry
from peekd.records.ledger import Ledger
from peekd.records.live import KEPT
from peekd.relay.delivery import Final
from peekd.serving.asking import Asking
from peekd.serving.behind import Fittings
from peekd.serving.replies import encode_json
from peekd.store.queries import Query
from peekd.vocabulary.errors import ClientError

DEFAULT_LIMIT = 50
_TRUE = frozenset({"1", "true", "yes"})
_FLAGS = ("failed", "healed", "open")
_TIMES = ("since", "before")
_TEXTS = ("account", "model", "path", "session", "key", "outcome", "text")


async def list_requests(ledger: Ledger, asked: Mapping[str, str], lost: int = 0) -> Final:
    """Give the newest requests first, {"requests": [...], "lost": N}, as far as they fit.

    `lost`: rows that could not be written. Raises ClientError as `decode_query` does.
    """
    return encode_json({"requests": await ledger.requests(decode_query(asked)), "lost": lost})


async def show_request(ledger: Ledger, name: str) -> Final:
    """Give one record by its id, by "last" or "last-failed". Raises ClientError where there is none."""
    record = await ledger.find(name)
    if record is None:
        kept = "the ledger has it" if ledger.path is not None else f"peekd keeps the last {KEPT} in memory"
        raise ClientError("not_found", f"no request {name!r} is kept, as far as {kept}")
    return encode_json(record)


async def show_bodies(ledger: Ledger, name: str) -> Final:
    """Give what is kept of a request's words: {"request": …, "answer": …}, {} where nothing is.

    Raises ClientError where there is no such request.
    """
    record = await ledger.find(name)
    if record is None:
        raise ClientError("not_found", f"no request {name!r} is kept")
    return encode_json({row.part: row.text for row in await ledger.bodies(record.id)})


def decode_query(asked: Mapping[str, str]) -> Query:
    """Read the filters of a list off a URL's query.

    Raises ClientError where `limit` is not a number from 1 to the most that are given at once, or where a
    time is no number of seconds since 1970.
    """
    flags = {name: asked.get(name, "").lower() in _TRUE for name in _FLAGS}
    texts = {name: asked.get(name, "") for name in _TEXTS}
    times = {name: _time(name, asked[name]) for name in _TIMES if asked.get(name)}
    limit = asked.get("limit", str(DEFAULT_LIMIT))
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= KEPT:
        raise ClientError("invalid_request", f"limit: expected a number from 1 to {KEPT}, found {limit!r}")
    return msgspec.convert({**flags, **texts, **times, "limit": int(limit)}, Query)


def _time(name: str, text: str) -> float:
    try:
        time = float(text)
    except ValueError:
        time = float("nan")
    if not abs(time) < float("inf"):
        raise ClientError("invalid_request", f"{name}: expected seconds since 1970, found {text!r}")
    return time


def switch_account(fittings: Fittings, asking: Asking, name: str, verb: str) -> Final:
    """Do one of `routes.SWITCHES` to an account, and write down who did what. Raises ClientError."""
    told = fittings.house.switch(name, verb)
    words = f"account {name}: {verb} by hand, by {_whose(asking)}"
    fittings.journal(Entry(words, NOTICE, asking.id, account=name))
    return encode_json(told)


def _whose(asking: Asking) -> str:
    """Name a caller of the admin API: the key where it showed one, and where it calls from."""
    where = str(asking.caller.address or "a local socket")
    return f"admin key {asking.key} from {where}" if asking.key else where
