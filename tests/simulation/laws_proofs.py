"""Laws on thought signatures: who gets which, and what a refusal of one costs."""

from __future__ import annotations

from collections.abc import Iterator

from simulation.transcripts import Case

REFUSED = 400
CARRIER = b"peekd1."
STAND_IN = b"skip_thought_signature_validator"

READ_BY = {"openai-chat": ("openai-chat", "gemini")}
"""Whose proofs a language has a place for, where that is not only its own. Chat's is Google's own field on a
call, and a Chat client's request goes to a Chat upstream with all its fields."""


def no_signature_refusal(case: Case) -> Iterator[str]:
    """A conversation that peekd gave is never refused for its signatures."""
    refused = [said.label for said in case.said if said.answer.status == REFUSED]
    if case.call.wish.talk and case.call.status == REFUSED and set(refused) == {"strict"}:
        words = case.said[-1].answer.body[:200]
        yield f"refused for its signatures, after {len(refused)} attempts: {words!r}"


def one_repair(case: Case) -> Iterator[str]:
    """A request is repaired once at most, on the same account, and that account is not blamed for it."""
    attempts = case.record.attempts if case.record else []
    repairs = [number for number, attempt in enumerate(attempts) if attempt.move == "repair"]
    if len(repairs) > 1:
        yield f"{len(repairs)} repairs"
    for number in repairs:
        repaired = attempts[number].account
        if repaired in case.rules.limited:
            continue  # it may have had its share meanwhile
        if number + 1 < len(attempts) and attempts[number + 1].account != repaired:
            yield f"repaired on {attempts[number + 1].account}, refused by {repaired}"
    blamed = {blame.account for blame in case.blames if blame.cause == "signature"}
    if blamed:
        yield f"blamed for a signature: {blamed}"


def proofs_to_their_family(case: Case) -> Iterator[str]:
    """No upstream gets another family's proof, nor a carrier, nor (Claude) Gemini's stand-in."""
    for said in case.said:
        if CARRIER in said.sent:
            yield f"attempt {said.number}: {said.upstream} was sent a carrier"
        if said.language != "gemini" and STAND_IN in said.sent:
            yield f"attempt {said.number}: {said.upstream} was sent Gemini's stand-in"
        for other in case.others:
            strange = other.language not in READ_BY.get(said.language, (said.language,))
            if other.proof and strange and other.proof.encode() in said.sent:
                yield f"attempt {said.number}: {said.upstream} was sent a proof of {other.upstream}"


def no_shared_signatures(case: Case) -> Iterator[str]:
    """A proof is only ever sent in the conversation that it came from."""
    for said in case.said:
        for other in case.others:
            if other.proof and other.talk != said.talk and other.proof.encode() in said.sent:
                yield f"attempt {said.number} of {said.talk} was sent a proof of {other.talk}"
