"""Deadlines of one exchange as trio scopes, told in httpx's words. Not policy: who calls says how long."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import TracebackType
from typing import cast

import httpx
import msgspec
import trio


class Timeouts(msgspec.Struct, frozen=True, gc=False):
    """What httpx keeps in `request.extensions["timeout"]`, in seconds; infinite where it says None.

    `connect`: dial, proxy and TLS together. `write`: longest stretch in which no piece of the request gets
    through. `read`: from sent to the end of the answer's head; the body's time is the reader's own business.
    `pool`: waiting for a free connection.
    """

    connect: float = math.inf
    write: float = math.inf
    read: float = math.inf
    pool: float = math.inf

    @classmethod
    def of(cls, request: httpx.Request) -> Timeouts:
        """Read them off a request.

        >>> Timeouts.of(httpx.Request("GET", "http://x/", extensions={"timeout": {"read": 2, "pool": None}}))
        Timeouts(connect=inf, write=inf, read=2, pool=inf)
        """
        said: dict[str, float | None] = request.extensions.get("timeout", {})
        return cls(**{
            name: seconds for name in cls.__struct_fields__ if (seconds := said.get(name)) is not None
        })


Mark = Callable[[str, float], None]
"""Told when a phase is over, by its name and trio's clock: queue, connect, sent."""


def unmarked(_name: str, _at: float) -> None:
    """For whom nobody asks."""


class Bound:
    """A block that must be done in time; it swallows nothing, so what the block sets is set."""

    __slots__ = ("_doing", "_error", "_scope", "_seconds")

    def __init__(self, seconds: float, error: Callable[[str], httpx.TimeoutException], doing: str) -> None:
        self._seconds = seconds
        self._error = error
        self._doing = doing

    def __enter__(self) -> None:
        self._scope = trio.CancelScope(deadline=trio.current_time() + self._seconds)
        self._scope.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scope.__exit__(kind, fault, trace)
        if self._scope.cancelled_caught:
            raise self._error(f"{self._doing}: not done in {self._seconds:g} s") from None


def bounded(seconds: float, error: Callable[[str], httpx.TimeoutException], doing: str) -> Bound:
    """Give the block `seconds`; past them raise `error`."""
    return Bound(seconds, error, doing)


STREAM_FAILURES = (trio.BrokenResourceError, trio.ClosedResourceError, OSError)
"""What reading or writing a stream raises where it fails."""


class Told:
    """A block whose stream's failures are told in httpx's words; it swallows nothing."""

    __slots__ = ("_doing", "_error")

    def __init__(self, error: Callable[[str], httpx.TransportError], doing: str) -> None:
        self._error = error
        self._doing = doing

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(fault, STREAM_FAILURES):
            raise self._error(f"{self._doing}: {reason(fault)}") from fault


def told_as(error: Callable[[str], httpx.TransportError], doing: str) -> Told:
    """Raise `error` for what a stream's failure is."""
    return Told(error, doing)


def reason(fault: BaseException) -> str:
    """Give the innermost thing a chain of errors has to say.

    >>> reason(OSError(111, "Connection refused"))
    'Connection refused'
    """
    inner = fault.__cause__
    if isinstance(inner, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", inner)
        return ", ".join(dict.fromkeys(reason(each) for each in group.exceptions))
    if inner is not None:
        return reason(inner)
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror
    return str(fault) or type(fault).__name__
