"""Rules that would let strangers in are refused: without keys always, without a check where there was one."""

import pytest

from peekd.service.access import make_access, tell_opening
from peekd.serving.settings import ServerSettings
from peekd.vocabulary.errors import OperatorError

KEYED = ServerSettings(client_keys=("env:KEY",))
OFF = ServerSettings(auth="off", client_keys=("env:KEY",))
ENVIRON = {"KEY": "secret-of-a-client"}


def test_what_strangers_reach_needs_keys() -> None:
    with pytest.raises(OperatorError, match=r"0\.0\.0\.0 is reached from elsewhere"):
        make_access(ServerSettings(), ["0.0.0.0"], {})  # noqa: S104  nobody listens there
    assert make_access(KEYED, ["0.0.0.0"], ENVIRON).client_keys == {"KEY": "secret-of-a-client"}  # noqa: S104
    assert make_access(ServerSettings(), ["127.0.0.1", ""], {}).loopback_only


@pytest.mark.parametrize(
    ("before", "after", "host", "opens"),
    [
        (KEYED, OFF, "192.0.2.1", True),
        (KEYED, OFF, "127.0.0.1", False),
        (OFF, OFF, "192.0.2.1", False),
        (OFF, KEYED, "192.0.2.1", False),
    ],
)
def test_a_check_that_there_was_is_not_taken_away_where_strangers_come(
    before: ServerSettings, after: ServerSettings, host: str, *, opens: bool
) -> None:
    told = tell_opening(make_access(before, [host], ENVIRON), make_access(after, [host], ENVIRON))
    assert bool(told) == opens
