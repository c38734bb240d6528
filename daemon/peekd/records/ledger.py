"""The ledger as the daemon reads it: from a thread, beside the requests that are kept in memory.

Written are its rows by the store's one writer (`relay.scribe` gives them); read by the admin API, the monitor
and the commands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

import msgspec
import trio

from peekd.records.entries import RequestRecord
from peekd.records.live import Live
from peekd.records.rows import record_of, records_of, words_of
from peekd.store.charts import Bucket, By, Share, Span, buckets, shares
from peekd.store.queries import NoLedger, Query, Reader, open_reader
from peekd.store.rows import BodyRow

ResultT = TypeVar("ResultT")

READERS = 2
"""Questions that are answered at once; others wait for their turn."""


class Summary(msgspec.Struct, frozen=True):
    """A span summed up."""

    buckets: tuple[Bucket, ...] = ()
    accounts: tuple[Share, ...] = ()
    models: tuple[Share, ...] = ()
    causes: tuple[Share, ...] = ()


class Ledger:
    """Reads what is written at `path`; None: nothing is, and only what is in memory is there."""

    def __init__(self, live: Live, path: Path | None = None) -> None:
        self.path = path
        self._live = live
        self._limiter = trio.CapacityLimiter(READERS)

    async def requests(self, query: Query) -> list[RequestRecord]:
        """Give the newest requests that fit: those in memory as they stand now, and the ledger's."""
        fresh = list(islice((one for one in self._live.newest_first() if fits(one, query)), query.limit))
        written = await self._read(lambda reader: reader.requests(query))
        older = records_of(written or [])
        return newest((*fresh, *older), query.limit)

    async def find(self, name: str) -> RequestRecord | None:
        """Find a request by its id, by "last" or by "last-failed"; memory goes before the ledger."""
        found = self._live.find(name)
        if found is not None:
            return found
        kept = await self._read(lambda reader: reader.find(name))
        return record_of(kept) if kept is not None else None

    async def bodies(self, request: str) -> list[BodyRow]:
        """Give what was kept of a request's words."""
        return await self._read(lambda reader: reader.bodies(request)) or []

    async def summary(self, span: Span) -> Summary:
        """Sum a span up; nothing where there is no ledger. Raises ValueError for too many buckets."""
        return await self._read(lambda reader: summed(reader, span)) or Summary()

    async def _read(self, work: Callable[[Reader], ResultT]) -> ResultT | None:
        """Ask the ledger; None where there is none that can be read."""
        path = self.path
        if path is None:
            return None

        def asked() -> ResultT | None:
            try:
                with open_reader(path) as reader:
                    return work(reader)
            except NoLedger:
                return None

        return await trio.to_thread.run_sync(asked, limiter=self._limiter)


def summed(reader: Reader, span: Span) -> Summary:
    """Sum a span up in every way."""
    by: dict[By, tuple[Share, ...]] = {
        name: tuple(shares(reader, span, name)) for name in ("account", "model", "cause")
    }
    return Summary(tuple(buckets(reader, span)), by["account"], by["model"], by["cause"])


def newest(records: Iterable[RequestRecord], limit: int) -> list[RequestRecord]:
    """Give the newest of these, each once: the first of an id counts."""
    known: dict[str, RequestRecord] = {}
    for record in records:
        known.setdefault(record.id, record)
    return sorted(known.values(), key=attrgetter("came"), reverse=True)[:limit]


def fits(record: RequestRecord, query: Query) -> bool:
    """Whether a record in memory is what a query asks for; the same that the ledger's own search finds."""
    flags = (
        (query.failed, record.failed),
        (query.healed, record.healed),
        (query.open, record.state == "open"),
        (query.since is not None, record.came >= (query.since or 0)),
        (query.before is not None, record.came < (query.before or 0)),
        (bool(query.key), record.key == query.key),
        (bool(query.outcome), query.outcome in _outcomes(record)),
    )
    texts = (
        (query.path, (record.path,)),
        (query.session, (record.session,)),
        (query.model, (record.model, record.mapped_model)),
        (query.account, [attempt.account for attempt in record.attempts]),
    )
    return (
        all(held for asked, held in flags if asked)
        and all(any(text in place for place in places) for text, places in texts if text)
        and (not query.text or query.text.lower() in words_of(record))
    )


def _outcomes(record: RequestRecord) -> set[str]:
    return {record.outcome, *(attempt.outcome for attempt in record.attempts)}
