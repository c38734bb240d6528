"""The requests that are open, and the last thousand that are done, in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator

from peekd.records.entries import RequestRecord
from peekd.store.queries import TAIL
from peekd.vocabulary.decisions import Step

KEPT = 1000


class Live:
    """Written by the relay; read by `peekd explain`, the admin API and the service's drain.

    `on_change` is called with each request that begins, goes a step on, or is over, `on_close` with each that
    is over, `on_step` with each decision; what stands there returns at once and never raises.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self.on_change: list[Callable[[RequestRecord], None]] = []
        self.on_close: list[Callable[[RequestRecord], None]] = []
        self.on_step: list[Callable[[Step], None]] = []
        self._kept = kept
        self._open: dict[str, RequestRecord] = {}
        self._done: OrderedDict[str, RequestRecord] = OrderedDict()

    def open(self, record: RequestRecord) -> None:
        """Begin to keep a request."""
        self._open[record.id] = record
        self.changed(record)

    def close(self, record: RequestRecord) -> None:
        """A request is done; the oldest done one makes room."""
        if self._open.pop(record.id, None) is None:
            return
        record.state = "done"
        self._done[record.id] = record
        while len(self._done) > self._kept:
            self._done.popitem(last=False)
        self.changed(record)
        for tell in self.on_close:
            tell(record)

    def changed(self, record: RequestRecord) -> None:
        """A request went a step on."""
        for tell in self.on_change:
            tell(record)

    def stepped(self, step: Step) -> None:
        """A decision was made."""
        for tell in self.on_step:
            tell(step)

    def opened(self) -> int:
        """Count the requests that are open."""
        return len(self._open)

    def newest_first(self) -> Iterator[RequestRecord]:
        """Give all that is kept: the open ones, then the done ones, each newest first."""
        yield from reversed(self._open.values())
        yield from reversed(self._done.values())

    def find(self, request_id: str) -> RequestRecord | None:
        """Find a request by its id or the end of it, by "last", or by "last-failed".

        "last" is the newest that is done; an open one only where none is.
        """
        match request_id:
            case "last":
                return next(iter(reversed(self._done.values())), None) or next(self.newest_first(), None)
            case "last-failed":
                return next((record for record in reversed(self._done.values()) if failed(record)), None)
            case _:
                return self._open.get(request_id) or self._done.get(request_id) or self._ending(request_id)

    def _ending(self, tail: str) -> RequestRecord | None:
        """Find the newest whose id ends so; a short end could be anybody's."""
        if len(tail) < TAIL:
            return None
        return next((record for record in self.newest_first() if record.id.endswith(tail)), None)


def failed(record: RequestRecord) -> bool:
    """Whether the client did not get a whole answer."""
    return record.failed
