from __future__ import annotations

from peekd.serving.gate import Gate


def test_a_key_gets_in_up_to_its_limit_and_again_after_leaving() -> None:
    gate = Gate(2)
    assert [gate.enter("a"), gate.enter("a")] == [None, None]
    refused = gate.enter("a")
    assert refused is not None
    assert (refused.kind, refused.retry_after) == ("rate_limit", 1)
    assert gate.enter("b") is None
    gate.leave("a")
    assert gate.enter("a") is None


def test_callers_without_a_key_and_gates_without_a_limit_are_not_counted_against() -> None:
    limited, unlimited = Gate(1), Gate(0)
    assert [limited.enter("") for _ in range(3)] == [None] * 3
    assert [unlimited.enter("a") for _ in range(3)] == [None] * 3


def test_a_draining_gate_lets_nobody_in() -> None:
    gate = Gate()
    gate.draining = True
    refused = gate.enter("a")
    assert refused is not None
    assert refused.kind == "overloaded"


def test_another_limit_holds_for_the_next_one_and_turns_nobody_out() -> None:
    gate = Gate(2)
    assert gate.enter("alice") is None
    assert gate.enter("alice") is None
    gate.most_per_key = 1
    assert gate.enter("alice") is not None
    gate.leave("alice")
    gate.leave("alice")
    assert gate.enter("alice") is None
