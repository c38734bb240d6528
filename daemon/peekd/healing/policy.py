"""The policy: one table that says, for every outcome, what may be done about it and in which order.

`docs/policy.md` is printed from it, an operator overrides rows of it in `[healing.policy.*]`, and `decide`
reads it; nothing else in the house says whether to retry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from peekd.healing.settings import HealingSettings, RuleSettings
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Move
from peekd.vocabulary.outcomes import name_of

Pace = Literal["", "fixed", "linear", "exponential"]

REPEAT = "…"
ACCOUNT_RUNGS: tuple[Move, ...] = ("again", "refresh")
"""Rungs that belong to an account: they stand first in a ladder, and start anew with each account."""


class Rule(msgspec.Struct, frozen=True):
    """The n-th time an outcome comes up, the n-th rung of its ladder is taken; past the top, give up.

    `repeat`: the last rung has no top. `base` and `cap` are seconds; the pause before the n-th retry is
    base (fixed), or base·n (linear) or base·2ⁿ⁻¹ (exponential), at most cap. `passing`: a moment later the
    same account may well succeed, so where no other account is left, "rotate" means "again". `anew`: the
    account rungs start anew with each account (false: once in a request). `beyond`: the client has
    seen a part of the answer, so a rung is taken where a route's option allows it and what was shown bears
    it, and not by turns.
    """

    ladder: tuple[Move, ...]
    repeat: bool = False
    pace: Pace = ""
    base: float = 0.0
    cap: float = 10.0
    passing: bool = False
    anew: bool = True
    beyond: bool = False


Policy = Mapping[str, Rule]
"""From an outcome's name to its rule; every outcome has one."""


def _rule(*ladder: Move | Literal["…"], pace: Pace = "", base: float = 0.0, cap: float = 10.0) -> Rule:
    moves: list[Move] = [rung for rung in ladder if rung != "…"]
    return Rule(tuple(moves), repeat="…" in ladder, pace=pace, base=base, cap=cap)


def _passing(*ladder: Move | Literal["…"], pace: Pace = "fixed", base: float, cap: float = 10.0) -> Rule:
    return msgspec.structs.replace(_rule(*ladder, pace=pace, base=base, cap=cap), passing=True)


_TABLE: Mapping[type[o.Outcome], Rule] = {
    #                     1st time   2nd time  …
    o.Accepted:           _rule("relay"),
    # the account's own trouble: another one has other quota, another key, other rights
    o.RateLimited:        _rule("rotate", "…"),
    o.QuotaExhausted:     _rule("rotate", "…"),
    o.Unauthorized:       _rule("refresh", "rotate", "…", pace="fixed", base=0.1),
    o.PaymentRequired:    _rule("rotate", "…"),
    o.Forbidden:          _rule("rotate", "…"),
    o.ValidationRequired: _rule("rotate", "…"),
    o.ModelNotFound:      _rule("rotate", "…"),
    # the request's own fault: the answer is the same everywhere
    o.Rejected:           _rule(),
    o.TooLarge:           _rule(),
    o.Signature:          _rule("repair", pace="fixed", base=0.2),
    # the upstream's trouble, mostly gone in a moment
    o.Overloaded:         _passing("again", "rotate", "…", pace="exponential", base=1.0, cap=8.0),
    o.ServerError:        _passing("rotate", "…", pace="linear", base=0.5),
    # a fault that came at once costs milliseconds to try again; one that took a whole deadline does not
    o.Unreachable:        _passing("again", "rotate", "…", pace="exponential", base=0.1, cap=2.0),
    o.HeadersTimeout:     _passing("rotate", "…", base=0.1),
    o.Silent:             _passing("rotate", "…", base=0.1),
    o.Empty:              _passing("again", "rotate", "…", base=0.1),
    o.Truncated:          _passing("again", "rotate", "…", base=0.1),
    o.Malformed:          _passing("again", "rotate", "…", base=0.1),
    o.ErrorInStream:      _passing("again", "rotate", "…", base=0.1),
    # asked for twice, nothing said twice: that is the model's answer
    o.Blank:              Rule(("again", "relay"), pace="fixed", base=0.1, passing=True, anew=False),
    o.NoAccount:          _rule("wait", "…"),
    o.Completed:          _rule("relay"),
    # the client has seen part of it: only the truth can be told now, unless its route asks for more
    o.Broken:             Rule(("relay", "resume"), beyond=True),
    o.Stalled:            Rule(("relay", "resume"), beyond=True),
    # nobody is left to serve, or it is no upstream's doing
    o.ClientGone:         _rule(),
    o.Superseded:         _rule(),
    o.Drained:            _rule(),
    o.Internal:           _rule(),
}  # fmt: skip

POLICY: Policy = {name_of(outcome): rule for outcome, rule in _TABLE.items()}

FIXED_ROWS = frozenset(
    name_of(outcome)
    for outcome in (o.Accepted, o.Completed, o.ClientGone, o.Superseded, o.Drained, o.Internal, o.NoAccount)
)
"""Rows an operator cannot change: there is nothing to choose."""

LADDER_MOVES: frozenset[str] = frozenset(get_args(Move)) - {"give_up", "wait"}
"""What may stand in an operator's ladder."""


def policy_in_force(settings: HealingSettings) -> Policy:
    """Give the table with the operator's rows laid over it; names are checked where settings are loaded.

    >>> rows = {"silent": RuleSettings(ladder=("again", "rotate", "…"), base_seconds=2.0)}
    >>> policy_in_force(HealingSettings(policy=rows))["silent"].ladder
    ('again', 'rotate')
    """
    return {**POLICY, **{name: overlaid(POLICY[name], row) for name, row in settings.policy.items()}}


def overlaid(rule: Rule, row: RuleSettings) -> Rule:
    """Lay one operator's row over a rule: a key that is not set stays."""
    base = rule.base if row.base_seconds is None else row.base_seconds
    pace = rule.pace or ("fixed" if base else "")
    if row.ladder is None:
        return msgspec.structs.replace(rule, base=base, pace=pace)
    moves = tuple(msgspec.convert(rung, Move) for rung in row.ladder if rung not in {REPEAT, "..."})
    repeat = len(moves) < len(row.ladder)
    return msgspec.structs.replace(rule, ladder=moves, repeat=repeat, base=base, pace=pace)
