"""What became of an attempt: a closed set. What to do about each is `decisions` and `healing.policy`.

Tags are the names used in TOML, journal, records and docs.
"""

from __future__ import annotations

from typing import get_args

import msgspec


class Outcome(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="outcome"):
    """What all have in common.

    `status` is the upstream's HTTP status where there was one; `message` its words or ours, not redacted;
    `retry_after` the seconds it asked us to stay away; `should_retry` its own word on asking again, if any.
    `stop`: the account was shut out for good (revoked, banned), and asking with others would spread that.
    """

    status: int | None = None
    type: str = ""
    message: str = ""
    retry_after: float | None = None
    should_retry: bool | None = None
    stop: bool = False


# ---- end of peek, good --------------------------------------------------------------------------


class Accepted(Outcome, frozen=True, tag="accepted"):
    """The first meaningful event came, or a terminal that is an answer by itself."""


# ---- end of peek, or before it: nothing was shown -------------------------------------------------


class RateLimited(Outcome, frozen=True, tag="rate_limited"):
    """The account asks too fast."""

    scope: str = "account"


class QuotaExhausted(Outcome, frozen=True, tag="quota_exhausted"):
    """The account has used up its share until some later time."""

    scope: str = "account"


class Unauthorized(Outcome, frozen=True, tag="unauthorized"):
    """The credential was turned away."""


class PaymentRequired(Outcome, frozen=True, tag="payment_required"):
    """The account has no money left."""


class Forbidden(Outcome, frozen=True, tag="forbidden"):
    """The account may not do this with this model."""


class ValidationRequired(Outcome, frozen=True, tag="validation_required"):
    """A person must confirm the account at `url`."""

    url: str = ""


class ModelNotFound(Outcome, frozen=True, tag="model_not_found"):
    """The account has no such model."""


class Rejected(Outcome, frozen=True, tag="rejected"):
    """The request itself is at fault: every account would say the same."""


class TooLarge(Outcome, frozen=True, tag="too_large"):
    """The request is larger than the upstream takes."""


class Signature(Outcome, frozen=True, tag="signature"):
    """A replayed thought or its signature does not hold.

    `lacking`: one is not there, and nothing was said against those that are.
    """

    lacking: bool = False


class Overloaded(Outcome, frozen=True, tag="overloaded"):
    """The upstream is short of capacity: another account is as badly off."""


class ServerError(Outcome, frozen=True, tag="server_error"):
    """The upstream broke (5xx)."""


class Unreachable(Outcome, frozen=True, tag="unreachable"):
    """No connection, no TLS, or a reset before the status line."""


class HeadersTimeout(Outcome, frozen=True, tag="headers_timeout"):
    """The request was sent and no status line came in time."""


class Silent(Outcome, frozen=True, tag="silent"):
    """A 200, and then no meaning before the peek, reasoning or idle deadline."""


class Empty(Outcome, frozen=True, tag="empty"):
    """The body ended without a terminal and without meaning: never an answer."""


class Blank(Outcome, frozen=True, tag="blank"):
    """A good terminal with nothing before it."""


class Truncated(Outcome, frozen=True, tag="truncated"):
    """The body ended without a terminal, and nothing had been shown to the client yet."""


class Malformed(Outcome, frozen=True, tag="malformed"):
    """The model's tool call could not be used, or the body is not what the protocol says."""


POOL_TIMEOUT = "pool_timeout"
"""The type of an `Unreachable` upstream of which every connection that we allow ourselves was in use."""

UNFOLDABLE = "unfoldable"
"""The type of a `Malformed` stream that is whole for all we know, and only cannot be folded into one body."""


CREDENTIAL_REFRESH = "credential_refresh"
"""The type of an outcome where the account had no access token, and none could be had just then."""

BUDGET_SPENT = "budget_spent"
"""The type of an outcome where the request's own time ended before the attempt had a fair part of it."""

UNSAYABLE = "unsayable"
"""The type of an outcome where the answer was whole, and the client's protocol could say nothing of it."""


class ErrorInStream(Outcome, frozen=True, tag="error_in_stream"):
    """A reset, undecodable bytes, or an error object without a closer name, before meaning."""


class NoAccount(Outcome, frozen=True, tag="no_account"):
    """Every account that could serve is resting, spent for this request, or disabled.

    `retry_after` is when the soonest one is back; None if only a person can bring one back.
    `accounts` names those that a person must mend.
    """

    accounts: tuple[str, ...] = ()


# ---- after meaning went out -----------------------------------------------------------------------


class Completed(Outcome, frozen=True, tag="completed"):
    """The terminal came and the answer is whole. `note` says what was supplied or accepted, if anything."""

    note: str = ""


class Broken(Outcome, frozen=True, tag="broken"):
    """The stream ended, failed or erred before its terminal, in front of the client."""


class Stalled(Outcome, frozen=True, tag="stalled"):
    """The stream fell silent in front of the client."""


# ---- not the upstream's doing ---------------------------------------------------------------------


class ClientGone(Outcome, frozen=True, tag="client_gone"):
    """The client closed; no account is blamed."""


class Superseded(Outcome, frozen=True, tag="superseded"):
    """Another attempt of the same request won."""


class Drained(Outcome, frozen=True, tag="drained"):
    """peekd is shutting down."""


class Internal(Outcome, frozen=True, tag="internal"):
    """A bug of ours."""


AnyOutcome = (
    Accepted
    | RateLimited
    | QuotaExhausted
    | Unauthorized
    | PaymentRequired
    | Forbidden
    | ValidationRequired
    | ModelNotFound
    | Rejected
    | TooLarge
    | Signature
    | Overloaded
    | ServerError
    | Unreachable
    | HeadersTimeout
    | Silent
    | Empty
    | Blank
    | Truncated
    | Malformed
    | ErrorInStream
    | NoAccount
    | Completed
    | Broken
    | Stalled
    | ClientGone
    | Superseded
    | Drained
    | Internal
)


WELL: frozenset[type[Outcome]] = frozenset({Accepted, Completed})
"""Those that are no failure of anybody's: an answer has begun, or is whole."""


def name_of(outcome: Outcome | type[Outcome]) -> str:
    """Give an outcome's tag, the name used everywhere outside the code.

    >>> name_of(RateLimited())
    'rate_limited'
    """
    return _NAMES.get(type(outcome)) or str(outcome.__struct_config__.tag)


_NAMES = {kind: str(kind.__struct_config__.tag) for kind in get_args(AnyOutcome)}
"""Kept, for a name is asked for many times in each request."""


def is_unfoldable(outcome: AnyOutcome) -> bool:
    """Whether the stream was well, and a body made of it would have lost something.

    >>> is_unfoldable(Malformed(type=UNFOLDABLE)), is_unfoldable(Malformed())
    (True, False)
    """
    return isinstance(outcome, Malformed) and outcome.type == UNFOLDABLE


def is_crowded(outcome: AnyOutcome) -> bool:
    """Whether the attempt never left the house: all connections that we allow ourselves were in use.

    >>> is_crowded(Unreachable(type=POOL_TIMEOUT)), is_crowded(Unreachable())
    (True, False)
    """
    return isinstance(outcome, Unreachable) and outcome.type == POOL_TIMEOUT


def is_hurried(outcome: Outcome) -> bool:
    """Whether the attempt began so late in its request's time that its silence says nothing of anybody.

    >>> is_hurried(Silent(type=BUDGET_SPENT)), is_hurried(Silent())
    (True, False)
    """
    return outcome.type == BUDGET_SPENT


def is_unproven(outcome: Outcome) -> bool:
    """Whether the upstream was never asked, since the account's access token could not be had.

    >>> is_unproven(ServerError(type=CREDENTIAL_REFRESH)), is_unproven(ServerError())
    (True, False)
    """
    return outcome.type == CREDENTIAL_REFRESH
