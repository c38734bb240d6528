"""What is learned of an answer while it passes, and of a turn that comes back."""

from __future__ import annotations

from steps_told import NOW, SESSION, assistant, call, called, proof, thought, words

from peekd.signatures.learning import MOST_CHARACTERS, Learner, step_of
from peekd.signatures.steps import Origin, Piece, digest
from peekd.vocabulary.conversation import Family, Text, Thinking, ToolCall
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Beat,
    Closed,
    Event,
    Finished,
    Opened,
    RedactedBlock,
    Run,
    SearchBlock,
    SignatureDelta,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
)


def learned(*events: Event, family: Family = "anthropic") -> tuple[Piece, ...]:
    learner = Learner()
    for event in events:
        learner.see(event)
    return learner.pieces(family)


def test_thoughts_words_and_calls_are_learned_in_their_order() -> None:
    pieces = learned(
        Opened(0, ThinkingBlock()),
        ThinkingDelta(0, "let me "),
        ThinkingDelta(0, "see"),
        SignatureDelta(0, proof("s")),
        Closed(0),
        Opened(1, TextBlock("I ")),
        TextDelta(1, "look."),
        Closed(1),
        Beat(),
        Opened(2, RedactedBlock("data")),
        Closed(2),
        Opened(3, ToolCallBlock("t1", "f")),
        ArgumentsDelta(3, '{"x":'),
        ArgumentsDelta(3, "1}"),
        Closed(3),
        Finished("tool_use"),
    )
    assert pieces == (
        thought("let me see", "s"),
        words("I look."),
        Piece("redacted", proof="data"),
        call("t1", x=1),
    )


def test_empty_thinking_with_a_signature_is_a_thought_of_claude_and_a_proof_on_words_of_gemini() -> None:
    events = (Opened(0, ThinkingBlock(signature=proof("s"))), Closed(0))
    assert learned(*events) == (Piece("thought", digest(""), proof("s")),)
    assert learned(*events, family="gemini") == (Piece("text", digest(""), proof("s")),)


def test_a_calls_own_signature_is_learned_with_it() -> None:
    pieces = learned(
        Opened(0, ToolCallBlock("t1", "f", proof("s"))),
        Opened(1, ToolCallBlock("t2", "f")),
        ArgumentsDelta(1, '{"x":2}'),
        family="gemini",
    )
    assert pieces == (call("t1", "s"), call("t2", x=2))


def test_nothing_is_learned_of_an_answer_without_proof() -> None:
    assert learned(Opened(0, TextBlock()), TextDelta(0, "words"), Opened(1, SearchBlock())) == ()


def test_thoughts_that_were_cut_short_are_not_learned() -> None:
    cut = (Opened(0, ThinkingBlock()), ThinkingDelta(0, "hm"))
    assert learned(*cut) == ()
    assert learned(*cut, Opened(1, RedactedBlock("d"))) == (Piece("redacted", proof="d"),)


def test_a_call_whose_arguments_are_no_json_is_left_out() -> None:
    pieces = learned(
        Opened(0, RedactedBlock("d")), Opened(1, ToolCallBlock("t", "f")), ArgumentsDelta(1, "{")
    )
    assert pieces == (Piece("redacted", proof="d"),)


def test_an_endless_answer_is_not_kept() -> None:
    piece = "x" * (MOST_CHARACTERS // 2 + 1)
    learner = Learner()
    learner.see(Opened(0, ThinkingBlock(signature=proof("s"))))
    for _ in range(4):
        learner.see(ThinkingDelta(0, piece))
    assert learner.pieces("anthropic") == ()


def test_a_replayed_turn_is_learned_with_the_proofs_of_one_family() -> None:
    origin = Origin("gemini", SESSION, 3)
    signed = ToolCall("t1", "f", {}, proof("g"), "gemini")
    turn = assistant(Thinking("hm", proof("a"), "anthropic"), Text("words"), signed)
    step = step_of(turn, origin, NOW)
    assert step is not None
    assert step.pieces == (words("words"), call("t1", "g"))
    assert (step.origin, step.learned) == (origin, NOW)
    assert step_of(assistant(Text("words"), called("t1")), origin, NOW) is None


def test_a_run_is_learned_as_each_of_its_words_is() -> None:
    before = (Opened(0, ThinkingBlock()), ThinkingDelta(0, "Hm"), SignatureDelta(0, proof("s")), Closed(0))
    together, single = Learner(), Learner()
    for learner in (together, single):
        for event in (*before, Opened(1, TextBlock("So"))):
            learner.see(event)
    together.see_run(Run(1, ["a", "b"]))
    for text in ("a", "b"):
        single.see(TextDelta(1, text))
    assert together.pieces("anthropic") == single.pieces("anthropic") != ()
    together.see_run(Run(1, ["x" * (MOST_CHARACTERS // 2)] * 2))
    assert together.pieces("anthropic") == ()
