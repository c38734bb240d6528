"""Putting back what a client lost, signatures and the thoughts they prove, where provenance shows the place.

A step is put back into a turn only where the turn says the same: the same calls by id, name and arguments, or
without ids the same content; of several that would fit, the one at the same place in the conversation, and of
branches that say the same there, the last one with the same words before it; else none. Only proofs of the
family that is to be asked; nothing of anybody else's is ever changed into its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from peekd.signatures.memory import Memory
from peekd.signatures.proofs import TIED_TO_ACCOUNTS
from peekd.signatures.steps import Piece, Step, calls_of, digest_of_turns, shape, words_of
from peekd.vocabulary.conversation import (
    SIGNABLE,
    THOUGHTS,
    Conversation,
    Family,
    Part,
    RedactedThinking,
    Text,
    Thinking,
    ToolCall,
    Turn,
)

_PROVED: Final = (Thinking, RedactedThinking, Text, ToolCall)
_REPLAYED: Final[frozenset[Family]] = frozenset({"anthropic", "openai"})
"""Families that are given thoughts of earlier turns; Gemini wants the signatures on calls and words alone."""


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """Whose signatures are wanted back. `account`: who is to be asked. `thoughts`: whether they are, too.

    `guessed`: the client named no session, so one of the same name may be another conversation that began
    alike: two steps that say the same are then never taken for branches of one.
    """

    session: str
    family: Family
    account: str = ""
    thoughts: bool = True
    guessed: bool = False


class Restored(msgspec.Struct, frozen=True, gc=False):
    """A conversation with what was lost put back, the steps that it came from, and what it was, by name."""

    conversation: Conversation
    steps: tuple[Step, ...] = ()
    names: tuple[str, ...] = ()


def restore(conversation: Conversation, memory: Memory, wanted: Wanted, now: float) -> Restored:
    """Put back what provenance proves; a conversation in which nothing is missing is given as it is."""
    if not memory.knows(wanted.session):
        return Restored(conversation)
    turns: list[Turn] = []
    steps: list[Step] = []
    names: dict[str, None] = {}
    number = 0
    for at, turn in enumerate(conversation.turns):
        place = _Place(number, at, conversation.turns)
        step = _find(turn, memory, wanted, place, now) if turn.role == "assistant" else None
        whole = _put_back(turn, step, wanted) if step is not None else turn
        if step is not None and whole.parts != turn.parts:
            steps.append(step)
            names |= dict.fromkeys(_told(turn, whole))
        turns.append(whole)
        number += turn.role == "assistant"
    if not steps:
        return Restored(conversation)
    return Restored(msgspec.structs.replace(conversation, turns=tuple(turns)), tuple(steps), tuple(names))


def attributed(conversation: Conversation, memory: Memory, now: float) -> Conversation:
    """Give each proof to the family that is known to have made it, whatever its place says."""
    turns = tuple([_changed(turn, lambda part: _given(part, memory, now)) for turn in conversation.turns])
    return msgspec.structs.replace(conversation, turns=turns) if turns != conversation.turns else conversation


def without_short(conversation: Conversation, least: int) -> Conversation:
    """Give the conversation without what is too short to be a proof, and with a word on that in its list."""
    turns = tuple([_changed(turn, lambda part: _long(part, least)) for turn in conversation.turns])
    if turns == conversation.turns:
        return conversation
    dropped = (*conversation.dropped, "signature that is too short")
    return msgspec.structs.replace(conversation, turns=turns, dropped=dropped)


def proofs_of(conversation: Conversation) -> Iterator[str]:
    """Give every proof in a conversation."""
    for turn in conversation.turns:
        yield from (proof for part in turn.parts if (proof := proof_of(part)))


def proof_and_family(part: Part) -> Iterator[tuple[str, Family]]:
    """Give a part's proof and whose it is, if it has one."""
    match part:
        case Thinking(family=family) | RedactedThinking(family=family) if proof_of(part):
            yield proof_of(part), family
        case Text(family=family) | ToolCall(family=family) if proof_of(part):
            yield proof_of(part), family
        case _:
            pass


def proof_of(part: Part) -> str:
    """Give the proof of a part, "" where it has none."""
    if isinstance(part, SIGNABLE):
        return part.signature
    return part.data if isinstance(part, RedactedThinking) else ""


def is_signed(turn: Turn) -> bool:
    """Tell a turn that replays a proof; nothing is to be learned of any other."""
    return any(map(proof_of, turn.parts))


def call_proofs(conversation: Conversation, family: Family) -> tuple[str, ...]:
    """Give the proofs on the calls, in their order, "" for one that has none of this family."""
    calls = (part for turn in conversation.turns for part in turn.parts if isinstance(part, ToolCall))
    return tuple(call.signature if call.family == family else "" for call in calls)


def number_of_steps(conversation: Conversation) -> int:
    """How many steps a conversation has: the number of the next one."""
    return sum(turn.role == "assistant" for turn in conversation.turns)


# ---- finding --------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """Where a turn stands: how many steps are before it, and how many turns, of all."""

    number: int
    at: int
    turns: tuple[Turn, ...]


def _find(turn: Turn, memory: Memory, wanted: Wanted, place: _Place, now: float) -> Step | None:
    """Give the step that this turn is, if it is known and of use."""
    calls = calls_of(turn)
    found = memory.by_call(wanted.session, calls[0].tool, now) if calls else ()
    fits = [step for step in found if _same_calls(step, calls) and _usable(step, wanted)]
    if fits:
        return max(fits, key=lambda step: len(step.proofs))
    content = shape(calls) if calls else words_of(turn)
    alike = memory.by_content(wanted.session, content, now) if content else ()
    fits = [step for step in alike if _usable(step, wanted) and not _other_ids(step, calls)]
    if len(fits) > 1:
        there = {step.key for step in memory.by_number(wanted.session, place.number, now)}
        fits = [step for step in fits if step.key in there]
    if len(fits) > 1 and not wanted.guessed:
        fits = _of_this_branch(fits, digest_of_turns(place.turns[: place.at]))
    return fits[0] if len(fits) == 1 else None


def _of_this_branch(alike: list[Step], before: str) -> list[Step]:
    """Give the last one that was said after the same words: the client has it, unless it went back twice."""
    same = [step for step in alike if step.origin.before == before]
    return [max(same, key=lambda step: step.learned)] if same else alike


def _same_calls(step: Step, calls: list[Piece]) -> bool:
    return [(one.tool, one.content) for one in step.calls] == [(one.tool, one.content) for one in calls]


def _other_ids(step: Step, calls: list[Piece]) -> bool:
    """Whether the turn's calls have ids that the step is known not to have: then it is another's."""
    pairs = zip(step.calls, calls, strict=False)
    return any(own.tool and not _is_made_up(call.tool) and own.tool != call.tool for own, call in pairs)


def _is_made_up(tool: str) -> bool:
    """Whether an id was made up by place, for a client that has none (see `protocols.gemini.calls`)."""
    return not tool or (tool.startswith("call_") and tool.removeprefix("call_").isdecimal())


def _usable(step: Step, wanted: Wanted) -> bool:
    own = step.origin.account == wanted.account or step.origin.family not in TIED_TO_ACCOUNTS
    return step.origin.family == wanted.family and own


# ---- putting back ---------------------------------------------------------------------------------


def _put_back(turn: Turn, step: Step, wanted: Wanted) -> Turn:
    """Weave a step's proofs into the turn that says the same.

    Thoughts stay as the client has them, if it has any that are proved; those without a proof give way.
    """
    family = wanted.family
    has = any(isinstance(part, THOUGHTS) and part.family == family for part in turn.parts)
    thoughts = wanted.thoughts and not has and family in _REPLAYED
    signed = {proof_of(part) for part in turn.parts}
    rest = [part for part in turn.parts if has or not isinstance(part, Thinking)]
    woven: list[Part] = []
    for piece in step.pieces:
        match piece.kind:
            case "words":
                woven += _take_words(rest)
            case "call":
                woven += _take_call(rest, piece, family)
            case "text":
                woven += [_part(piece, family)] if piece.proof not in signed else []
            case _:
                woven += [_part(piece, family)] if thoughts else []
    return msgspec.structs.replace(turn, parts=(*woven, *rest))


def _take_words(rest: list[Part]) -> Iterable[Part]:
    """Take the words that stand first."""
    taken: list[Part] = []
    while rest and isinstance(rest[0], Text | Thinking | RedactedThinking):
        taken.append(rest.pop(0))
        if isinstance(taken[-1], Text):
            break
    return taken


def _take_call(rest: list[Part], piece: Piece, family: Family) -> Iterable[Part]:
    """Take all up to the next call, with that call's proof where it has none."""
    taken: list[Part] = []
    while rest:
        part = rest.pop(0)
        if isinstance(part, ToolCall):
            if piece.proof and not (part.signature and part.family == family):
                part = msgspec.structs.replace(part, signature=piece.proof, family=family)
            taken.append(part)
            break
        taken.append(part)
    return taken


def _part(piece: Piece, family: Family) -> Part:
    match piece.kind:
        case "redacted":
            return RedactedThinking(piece.proof, family)
        case "text":
            return Text("", piece.proof, family)
        case _:
            return Thinking(piece.text, piece.proof, family)


def _told(before: Turn, after: Turn) -> Iterator[str]:
    """Name what came back."""
    had = {proof_of(part) for part in before.parts}
    for part in after.parts:
        if proof_of(part) and proof_of(part) not in had:
            yield "thinking" if isinstance(part, Thinking | RedactedThinking) else "signature"


def _changed(turn: Turn, change: Callable[[Part], Part | None]) -> Turn:
    """Change the parts that hold a proof; None leaves one out."""
    if turn.role != "assistant" or not is_signed(turn):
        return turn
    parts = tuple(made for part in turn.parts if (made := change(part)) is not None)
    return msgspec.structs.replace(turn, parts=parts) if parts != turn.parts else turn


def _long(part: Part, least: int) -> Part | None:
    proof = proof_of(part)
    if not proof or len(proof) >= least:
        return part
    if isinstance(part, Thinking | Text | ToolCall):
        return msgspec.structs.replace(part, signature="", family="")
    return None


def _given(part: Part, memory: Memory, now: float) -> Part:
    proof = proof_of(part)
    known = memory.maker(proof, now) if proof else ""
    if not known or not isinstance(part, _PROVED) or part.family == known:
        return part
    return msgspec.structs.replace(part, family=known)
