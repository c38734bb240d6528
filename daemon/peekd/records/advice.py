"""What a person can do about a request: for `peekd explain` and the monitor. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from peekd.records.entries import ENDED, RequestRecord

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

A_PERSONS: frozenset[str] = frozenset({
    "unauthorized", "payment_required", "forbidden", "validation_required", "model_not_found",
})  # fmt: skip
"""What peekd can work around and only a person can mend."""

AFTER_END = "ask again; `journalctl -u peekd` tells why peekd ended, if nobody stopped it"
NOTHING = "nothing: all is well"
"""Where there is nothing to do."""


def advice(record: RequestRecord) -> str:
    """Say what a person can do; "" where nothing is to be done."""
    if record.advice:
        return record.advice
    if record.note == ENDED:
        return AFTER_END
    last = next((one for one in reversed(record.attempts) if record.failed or one.outcome in A_PERSONS), None)
    words = ADVICE.get(last.outcome, "") if last else ""
    return words.format(account=last.account, upstream=last.upstream, model=last.model) if last else words
