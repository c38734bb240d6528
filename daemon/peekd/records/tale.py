"""A request told in sentences: who was asked, what came of it, what peekd did then, what the client got."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from peekd.records.advice import BLANK_ACCEPTED
from peekd.records.entries import ENDED, AttemptRecord, RequestRecord

CAME_TO: Final[Mapping[str, str]] = {
    "accepted": "{account} began to answer",
    "rate_limited": "{account} was asked too often and is limited",
    "quota_exhausted": "{account} has used up its share",
    "unauthorized": "{upstream} turned the credential of {account} away",
    "payment_required": "{account} has no credit left",
    "forbidden": "{account} may not do this",
    "validation_required": "the provider wants a person to confirm {account}",
    "model_not_found": "{account} has no such model at {upstream}",
    "rejected": "{upstream} refused the request itself",
    "too_large": "{upstream} takes no request of this size",
    "signature": "{upstream} did not accept the thoughts that the client sent back",
    "overloaded": "{upstream} was short of capacity",
    "server_error": "{upstream} broke",
    "unreachable": "{upstream} could not be reached",
    "headers_timeout": "{upstream} gave no status line in time",
    "silent": "{upstream} took the request and then said nothing in time",
    "empty": "{upstream} ended the answer before anything was said",
    "blank": "{upstream} ended the answer well, with nothing in it",
    "truncated": "{upstream} broke the answer off before its end",
    "malformed": "{upstream} sent what is no answer",
    "error_in_stream": "{upstream} reported an error inside the answer",
    "no_account": "no account could be asked",
    "completed": "{account} gave a whole answer",
    "broken": "{upstream} broke the answer off when part of it was shown",
    "stalled": "{upstream} fell silent when part of the answer was shown",
    "client_gone": "the client left",
    "superseded": "another attempt was quicker",
    "drained": "peekd stopped",
    "internal": "peekd met a bug of its own",
}
"""What became of an attempt, by its outcome."""

THEN: Final[Mapping[str, str]] = {
    "again": "peekd asked the same account once more",
    "refresh": "peekd fetched its credential anew",
    "rotate": "peekd turned to another account",
    "repair": "peekd sent it again without the replayed thoughts",
    "wait": "peekd waited until an account was back",
    "resume": "peekd let the answer go on from what was shown",
    "give_up": "peekd gave up",
    "relay": "peekd passed it on",
}
"""What peekd did about it, by its move."""


NOBODY_LEFT: Final = "peekd looked for another account, and none could be asked"


def tale(record: RequestRecord) -> str:
    """Give the story as running text."""
    return " ".join(_sentences(record))


def _sentences(record: RequestRecord) -> Iterator[str]:
    model = record.model or "no model in particular"
    yield f"A client asked for {model}{_mapped(record)}."
    if not record.attempts and record.state == "done":
        yield f"No account was asked{_why(record)}."
    for attempt in record.attempts:
        yield _attempt(attempt, record)
    yield _end(record)


def _why(record: RequestRecord) -> str:
    """Say why nobody was asked, where that lay with the accounts."""
    why = record.turns[-1].outcome.message if record.turns else ""
    return f" ({why})" if why else ""


def _mapped(record: RequestRecord) -> str:
    if record.mapped_model in {"", record.model}:
        return ""
    return f", which went out as {record.mapped_model}"


def _attempt(attempt: AttemptRecord, record: RequestRecord) -> str:
    who = {"account": attempt.account, "upstream": attempt.upstream}
    if not attempt.outcome:
        return f"{who['account']} at {who['upstream']} is being asked."
    ended_with_peekd = record.note == ENDED and attempt is record.attempts[-1]
    words = "peekd ended while it ran" if ended_with_peekd else CAME_TO.get(attempt.outcome, attempt.outcome)
    if record.note == BLANK_ACCEPTED and attempt is record.attempts[-1]:
        words = CAME_TO["blank"]
    seconds = "" if attempt.ended is None else f" ({_lasted(attempt.ended - attempt.started)})"
    status = f", status {attempt.status}" if attempt.status and attempt.outcome not in _GOOD else ""
    told = f"Attempt {attempt.number}, {who['account']} at {who['upstream']}: {words.format(**who)}{status}"
    then = NOBODY_LEFT if _in_vain(attempt, record) else THEN.get(attempt.move, "")
    if not then or attempt.outcome in _LAST or ended_with_peekd:
        return f"{told}{seconds}."
    pause = f", after a pause of {attempt.after:.1f} s" if attempt.after else ""
    return f"{told}{seconds}; {then}{pause}."


def _in_vain(attempt: AttemptRecord, record: RequestRecord) -> bool:
    """Whether another account was wanted after it, and none was asked."""
    return attempt.move == "rotate" and record.state == "done" and attempt is record.attempts[-1]


_GOOD: Final = frozenset({"accepted", "completed"})

_LAST: Final = _GOOD | {"superseded"}
"""Outcomes after which nothing is done for the request on account of this attempt."""


def _lasted(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"


def _end(record: RequestRecord) -> str:
    if record.state == "open":
        return "It is still under way."
    after = f" after {_lasted(record.seconds)}" if record.seconds is not None else ""
    first = record.first_meaning
    begun = f", its first word after {_lasted(first)}" if first is not None else ""
    match record.outcome:
        case "completed" if record.note == BLANK_ACCEPTED:
            return f"The client has the model's answer{after}: it is empty."
        case "completed":
            return f"The client has a whole answer{after}{begun}."
        case "client_gone":
            slow = f"; {record.note}" if record.note else ""
            return f"The client left{after}, before the answer was whole{slow}."
        case "internal" if record.note == ENDED:
            return "peekd ended, killed or crashed, before it was over: the connection was cut."
        case _:
            return f"The client {_told(record)}{after}."


def _told(record: RequestRecord) -> str:
    """Say how the client learnt that there is no answer, or no whole one."""
    if record.shown:
        return "has a part of the answer, and an error at its end"
    if record.stage:
        return "was told in the stream that there is no answer"
    return f"was told with status {record.status or '-'} that there is no answer"
