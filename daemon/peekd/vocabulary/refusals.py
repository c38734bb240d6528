"""Why an upstream said no, in words of no protocol.

A protocol's `decode_refusal` knows its own error bodies and picks the kind; `healing.classify` turns the kind
into an outcome and knows no wire format.
"""

from __future__ import annotations

from typing import Literal

import msgspec

RefusalKind = Literal[
    "rate_limited",  # too much, too fast
    "quota_exhausted",  # nothing left until a later time (a day, a window)
    "unauthorized",  # the credential was turned away
    "payment_required",  # the account has no money
    "forbidden",  # the account may not do this
    "validation_required",  # a person must confirm something in a browser
    "model_not_found",  # this account has no such model
    "invalid",  # the request itself is at fault
    "too_large",
    "signature",  # a replayed thought does not hold
    "overloaded",  # no capacity just now, for anyone
    "server_error",
]


class Refusal(msgspec.Struct, frozen=True):
    """An answer that is not 2xx, or an error object in place of one.

    `retry_after` in seconds; `should_retry` is the upstream's own word (x-should-retry) or None.
    `words` is the body for a client of the same protocol, `content_type` what it came as.
    """

    kind: RefusalKind
    status: int
    message: str = ""
    type: str = ""
    retry_after: float | None = None
    should_retry: bool | None = None
    scope: Literal["account", "model"] = "account"
    """Whether the limit holds for the whole account or for this model of it."""
    url: str = ""
    """Where a person can mend it (validation_required)."""
    stop: bool = False
    """The account was shut out for good (revoked, banned): asking with others would spread that."""
    lacking: bool = False
    """A signature is not there (signature): nothing is said against those that are."""
    words: bytes = b""
    content_type: str = "application/json"
