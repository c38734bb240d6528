"""What one request has been through: the plan, the history, and what the kernel asks about both."""

from __future__ import annotations

import msgspec
import trio

from peekd.accounts.account import Account
from peekd.accounts.wanted import Lease, Rest, Target, Tried, Wanted
from peekd.healing.decide import Circumstances, decide
from peekd.healing.history import attempts_spent
from peekd.healing.plan import Plan
from peekd.healing.settings import HealingSettings
from peekd.healing.verdict import Setting, broken_off, verdict
from peekd.relay.asked import Asked
from peekd.relay.house import House
from peekd.relay.tree import Tree
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Decision, History, Step
from peekd.vocabulary.errors import ClientError, Fault
from peekd.vocabulary.outcomes import AnyOutcome, is_unfoldable
from peekd.vocabulary.refusals import Refusal

CLIENT_MARGIN = 5.0
"""Seconds before its own deadline at which a client that waits for a whole body should hear from us."""

CLIENT_SHARE = 0.5
"""How much of a short time limit of the client's is left for attempts all the same."""


class Trip:
    """Notes outcomes, asks the kernel for decisions, and knows when the budget ends. Carries nothing out."""

    def __init__(self, house: House, tree: Tree, asked: Asked, planned: Plan) -> None:
        self.plan = planned
        self.history: History = ()
        self.repaired = False
        self.unfoldable = False
        self.refusal: Refusal | None = None
        self.rest: Rest | None = None
        self.number = 0
        self._house = house
        self._tree = tree
        self._asked = asked
        self._tried: tuple[Tried, ...] = ()
        self._untold: dict[Target, ClientError] = {}
        self._only = house.roster.holder(asked.head.names, planned.targets, self._among)
        self._ends = trio.current_time() + budget(planned.healing, asked)

    def wanted(self, again: str | None = None) -> Wanted:
        """What is wanted for the next attempt: of the targets, those that can be told the request."""
        return Wanted(
            tuple(target for target in self.plan.targets if target not in self._untold),
            session=self._asked.session,
            tried=self._tried,
            again=again,
            most=self.plan.healing.max_accounts,
            only=self._only,
            among=self._among,
        )

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
        return self._ends - trio.current_time()

    @property
    def ends(self) -> float:
        """When the budget ends, on trio's clock."""
        return self._ends

    def decide(self, outcome: AnyOutcome, lease: Lease) -> Step:
        """Ask the kernel about an attempt. A step that leads away from it becomes history."""
        if not isinstance(outcome, o.Accepted | o.Completed):
            self._tried = (*self._tried, lease.tried)
        self.unfoldable = self.unfoldable or is_unfoldable(outcome)
        step = Step(outcome, _UNDECIDED, lease.account, lease.upstream, self.number)
        held = lease if isinstance(outcome, o.Blank) else None  # not settled yet: it may still be passed on
        return self._decided(step, held)

    def no_account(self, rest: Rest) -> Step:
        """Ask the kernel what to do when nobody can serve."""
        self.rest = rest
        return self._decided(Step(o.NoAccount(retry_after=rest.soonest, accounts=rest.mend), _UNDECIDED))

    def decide_again(self, step: Step) -> Step:
        """The move could not be carried out (a credential that is still the same): take the next one."""
        return self._decided(step)

    def _decided(self, step: Step, held: Lease | None = None) -> Step:
        healing = self.healing(step.upstream)
        decision = decide(
            step.outcome,
            self.history,
            self._tree.policy(healing),
            self._circumstances(step, healing, held),
            jitter=self._house.seams.jitter(),
        )
        step = msgspec.structs.replace(step, decision=decision)
        if decision.move != "relay":
            self.history = (*self.history, step)
        return step

    def _circumstances(self, step: Step, healing: HealingSettings, held: Lease | None) -> Circumstances:
        survey = self._house.roster.survey(self.wanted(), left=held)
        steps = [(past.account, past.outcome) for past in self.history if past.attempt != step.attempt]
        steps.append((step.account, step.outcome))
        return Circumstances(
            account=step.account,
            attempts=attempts_spent(steps),
            accounts=len({name for name, _ in steps if name}),
            max_attempts=healing.max_attempts,
            max_accounts=healing.max_accounts,
            left=self.left(),
            another=survey.another,
            same=survey.same,
            soonest=survey.soonest,
            refreshable=bool(step.account) and self._tree.credentials.refreshable(step.account),
        )

    # ---- no answer ----

    def telling(self, step: Step) -> Step:
        """The step that says most about why there is no answer: the last attempt's, if there was one."""
        return next((past for past in reversed(self.history) if past.attempt), step)

    def verdict(self, *, shown: bool) -> Fault:
        """What the client is told where there is no answer, or no whole one."""
        last = self.telling(self.history[-1])
        if shown:
            return broken_off(last.outcome)
        survey = self._house.roster.survey(self.wanted())
        spoken = self._tree.places.protocols.get(last.upstream, "")
        return verdict(
            self.history,
            Setting(
                refusal=self.refusal,
                same_protocol=spoken == self._asked.protocol.name,
                soonest=survey.soonest,
                mend=self.rest.mend if self.rest else (),
                resting=tuple(dict.fromkeys(why.account for why in self.rest.causes)) if self.rest else (),
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


_UNDECIDED = Decision("give_up", "not decided yet")


def budget(healing: HealingSettings, asked: Asked) -> float:
    """Seconds a request may go on starting attempts; a waiting client's own time limit lowers it."""
    own = asked.header("x-stainless-timeout")
    if asked.head.stream or not own.replace(".", "", 1).isdecimal():
        return healing.budget_seconds
    return min(healing.budget_seconds, max(float(own) - CLIENT_MARGIN, float(own) * CLIENT_SHARE))
