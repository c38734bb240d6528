"""From what a protocol read to an outcome: a table. Knows kinds, never wire formats or phrases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from peekd.vocabulary import outcomes as o
from peekd.vocabulary.events import Erred
from peekd.vocabulary.outcomes import AnyOutcome
from peekd.vocabulary.refusals import Refusal

Simple = (
    type[o.Unauthorized]
    | type[o.PaymentRequired]
    | type[o.Forbidden]
    | type[o.ModelNotFound]
    | type[o.Rejected]
    | type[o.TooLarge]
    | type[o.Signature]
    | type[o.Overloaded]
    | type[o.ServerError]
    | type[o.ErrorInStream]
)
Scoped = type[o.RateLimited] | type[o.QuotaExhausted]

SIMPLE: Mapping[str, Simple] = {
    "unauthorized": o.Unauthorized,
    "payment_required": o.PaymentRequired,
    "forbidden": o.Forbidden,
    "model_not_found": o.ModelNotFound,
    "invalid": o.Rejected,
    "too_large": o.TooLarge,
    "signature": o.Signature,
    "overloaded": o.Overloaded,
    "server_error": o.ServerError,
}

SCOPED: Mapping[str, Scoped] = {"rate_limited": o.RateLimited, "quota_exhausted": o.QuotaExhausted}

IN_STREAM: Mapping[str, Simple] = {**SIMPLE, "server_error": o.ErrorInStream}
"""Inside a 200, "something broke" has no closer name."""


class _Told(TypedDict):
    """What every outcome takes over from the upstream's words."""

    status: int
    type: str
    message: str
    retry_after: float | None
    should_retry: bool | None
    stop: bool


def outcome_of_refusal(refusal: Refusal) -> AnyOutcome:
    """Name an answer that is not 2xx."""
    told = _Told(
        status=refusal.status,
        type=refusal.type,
        message=refusal.message,
        retry_after=refusal.retry_after,
        should_retry=refusal.should_retry,
        stop=refusal.stop,
    )
    if refusal.kind in SCOPED:
        return SCOPED[refusal.kind](**told, scope=refusal.scope)
    if refusal.kind == "validation_required":
        return o.ValidationRequired(**told, url=refusal.url)
    if refusal.kind == "signature":
        return o.Signature(**told, lacking=refusal.lacking)
    return SIMPLE[refusal.kind](**told)


def outcome_of_error(erred: Erred) -> AnyOutcome:
    """Name an error object inside a 200."""
    told = _Told(
        status=200,
        type=erred.type,
        message=erred.message,
        retry_after=erred.retry_after,
        should_retry=None,
        stop=False,
    )
    if erred.kind in SCOPED:
        return SCOPED[erred.kind](**told)
    if erred.kind == "validation_required":
        return o.ValidationRequired(**told)
    return IN_STREAM.get(erred.kind, o.ErrorInStream)(**told)
