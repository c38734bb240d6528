from __future__ import annotations

from peekd.healing.policy import POLICY, policy_in_force
from peekd.healing.settings import HealingSettings, RuleSettings
from peekd.monitor.policies import rows_of


def test_every_outcome_has_a_row_in_words() -> None:
    rows = rows_of(POLICY)
    assert {row.outcome for row in rows} == set(POLICY)
    assert all(row.meaning.endswith(".") and "{" not in row.advice for row in rows)


def test_what_is_set_is_what_is_shown() -> None:
    settings = HealingSettings(policy={"silent": RuleSettings(ladder=("again", "…"), base_seconds=2.0)})
    silent = next(row for row in rows_of(policy_in_force(settings)) if row.outcome == "silent")
    assert (silent.ladder, silent.pause) == ("again, …", "fixed, 2 s")
    rejected = next(row for row in rows_of(POLICY) if row.outcome == "rejected")
    assert (rejected.ladder, rejected.pause) == ("gives up", "none")
    overloaded = next(row for row in rows_of(POLICY) if row.outcome == "overloaded")
    assert overloaded.pause == "exponential, 1 s, at most 8 s"
