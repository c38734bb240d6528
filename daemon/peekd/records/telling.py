"""One request in a few sentences: the cause, what peekd did, what a person can do. Words from a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.records.live import failed

CAUSES: Mapping[str, str] = {
    "rate_limited": "{account} was asked too fast for {upstream}",
    "quota_exhausted": "{account} has used up its quota at {upstream}",
    "unauthorized": "{upstream} refused the credential of {account}",
    "payment_required": "{account} has no credit left at {upstream}",
    "forbidden": "{account} may not use {model} at {upstream}",
    "validation_required": "{upstream} wants a person to confirm {account}",
    "model_not_found": "{upstream} has no {model} for {account}",
    "rejected": "{upstream} finds the request itself at fault",
    "too_large": "the request is larger than {upstream} takes",
    "signature": "{upstream} refused a thought signature of an earlier turn",
    "overloaded": "{upstream} is short of capacity",
    "server_error": "{upstream} broke by itself",
    "unreachable": "{upstream} could not be reached",
    "headers_timeout": "{upstream} took the request and gave no status line in time",
    "silent": "{upstream} gave a 200 and then nothing of meaning in time",
    "empty": "{upstream} gave a 200 and ended it without a word",
    "blank": "the model ended its turn without a word",
    "truncated": "the stream of {upstream} ended too early",
    "malformed": "{upstream} sent a tool call or a body that cannot be used",
    "error_in_stream": "{upstream} gave a 200 and then an error, before any word",
    "broken": "the stream of {upstream} broke after the client had seen words",
    "stalled": "the stream of {upstream} fell silent after the client had seen words",
    "superseded": "another attempt of this request was quicker",
    "client_gone": "the client closed the connection, or stopped reading",
    "drained": "peekd was being stopped",
    "internal": "peekd met a bug of its own",
}
"""What an attempt's outcome says, where it is no success."""

WITHOUT_ATTEMPT: Mapping[str, str] = {
    "no_account": "no account could be asked: all that could serve rest, are disabled, or are missing",
    "rejected": "the request cannot be served as it is",
}
"""What a request's outcome says where no upstream was asked."""

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

PERSONS = frozenset({
    "unauthorized",
    "payment_required",
    "forbidden",
    "validation_required",
    "model_not_found",
})
"""Outcomes that come back until a person acts, whoever served the request in the end."""

_LEFT = (
    "nothing where a person stopped it; else it is the agent's: raise its own timeout, or "
    "server.write_stall_seconds where it reads slowly"
)
_HEALED = "nothing: peekd healed it"
_WELL = "nothing: the answer is whole"

BLANK_ACCEPTED = "blank_accepted"
_NOTES: Mapping[str, str] = {
    BLANK_ACCEPTED: "the model twice ended its turn without a word, so that is its answer",
    "last_frame_supplied": "the upstream left out the last frame, which peekd supplied",
}


def cause(record: RequestRecord) -> str:
    """Say why a request did not go straight through; "" where it did."""
    told = [_of(CAUSES, attempt) for attempt in record.attempts]
    if record.outcome == "client_gone":
        told.append(CAUSES["client_gone"])
    if not record.attempts:
        told.append(WITHOUT_ATTEMPT.get(record.outcome) or _of(CAUSES, _nobody(record)))
    told.append(_NOTES.get(record.note, ""))
    return "; ".join(dict.fromkeys(words for words in told if words))


def action(record: RequestRecord) -> str:
    """Say what peekd did, step by step."""
    return ", then ".join([*_tried(record), *_ended(record)])


def advice(record: RequestRecord) -> str:
    """Say what a person can do, or that there is nothing to do; "" while the request is open."""
    if record.state == "open":
        return ""
    mend = [_of(ADVICE, one) for one in record.attempts if one.outcome in PERSONS]
    if record.note == BLANK_ACCEPTED:
        return ADVICE["blank"]
    if record.outcome == "client_gone":
        return "; ".join(dict.fromkeys([_LEFT, *mend]))
    if failed(record):
        return "; ".join(dict.fromkeys(words for words in (record.advice or _last(record), *mend) if words))
    if mend:
        return f"{_HEALED}. It will come again, so {'; '.join(dict.fromkeys(mend))}"
    return _HEALED if len(record.attempts) > 1 else _WELL


def _last(record: RequestRecord) -> str:
    if not record.attempts and record.outcome == "rejected":
        return "change the request as the message says"
    asked = _of(ADVICE, record.attempts[-1]) if record.attempts else ""
    return asked or _of(ADVICE, _nobody(record))


def _nobody(record: RequestRecord) -> AttemptRecord:
    """The attempt that was not made, for sentences that name one."""
    return AttemptRecord(0, "the account", "the upstream", record.model, 0.0, outcome=record.outcome)


def _of(table: Mapping[str, str], attempt: AttemptRecord) -> str:
    words = table.get(attempt.outcome, "")
    names = {"account": attempt.account, "upstream": attempt.upstream, "model": attempt.model or "the model"}
    return words.format_map(names)


_AGAIN: Mapping[str, str] = {
    "again": "asked {account} again",
    "refresh": "fetched the credential of {account} anew and asked again",
    "repair": "asked {account} again without the thoughts of earlier turns",
}
"""What is done between two attempts with one account; any other move came round to it after a wait."""

_WORTH_TELLING = 1.0
"""Seconds: a shorter pause is no wait to a person."""


def _tried(record: RequestRecord) -> Iterator[str]:
    if not record.attempts:
        yield "asked no upstream"
        return
    yield f"asked {record.attempts[0].account}"
    for before, now in pairwise(record.attempts):
        gap = now.started - (now.started if before.ended is None else before.ended)
        waited = f"waited {gap:.0f} s and " if gap >= _WORTH_TELLING else ""
        if now.account != before.account:
            yield f"{waited}went on to {now.account}"
        else:
            yield waited + _AGAIN.get(before.move, "asked {account} again").format(account=now.account)


def _ended(record: RequestRecord) -> Iterator[str]:
    if record.state == "open":
        return
    if record.outcome == "completed":
        yield "passed the answer on"
    elif record.outcome == "client_gone":
        yield "closed the upstream and blamed nobody"
    elif record.status == _OK:
        yield "ended the stream with an error, so that nobody takes it for whole"
    else:
        yield f"told the client {record.status}"


_OK = 200
