"""A proof is known as given only where an answer of the same conversation had it on the same words."""

from __future__ import annotations

import msgspec
from steps_told import NOW, SESSION, assistant, call, called, conversation, proof, step, user

from peekd.signatures.memory import Memory
from peekd.signatures.proofs import proof_digest
from peekd.signatures.settings import SignatureSettings
from peekd.signatures.steps import Piece, Step, digest
from peekd.signatures.witness import strangers
from peekd.vocabulary.conversation import Conversation, Text, ToolCall

WHERE = step(call("", "sig", x=1), Piece("text", digest(""), proof("end")), family="gemini")
SIGNED = ToolCall("call_1", "f", {"x": 1}, proof("sig"), "gemini")


def strange(asked: Conversation, known: Step, session: str = SESSION) -> frozenset[str]:
    memory = Memory(SignatureSettings())
    memory.learn(known, NOW)
    return strangers(asked, memory, session, NOW)


def test_what_an_answer_of_the_conversation_came_with_is_no_stranger() -> None:
    asked = conversation(user(), assistant(SIGNED, Text("", proof("end"), "gemini"), called("call_2")))
    assert strange(asked, WHERE) == frozenset()


def test_what_is_unknown_another_conversations_replayed_or_on_another_call_is_one() -> None:
    ours = {proof_digest(proof("sig"))}
    asked = conversation(user(), assistant(SIGNED))
    assert strange(asked, step(call("", "else"), family="gemini")) == ours
    assert strange(asked, WHERE, "other") == ours
    origin = msgspec.structs.replace(WHERE.origin, upstream="")
    assert strange(asked, msgspec.structs.replace(WHERE, origin=origin)) == ours
    altered = msgspec.structs.replace(SIGNED, arguments={"x": 2})
    assert strange(conversation(user(), assistant(altered)), WHERE) == ours
