from peekd.accounts.wanted import MOST_NAMED, Lease, Rest, Resting, Tried, why_nobody


def test_a_lease_names_the_attempt_as_it_is_remembered() -> None:
    given = Lease(0, "a", "claude", "opus", session=None, since=1.0, because="the first of 2")
    assert given.tried == Tried("a", "opus")


def test_why_nobody_can_be_asked_is_told_of_some_and_the_others_are_counted() -> None:
    causes = tuple(Resting(f"a{number}", "rate_limited", 70.0) for number in range(MOST_NAMED + 3))
    told = why_nobody(Rest(60.0, causes, (), exists=True), 10.0)
    assert told.startswith("a0: rate_limited, 60 s more; a1: ")
    assert told.endswith("; 3 others")
    assert why_nobody(Rest(None, (), (), exists=False), 10.0) == ""


def test_of_an_account_the_first_cause_is_told() -> None:
    causes = (Resting("a", "disabled", None), Resting("a", "rate_limited", 30.0))
    assert why_nobody(Rest(None, causes, (), exists=True), 10.0) == "a: disabled"
