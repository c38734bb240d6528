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


def test_bodies_have_a_bound_together_and_leave_with_their_requests() -> None:
    gate = Gate(largest=60, most_bytes=100)
    assert [gate.enter("", 60), gate.enter("", 40)] == [None, None]
    refused = gate.enter("a", 1)
    assert refused is not None
    assert (refused.kind, refused.retry_after) == ("overloaded", 1)
    gate.resize(60, 10)
    assert gate.enter("a", 50) is None
    for key, size in (("", 10), ("", 40), ("a", 50)):
        gate.leave(key, size)
    assert gate.held == 0


def test_one_body_passes_alone_whatever_its_size() -> None:
    gate = Gate(largest=600, most_bytes=100)
    assert gate.enter("", 600) is None
    assert gate.enter("", 0) is not None


def test_room_is_kept_for_what_is_announced_and_for_the_largest_where_nothing_is() -> None:
    gate = Gate(largest=60)
    announced = ["10", "9" * 20, None, "", "x", "²"]
    assert [gate.room_for(one) for one in announced] == [10, 60, 60, 60, 60, 60]


def test_another_limit_holds_for_the_next_one_and_turns_nobody_out() -> None:
    gate = Gate(2)
    assert gate.enter("alice") is None
    assert gate.enter("alice") is None
    gate.most_per_key = 1
    assert gate.enter("alice") is not None
    gate.leave("alice")
    gate.leave("alice")
    assert gate.enter("alice") is None
