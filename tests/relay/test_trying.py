"""One attempt: its deadlines, and what it leaves behind."""

from playhouse import QUICK

from peekd.healing.settings import HealingSettings
from peekd.relay.trying import capped


def test_deadlines_end_with_the_budget() -> None:
    settings = HealingSettings(connect_seconds=10, send_seconds=60, headers_seconds=60)
    ended = capped(settings, 30)
    assert (ended.connect_seconds, ended.send_seconds, ended.headers_seconds) == (10, 30, 30)
    assert capped(settings, 1000) == settings
    assert capped(settings, 1000, streams=False).headers_seconds == settings.reasoning_seconds
    assert capped(settings, 30, streams=False).headers_seconds == 30
    assert capped(QUICK, 1).peek_seconds == QUICK.peek_seconds  # the watch itself knows when the budget ends
