"""Signatures taken away, and the stand-in where Gemini would refuse without."""

from __future__ import annotations

from typing import Any

from peekd.protocols.gemini.signatures import STAND_IN, with_stand_ins, without_signatures


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
