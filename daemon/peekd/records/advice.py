"""What a person can do about a request that failed: for `peekd explain` and the monitor. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from peekd.records.entries import RequestRecord

ADVICE: Mapping[str, str] = {
    "rate_limited": "add an account, or ask less often: {account} is at its limit",
    "quota_exhausted": "add an account, or wait: {account} has used up its share",
    "unauthorized": "renew the credential of {account}; `peekd check` shows where it is read from",
    "payment_required": "add credit to {account}",
    "forbidden": "let {account} use {model} at {upstream}, or leave {model} out of its `models`",
    "validation_required": "confirm {account} with its provider",
    "model_not_found": "correct the route: {upstream} has no {model} for {account}",
    "rejected": "change the request: every account would say the same",
    "too_large": "make the request smaller: {upstream} does not take it",
    "overloaded": "name a second upstream in the route: {upstream} is short of capacity",
    "server_error": "name a second upstream in the route: {upstream} is broken",
    "unreachable": "see whether {upstream} can be reached from here: `peekd check --connect`",
    "headers_timeout": "raise healing.headers_seconds for {upstream} if it is merely slow",
    "silent": "raise healing.peek_seconds for {upstream} if it thinks without a sign",
    "stalled": "raise healing.idle_seconds for {upstream} if it pauses that long",
    "broken": "ask again: {upstream} broke off in the middle, and what was shown could not be taken back",
    "internal": "report it with this output: it is a bug in peekd",
}
"""What a person can do about a last outcome, where the record has no advice of its own."""


def advice(record: RequestRecord) -> str:
    """Say what a person can do; "" where nothing is to be done."""
    if record.advice or not record.failed:
        return record.advice
    last = record.attempts[-1] if record.attempts else None
    words = ADVICE.get(last.outcome, "") if last else ""
    return words.format(account=last.account, upstream=last.upstream, model=last.model) if last else words
