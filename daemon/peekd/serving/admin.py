"""The admin API's answers: what is kept in memory, as JSON. Who may ask is judged elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from peekd.records.entries import NOTICE, Entry
from peekd.records.live import KEPT, Live, failed
from peekd.relay.delivery import Final
from peekd.serving.asking import Asking
from peekd.serving.behind import Fittings
from peekd.serving.replies import encode_json
from peekd.vocabulary.errors import ClientError

DEFAULT_LIMIT = 50
_TRUE = frozenset({"1", "true", "yes"})


def list_requests(live: Live, query: Mapping[str, str]) -> Final:
    """Give the newest requests first, {"requests": [...]}; `failed=1` only those without a whole answer.

    Raises ClientError where `limit` is not a number from 1 to the number of requests that are kept.
    """
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= KEPT:
        raise ClientError("invalid_request", f"limit: expected a number from 1 to {KEPT}, found {limit!r}")
    only_failed = query.get("failed", "").lower() in _TRUE
    chosen = (record for record in live.newest_first() if not only_failed or failed(record))
    return encode_json({"requests": list(islice(chosen, int(limit)))})


def show_request(live: Live, name: str) -> Final:
    """Give one record by its id, by "last" or "last-failed". Raises ClientError where there is none."""
    record = live.find(name)
    if record is None:
        words = f"no request {name!r} is kept: peekd keeps the last {KEPT} since it started"
        raise ClientError("not_found", words)
    return encode_json(record)


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
