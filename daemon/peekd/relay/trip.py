"""What one request has been through: the plan, the history, and what the kernel asks about both."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from peekd.accounts.account import Account
from peekd.accounts.wanted import Lease, Rest, Survey, Target, Tried, Wanted, why_nobody
from peekd.healing.decide import Circumstances, decide, passed_on
from peekd.healing.hedge import Prospect
from peekd.healing.history import attempts_spent
from peekd.healing.hurry import FAIR_SHARE
from peekd.healing.plan import Plan
from peekd.healing.policy import Policy
from peekd.healing.settings import HealingSettings, RouteSettings
from peekd.healing.verdict import PASSING, Setting, broken_off, verdict
from peekd.records.entries import Turn
from peekd.relay.asked import Asked
from peekd.relay.house import House
from peekd.relay.tree import Tree
from peekd.relay.turns import turn_of
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Decision, History, Move, Step
from peekd.vocabulary.errors import ClientError, Fault
from peekd.vocabulary.outcomes import WELL, AnyOutcome, is_unfoldable, name_of
from peekd.vocabulary.refusals import Refusal

CLIENT_MARGIN = 5.0
"""Seconds before its own deadline at which a client that waits for a whole body should hear from us."""

CLIENT_SHARE = 0.5
"""How much of a short time limit of the client's is left for attempts all the same."""


class Trip:
    """Notes outcomes, asks the kernel for decisions, and knows when the budget ends. Carries nothing out."""

    __slots__ = (
        "_asked",
        "_began",
        "_begun_by",
        "_ends",
        "_house",
        "_only",
        "_own",
        "_tree",
        "_tried",
        "_untold",
        "begun",
        "beyond",
        "history",
        "number",
        "options",
        "plan",
        "prompt",
        "refusal",
        "repaired",
        "rest",
        "turns",
        "unfoldable",
    )

    def __init__(
        self, house: House, tree: Tree, asked: Asked, planned: Plan, prompt: Callable[[], int] = lambda: 0
    ) -> None:
        """`prompt`: about how many tokens the request has; asked only where that matters."""
        self.plan = planned
        self.options = planned.route or _NO_ROUTE
        self.prompt = prompt
        self.begun = ""
        """What the client has seen of a text that is to go on, "" for none."""
        self.beyond: tuple[Move, ...] = ()
        self.history: History = ()
        self.repaired = False
        self.unfoldable = False
        self.refusal: Refusal | None = None
        self.rest: Rest | None = None
        self._own: str | None = None
        self.number = 0
        self.turns: list[Turn] = []
        self._house = house
        self._tree = tree
        self._asked = asked
        self._tried: tuple[Tried, ...] = ()
        self._untold: dict[Target, ClientError] = {}
        self._begun_by = Target("", "")
        names = asked.head.names
        self._only = house.roster.holder(names, planned.targets, self._among) if names else None
        self._began = house.clock()
        self._ends = self._began + budget(planned.healing, asked)

    def wanted(self, again: str | None = None) -> Wanted:
        """What is wanted for the next attempt: of the targets, those that can be told the request."""
        targets, untold = self._targets, self._untold
        return Wanted(
            tuple([target for target in targets if target not in untold]) if untold else targets,
            self._asked.session,
            self._tried,
            again or self._own,
            self.plan.healing.max_accounts,
            self._only,
            self._began,
            self._ends,
            self._among,
        )

    @property
    def _targets(self) -> tuple[Target, ...]:
        """A text goes on with the model that began it."""
        return (self._begun_by,) if self.begun else self.plan.targets

    def go_on(self, words: str, lease: Lease) -> None:
        """The answer of this lease may go on from these words."""
        self.begun, self._begun_by = words, Target(lease.upstream, lease.model)

    @property
    def _among(self) -> tuple[Account, ...] | None:
        """The accounts of its own tree, as they are switched now."""
        return self._house.roster.among(self._tree.crew)

    def pass_over(self, lease: Lease, error: ClientError) -> None:
        """Leave out a target whose protocol cannot say the request.

        Raises ClientError where it was the last: what the first one could not say.
        """
        self._untold[Target(lease.upstream, lease.model)] = error
        if not self.wanted().targets:
            raise next(self._untold[target] for target in self.plan.targets)

    def healing(self, upstream: str) -> HealingSettings:
        """The settings in force for an attempt at this upstream."""
        return self._tree.healing(self.plan, upstream)

    def streams(self, upstream: str) -> bool:
        """Whether this upstream is asked to stream: not where it is not to, nor where folding failed before.

        Across protocols the frames that are folded are our own, and can be.
        """
        settings = self._tree.settings[upstream]
        verbatim = settings.protocol == self._asked.protocol.name
        return settings.streams and not (self.unfoldable and verbatim)

    def left(self) -> float:
        """Seconds until no attempt may be started any more."""
        return self._ends - self._house.clock()

    def hurried(self, began: float) -> bool:
        """Whether an attempt began so late that it has no fair share of the budget before it is cut short."""
        return self._ends - began < (self._ends - self._began) * FAIR_SHARE

    @property
    def ends(self) -> float:
        """When the budget ends, on trio's clock."""
        return self._ends

    def decide(self, outcome: AnyOutcome, lease: Lease, *, number: int = 0, beside: int = 0) -> Step:
        """Ask the kernel about an attempt. A step that leads away from it becomes history.

        `number`: the attempt's, 0 for the last. `beside`: another that is under way, and stands for the move.
        """
        number = number or self.number
        if type(outcome) not in WELL:
            self._tried = (*self._tried, lease.tried)
            self._own = None
            self.unfoldable = self.unfoldable or is_unfoldable(outcome)
        elif (welcome := passed_on(outcome, self.history, self._policy(lease.upstream))) is not None:
            return Step(outcome, welcome, lease.account, lease.upstream, number)
        step = Step(outcome, _UNDECIDED, lease.account, lease.upstream, number)
        held = lease if isinstance(outcome, o.Blank) else None  # not settled yet: it may still be passed on
        step = self._decided(step, held)
        return step if not beside or step.decision.move == "relay" else _left_to(step, beside)

    def supersede(self, lease: Lease, number: int) -> Step:
        """Another attempt stands for this one, which is no failure."""
        because = Decision("give_up", "another attempt of this request was sooner")
        step = Step(o.Superseded(), because, lease.account, lease.upstream, number)
        self.history = (*self.history, step)
        self._tried = (*self._tried, lease.tried)
        return step

    def wanted_beside(self, lease: Lease) -> Wanted:
        """What is wanted for an attempt beside this one: the same of another account."""
        target = Target(lease.upstream, lease.model)
        tried = (*self._tried, lease.tried)
        return msgspec.structs.replace(self.wanted(), targets=(target,), tried=tried, again=None)

    def prospect(self, lease: Lease, seen: Lease | Rest, *, bound: bool, effects: bool) -> Prospect:
        """What speaks for and against an attempt beside this one, with the account that was `seen`."""
        healing, steps = self.healing(lease.upstream), [(past.account, past.outcome) for past in self.history]
        asked = {lease.account, *(tried.account for tried in self._tried)}
        spent = attempts_spent(steps)
        return Prospect(
            before=tuple(past.outcome for past in self.history),
            attempts=spent + PAIR,
            max_attempts=healing.max_attempts,
            accounts=len(asked) + 1,
            max_accounts=healing.max_accounts,
            prompt=self.prompt(),
            resent=(spent + 1) * self.prompt(),
            max_resent=healing.max_resent_tokens,
            fresh=isinstance(seen, Lease) and seen.account not in asked,
            bound=bound or self._only is not None,
            effects=effects,
            left=self.left(),
        )

    def no_account(self, rest: Rest) -> Step:
        """Ask the kernel what to do when nobody can serve."""
        self.rest, self._own = rest, rest.own
        why = why_nobody(rest, self._house.clock())
        nobody = o.NoAccount(retry_after=rest.soonest, accounts=rest.mend, message=why)
        return self._decided(Step(nobody, _UNDECIDED))

    def decide_again(self, step: Step) -> Step:
        """The move could not be carried out (a credential that is still the same): take the next one."""
        return self._decided(step)

    def _policy(self, upstream: str) -> Policy:
        return self._tree.policy(self.healing(upstream))

    def _decided(self, step: Step, held: Lease | None = None) -> Step:
        around = self._circumstances(step, self.healing(step.upstream), held)
        jitter = self._house.seams.jitter()
        decision = decide(step.outcome, self.history, self._policy(step.upstream), around, jitter=jitter)
        step = msgspec.structs.replace(step, decision=decision)
        if decision.move != "relay":
            self.history = (*self.history, step)
        if type(step.outcome) not in WELL:
            self.turns.append(turn_of(step, around, jitter))
        return step

    def _circumstances(self, step: Step, healing: HealingSettings, held: Lease | None) -> Circumstances:
        survey = (
            _UNASKED if type(step.outcome) in WELL else self._house.roster.survey(self.wanted(), left=held)
        )
        steps = [(past.account, past.outcome) for past in self.history if past.attempt != step.attempt]
        steps.append((step.account, step.outcome))
        spent = attempts_spent(steps)
        return Circumstances(
            account=step.account,
            attempts=spent,
            accounts=len({name for name, _ in steps if name}),
            max_attempts=healing.max_attempts,
            max_accounts=healing.max_accounts,
            left=self.left(),
            another=survey.another,
            same=survey.same,
            soonest=survey.soonest,
            refreshable=bool(step.account) and self._tree.credentials.refreshable(step.account),
            resent=spent * self.prompt() if healing.max_resent_tokens else 0,
            max_resent=healing.max_resent_tokens,
            beyond=self.beyond,
        )

    # ---- no answer ----

    @property
    def _failures(self) -> History:
        """The history without attempts that were merely too slow."""
        return tuple(past for past in self.history if not isinstance(past.outcome, o.Superseded))

    def telling(self, step: Step) -> Step:
        """The step that says most about why there is no answer: where one broke off, else the last."""
        tried = [past for past in reversed(self._failures) if past.attempt]
        broken = (past for past in tried if isinstance(past.outcome, o.Broken | o.Stalled))
        return next(broken, next(iter(tried), step))

    def verdict(self, *, shown: bool) -> Fault:
        """What the client is told where there is no answer, or no whole one."""
        last = self.telling(self._failures[-1])
        if shown:
            return broken_off(last.outcome)
        survey = self._house.roster.survey(self.wanted())
        spoken = self._tree.places.protocols.get(last.upstream, "")
        return verdict(
            self._failures,
            Setting(
                refusal=self.refusal,
                same_protocol=spoken == self._asked.protocol.name,
                soonest=survey.soonest,
                mend=self.rest.mend if self.rest else (),
                resting=tuple(dict.fromkeys(why.account for why in self.rest.causes)) if self.rest else (),
                troubled=self.rest is not None and any(why.cause in _PASSING for why in self.rest.causes),
                configured=self.rest is None or self._has_accounts(),
                missing=self._missing(),
                model=self._asked.head.model,
                near=self._tree.offers.near(self._asked.head.model, self._asked.protocol.name),
                where=self._tree.places.where,
            ),
        )

    def _has_accounts(self) -> bool:
        """Whether any account belongs to an upstream that may be asked."""
        upstreams = {target.upstream for target in self.plan.targets}
        return any(account.upstream in upstreams for account in self._tree.accounts.values())

    def _missing(self) -> bool:
        """Whether nobody is left because nobody has the model: so the upstream says, or the settings."""
        if self.rest is None:
            return False
        causes = {why.cause for why in self.rest.causes}
        return not self.rest.exists or causes == {"model_not_found"}


PAIR = 2
"""Attempts under way at once."""


def _left_to(step: Step, beside: int) -> Step:
    decision = step.decision
    because = f"{decision.because}: left to attempt {beside}, which is under way"
    return msgspec.structs.replace(
        step, decision=msgspec.structs.replace(decision, because=because, after=0.0)
    )


_NO_ROUTE = RouteSettings("*", ())

_UNASKED = Survey(another=False, same=False, soonest=None)
"""Of an answer nobody asks who could be next."""

_PASSING = frozenset(map(name_of, PASSING))
_UNDECIDED = Decision("give_up", "not decided yet")


def budget(healing: HealingSettings, asked: Asked) -> float:
    """Seconds a request may go on starting attempts; a waiting client's own time limit lowers it."""
    if asked.head.stream:
        return healing.budget_seconds
    own = asked.header("x-stainless-timeout")
    if not own.replace(".", "", 1).isdecimal():
        return healing.budget_seconds
    return min(healing.budget_seconds, max(float(own) - CLIENT_MARGIN, float(own) * CLIENT_SHARE))
