"""Only thoughts that the account cannot read are left out, and nothing else."""

from __future__ import annotations

from peekd.signatures.proofs import proof_digest, tied_proofs, without_proofs
from peekd.vocabulary.conversation import Conversation, RedactedThinking, Text, Thinking, ToolCall, Turn

HI = Turn("user", (Text("Hi"),))
MINE, THEIRS = Thinking("Hm", "mine", "openai"), RedactedThinking("theirs", "openai")
CALL = ToolCall("c", "read", {}, "sig", "gemini")
CLAUDES = Thinking("Hm", "mine", "anthropic")
SAID = Conversation("m", (HI, Turn("assistant", (MINE, THEIRS, CLAUDES, CALL)), Turn("assistant", (THEIRS,))))


def test_only_a_family_that_ties_its_thoughts_to_accounts_has_any() -> None:
    assert tied_proofs(SAID, "openai") == tuple(map(proof_digest, ("mine", "theirs", "theirs")))
    assert tied_proofs(SAID, "anthropic") == ()


def test_unreadable_thoughts_go_and_a_turn_of_nothing_else_goes_with_them() -> None:
    left = without_proofs(SAID, frozenset({proof_digest("theirs")}))
    assert left.turns == (HI, Turn("assistant", (MINE, CLAUDES, CALL)))


def test_where_all_can_be_read_it_is_the_same_conversation() -> None:
    assert without_proofs(SAID, frozenset()) is SAID
