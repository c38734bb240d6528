"""The table is whole, prints, and takes an operator's rows."""

from typing import get_args

from peekd.healing.policy import ACCOUNT_RUNGS, FIXED_ROWS, LADDER_MOVES, POLICY, policy_in_force
from peekd.healing.settings import HealingSettings, RuleSettings
from peekd.vocabulary.outcomes import AnyOutcome, name_of


def test_every_outcome_has_a_rule_and_every_rule_an_outcome() -> None:
    assert set(POLICY) == {name_of(outcome) for outcome in get_args(AnyOutcome)}


def test_account_rungs_stand_first_in_every_ladder() -> None:
    for name, rule in POLICY.items():
        own = [rung in ACCOUNT_RUNGS for rung in rule.ladder]
        assert own == sorted(own, reverse=True), name


def test_only_a_passing_cause_is_asked_again_without_need() -> None:
    asked_again = {name for name, rule in POLICY.items() if "again" in rule.ladder}
    assert all(POLICY[name].passing for name in asked_again)


def test_a_timeout_is_never_asked_again_first() -> None:
    assert POLICY["silent"].ladder[0] == POLICY["headers_timeout"].ladder[0] == "rotate"


def test_the_clients_own_fault_and_leaving_have_empty_ladders() -> None:
    for name in ("rejected", "too_large", "client_gone", "internal"):
        assert POLICY[name].ladder == ()


def test_what_was_shown_has_moves_that_only_a_routes_option_allows() -> None:
    assert {name for name, rule in POLICY.items() if rule.beyond} == {"broken", "stalled"}
    assert POLICY["broken"].ladder == POLICY["stalled"].ladder == ("relay", "resume")


def test_an_operators_row_replaces_only_what_it_names() -> None:
    settings = HealingSettings(policy={"overloaded": RuleSettings(base_seconds=4.0)})
    assert policy_in_force(settings)["overloaded"].ladder == POLICY["overloaded"].ladder
    assert policy_in_force(settings)["overloaded"].base == 4.0
    assert policy_in_force(settings)["silent"] == POLICY["silent"]


def test_an_operators_ladder_may_repeat_or_end() -> None:
    rows = {
        "silent": RuleSettings(ladder=("again", "again")),
        "empty": RuleSettings(ladder=("rotate", "...")),
    }
    policy = policy_in_force(HealingSettings(policy=rows))
    assert (policy["silent"].ladder, policy["silent"].repeat) == (("again", "again"), False)
    assert (policy["empty"].ladder, policy["empty"].repeat) == (("rotate",), True)


def test_a_base_for_a_row_without_pace_makes_it_fixed() -> None:
    policy = policy_in_force(HealingSettings(policy={"rate_limited": RuleSettings(base_seconds=2.0)}))
    assert (policy["rate_limited"].pace, policy["rate_limited"].base) == ("fixed", 2.0)


def test_rows_without_a_choice_are_not_the_operators() -> None:
    assert set(POLICY) > FIXED_ROWS
    assert "give_up" not in LADDER_MOVES


def test_a_row_that_names_only_its_ladder_keeps_its_pauses() -> None:
    row = RuleSettings(ladder=("again", "…"))
    rule = policy_in_force(HealingSettings(policy={"overloaded": row}))["overloaded"]
    before = POLICY["overloaded"]
    assert (rule.pace, rule.base, rule.cap, rule.passing) == ("exponential", 1.0, before.cap, True)
    bare = policy_in_force(HealingSettings(policy={"rate_limited": row}))["rate_limited"]
    assert (bare.pace, bare.base, bare.ladder, bare.repeat) == ("", 0.0, ("again",), True)
    nothing = policy_in_force(HealingSettings(policy={"rate_limited": RuleSettings()}))
    assert nothing["rate_limited"] == POLICY["rate_limited"]
