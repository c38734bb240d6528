"""Counting tokens: a side channel that never cools, binds or scores an account.

Agents fire dozens of counts within a second. A few at once go to an upstream that can count; the others, and
whatever an upstream does not answer in time, get the local estimate, marked as one.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable

import trio

from peekd.accounts.wanted import Lease, Rest, Target, Wanted
from peekd.protocols.estimate import estimate_prompt
from peekd.relay.asked import Asked
from peekd.relay.calibration import Calibration
from peekd.relay.calls import Calls
from peekd.relay.delivery import Final
from peekd.relay.tree import Tree
from peekd.signatures.seal import Seal

AT_ONCE = 4
"""Counts under way at one upstream."""

SECONDS = 2.0
"""How long an upstream may take to count."""

KEPT = 512
"""Counts remembered by content."""

OK = 200
JSON = (("content-type", "application/json"),)
ESTIMATED = ("x-peekd-estimated", "1")


class Counting:
    """Answers token counts. `glance` says whom to ask, without taking anybody."""

    def __init__(self, seal: Seal, glance: Callable[[Wanted], Lease | Rest]) -> None:
        self._seal = seal
        self._glance = glance
        self.calibration = Calibration(seal, trio.current_time)
        self._known: OrderedDict[bytes, bytes] = OrderedDict()
        self._under_way: dict[str, int] = {}

    async def count(self, asked: Asked, tree: Tree) -> Final:
        """Give the count. Raises ClientError for a request that cannot be read."""
        target = tree.plan(asked.head.model, asked.protocol.name).targets[:1]
        if not target or tree.places.protocols[target[0].upstream] != asked.protocol.name:
            return self._estimated(asked, tree, *target)
        where = tree.settings[target[0].upstream].base_url
        named = (target[0].upstream, where, target[0].model)
        key = hashlib.sha256(b"\0".join((*(name.encode() for name in named), asked.body)))
        counted = self._known.get(key.digest()) or await self._counted(asked, tree, target[0])
        if counted is None:
            return self._estimated(asked, tree, target[0])
        self._remember(key.digest(), counted)
        return Final(OK, JSON, counted)

    async def _counted(self, asked: Asked, tree: Tree, target: Target) -> bytes | None:
        """Ask the upstream; None where it is busy counting, slow, or does not answer with a count."""
        leased = self._glance(Wanted((target,)))
        if isinstance(leased, Rest) or self._under_way.get(target.upstream, 0) >= AT_ONCE:
            return None
        self._under_way[target.upstream] = self._under_way.get(target.upstream, 0) + 1
        try:
            with trio.move_on_after(SECONDS):
                return await self._ask(asked, tree, leased)
        finally:
            self._under_way[target.upstream] -= 1
        return None

    async def _ask(self, asked: Asked, tree: Tree, leased: Lease) -> bytes | None:
        proof = tree.credentials.proof(leased.account)
        if proof is None:
            return None
        protocol = tree.speaks(leased.upstream)
        call, headers = Calls(asked, self._seal).count(protocol, leased.model)
        opening = tree.upstreams.attempt(
            upstream=leased.upstream,
            account=tree.accounts[leased.account],
            proof=proof,
            call=call,
            headers=headers,
            deadlines=tree.places.healing,
        )
        async with opening as attempt:
            if attempt.failure is not None or attempt.status != OK:
                return None
            body = protocol.unwrap(await attempt.read_refusal())
        return body if asked.protocol.is_count(body) else None

    def _estimated(self, asked: Asked, tree: Tree, target: Target | None = None) -> Final:
        """The local estimate, as the model is likely to count it, and marked as one."""
        tokens = estimate_prompt(Calls(asked, self._seal).conversation)
        if target is not None:
            family = tree.speaks(target.upstream).family
            tokens = self.calibration.corrected(target, family, tokens)
        return Final(OK, (*JSON, ESTIMATED), asked.protocol.encode_count(tokens))

    def _remember(self, key: bytes, counted: bytes) -> None:
        self._known[key] = counted
        self._known.move_to_end(key)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
