"""Laws on how a request is carried out: when things come, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from string import digits

from simulation.tokens import failed
from simulation.transcripts import LAG, OK, Call, Case, Said, finished

GONE_SECONDS = 0.1
SHUT_OUT = b"organization has been disabled"
SHORT = 8.0
"""Seconds after which a bad connection may still come to be noticed."""

SLOW = 1.5
"""Seconds from which an answer on a bad line may pass a deadline."""

OWN_FAULTS = frozenset({400, 413, 422})
OWN_WORDS = frozenset({"400", "413", "422", "signature", "strict"})
CHEAP = frozenset({400, 401, 402, 403, 404, 413, 422, 429})

# ---- when it comes -------------------------------------------------------------------------------


def no_silence(case: Case) -> Iterator[str]:
    """A streaming client that reads waits for no byte longer than it was promised."""
    call, healing = case.call, case.rules.healing
    if not (call.wish.stream and call.errand == "converse" and call.prompt and call.asked_at is not None):
        return
    if call.end not in {"whole", "left"} or call.disturbed:
        return
    if call.status == OK:
        first = call.head_at - max(call.began, call.asked_at)
        if first > healing.early_commit_seconds + LAG:
            yield f"{first:.2f} s to the first byte"
        times = [call.head_at, *(at for at, _ in call.pieces), call.ended_at]
        longest = max(later - earlier for earlier, later in pairwise(times))
        if longest > healing.ping_seconds + LAG:
            yield f"{longest:.2f} s of silence"


def over_in_time(case: Case) -> Iterator[str]:
    """Nothing outlives its deadlines: the budget, or what the last word of an attempt leaves."""
    call, healing, server = case.call, case.rules.healing, case.rules.server
    if call.end == "gave up":
        yield "the client waited for ever"
        return
    if call.asked_at is None or not call.prompt or call.end != "whole":
        return
    slack = healing.reasoning_seconds + LAG
    meanings = [max(said.meant_at or said.arrived_at, said.last_at) for said in case.said]
    served = max(call.asked_at, call.began)  # what was asked ahead waits until the first is served
    last = max([served + healing.budget_seconds, *meanings])
    if call.ended_at > last + slack + server.write_stall_seconds:
        yield f"over {call.ended_at - last:.1f} s after the last sign of life and its budget"


def peek_is_absolute(case: Case) -> Iterator[str]:
    """An attempt that shows no progress is left at the peek deadline, whatever pings it sends."""
    healing = case.rules.healing
    for said in case.said:
        ended = said.ended_at
        progressed = said.meant_at is not None or said.heard.means or said.heard.progress
        if ended is None or not said.streams or progressed:
            continue
        limit = max(healing.peek_seconds, healing.headers_seconds) + healing.send_seconds
        if not said.pieces and not case.call.wish.padding:
            limit = max(healing.headers_seconds, healing.peek_seconds)
        elif said.pieces and not case.call.wish.padding and said.pieces[0][1].startswith(b"HTTP/1.1 200"):
            limit = healing.peek_seconds
        if ended - said.arrived_at > limit + 2 * LAG and said.left_at is not None:
            yield f"attempt {said.number} ({said.label}) said nothing for {ended - said.arrived_at:.1f} s"


def leaves_with_client(case: Case) -> Iterator[str]:
    """Within 100 ms of the client's leaving every attempt of the request is closed."""
    left = case.call.left_at
    ahead = "pipelines" in case.call.manner and case.call.wish.padding  # not read while the first is served
    if left is None or case.call.disturbed or ahead:
        return
    for said in case.said:
        if (said.ended_at or float("inf")) > left + GONE_SECONDS and not _was_over(case.call, said, left):
            yield f"attempt {said.number} ({said.label}) went on for {(said.ended_at or 1e9) - left:.2f} s"


def _was_over(call: Call, said: Said, left: float) -> bool:
    """Whether the client had its end when it went: what an upstream says after that is nobody's business."""
    return bool(call.heard.ends or call.heard.error)


# ---- what it costs -------------------------------------------------------------------------------


def within_limits(case: Case) -> Iterator[str]:
    """A request spends its attempts and accounts, no more, and begins none after its budget."""
    call, healing = case.call, case.rules.healing
    if call.errand != "converse":
        return
    accounts, spent = set[str](), 0
    for said in case.said:
        refused = said.answer.status in CHEAP
        spent += not refused or said.account in accounts
        accounts.add(said.account)
    repaired = any(attempt.move == "repair" for attempt in case.record.attempts) if case.record else False
    if spent > healing.max_attempts + _unfolded(case) + repaired:
        yield f"{spent} attempts, {healing.max_attempts} allowed"
    if len(accounts) > healing.max_accounts:
        yield f"{len(accounts)} accounts, {healing.max_accounts} allowed"
    begun = case.said[-1].arrived_at if case.said else 0.0
    if (
        call.asked_at is not None
        and call.prompt
        and begun > max(call.asked_at, call.began) + healing.budget_seconds + healing.connect_seconds + LAG
    ):
        yield f"an attempt was begun {begun - call.asked_at:.1f} s after it was asked"


def one_tree(case: Case) -> Iterator[str]:
    """A request is served under one configuration: the accounts, upstreams and models of the one it met."""
    rules, attempts = case.rules, case.record.attempts if case.record else []
    for attempt in attempts:
        if attempt.account not in rules.accounts:
            yield f"{attempt.account} is none of {', '.join(rules.accounts)}"
        if (attempt.upstream, attempt.model) not in rules.goals:
            yield f"{attempt.upstream}/{attempt.model} is where no route of its led"


def _unfolded(case: Case) -> int:
    """A stream that could not be folded is asked for once more, and is no failure of anybody's."""
    return (
        sum("unfoldable" in attempt.upstream_error for attempt in case.record.attempts) if case.record else 0
    )


def own_fault_at_once(case: Case) -> Iterator[str]:
    """A request's own fault is told at once: no other account is asked."""
    for number, said in enumerate(case.said):
        plain = (
            said.label in {"400", "413", "422"} and said.answer.status in OWN_FAULTS and said.answer.complete
        )
        after = [later for later in case.said[number + 1 :] if later.arrived_at > (said.ended_at or 0) + LAG]
        if plain and after:
            yield f"{said.label} by attempt {said.number}, and {len(after)} more were made"
        if plain and finished(case.call) and case.call.status in {429, 503}:
            yield f"upstream said {said.label}, the client was told {case.call.status}"


def blame_is_earned(case: Case) -> Iterator[str]:
    """An account rests only where its upstream failed it just then: no client, no request is its fault."""
    for blame in case.blames:
        unminted = failed(case.mintings, blame.account, blame.since)
        if not unminted and not any(_earned(blame.account, blame.since, said) for said in case.others):
            upstream = blame.account.rstrip(digits)
            if not any(name == upstream and abs(at - blame.since) < SHORT for at, name in case.bad_lines):
                why = f"{blame.cause}, since {blame.since:.2f}"
                yield f"{blame.account} rests ({why}), and nothing went wrong there"


def _earned(account: str, since: float, said: Said) -> bool:
    innocent = said.answer.status in OWN_FAULTS and said.fault.split()[0] in OWN_WORDS
    bad = bool(said.fault) and not innocent
    ended = said.ended_at
    return (
        said.account == account
        and said.arrived_at <= since + LAG
        and (ended is None or since <= ended + 2.5)
        and (bad or _slow(said, since))
    )


def _slow(said: Said, since: float) -> bool:
    """Whether an answer that was well took so long that a deadline may have passed."""
    return since - said.arrived_at > SLOW


def nobody_idles(case: Case) -> Iterator[str]:
    """Within its limits no request fails for lack of an account while a healthy one idles."""
    call, healing = case.call, case.rules.healing
    if call.errand != "converse" or call.status not in {429, 503} or not case.idle or call.disturbed:
        return
    record = case.record
    if record is None or record.outcome in {"rejected", "too_large", "drained", "signature"}:
        return
    if any(SHUT_OUT in said.answer.body for said in case.said):
        return  # others are spared what befell that account
    attempts = len(record.attempts)
    accounts = len({attempt.account for attempt in record.attempts})
    late = (record.seconds or 0) + 3 >= healing.budget_seconds
    if attempts < healing.max_attempts and accounts < healing.max_accounts and not late:
        yield f"{call.status} after {attempts} attempts, while {', '.join(case.idle)} had nothing to do"
