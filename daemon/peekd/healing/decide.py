"""What happened + what was tried -> the next move and the reason for it. The heart of the house, in one page.

No clock and no dice: time left and jitter come in, so every decision can be printed, tested and made anew
from a record. How a move is carried out is `relay.journey`'s business.
"""

from __future__ import annotations

import msgspec

from peekd.healing.backoff import TOLD_LIMIT, pause
from peekd.healing.policy import ACCOUNT_RUNGS, Policy, Rule
from peekd.vocabulary.decisions import Decision, History, Move
from peekd.vocabulary.outcomes import AnyOutcome, name_of

FAILED_TWICE = 2

_PASSED_ON: tuple[Move, ...] = ("relay",)


class Circumstances(msgspec.Struct, frozen=True, gc=False):
    """What the table cannot know: the request's budget so far, and who could serve next.

    `account` is the one just asked ("" where there was none). `attempts` counts those that reached the model
    or may have, and refusals by an account asked before; `accounts` counts distinct ones; both include the
    last. `left`: seconds until the budget ends. `another`: an account that this request has not asked could
    serve now. `same`: the one just asked may be asked once more. `soonest`: seconds until a resting account
    is back, None: none comes back by itself. `refreshable`: its credential can be had anew.
    `resent`: prompt tokens that would have been sent again with one more attempt, and `max_resent` how many
    may be, 0: any. `beyond`: moves that are left where the client has seen a part of the answer.
    """

    account: str
    attempts: int
    accounts: int
    max_attempts: int
    max_accounts: int
    left: float
    another: bool
    same: bool
    soonest: float | None
    refreshable: bool = False
    resent: int = 0
    max_resent: int = 0
    beyond: tuple[Move, ...] = ()


def passed_on(outcome: AnyOutcome, history: History, policy: Policy) -> Decision | None:
    """Decide about what its row does nothing with but pass it on: no circumstance bears on that.

    None: `decide` must be asked, which says the same of what is decided here.
    """
    kind = name_of(outcome)
    rule = policy[kind]
    if outcome.stop or rule.beyond or rule.ladder != _PASSED_ON:
        return None
    if history and any(name_of(step.outcome) == kind for step in history):
        return None
    return Decision("relay", _welcome(kind))


def decide(
    outcome: AnyOutcome, history: History, policy: Policy, around: Circumstances, *, jitter: float
) -> Decision:
    """Pick the next move. Total: every outcome has a rule. Finite: every ladder or budget has a top."""
    if outcome.stop:
        return Decision("give_up", _SHUT_OUT)
    kind = name_of(outcome)
    rule = policy[kind]
    rung = next_rung(outcome, history, rule, around)
    if rung is None:
        return Decision("give_up", _NO_MOVE if rule.beyond else _spent(rule))
    match rung:
        case "relay":
            return Decision(rung, _welcome(kind))
        case "wait":
            return _wait(around)
        case "rotate" | "again" | "refresh" | "repair" | "resume" | "give_up":
            return _retry(rung, outcome, history, rule, around, jitter)


def next_rung(outcome: AnyOutcome, history: History, rule: Rule, around: Circumstances) -> Move | None:
    """Find the rung to take: account rungs first, where they can help; None past the top of the ladder."""
    if rule.beyond:
        return next((rung for rung in rule.ladder if rung in around.beyond), None)
    kind = name_of(outcome)
    seen = [step for step in history if name_of(step.outcome) == kind]
    if not rule.anew:
        return _rung_of_request(outcome, history, rule, around, len(seen))
    rung = _rung_of_account(outcome, history, rule, around)
    if rung is not None:
        return rung
    rest: list[Move] = [rung for rung in rule.ladder if rung not in ACCOUNT_RUNGS]
    taken = sum(step.decision.move not in ACCOUNT_RUNGS for step in seen)
    if taken < len(rest):
        return rest[taken]
    return rest[-1] if rule.repeat and rest else None


def _rung_of_account(outcome: AnyOutcome, history: History, rule: Rule, around: Circumstances) -> Move | None:
    """Find the next of an account's own rungs that can help it; it takes each once for one outcome."""
    kind = name_of(outcome)
    here = [step for step in history if step.account == around.account and name_of(step.outcome) == kind]
    own: list[Move] = [rung for rung in rule.ladder if rung in ACCOUNT_RUNGS]
    left = own[sum(step.decision.move in ACCOUNT_RUNGS for step in here) :]
    return next((rung for rung in left if _helps(rung, outcome, history, around)), None)


def _rung_of_request(
    outcome: AnyOutcome, history: History, rule: Rule, around: Circumstances, nth: int
) -> Move | None:
    """Find the rung of a row that counts for the whole request: the n-th time, the n-th rung.

    A try that the same account cannot give is had from another one, or from whoever comes back, and not left
    out; where nobody does in time, the request ends without it.
    """
    for rung in rule.ladder[nth:]:
        if rung not in ACCOUNT_RUNGS or _helps(rung, outcome, history, around):
            return rung
        if around.another or not around.same:
            return "rotate"
    return rule.ladder[-1] if rule.repeat and rule.ladder else None


def _helps(rung: Move, outcome: AnyOutcome, history: History, around: Circumstances) -> bool:
    """Whether an account rung can help: a key that can be had anew, an account that did not fail twice."""
    if rung == "refresh":
        return around.refreshable
    failures = 1 + sum(step.account == around.account for step in history)
    if failures >= FAILED_TWICE and around.another:
        return False
    return around.same and outcome.should_retry is not False and (outcome.retry_after or 0) <= TOLD_LIMIT


def _retry(
    rung: Move, outcome: AnyOutcome, history: History, rule: Rule, around: Circumstances, jitter: float
) -> Decision:
    """Take a rung that leads to another attempt, if the budget has one left."""
    kind = name_of(outcome)
    move = rung
    why = ""
    if rung == "rotate" and not around.another and _stays(outcome, rule, around):
        move, why = "again", ", no other account is left"
    spent = _limit(move, outcome, around)
    if spent:
        return Decision("give_up", spent)
    if move == "rotate":
        return Decision(move, _whither(around))
    nth = 1 + sum(step.decision.pace != "" and name_of(step.outcome) == kind for step in history)
    after = pause(rule, nth, told=outcome.retry_after if move == "again" else None, jitter=jitter)
    if after >= around.left:
        return Decision("give_up", _TIME_SPENT)
    return Decision(move, f"{_REASONS[move]}{why}", after=after, pace=rule.pace)


def _limit(move: Move, outcome: AnyOutcome, around: Circumstances) -> str:
    """Name the limit that forbids one more attempt by this move, "" for none."""
    elsewhere = move == "rotate" and around.another
    limits = (
        (around.attempts >= around.max_attempts and move != "repair",
         f"all {around.max_attempts} attempts are spent"),
        (elsewhere and around.accounts >= around.max_accounts,
         f"all {around.max_accounts} accounts for one request are spent"),
        (move == "rotate" and not elsewhere and outcome.should_retry is False,
         "the upstream asks not to be asked again"),
        (_resends_too_much(around), _prompt_spent(around)),
        (around.left <= 0, _TIME_SPENT),
    )  # fmt: skip
    return next((name for reached, name in limits if reached), "")


_SHUT_OUT = "the account is shut out for good, and others are not asked lest they are too"


def _resends_too_much(around: Circumstances) -> bool:
    return 0 < around.max_resent < around.resent


def _prompt_spent(around: Circumstances) -> str:
    return f"about {around.resent} tokens of prompt would be sent again, and {around.max_resent} may be"


_TIME_SPENT = "the time for this request is spent"

_REASONS: dict[Move, str] = {
    "again": "the same account once more",
    "refresh": "the credential is fetched anew",
    "repair": "once more with its thoughts and signatures mended",
    "resume": "the answer is gone on with after the words that were shown",
}


def _stays(outcome: AnyOutcome, rule: Rule, around: Circumstances) -> bool:
    return rule.passing and around.same and outcome.should_retry is not False


def _whither(around: Circumstances) -> str:
    return "another account" if around.another else "another account, if one comes back in time"


def _wait(around: Circumstances) -> Decision:
    if around.soonest is None:
        return Decision("give_up", "no account comes back by itself")
    if around.attempts >= around.max_attempts:
        return Decision("give_up", f"all {around.max_attempts} attempts are spent")
    if _resends_too_much(around):
        return Decision("give_up", _prompt_spent(around))
    if around.soonest >= around.left:
        return Decision(
            "give_up",
            f"the soonest is back in {around.soonest:.0f} s, beyond the {around.left:.0f} s left",
        )
    because = f"the soonest is back in {around.soonest:.1f} s"
    return Decision("wait", because, after=around.soonest)


def _welcome(kind: str) -> str:
    return _WELCOMES.get(kind, "passed on as the policy says")


_AT_BOUNDARY = "all that was opened is closed, a tool call last: it ends there (completed_at_tool_boundary)"

_WELCOMES = {
    "accepted": "the first meaningful event has come: commit and relay",
    "blank": "nothing was said twice: it is the model's answer (blank_accepted)",
    "completed": "the answer is whole",
    "broken": _AT_BOUNDARY,
    "stalled": _AT_BOUNDARY,
}

_NO_MOVE = "there is no move that helps"


def _spent(rule: Rule) -> str:
    if not rule.ladder:
        return _NO_MOVE
    return (
        "the one move against it is spent"
        if len(rule.ladder) == 1
        else f"all {len(rule.ladder)} moves are spent"
    )
