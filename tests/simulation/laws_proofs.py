"""Laws on thought signatures: who gets which, and what a refusal of one costs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from simulation.heard import Json, read_json, table, tables
from simulation.transcripts import Case, Said

REFUSED = 400
CARRIER = b"peekd1."
STRICT = "strict"
"""How a refusal is labelled that is the request's doing; "signature" is one without cause."""
LACKING = b"is missing a thought_signature"
"""What Gemini says then."""

STAND_IN = b"skip_thought_signature_validator"

READ_BY = {"openai-chat": ("openai-chat", "gemini")}
"""Whose proofs a language has a place for, where that is not only its own. Chat's is Google's own field on a
call, and a Chat client's request goes to a Chat upstream with all its fields."""


def no_signature_refusal(case: Case) -> Iterator[str]:
    """A conversation that peekd gave is never refused for its signatures."""
    refused = [said.label for said in case.said if said.answer.status == REFUSED]
    if case.call.wish.talk and case.call.status == REFUSED and set(refused) == {STRICT}:
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
        if any(entry.outcome == "no_account" for _, entry in case.entries):
            continue  # there was a storm, and nobody could be asked
        after = next((attempt for attempt in attempts[number + 1 :] if not attempt.beside), None)
        if after is not None and after.account != repaired and not _was_wanted(case, repaired):
            yield f"repaired on {after.account}, refused by {repaired}"
    blamed = {blame.account for blame in case.blames if blame.cause == "signature"}
    if blamed:
        yield f"blamed for a signature: {blamed}"


def _was_wanted(case: Case, account: str) -> bool:
    """Whether others asked an account meanwhile: it may have been full, or out of quota."""
    own = {said.number for said in case.said}
    since = min((said.arrived_at for said in case.said if said.account == account), default=0.0)
    until = case.call.ended_at
    return any(
        other.account == account
        and other.number not in own
        and other.arrived_at <= until
        and (other.ended_at is None or other.ended_at >= since)
        for other in case.others
    )


def proofs_to_their_family(case: Case) -> Iterator[str]:
    """No upstream gets another family's proof, nor a carrier, nor (Claude) Gemini's stand-in."""
    for said in case.said:
        if CARRIER in said.sent:
            yield f"attempt {said.number}: {said.upstream} was sent a carrier"
        if STAND_IN in said.sent and not _asks_gemini(said):
            yield f"attempt {said.number}: {said.upstream} was sent Gemini's stand-in"
        for other in case.others:
            strange = other.language not in READ_BY.get(said.language, (said.language,))
            if other.proof and strange and other.proof.encode() in said.sent:
                yield f"attempt {said.number}: {said.upstream} was sent a proof of {other.upstream}"


def _asks_gemini(said: Said) -> bool:
    """Whether a Gemini is asked: in its own language, or by its name in Chat, which has a place for them."""
    named = str((read_json(said.sent) or {}).get("model", ""))
    return said.language == "gemini" or (said.language == "openai-chat" and "gemini" in named)


LONELY = b"cannot be `thinking`"
"""What Claude says of a turn that is a thought and nothing else."""


def nothing_forgotten(case: Case) -> Iterator[str]:
    """What is known is put to use: no refusal, and no stand-in, for what the store has or the client replays.

    Where the store lost nothing, and no upstream has refused any of it in this conversation: a refusal for
    want of a signature says nothing against those that were sent. A request that goes as it came is only
    mended after a refusal, where its client lost something, left an answer after its thoughts, or where
    models of another language, whose calls have no signature, spoke before.
    """
    call = case.call
    if not call.wish.talk or not case.intact:
        return
    for said in case.said:
        before = [one for one in case.others if one.talk == said.talk and one.number < said.number]
        if any(_is_signature(one) and not _lacked(one) for one in before):
            return
        mixed = call.wish.loses or any(one.language != said.language for one in before)
        mixed = mixed or LONELY in said.answer.body
        if said.label == STRICT and not (mixed and said.language == call.tongue):
            yield f"attempt {said.number}: {said.upstream} refused what was known: {said.answer.body[:200]!r}"
        yield from _needless(said, before)
        if said.language != call.tongue:
            yield from _not_put_back(said, before)


def _needless(said: Said, before: Sequence[Said]) -> Iterator[str]:
    """Find stand-ins on calls that a Gemini made in this conversation; what a call says tells which did."""
    made = {one.tag: one for one in before if one.language == "gemini" and one.proof}
    for call in _stood_in(said):
        for tag in _TAG.findall(str(call.get("args"))):
            if tag in made:
                yield f"attempt {said.number}: a stand-in for what {made[tag].upstream} signed as {tag}"


def _not_put_back(said: Said, before: Sequence[Said]) -> Iterator[str]:
    """Find calls that go back to the language that made them, and not with what proves them.

    OpenAI's proofs are not looked for: only the account that they were made for can read one.
    """
    for one in before:
        mine = one.language == said.language and one.language in _FOR_ALL_ACCOUNTS
        if (
            one.proof
            and mine
            and f"echo {one.tag}".encode() in said.sent
            and one.proof.encode() not in said.sent
        ):
            yield f"attempt {said.number}: a call of {one.tag} without what {one.upstream} signed"


_FOR_ALL_ACCOUNTS = frozenset({"anthropic", "gemini"})
_TAG = re.compile(r"t\d+x")


def _stood_in(said: Said) -> Iterator[Json]:
    if said.language != "gemini" or STAND_IN not in said.sent:
        return
    body = read_json(said.sent) or {}
    for content in tables(table(body.get("request") or body).get("contents")):
        for part in tables(content.get("parts")):
            if part.get("thoughtSignature") == STAND_IN.decode():
                yield table(part.get("functionCall"))


def _is_signature(said: Said) -> bool:
    """Whether an upstream refused this for its signatures, with or without cause."""
    return said.label == STRICT or said.label.startswith("signature")


def _lacked(said: Said) -> bool:
    """Whether this was refused because a signature is not there."""
    return LACKING in said.answer.body


def refused_goes_no_more(case: Case) -> Iterator[str]:
    """After a refusal for signatures, but for want of one, none that was sent goes again in this request."""
    refused: set[bytes] = set()
    for said in case.said:
        again = sum(proof in said.sent for proof in refused)
        if again:
            yield f"attempt {said.number}: {again} refused proofs were sent again"
        if said.label in {STRICT, "signature"} and not _lacked(
            said
        ):  # twisted, it may be no refusal to whoever reads it
            proofs = (other.proof.encode() for other in case.others if other.proof)
            refused |= {proof for proof in proofs if proof in said.sent}


def no_shared_signatures(case: Case) -> Iterator[str]:
    """A proof is only ever sent in the conversation that it came from."""
    for said in case.said:
        for other in case.others:
            if other.proof and other.talk != said.talk and other.proof.encode() in said.sent:
                yield f"attempt {said.number} of {said.talk} was sent a proof of {other.talk}"
