from peekd.accounts.wanted import Lease, Tried


def test_a_lease_names_the_attempt_as_it_is_remembered() -> None:
    given = Lease(0, "a", "claude", "opus", session=None, since=1.0, because="the first of 2")
    assert given.tried == Tried("a", "opus")
