"""Errors carry what the one at fault is told."""

from peekd.vocabulary.errors import ClientError, Fault, OperatorError


def test_a_clients_error_says_what_is_wrong_and_whether_to_try_again() -> None:
    error = ClientError("authentication", "no such key", should_retry=False)
    assert str(error) == "no such key"
    assert error.fault == Fault("authentication", "no such key", should_retry=False)


def test_an_operators_error_has_a_line_for_each_fault() -> None:
    error = OperatorError("one", "two")
    assert error.faults == ("one", "two")
    assert str(error) == "one\ntwo"
