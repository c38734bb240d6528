"""A step is known again by what it says, however a client writes it."""

from __future__ import annotations

from steps_told import answered, assistant, call, called, proof, step, thought, user, words

from peekd.signatures.steps import Piece, call_digest, digest_of_turns, digest_of_words, pieces_of, shape
from peekd.vocabulary.conversation import RedactedThinking, Text, Thinking, ToolCall


def test_how_arguments_are_written_does_not_matter_and_what_they_say_does() -> None:
    assert call_digest("f", {"a": 2.0, "b": [1, {"c": None}]}) == call_digest(
        "f", {"b": [1.0, {"c": None}], "a": 2}
    )
    assert call_digest("f", {"a": 2.5}) != call_digest("f", {"a": 2})
    assert call_digest("f", {}) != call_digest("g", {})
    assert call_digest("f", {"a": True}) != call_digest("f", {"a": 1})


def test_arguments_may_nest_without_end() -> None:
    deep: object = 1
    for _ in range(800):
        deep = [{"a": deep}]
    assert call_digest("f", {"x": deep}) == call_digest("f", {"x": deep}) != call_digest("f", {"x": 1})


def test_words_are_known_again_trimmed_joined_or_split() -> None:
    assert digest_of_words(["Hello ", "there\n"]) == digest_of_words(["Hello there"])
    assert digest_of_words(["Hello"]) != digest_of_words(["hello"])


def test_a_step_with_calls_is_known_by_them_and_another_by_its_words() -> None:
    assert shape((words("a"), call("1"))) == shape((call("2"),))
    assert shape((call("1", x=1),)) != shape((call("1", x=2),))
    assert shape((thought("t"), words("a"))) == shape((words("a"),)) != shape((words("b"),))
    assert shape((thought("t"),)) == ""


def test_a_replayed_turn_is_told_in_pieces() -> None:
    turn = assistant(
        Thinking("hm", proof("a"), "anthropic"),
        Thinking("unproved"),
        Text("one "),
        RedactedThinking("data", "anthropic"),
        Text("two"),
        ToolCall("t1", "f", {"x": 1}, proof("g"), "gemini"),
        Text("", proof("e"), "gemini"),
    )
    kinds = [(piece.kind, piece.proof, piece.tool) for piece in pieces_of(turn)]
    assert kinds == [
        ("thought", proof("a"), ""),
        ("words", "", ""),
        ("redacted", "data", ""),
        ("words", "", ""),
        ("call", proof("g"), "t1"),
        ("text", proof("e"), ""),
    ]
    assert [piece.content for piece in pieces_of(turn) if piece.kind == "words"] == [
        digest_of_words(["one two"]),
        "",
    ]
    assert pieces_of(user()) == (words("go"),)


def test_a_step_has_one_key_for_ever_and_another_one_in_another_session() -> None:
    one = step(thought("t"), call("1"))
    assert one.key == step(thought("t"), call("1"), number=7).key
    assert one.key != step(thought("t"), call("1"), session="other").key
    assert one.key != step(thought("t", "again"), call("1")).key


def test_a_calls_digest_holds_for_the_replayed_call() -> None:
    (piece,) = pieces_of(assistant(called("1", x=1)))
    assert piece == call("1", x=1) == Piece("call", call_digest("f", {"x": 1}), tool="1")


def test_what_was_said_before_is_known_again_without_ids_and_thoughts() -> None:
    told = [user(), assistant(Thinking("hm", proof("hm"), "anthropic"), called("t1", x=1)), answered("t1")]
    replayed = [user(" go\n"), assistant(called("call_1", x=1.0)), answered("call_1")]
    assert digest_of_turns(told) == digest_of_turns(replayed)
    for other in ([*told, user()], told[:2], [user("no"), *told[1:]], [told[0], *told[2:]]):
        assert digest_of_turns(other) != digest_of_turns(told)
    assert digest_of_turns([user("a"), user("b")]) != digest_of_turns([user("ab")])
