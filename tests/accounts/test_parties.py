from typing import get_args

import pytest

from peekd.accounts.cooldown import COOLDOWNS, GOOD
from peekd.accounts.parties import PARTIES, Party, party_of
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import AnyOutcome, Outcome, name_of


def test_every_failure_belongs_to_exactly_one_party() -> None:
    names = {name_of(outcome) for outcome in get_args(AnyOutcome)}
    assert set(PARTIES) == names - GOOD
    assert set(PARTIES.values()) == set(get_args(Party))


def test_whoever_may_rest_for_it_has_a_record_and_nobody_else() -> None:
    blameless = {cause for cause, party in PARTIES.items() if party in {"client", "peekd", "request"}}
    assert set(COOLDOWNS) == set(PARTIES) - blameless


@pytest.mark.parametrize(
    ("outcome", "party"),
    [
        (o.RateLimited(), "account"),
        (o.RateLimited(scope="model"), "account_model"),
        (o.QuotaExhausted(scope="model"), "account_model"),
        (o.Unreachable(), "path"),
        (o.HeadersTimeout(), "path"),
        (o.Unreachable(type=o.POOL_TIMEOUT), "peekd"),
        (o.Malformed(), "account_model"),
        (o.Malformed(type=o.UNFOLDABLE), "peekd"),
        (o.Overloaded(), "capacity"),
        (o.ServerError(), "upstream"),
        (o.ServerError(type=o.CREDENTIAL_REFRESH), "account"),
        (o.HeadersTimeout(type=o.CREDENTIAL_REFRESH), "account"),
        (o.Silent(type=o.BUDGET_SPENT), "peekd"),
        (o.HeadersTimeout(type=o.BUDGET_SPENT), "peekd"),
        (o.Accepted(), None),
    ],
)
def test_whose_doing_it_is(outcome: Outcome, party: Party | None) -> None:
    assert party_of(outcome) == party


def test_an_account_with_a_proxy_of_its_own_has_a_path_of_its_own() -> None:
    assert party_of(o.Unreachable(), own_path=True) == "account"
    assert party_of(o.ServerError(), own_path=True) == "upstream"
