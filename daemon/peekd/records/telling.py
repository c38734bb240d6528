"""One request in two sentences: why it did not go straight through, and what peekd did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from peekd.records.advice import BLANK_ACCEPTED, filled, nobody
from peekd.records.entries import RequestRecord

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

_NOTES: Mapping[str, str] = {
    BLANK_ACCEPTED: "the model twice ended its turn without a word, so that is its answer",
    "last_frame_supplied": "the upstream left out the last frame, which peekd supplied",
}


def cause(record: RequestRecord) -> str:
    """Say why a request did not go straight through; "" where it did."""
    told = [filled(CAUSES, attempt) for attempt in record.attempts]
    if record.outcome == "client_gone":
        told.append(CAUSES["client_gone"])
    if not record.attempts:
        told.append(WITHOUT_ATTEMPT.get(record.outcome) or filled(CAUSES, nobody(record)))
    told.append(_NOTES.get(record.note, ""))
    return "; ".join(dict.fromkeys(words for words in told if words))


def action(record: RequestRecord) -> str:
    """Say what peekd did, step by step."""
    return ", then ".join([*_tried(record), *_ended(record)])


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
