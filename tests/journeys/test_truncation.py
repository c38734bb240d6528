"""The law of truncation: wherever an upstream's stream is cut, no half answer passes for a whole one."""

import msgspec
import pytest
import trio
from playhouse import HELLO, QUICK, Playhouse, open_playhouse

from peekd.protocols.interface import Call
from peekd.simulator.script import Script
from peekd.upstream.headers import Proof

ANSWER = {
    "do": "answer",
    "text": "Hi 世",
    "thinking": "Hm",
    "tool": {"name": "Bash", "input": {"command": "ls"}},
}
PATHS = {
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/gemini-3-pro-preview:streamGenerateContent?alt=sse",
}
TERMINALS = {"anthropic": b'"stop_reason":"tool_use"', "gemini": b'"finishReason"'}
BODY = {
    **HELLO,
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "tools": [{"name": "Bash", "input_schema": {"type": "object"}}],
}
ONCE = msgspec.structs.replace(QUICK, max_attempts=1)


async def raw_answer(house: Playhouse, protocol: str) -> bytes:
    """The whole body as the simulated upstream sends it."""
    plain = {
        "anthropic": {**BODY, "stream": True},
        "gemini": {"contents": [{"parts": [{"text": "Say hello."}]}]},
    }
    opening = house.house.tree.upstreams.attempt(
        upstream="up",
        account=house.house.tree.accounts["alice"],
        proof=Proof("alice"),
        call=Call(PATHS[protocol], msgspec.json.encode(plain[protocol])),
        deadlines=ONCE,
    )
    body = b""
    async with opening as attempt:
        while piece := await attempt.receive():
            assert isinstance(piece, bytes)
            body += piece
    return body


def cuts(length: int) -> Script:
    """A script that cuts the n-th answer after n bytes, by an end or a reset in turn."""
    acts = [{**ANSWER, "do": ("cut", "drop")[offset % 2], "at": str(offset)} for offset in range(length)]
    return Script.of({"alice": acts})


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
async def test_no_cut_before_the_terminal_ends_as_success_and_none_leaves_anything_open(
    autojump_clock: trio.testing.MockClock, protocol: str, *, stream: bool
) -> None:
    async with open_playhouse({"alice": [ANSWER]}, protocol=protocol) as house:
        raw = await raw_answer(house, protocol)
    said = raw.index(TERMINALS[protocol])
    terminal = raw.index(b"}\n" if protocol == "anthropic" else b"}\r\n", said) + 1
    async with open_playhouse(cuts(len(raw)), protocol=protocol, healing=ONCE) as house:
        for offset in range(len(raw)):
            told = await house.ask(BODY, stream=stream)
            whole = told.record.outcome == "completed"
            assert whole == (offset >= terminal), (offset, raw[:offset][-60:], told.record.outcome)
            if stream and not whole and told.status == 200:
                assert told.kinds.count("error") == 1
                assert told.kinds[-1] == "error"
            assert told.status in {200, 503}
            house.house.roster.pool = type(house.house.roster.pool)(
                house.house.roster.pool.accounts, house.house.roster.pool.health
            )
            house.assert_nothing_left()
