"""The three parties at fault, and the kinds of error a client can be told of.

An attempt's failure is not here: it is expected, has a rule, and is a value (`outcomes`).
"""

from __future__ import annotations

from typing import Literal

import msgspec

ErrorKind = Literal[
    "invalid_request",
    "authentication",
    "permission",
    "not_found",
    "method_not_allowed",
    "too_large",
    "rate_limit",
    "overloaded",
    "internal",
]


class Fault(msgspec.Struct, frozen=True):
    """What a client is told: each protocol has one table from `kind` to its own words.

    `status` overrides the kind's own where an upstream's true status is passed on. `retry_after` in seconds.
    `should_retry` False is sent as x-should-retry. `words`, where set, is the upstream's own body in the
    client's own protocol, and goes out unchanged in place of `message`; `quoted`: `message` repeats an
    upstream's.
    """

    kind: ErrorKind
    message: str
    status: int | None = None
    retry_after: int | None = None
    should_retry: bool | None = None
    allow: str = ""
    words: bytes = b""
    quoted: bool = False
    content_type: str = "application/json"


class ClientError(Exception):
    """The caller's request cannot be served as it is; nothing was asked of any upstream."""

    def __init__(
        self, kind: ErrorKind, message: str, *, should_retry: bool | None = None, allow: str = ""
    ) -> None:
        super().__init__(message)
        self.fault = Fault(kind, message, should_retry=should_retry, allow=allow)


class OperatorError(Exception):
    """The set-up is at fault: one line a fault for the operator, exit code 78 (EX_CONFIG)."""

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults
