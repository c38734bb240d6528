"""Signatures taken away, and the stand-in where Gemini would refuse without."""

from __future__ import annotations

from typing import Any

from peekd.protocols.gemini.signatures import (
    STAND_IN,
    with_note,
    with_signatures,
    with_stand_ins,
    without_signatures,
)
from peekd.protocols.interface import Splices


def user(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts)}


def model(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "model", "parts": list(parts)}


def call(signature: str = "") -> dict[str, Any]:
    part: dict[str, Any] = {"functionCall": {"name": "f"}}
    return part | ({"thoughtSignature": signature} if signature else {})


WORDS = {"text": "words"}
RESULT = {"functionResponse": {"name": "f", "response": {"output": "x"}}}
STOOD_IN = call() | {"thoughtSignature": STAND_IN}


def test_only_the_first_unsigned_call_of_a_step_gets_the_stand_in() -> None:
    given = [user(WORDS), model(WORDS, call(), call()), user(RESULT, RESULT), model(call()), user(RESULT)]
    assert with_stand_ins(given) == [
        user(WORDS),
        model(WORDS, STOOD_IN, call()),
        user(RESULT, RESULT),
        model(STOOD_IN),
        user(RESULT),
    ]


def test_a_signed_first_call_is_left_and_its_unsigned_siblings_too() -> None:
    given = [user(WORDS), model(call("real"), call()), user(RESULT, RESULT)]
    assert with_stand_ins(given) == given


def test_turns_before_the_last_real_words_are_left() -> None:
    given = [user(WORDS), model(call()), user(RESULT), model(WORDS), user(WORDS), model(call()), user(RESULT)]
    assert with_stand_ins(given) == [*given[:5], model(STOOD_IN), user(RESULT)]


def test_words_beside_a_result_do_not_begin_a_turn() -> None:
    given = [user(WORDS), model(call()), user(RESULT, WORDS)]
    assert with_stand_ins(given) == [user(WORDS), model(STOOD_IN), user(RESULT, WORDS)]


def test_the_given_contents_are_not_changed() -> None:
    given = [user(WORDS), model(call())]
    with_stand_ins(given)
    without_signatures(given)
    assert given == [user(WORDS), model(call())]


def test_thoughts_and_signatures_go_and_with_them_a_content_of_nothing_else() -> None:
    thought = {"text": "hm", "thought": True, "thoughtSignature": "real"}
    only_signature = {"text": "", "thoughtSignature": "real"}
    given = [user(WORDS), model(thought, call("real"), only_signature), user(RESULT), model(thought)]
    assert without_signatures(given) == [user(WORDS), model(call()), user(RESULT)]


def test_only_signatures_that_must_not_go_are_taken_where_that_is_asked() -> None:
    thought = {"text": "hm", "thought": True, "thoughtSignature": "bad"}
    fine = {"text": "hm", "thought": True}
    given = [user(WORDS), model(thought, fine, call("bad"), call("fine"))]
    left = without_signatures(given, lambda proof: proof == "bad")
    assert left == [user(WORDS), model(fine, call(), call("fine"))]


def test_known_signatures_go_onto_the_calls_that_have_none_in_their_order() -> None:
    given = [user(WORDS), model(WORDS, call(), call()), user(RESULT), model(call("own"), call())]
    signed = with_signatures(given, ("one", "", "ignored", "four"))
    assert signed == [
        user(WORDS),
        model(WORDS, call("one"), call()),
        user(RESULT),
        model(call("own"), call("four")),
    ]
    assert with_signatures(given, ()) == given


def test_the_note_ends_the_users_words_and_closes_results_first() -> None:
    noted = Splices(note="NOTE", closing="CLOSED")
    assert with_note([user(WORDS)], noted) == [user(WORDS, {"text": "NOTE"})]
    given = [user(WORDS), model(call()), user(RESULT)]
    assert with_note(given, noted) == [*given, model({"text": "CLOSED"}), user({"text": "NOTE"})]
    assert with_note(given, Splices()) == given
    assert with_note([model(WORDS)], noted) == [model(WORDS)]
