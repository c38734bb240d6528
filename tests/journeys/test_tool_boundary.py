"""An answer cut after a whole tool call ends there, where its route wants that, and nowhere else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import trio
from askers import CLIENTS, Heard, asking, heard
from playhouse import Playhouse, Told
from townhouse import open_townhouse

from peekd.records.entries import WARNING

Clock = trio.testing.MockClock

UPSTREAMS = ("anthropic", "gemini", "openai-responses")
"""Their streams tell where a call ends; Chat's do not, but for those before the last."""

TOOL_USE = {
    "anthropic": "tool_use",
    "gemini": "STOP",
    "openai-chat": "tool_calls",
    "openai-responses": "completed",
}
LS = {"name": "Bash", "input": {"command": "ls"}}
PWD = {"name": "Bash", "input": {"command": "pwd"}}
CUT: dict[str, Any] = {"do": "drop", "at": "reason", "text": "On it.", "tools": [LS]}
"""Words, a whole call, and the connection is gone."""

BOUNDARY = "completed_at_tool_boundary"


def house(protocol: str, *acts: object, account: str = "alice", **options: bool) -> Any:
    """A house with one account whose route has these options."""
    return open_townhouse(
        {"up": {"protocol": protocol}},
        accounts=[{"name": account, "upstream": "up"}],
        plays={account: list(acts)},
        routes=[{"match": "*", "to": ["up"], **options}],
    )


async def ask(playhouse: Playhouse, client: str, **more: Any) -> tuple[Told, Heard]:
    told = await playhouse.ask(**asking(client, **more))
    return told, heard(client, told)


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("client", CLIENTS)
async def test_it_ends_as_tool_use_in_every_protocol(
    autojump_clock: Clock, client: str, upstream: str
) -> None:
    async with house(upstream, CUT, tool_boundary=True) as playhouse:
        told, answer = await ask(playhouse, client)
        assert (answer.reason, answer.error, answer.text) == (TOOL_USE[client], False, "On it.")
        assert [msgspec.json.decode(call) for call in answer.calls] == [{"command": "ls"}]
        assert (told.record.outcome, told.record.note) == ("completed", BOUNDARY)
        assert [(one.outcome, one.move) for one in told.record.attempts] == [("broken", "relay")]
        ends = [entry for entry in told.entries if entry.phase in {"relay", "end"}]
        assert [entry.priority for entry in ends] == [WARNING] * 2
        assert BOUNDARY in ends[-1].message
        (state,) = playhouse.house.roster.states()
        assert [one.state for one in state.models] == ["tired"]
        playhouse.assert_nothing_left()


@pytest.mark.parametrize("client", ["anthropic", "openai-responses"])
async def test_a_stream_that_falls_silent_there_ends_there_too(autojump_clock: Clock, client: str) -> None:
    async with house(client, CUT | {"do": "stall"}, tool_boundary=True) as playhouse:
        told, answer = await ask(playhouse, client)
        assert (answer.reason, told.record.attempts[0].outcome) == (TOOL_USE[client], "stalled")


@pytest.mark.parametrize("client", ["anthropic", "openai-responses"])
async def test_an_upstreams_own_error_there_does_not_reach_the_client(
    autojump_clock: Clock, client: str
) -> None:
    async with house(client, CUT | {"do": "error"}, tool_boundary=True) as playhouse:
        _, answer = await ask(playhouse, client)
        assert (answer.reason, answer.error) == (TOOL_USE[client], False)


@pytest.mark.parametrize("upstream", [*UPSTREAMS, "openai-chat"])
@pytest.mark.parametrize("client", CLIENTS)
async def test_without_the_option_it_is_an_error(autojump_clock: Clock, client: str, upstream: str) -> None:
    async with house(upstream, CUT) as playhouse:
        told, answer = await ask(playhouse, client)
        assert answer.error
        assert (told.record.outcome, told.record.note) == ("broken", "")
        assert [(one.outcome, one.move) for one in told.record.attempts] == [("broken", "give_up")]


@pytest.mark.parametrize(
    "act",
    [
        {"do": "cut-tool", "tools": [LS]},
        {"do": "drop", "at": "tool", "tools": [LS]},
        {"do": "drop", "at": "middle", "text": "No call at all."},
        {"do": "drop", "at": "reason", "text": "No call at all."},
        {"do": "drop", "at": "reason", "text": "", "malformed": True},
    ],
)
@pytest.mark.parametrize("client", ["anthropic", "openai-chat"])
async def test_anywhere_else_it_is_an_error_all_the_same(
    autojump_clock: Clock, client: str, act: dict[str, Any]
) -> None:
    async with house("anthropic", act, tool_boundary=True) as playhouse:
        told, answer = await ask(playhouse, client)
        assert answer.error
        assert told.record.outcome in {"broken", "malformed"}


async def test_a_client_that_offered_no_tool_gets_none_of_it(autojump_clock: Clock) -> None:
    async with house("anthropic", CUT, tool_boundary=True) as playhouse:
        _, answer = await ask(playhouse, "openai-chat", tools=False)
        assert answer.error


async def test_a_whole_answer_is_whole_as_ever(autojump_clock: Clock) -> None:
    act = {"do": "answer", "text": "On it.", "tools": [LS]}
    bodies: list[bytes] = []
    for option in (False, True):
        async with house("anthropic", act, tool_boundary=option, atomic_tools=option) as playhouse:
            told, answer = await ask(playhouse, "anthropic")
            assert (answer.reason, told.record.note) == ("tool_use", "")
            bodies.append(told.body)
    assert bodies[0] == bodies[1]


async def test_who_does_not_stream_is_retried_as_ever(autojump_clock: Clock) -> None:
    whole = {"do": "answer", "text": "", "tools": [LS]}
    async with house("anthropic", CUT, whole, tool_boundary=True, atomic_tools=True) as playhouse:
        told = await playhouse.ask(**asking("anthropic"), stream=False)
        assert [one.outcome for one in told.record.attempts] == ["error_in_stream", "completed"]
        assert told.json["stop_reason"] == "tool_use"


# ---- whole calls or none -------------------------------------------------------------------------


@pytest.mark.parametrize("upstream", [*UPSTREAMS, "openai-chat"])
@pytest.mark.parametrize("client", CLIENTS)
async def test_a_cut_inside_a_second_call_leaves_the_client_with_the_first(
    autojump_clock: Clock, client: str, upstream: str
) -> None:
    long = {"name": "Bash", "input": {"command": "x" * 400}}
    act = {"do": "drop", "at": "tool", "text": "", "tools": [LS, long]}
    async with house(upstream, act, tool_boundary=True, atomic_tools=True) as playhouse:
        told, answer = await ask(playhouse, client)
        if answer.calls:
            assert [msgspec.json.decode(call) for call in answer.calls] == [{"command": "ls"}]
            assert (answer.reason, told.record.note) == (TOOL_USE[client], BOUNDARY)
        else:  # the cut lay in the first one, and nothing was shown: asked again, and told as nothing
            assert told.status == 503


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_cut_inside_the_first_thing_said_is_retried_unseen(
    autojump_clock: Clock, client: str
) -> None:
    act = {"do": "drop", "at": "tool", "text": "", "tools": [LS]}
    whole = {"do": "answer", "text": "", "tools": [PWD]}
    async with house("anthropic", act, whole, atomic_tools=True) as playhouse:
        told, answer = await ask(playhouse, client)
        assert [msgspec.json.decode(call) for call in answer.calls] == [{"command": "pwd"}]
        assert (answer.reason, answer.error) == (TOOL_USE[client], False)
        assert [one.outcome for one in told.record.attempts] == ["error_in_stream", "completed"]
        assert told.headers["x-peekd-attempts"] == "2"
        playhouse.assert_nothing_left()


async def test_while_a_call_is_held_the_client_gets_pings(autojump_clock: Clock) -> None:
    act = {"do": "stall", "at": "tool", "seconds": 15, "text": "On it.", "tools": [LS]}
    async with house("anthropic", act, atomic_tools=True) as playhouse:
        told, answer = await ask(playhouse, "anthropic")
        begins = (b"content_block_start", b'"tool_use"')
        at = [when for when, piece in told.pieces if all(word in piece for word in begins)]
        pings = [when for when, piece in told.pieces if b"event: ping" in piece]
        assert at[0] >= 15
        assert [when for when in pings if when < at[0]]
        assert (answer.reason, answer.text) == ("tool_use", "On it.")


async def test_a_call_goes_as_it_comes_without_the_option(autojump_clock: Clock) -> None:
    act = {"do": "stall", "at": "tool", "seconds": 15, "text": "On it.", "tools": [LS]}
    async with house("anthropic", act) as playhouse:
        told, _ = await ask(playhouse, "anthropic")
        assert next(when for when, piece in told.pieces if b'"tool_use"' in piece) < 1


async def test_a_held_call_that_never_ends_is_a_true_status(autojump_clock: Clock) -> None:
    act = {"do": "drop", "at": "tool", "text": "", "tools": [LS]}
    async with house("anthropic", act, atomic_tools=True, tool_boundary=True) as playhouse:
        told, _ = await ask(playhouse, "anthropic")
        assert told.status == 503
        assert {one.outcome for one in told.record.attempts} == {"error_in_stream"}
        playhouse.assert_nothing_left()
