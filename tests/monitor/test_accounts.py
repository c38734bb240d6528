from __future__ import annotations

import msgspec

from peekd.accounts.account import Account
from peekd.accounts.hands import disable
from peekd.accounts.pool import open_pool
from peekd.accounts.states import describe
from peekd.monitor.accounts import VERBS, Told, rows_of, told_of
from peekd.serving.routes import SWITCHES
from peekd.store.charts import Share


def test_what_the_pool_describes_is_read() -> None:
    pool = disable(open_pool([Account("a", "u"), Account("b", "u")]), "b", "by hand")
    first, second = told_of({"accounts": describe(pool, 0.0)})
    assert (first.name, first.state) == ("a", "ready")
    assert (second.state, second.because) == ("disabled", "by hand")


def test_more_than_is_known_here_does_no_harm() -> None:
    told = told_of({
        "accounts": [{"name": "a", "upstream": "u", "state": "novel", "moon": 1}],
        "settings": {},
    })
    assert told == (Told("a", "u", "novel"),)


def test_a_cooldown_is_told_by_its_end_and_what_the_account_did_stands_beside() -> None:
    resting = Told("a", "u", "resting", cause="rate_limited", seconds=75.0)
    idle = Told("b", "u", "ready")
    first, second = rows_of([resting, idle], [Share("a", 1500, 2, 10, 0, 5, 0, 0.5)], 1000.0)
    assert (first.until, first.left) == (1075.0, "1 min 15 s")
    assert first.cells == ("1.5 k", "2", "10", "5", "$0.5000")
    assert (second.until, second.left, second.cells) == (None, "", ("0", "0", "", "", ""))


def test_what_can_be_done_depends_on_the_state() -> None:
    ready = Told("a", "u", "ready")
    off = msgspec.structs.replace(ready, state="disabled")
    one, other = rows_of([ready, off], [], 0.0)
    assert one.verbs == ("disable", "reset")
    assert other.verbs == ("enable", "reset")
    assert set(VERBS) == set(SWITCHES)
