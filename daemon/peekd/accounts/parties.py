"""Whose doing each failure is: one party for every outcome, and only that party's record moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import Outcome, is_crowded, is_hurried, is_unfoldable, is_unproven, name_of

Party = Literal[
    "client",  # it went away
    "peekd",  # it stopped, had a bug, a queue of its own, or nobody to ask
    "path",  # the way to the upstream, which its accounts share
    "upstream",  # whoever asks
    "account",  # this account, for every model
    "account_model",  # this account, for this model
    "capacity",  # this model of the upstream, whoever asks
    "request",  # it would fail everywhere
]

_TABLE: Mapping[type[Outcome], Party] = {
    # limits and refusals of an account
    o.RateLimited: "account",  # or "account_model", as the outcome says
    o.QuotaExhausted: "account",  # likewise
    o.Unauthorized: "account",
    o.PaymentRequired: "account",
    o.ValidationRequired: "account",
    o.Forbidden: "account_model",
    o.ModelNotFound: "account_model",
    # what all accounts of an upstream share
    o.Unreachable: "path",
    o.HeadersTimeout: "path",
    o.ServerError: "upstream",
    o.Overloaded: "capacity",
    # answers that went wrong once they had begun
    o.Silent: "account_model",
    o.Stalled: "account_model",
    o.Empty: "account_model",
    o.Truncated: "account_model",
    o.Malformed: "account_model",
    o.ErrorInStream: "account_model",
    o.Broken: "account_model",
    # nobody's fault upstream
    o.Rejected: "request",
    o.TooLarge: "request",
    o.Signature: "request",
    o.Blank: "request",  # mostly the model's answer to it
    o.ClientGone: "client",
    o.Superseded: "peekd",
    o.Drained: "peekd",
    o.Internal: "peekd",
    o.NoAccount: "peekd",
}

PARTIES: Mapping[str, Party] = {name_of(outcome): party for outcome, party in _TABLE.items()}
"""By an outcome's name; those that are no failure are not in it."""

SHARED: frozenset[Party] = frozenset({"path", "upstream", "capacity"})
"""Parties whose record is one for all accounts of an upstream."""

OF_A_MODEL: frozenset[Party] = frozenset({"account_model", "capacity"})
"""Parties whose record is one for each model."""


def party_of(outcome: Outcome, *, own_path: bool = False) -> Party | None:
    """Whose doing an outcome is; None where it is no failure.

    `own_path`: the account has a proxy of its own, so that the way is its own too.

    >>> party_of(o.RateLimited(scope="model")), party_of(o.Overloaded()), party_of(o.Completed())
    ('account_model', 'capacity', None)
    """
    match outcome:
        case o.RateLimited(scope="model") | o.QuotaExhausted(scope="model"):
            return "account_model"
        case o.Unreachable() if is_crowded(outcome):
            return "peekd"
        case o.Malformed() if is_unfoldable(outcome):
            return "peekd"
        case _ if is_hurried(outcome):
            return "peekd"
        case _ if is_unproven(outcome):
            return "account"
        case _:
            party = PARTIES.get(name_of(outcome))
            return "account" if party == "path" and own_path else party
