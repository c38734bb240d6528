"""What a person can do about a request: for `peekd explain`, the journal, whoever else tells of it."""

from __future__ import annotations

from collections.abc import Mapping

from peekd.records.entries import ENDED, AttemptRecord, RequestRecord
from peekd.vocabulary.outcomes import BUDGET_SPENT

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
    "signature": "start a new conversation: this one holds thoughts that {upstream} does not take back",
    "overloaded": "name a second upstream in the route: {upstream} is short of capacity",
    "server_error": "name a second upstream in the route: {upstream} is broken",
    "unreachable": "see whether {upstream} can be reached from here: `peekd check --connect`",
    "headers_timeout": "raise healing.headers_seconds for {upstream} if it is merely slow",
    "silent": "raise healing.peek_seconds for {upstream} if it thinks without a sign",
    "empty": "ask again in a moment; if it stays, name a second upstream in the route",
    "truncated": "ask again in a moment; if it stays, name a second upstream in the route",
    "malformed": "ask again; if it stays, another model may make better calls",
    "error_in_stream": "ask again in a moment; if it stays, name a second upstream in the route",
    "stalled": "raise healing.idle_seconds for {upstream} if it pauses that long",
    "broken": "ask again: {upstream} broke off in the middle, and what was shown could not be taken back",
    "blank": "say more in the prompt: the model twice had nothing to say",
    "no_account": "wait, or add an account; mend those that the message names",
    "drained": "ask again once peekd is back",
    "internal": "report it with this output: it is a bug in peekd",
}
"""What a person can do about the last outcome of a request that failed."""

A_PERSONS = frozenset({
    "unauthorized",
    "payment_required",
    "forbidden",
    "validation_required",
    "model_not_found",
})
"""Outcomes that come back until a person acts, whoever served the request in the end."""

AFTER_END = "ask again; `journalctl -u peekd` tells why peekd ended, if nobody stopped it"
_HURRIED = "raise healing.budget_seconds: little was left of it when {upstream} was asked"
_LEFT = (
    "nothing where a person stopped it; else it is the agent's: raise its own timeout, or "
    "server.write_stall_seconds where it reads slowly"
)
_HEALED = "nothing: peekd healed it"
_WELL = "nothing: the answer is whole"

BLANK_ACCEPTED = "blank_accepted"


_BY_OUTCOME = frozenset({"signature"})
"""Outcomes that say more of what can be done than what the client is told."""

_BY_NOTE: Mapping[str, str] = {ENDED: AFTER_END, BLANK_ACCEPTED: ADVICE["blank"]}


def advice(record: RequestRecord) -> str:
    """Say what a person can do, or that there is nothing to do; "" while the request is open."""
    if record.state == "open":
        return ""
    mend = [filled(ADVICE, one) for one in record.attempts if one.outcome in A_PERSONS]
    if record.note in _BY_NOTE:
        return _BY_NOTE[record.note]
    if record.outcome == "client_gone":
        return "; ".join(dict.fromkeys([_LEFT, *mend]))
    if record.failed:
        own = "" if record.outcome in _BY_OUTCOME else record.advice
        return "; ".join(dict.fromkeys(words for words in (own or _last(record), *mend) if words))
    if mend:
        return f"{_HEALED}. It will come again, so {'; '.join(dict.fromkeys(mend))}"
    return _HEALED if len(record.attempts) > 1 else _WELL


def _last(record: RequestRecord) -> str:
    if not record.attempts and record.outcome == "rejected":
        return "change the request as the message says"
    asked = _of_attempt(record.attempts[-1]) if record.attempts else ""
    return asked or filled(ADVICE, nobody(record))


def _of_attempt(attempt: AttemptRecord) -> str:
    if attempt.upstream_error.startswith(BUDGET_SPENT):
        return filled({attempt.outcome: _HURRIED}, attempt)
    return filled(ADVICE, attempt)


def nobody(record: RequestRecord) -> AttemptRecord:
    """The attempt that was not made, for sentences that name one."""
    return AttemptRecord(0, "the account", "the upstream", record.model, 0.0, outcome=record.outcome)


def filled(table: Mapping[str, str], attempt: AttemptRecord) -> str:
    """Give the words of a table for an attempt's outcome, with its names in them; "" for none."""
    words = table.get(attempt.outcome, "")
    names = {"account": attempt.account, "upstream": attempt.upstream, "model": attempt.model or "the model"}
    return words.format_map(names)
