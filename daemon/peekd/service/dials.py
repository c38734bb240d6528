"""The embedded simulators, one for each upstream that is one, kept while their upstream stays the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import trio

from peekd.upstream.dial import Dial
from peekd.upstream.settings import UpstreamSettings

if TYPE_CHECKING:
    from peekd.simulator.server import Simulator

SIMULATED = "simulator:"

Stages = Mapping[tuple[str, str], "Simulator"]


class Dials:
    """`given`: by upstream name, how to reach it where somebody says so. Simulators run in `nursery`."""

    def __init__(self, nursery: trio.Nursery, given: Mapping[str, Dial]) -> None:
        self._nursery = nursery
        self._given = given
        self._stages: Stages = {}

    def stages(self, upstreams: Mapping[str, UpstreamSettings]) -> Stages:
        """Make what is not there yet. It reads scripts, blocking. Raises OperatorError for a faulty one."""
        wanted = [(name, one.address) for name, one in upstreams.items() if one.address.startswith(SIMULATED)]
        return {key: self._stages.get(key) or self._make(key[1]) for key in wanted}

    def _make(self, url: str) -> Simulator:
        # Most daemons have none: they start without it, and hold nothing of it.
        from peekd.simulator.script import load_script
        from peekd.simulator.server import Simulator

        return Simulator(load_script(url.removeprefix(SIMULATED)), nursery=self._nursery)

    def keep(self, stages: Stages) -> None:
        """These are in use from now on."""
        self._stages = stages

    def of(self, stages: Stages) -> dict[str, Dial]:
        """Give how to reach each upstream that is not on the network."""
        return {**{name: simulator.dial for (name, _), simulator in stages.items()}, **self._given}
