"""What a client lost comes back where the words prove the place, and nowhere else."""

from __future__ import annotations

import msgspec
from steps_told import (
    NOW,
    SESSION,
    answered,
    assistant,
    call,
    called,
    conversation,
    proof,
    step,
    thought,
    user,
    words,
)

from peekd.signatures.memory import Memory
from peekd.signatures.restore import (
    Restored,
    Wanted,
    attributed,
    number_of_steps,
    proofs_of,
    restore,
)
from peekd.signatures.settings import SignatureSettings
from peekd.signatures.steps import Piece, Step, digest, digest_of_turns
from peekd.vocabulary.conversation import (
    Conversation,
    Family,
    RedactedThinking,
    Text,
    Thinking,
    ToolCall,
    Turn,
)

THOUGHT = Thinking("hm", proof("hm"), "anthropic")
CLAUDE = Wanted(SESSION, "anthropic")
GEMINI = Wanted(SESSION, "gemini")


def restored(asked: Conversation, *steps: Step, wanted: Wanted = CLAUDE) -> Restored:
    memory = Memory(SignatureSettings())
    for one in steps:
        assert memory.learn(one, NOW) is not None
    return restore(asked, memory, wanted, NOW)


def turn_of(given: Restored, at: int = 1) -> Turn:
    return given.conversation.turns[at]


def test_lost_thoughts_come_back_byte_for_byte_before_their_call() -> None:
    given = restored(
        conversation(user(), assistant(Text("I look."), called("t1")), answered("t1")),
        step(thought("hm"), words("I look. "), call("t1")),
    )
    assert turn_of(given).parts == (THOUGHT, Text("I look."), called("t1"))
    assert given.names == ("thinking",)


def test_thoughts_between_words_and_calls_come_back_in_their_order() -> None:
    given = restored(
        conversation(user(), assistant(Text("a b"), called("t1"), called("t2", x=1)), answered("t1")),
        step(
            thought("one"),
            words("a b"),
            Piece("redacted", proof=proof("two")),
            Piece("words"),
            thought("three"),
            call("t1"),
            call("t2", x=1),
        ),
    )
    assert turn_of(given).parts == (
        Thinking("one", proof("one"), "anthropic"),
        Text("a b"),
        RedactedThinking(proof("two"), "anthropic"),
        Thinking("three", proof("three"), "anthropic"),
        called("t1"),
        called("t2", x=1),
    )


def test_empty_thinking_with_a_signature_comes_back_empty() -> None:
    given = restored(
        conversation(user(), assistant(called("t1")), answered("t1")),
        step(Piece("thought", digest(""), proof("s")), call("t1")),
    )
    assert turn_of(given).parts[0] == Thinking("", proof("s"), "anthropic")


def test_a_gemini_signature_comes_back_on_the_first_call_and_its_siblings_stay_bare() -> None:
    given = restored(
        conversation(user(), assistant(called("t1"), called("t2")), answered("t1")),
        step(call("t1", "g"), call("t2"), family="gemini"),
        wanted=GEMINI,
    )
    assert turn_of(given).parts == (ToolCall("t1", "f", {}, proof("g"), "gemini"), called("t2"))
    assert given.names == ("signature",)


def test_a_gemini_signature_on_words_comes_back_behind_them() -> None:
    given = restored(
        conversation(user(), assistant(Text("Hello")), user()),
        step(words("Hello"), Piece("text", digest(""), proof("g")), family="gemini"),
        wanted=GEMINI,
    )
    assert turn_of(given).parts == (Text("Hello"), Text("", proof("g"), "gemini"))


def test_gemini_gets_no_thoughts_back() -> None:
    given = restored(
        conversation(user(), assistant(called("t1")), answered("t1")),
        step(thought("hm"), call("t1", "g"), family="gemini"),
        wanted=GEMINI,
    )
    assert turn_of(given).parts == (ToolCall("t1", "f", {}, proof("g"), "gemini"),)


def test_a_call_with_other_arguments_or_another_name_gets_nothing() -> None:
    known = step(thought("hm"), call("t1", x=1))
    for other in (called("t1", x=2), ToolCall("t1", "g", {"x": 1})):
        asked = conversation(user(), assistant(other), answered("t1"))
        assert restored(asked, known) == Restored(asked)


def test_the_same_call_under_another_id_is_another_call() -> None:
    asked = conversation(user(), assistant(called("t2", x=1)), answered("t2"))
    assert restored(asked, step(thought("hm"), call("t1", x=1))).steps == ()


def test_a_client_without_ids_is_served_by_content() -> None:
    asked = conversation(user(), assistant(called("call_1", x=1)), answered("call_1"))
    assert turn_of(restored(asked, step(thought("hm"), call("t1", x=1)))).parts[0] == THOUGHT


def test_of_equal_steps_the_one_at_the_same_place_is_taken_and_else_none() -> None:
    first, later = (step(thought(name), call(""), number=number) for name, number in (("a", 0), ("b", 1)))
    asked = conversation(user(), assistant(called("call_1")), answered("call_1"), assistant(called("call_2")))
    given = restored(asked, first, later)
    assert turn_of(given, 1).parts[0] == Thinking("a", proof("a"), "anthropic")
    assert turn_of(given, 3).parts[0] == Thinking("b", proof("b"), "anthropic")
    moved = conversation(
        user(), assistant(Text("x")), user(), assistant(Text("y")), user(), *asked.turns[1:2]
    )
    assert restored(moved, first, later).steps == ()


def branches(*words_before: str) -> list[Step]:
    """Steps that say the same at the same place, each after other words; "" where those are not known."""
    return [
        msgspec.structs.replace(
            step(thought(f"b{n}"), call(""), before=told and digest_of_turns([user(told)])), learned=NOW + n
        )
        for n, told in enumerate(words_before)
    ]


def test_of_branches_that_say_the_same_the_last_one_after_the_same_words_is_taken() -> None:
    asked = conversation(user("go"), assistant(called("call_1")), answered("call_1"))
    for told, taken in ((("", "go", "else"), "b1"), (("go", "go", ""), "b1"), (("", "go"), "b1")):
        given = restored(asked, *branches(*told))
        assert turn_of(given).parts[0] == Thinking(taken, proof(taken), "anthropic")


def test_of_branches_that_say_the_same_after_other_words_none_is_taken() -> None:
    asked = conversation(user("go"), assistant(called("call_1")), answered("call_1"))
    assert restored(asked, *branches("", "else")).steps == ()


def test_in_a_session_that_the_client_did_not_name_steps_alike_may_be_anothers() -> None:
    asked = conversation(user("go"), assistant(called("call_1")), answered("call_1"))
    wanted = msgspec.structs.replace(CLAUDE, guessed=True)
    assert restored(asked, *branches("", "go"), wanted=wanted).steps == ()


def test_conversations_that_begin_alike_and_share_a_guessed_session_get_none_of_each_other() -> None:
    ours, theirs = (step(thought(name), call("")) for name in ("ours", "theirs"))
    asked = conversation(user(), assistant(called("call_1")), answered("call_1"))
    assert restored(asked, ours, theirs).steps == ()


def test_another_sessions_step_is_never_taken() -> None:
    asked = conversation(user(), assistant(called("t1")), answered("t1"))
    assert restored(asked, step(thought("hm"), call("t1"), session="other")).steps == ()


def test_another_familys_step_is_never_taken() -> None:
    asked = conversation(user(), assistant(called("t1")), answered("t1"))
    assert restored(asked, step(thought("hm"), call("t1")), wanted=GEMINI).steps == ()


def test_thoughts_tied_to_an_account_come_back_for_it_alone() -> None:
    family: Family = "openai"
    asked = conversation(user(), assistant(called("t1")), answered("t1"))
    known = step(Piece("redacted", proof=proof("r")), call("t1"), family=family, account="alice")
    assert restored(asked, known, wanted=Wanted(SESSION, family, "alice")).names == ("thinking",)
    assert restored(asked, known, wanted=Wanted(SESSION, family, "bob")).steps == ()


def test_a_client_that_kept_its_thoughts_is_left_alone() -> None:
    asked = conversation(user(), assistant(THOUGHT, called("t1")), answered("t1"))
    assert restored(asked, step(thought("hm"), call("t1"))) == Restored(asked)


def test_thoughts_without_proof_give_way_to_those_with() -> None:
    asked = conversation(user(), assistant(Thinking("hm"), Text("x"), called("t1")), answered("t1"))
    given = restored(asked, step(thought("hm"), words("x"), call("t1")))
    assert turn_of(given).parts == (THOUGHT, Text("x"), called("t1"))


def test_where_no_thoughts_are_wanted_none_come_back() -> None:
    asked = conversation(user(), assistant(called("t1")), answered("t1"))
    wanted = msgspec.structs.replace(CLAUDE, thoughts=False)
    assert restored(asked, step(thought("hm"), call("t1")), wanted=wanted).steps == ()


def test_a_wound_back_conversation_gets_the_step_of_its_own_branch() -> None:
    gone, taken = step(thought("gone"), call("t1"), number=1), step(thought("taken"), call("t2"), number=1)
    asked = conversation(user(), assistant(Text("a")), user(), assistant(called("t2")), answered("t2"))
    given = restored(asked, gone, taken)
    assert turn_of(given, 3).parts[0] == Thinking("taken", proof("taken"), "anthropic")
    assert given.steps == (taken,)


def test_a_compacted_conversation_is_still_served_by_tool_id() -> None:
    known = step(thought("hm"), call("t1"), number=40)
    asked = conversation(user("a summary"), assistant(called("t1")), answered("t1"))
    assert turn_of(restored(asked, known)).parts[0] == THOUGHT


def test_a_known_signature_is_given_to_the_family_that_made_it() -> None:
    memory = Memory(SignatureSettings())
    memory.learn(step(call("t1", "g"), family="gemini", session="other"), NOW)
    strange = conversation(user(), assistant(Thinking("x", proof("g"), "anthropic"), Text("y")))
    (_, turn) = attributed(strange, memory, NOW).turns
    assert turn.parts[0] == Thinking("x", proof("g"), "gemini")
    fine = conversation(user(), assistant(THOUGHT))
    assert attributed(fine, memory, NOW) is fine


def test_proofs_and_steps_of_a_conversation_are_counted() -> None:
    asked = conversation(user(), assistant(THOUGHT, Text("", proof("g"), "gemini"), called("t1")), user())
    assert [*proofs_of(asked)] == [proof("hm"), proof("g")]
    assert number_of_steps(asked) == 1
