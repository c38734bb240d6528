"""A simulator stays while its upstream does."""

import pytest
import trio

from peekd.service.dials import Dials
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.errors import OperatorError

WELL = UpstreamSettings("anthropic", "simulator:well")
DEMO = UpstreamSettings("anthropic", "simulator:demo")
REAL = UpstreamSettings("anthropic", "http://127.0.0.1:1")


async def nowhere(host: str, port: int) -> trio.abc.Stream:
    await trio.lowlevel.checkpoint()
    raise OSError(host, port)


async def test_a_simulator_stays_while_its_upstream_is_the_same() -> None:
    async with trio.open_nursery() as nursery:
        dials = Dials(nursery, {"given": nowhere})
        first = dials.stages({"a": WELL, "b": WELL, "c": REAL})
        assert set(dials.of(first)) == {"a", "b", "given"}
        dials.keep(first)
        second = dials.stages({"a": WELL, "b": DEMO})
        assert second["a", "simulator:well"] is first["a", "simulator:well"]
        assert second["b", "simulator:demo"] not in first.values()
        assert dials.of(second)["given"] is nowhere


async def test_a_script_that_is_not_there_is_the_operators_to_mend() -> None:
    async with trio.open_nursery() as nursery:
        with pytest.raises(OperatorError, match="nowhere"):
            Dials(nursery, {}).stages({"a": UpstreamSettings("anthropic", "simulator:nowhere")})
