"""Write docs/policy.md from the policy table, as text."""

from __future__ import annotations

from typing import get_args

from peekd.healing.policy import FIXED_ROWS, POLICY, REPEAT, Rule
from peekd.vocabulary.outcomes import AnyOutcome, Outcome, name_of

_HEAD = """\
# Policy

<!-- Written by `./dev docs` from daemon/peekd/healing/policy.py. -->

What is done about each outcome, as it comes. The n-th time that an outcome comes up in a request, the
n-th move of its ladder is made; `…` repeats the last one; past the top peekd gives up. `again` and
`refresh` start anew with each account, but for rows marked *once a request*. How often all this may be
done is bounded by `max_attempts`, `max_accounts`, `budget_seconds` and `max_resent_tokens` of `[healing]`.

The pause before the n-th move is *base* (fixed), *base·n* (linear) or *base·2ⁿ⁻¹* (exponential); those that
grow are up to a quarter longer, by chance. Where an upstream says how long to stay away, its word goes before
these. A cause that *passes* makes `rotate` mean `again` where no other account is left.

Once the client has seen a part of the answer, a move is made only where an option of the route allows it:
`relay` ends the answer at a tool call (`tool_boundary`), `resume` goes on with its text (`continue_text`).
[routes.md](routes.md#options) tells when each is sound.

`[healing.policy.NAME]` with `ladder` and `base_seconds` changes a row. `peekd policy` prints the table in
force.

| outcome | ladder | pause | notes |
|---|---|---|---|
"""


def encode_policy_page() -> str:
    """Write docs/policy.md: each outcome with its ladder, in the order of the outcomes."""
    kinds: tuple[type[Outcome], ...] = get_args(AnyOutcome)
    return _HEAD + "".join(_row(name_of(kind), POLICY[name_of(kind)]) for kind in kinds)


def _row(name: str, rule: Rule) -> str:
    ladder = " ".join(f"`{rung}`" for rung in (*rule.ladder, *((REPEAT,) if rule.repeat else ())))
    notes = {
        "passes": rule.passing,
        "once a request": not rule.anew,
        "only where an option of the route allows it": rule.beyond,
        "cannot be changed": name in FIXED_ROWS,
    }
    told = ", ".join(note for note, holds in notes.items() if holds)
    return f"| `{name}` | {ladder or 'none: give up'} | {_pause(rule)} | {told} |\n"


def _pause(rule: Rule) -> str:
    if not rule.pace:
        return ""
    limit = "" if rule.pace == "fixed" else f", at most {rule.cap:g} s"
    return f"{rule.pace} {rule.base:g} s{limit}"
