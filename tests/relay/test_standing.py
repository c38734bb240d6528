"""What the admin API tells of an account."""

from peekd.accounts.states import AccountState
from peekd.accounts.tally import Tally
from peekd.relay.standing import stand


def test_an_account_is_told_with_the_time_it_is_back_and_its_counts() -> None:
    state = AccountState(
        "a",
        "up",
        "resting",
        usable=False,
        in_flight=2,
        cause="quota_exhausted",
        seconds=60.0,
        because="used up",
    )
    told = stand(state, Tally(4, 2, 1, "429: slow down", 900.0), 1000.0)
    assert (told["name"], told["state"], told["in_flight"], told["cause"]) == (
        "a",
        "resting",
        2,
        "quota_exhausted",
    )
    assert (told["until"], told["requests"], told["success_rate"]) == (1060.0, 4, 0.6667)
    assert (told["last_error"], told["last_error_at"]) == ("429: slow down", 900.0)


def test_what_has_no_end_and_no_count_yet_has_none() -> None:
    told = stand(AccountState("a", "up", "ready", usable=True, in_flight=0), Tally(), 1000.0)
    assert (told["until"], told["success_rate"], told["last_error"]) == (None, None, "")
