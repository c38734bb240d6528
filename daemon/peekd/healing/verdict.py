"""What the client is told when no answer came: the first row that applies to the request's history.

Promised in docs/promises.md, "Errors". peekd never says 504 or 529: agents give up on those in seconds, and
wait on a 503 that names a time.
"""

from __future__ import annotations

import math

import msgspec

from peekd.healing.history import IN_STREAM_STATUS
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import History, Step
from peekd.vocabulary.errors import ErrorKind, Fault
from peekd.vocabulary.outcomes import AnyOutcome, name_of
from peekd.vocabulary.refusals import Refusal

LONG_WAIT = 300
"""Seconds: a client that must wait longer is told not to try by itself."""

OWN_FAULT = (o.Rejected, o.TooLarge, o.Signature)
MENDED_BY_PERSONS = (o.Unauthorized, o.PaymentRequired, o.Forbidden, o.ValidationRequired)
LIMITS = (o.RateLimited, o.QuotaExhausted)
PASSING: tuple[type[o.Outcome], ...] = (
    o.Overloaded,
    o.ServerError,
    o.Unreachable,
    o.HeadersTimeout,
    o.Silent,
    o.Empty,
    o.Blank,
    o.Truncated,
    o.Malformed,
    o.ErrorInStream,
    o.Broken,
    o.Stalled,
    o.Drained,
)


class Setting(msgspec.Struct, frozen=True):
    """What the verdict takes from outside the history.

    `refusal` is the last attempt's answer, if it was not 2xx. `soonest`: seconds until an account is worth
    asking. `mend` names accounts that rest until a person mends them, `resting` all that cannot be asked.
    `troubled`: those that cannot be asked wait for their upstream's trouble to pass, not for a limit's end.
    `configured`: the route's upstreams have an account at all. `missing`: none of them has such a model.
    `model` is the one the client asked for, `near` what to say of others. `where` is the file to edit.
    """

    refusal: Refusal | None = None
    same_protocol: bool = True
    soonest: float | None = None
    mend: tuple[str, ...] = ()
    resting: tuple[str, ...] = ()
    troubled: bool = False
    configured: bool = True
    missing: bool = False
    model: str = ""
    near: str = ""
    where: str = "the configuration"


def verdict(history: History, setting: Setting) -> Fault:
    """Say what the client gets; never called on a history that holds an answer."""
    return next(fault for row in ROWS if (fault := row(history, setting)) is not None)


def broken_off(outcome: AnyOutcome) -> Fault:
    """Say that an answer of which the client has seen a part is not whole; of a kind that may be retried.

    One that no try could tell it is the request's own fault: it goes where the client cannot follow.
    """
    if outcome.type == o.UNSAYABLE:
        return Fault("invalid_request", outcome.message)
    said = ": ".join(part for part in (outcome.type, outcome.message) if part)
    return Fault("overloaded", f"the answer broke off and is not whole: {said or name_of(outcome)}")


def _own_bug(history: History, setting: Setting) -> Fault | None:
    met = any(isinstance(step.outcome, o.Internal) for step in history)
    return Fault("internal", "peekd met a bug of its own") if met else None


def _own_fault(history: History, setting: Setting) -> Fault | None:
    """The request's own fault passes through: agents shed features on it. One that was repaired is none."""
    outcome = history[-1].outcome
    if not isinstance(outcome, OWN_FAULT):
        return None
    return Fault(
        "too_large" if isinstance(outcome, o.TooLarge) else "invalid_request",
        outcome.message or "the upstream rejected the request",
        status=outcome.status if outcome.status != IN_STREAM_STATUS else None,
        should_retry=outcome.should_retry,
        quoted=bool(outcome.message) and outcome.type != o.UNSAYABLE,
        words=_words_of(setting),
        content_type=setting.refusal.content_type if setting.refusal else "application/json",
    )


def _shut_out(history: History, setting: Setting) -> Fault | None:
    """An account that is shut out for good ends the request: nobody else is asked, and the words say so."""
    last = history[-1]
    if not last.outcome.stop:
        return None
    words = last.outcome.message or name_of(last.outcome)
    message = f"{last.account} is shut out by its upstream: {words}; no other account was asked"
    return Fault("overloaded", f"{message} (peekd check --connect)", should_retry=False)


def _unconfigured(history: History, setting: Setting) -> Fault | None:
    if setting.configured:
        return None
    message = f"no account is configured for model {setting.model}: add one to {setting.where}"
    return Fault("overloaded", message, should_retry=False)


def _nobody_has_it(history: History, setting: Setting) -> Fault | None:
    asked = [step.outcome for step in history if not isinstance(step.outcome, o.NoAccount)]
    if not (setting.missing if not asked else all(isinstance(one, o.ModelNotFound) for one in asked)):
        return None
    message = f"model: {setting.model}: no account may serve it{setting.near}"
    return Fault("not_found", message, status=404, words=_words_of(setting))


def _passing(history: History, setting: Setting) -> Fault | None:
    passing = [step for step in history if isinstance(step.outcome, PASSING)]
    if not passing:
        return None
    words = f"no answer after {_tries(history)}; last: {_said(passing[-1])}"
    return _with_wait("overloaded", words, _worth_asking(history, setting))


def _worth_asking(history: History, setting: Setting) -> float:
    """Seconds until the first account is: what failed for a moment at once, if nothing else was asked for."""
    last = {step.account: step.outcome for step in history if step.account}
    waits = [outcome.retry_after or 1.0 for outcome in last.values() if isinstance(outcome, PASSING)]
    return min(waits, default=setting.soonest or 1.0)


def _troubled(history: History, setting: Setting) -> Fault | None:
    """Nobody was asked, since many accounts of the upstream had failed alike just before."""
    if not setting.troubled or setting.soonest is None or any(step.attempt for step in history):
        return None
    return _with_wait("overloaded", "the upstream fails for all its accounts", setting.soonest)


def _limits(history: History, setting: Setting) -> Fault | None:
    limited = [step.account for step in history if isinstance(step.outcome, LIMITS)]
    if not limited and setting.soonest is None:
        return None
    mend = _to_mend(history, setting)
    names = limited or [name for name in setting.resting if name not in mend] or ["resting"]
    message = f"all accounts are at their limits ({', '.join(dict.fromkeys(names))})"
    if mend:
        message += f"; to be mended by a person: {', '.join(mend)}"
    return _with_wait("rate_limit", message, setting.soonest or 1.0)


def _only_persons(history: History, setting: Setting) -> Fault:
    names = ", ".join(_to_mend(history, setting) or setting.resting) or "every account"
    message = f"no account can serve until a person mends it: {names} (peekd check --connect)"
    return Fault("overloaded", message, should_retry=False)


ROWS = (
    *(_own_bug, _own_fault, _shut_out, _unconfigured, _nobody_has_it),
    *(_passing, _troubled, _limits, _only_persons),
)
"""In order; the last always applies."""


def _words_of(setting: Setting) -> bytes:
    """The upstream's own body, where the client speaks its language."""
    return setting.refusal.words if setting.refusal is not None and setting.same_protocol else b""


def _with_wait(kind: ErrorKind, message: str, seconds: float) -> Fault:
    wait = max(1, math.ceil(seconds))
    fault = Fault(kind, f"{message}; try again in {wait} s", retry_after=wait)
    return msgspec.structs.replace(fault, should_retry=False) if wait > LONG_WAIT else fault


def _to_mend(history: History, setting: Setting) -> tuple[str, ...]:
    met = [step.account for step in history if isinstance(step.outcome, MENDED_BY_PERSONS)]
    return tuple(dict.fromkeys([*met, *setting.mend]))


def _tries(history: History) -> str:
    asked = [step for step in history if step.attempt]
    accounts = len({step.account for step in asked})
    return f"{len(asked)} attempt{'s' * (len(asked) != 1)} with {accounts} account{'s' * (accounts != 1)}"


def _said(step: Step) -> str:
    said = step.outcome.type or step.outcome.message
    return f"{name_of(step.outcome)}{f' ({said})' if said else ''} from {step.account or 'no account'}"
