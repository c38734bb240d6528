"""What replayed thoughts, thinking switched on and off, and odd models did to conversations elsewhere.

Each is held by name, before upstreams that refuse what the vendors refuse; so is what peekd leaves alone.
"""

from __future__ import annotations

from typing import Any

import pytest
import trio
from signers import AGENTS, Chat, Claude, Gemini, Responses
from signhouse import CLAUDES, GEMINI, STAND_IN
from signplay import act, corrupt, opened, repairs, sent, signatures, thoughts, turn

Clock = trio.testing.MockClock

CLAUDE, OTHER_CLAUDE = CLAUDES


def configs(body: dict[str, Any]) -> dict[str, Any]:
    return body.get("generationConfig", {}).get("thinkingConfig", {})


# ---- thinking on, off, and how much -----------------------------------------------------------------


async def test_thinking_may_be_switched_off_over_a_history_that_has_thoughts(autojump_clock: Clock) -> None:
    for protocol, agent_of in AGENTS.items():
        for model in (CLAUDE, GEMINI):
            async with opened([act("hm", "x"), act("ho", "y"), act("ha", "z")]) as house:
                agent = agent_of(protocol)
                for thinking in ("adaptive", "disabled", "adaptive"):
                    told = await turn(house, agent, model, thinking)
                    assert (told.status, repairs(told)) == (200, 0), (protocol, model, thinking)


async def test_thinking_off_stays_off(autojump_clock: Clock) -> None:
    async with opened([act("hm", "x"), act("ho", "y")]) as house:
        agent = Claude("s")
        await turn(house, agent)
        await turn(house, agent, thinking="disabled")
        assert sent(house)[-1]["thinking"] == {"type": "disabled"}


@pytest.mark.parametrize(
    ("model", "asked", "steering"),
    [
        ("gemini-2.5-flash", 60_000, {"thinkingBudget": 24_576}),
        ("gemini-2.5-flash", 1024, {"thinkingBudget": 1024}),
        ("gemini-2.5-pro", 60_000, {"thinkingBudget": 32_768}),
        (GEMINI, 1024, {"thinkingLevel": "LOW"}),
        (GEMINI, 60_000, {"thinkingLevel": "HIGH"}),
    ],
)
async def test_a_budget_fits_the_model_and_a_level_goes_to_those_that_know_one(
    autojump_clock: Clock, model: str, asked: int, steering: dict[str, object]
) -> None:
    """Never both, and never a level to a model of the second generation."""
    async with opened([act("hm", "x")]) as house:
        agent = Claude("s")
        agent.say("Begin.")
        body = agent.body(model, "enabled") | {"max_tokens": 64_000}
        await house.ask(body | {"thinking": {"type": "enabled", "budget_tokens": asked}})
        told = {
            key: value for key, value in configs(sent(house, "google")[0]).items() if key != "includeThoughts"
        }
        assert told == steering


async def test_a_model_for_pictures_is_not_asked_to_think(autojump_clock: Clock) -> None:
    async with opened([act("hm", "x")]) as house:
        await turn(house, Claude("s"), "gemini-2.0-flash-preview-image-generation", "enabled")
        assert configs(sent(house, "google")[0]) == {}


# ---- what is replayed -------------------------------------------------------------------------------


async def test_another_claude_reads_what_a_claude_signed(autojump_clock: Clock) -> None:
    """A signature belongs to a family: a model of another name is no other family."""
    for protocol, agent_of in AGENTS.items():
        async with opened([act("hm", "", "read"), act("ho", "x")]) as house:
            agent = agent_of(protocol)
            await turn(house, agent)
            told = await turn(house, agent, OTHER_CLAUDE, "enabled")
            assert (told.status, repairs(told)) == (200, 0)
            assert thoughts(sent(house)[-1]) == ["hm"], protocol


async def test_redacted_thoughts_go_back_byte_for_byte_to_claude_alone(autojump_clock: Clock) -> None:
    async with opened([act("hm", "", "read"), act("ho", "", "read"), act("ha", "x")]) as house:
        agent = Claude("s")
        await turn(house, agent)
        block = agent.history[-1]["content"][0]
        redacted = {"type": "redacted_thinking", "data": block["signature"]}
        agent.history[-1]["content"][0] = redacted
        agent.history[-1]["content"].pop()
        agent.history[-1]["content"].append({"type": "text", "text": "So."})
        agent.pending = []
        told = await turn(house, agent)
        assert (told.status, repairs(told)) == (200, 0)
        assert redacted in sent(house)[-1]["messages"][1]["content"]
        told = await turn(house, agent, GEMINI)
        assert (told.status, repairs(told)) == (200, 0)
        assert redacted["data"].encode() not in house.simulators["google"].requests[-1].body


async def test_a_repair_leaves_no_historic_signature_in_whichever_turn(autojump_clock: Clock) -> None:
    async with opened([act(f"t{n}", "x") for n in range(4)]) as house:
        agent = Claude("s")
        for _ in range(3):
            await turn(house, agent)
        corrupt(agent)
        told = await turn(house, agent)
        assert (told.status, repairs(told)) == (200, 1)
        assert [len(thoughts(body)) for body in sent(house)[-2:]] == [3, 0]
        assert b"signature" not in house.simulators["claude"].requests[-1].body


async def test_an_answer_of_thoughts_alone_does_not_break_what_follows(autojump_clock: Clock) -> None:
    """No turn ends with a thought before Claude; an Anthropic client's own request is repaired."""
    mute: list[object] = [{"do": "thinking-blank"}, {"do": "thinking-blank"}]
    for protocol, agent_of in AGENTS.items():
        async with opened([*mute, act("b", "x"), act("c", "y")]) as house:
            agent = agent_of(protocol)
            tolds = [await turn(house, agent, model) for model in (GEMINI, CLAUDE, CLAUDE)]
            assert [told.status for told in tolds] == [200] * 3, protocol
            assert sum(map(repairs, tolds)) == (protocol == "anthropic"), protocol


async def test_signatures_in_snake_case_are_read_like_all_others(autojump_clock: Clock) -> None:
    async with opened([act("hm", "", "read"), act("ho", "x"), act("ha", "y")]) as house:
        agent = Gemini("s")
        await turn(house, agent, GEMINI)
        part = agent.history[-1]["parts"][-1]
        made = part["thought_signature"] = part.pop("thoughtSignature")
        told = await turn(house, agent, GEMINI)
        assert (told.status, repairs(told)) == (200, 0)
        assert made.encode() in house.simulators["google"].requests[1].body, "verbatim, it goes as it came"
        await turn(house, agent, CLAUDE)
        assert made.encode() not in house.simulators["claude"].requests[-1].body


async def test_a_shorter_signature_of_a_newer_turn_counts_as_much(autojump_clock: Clock) -> None:
    long, short = "bG9uZw==" * 40, "c2hvcnQ=" * 10
    acts = [act("ab"[n], "", "read", signature=proof) for n, proof in enumerate((long, short))]
    async with opened([*acts, act("c", "x")], strict=False) as house:
        agent = Chat("s", "signatures")
        for _ in range(3):
            await turn(house, agent, GEMINI)
        assert signatures(sent(house, "google")[-1]) == [long, short]


async def test_results_of_calls_never_get_a_signature(autojump_clock: Clock) -> None:
    for protocol, agent_of in AGENTS.items():
        async with opened([act("a", "", "read", "run"), act("b", "x")]) as house:
            agent = agent_of(protocol)
            for _ in range(2):
                await turn(house, agent, GEMINI)
            parts = [part for content in sent(house, "google")[-1]["contents"] for part in content["parts"]]
            signed = [part for part in parts if "thoughtSignature" in part]
            assert [part for part in signed if "functionResponse" in part] == []
            calls = [part for part in parts if "functionCall" in part]
            assert ["thoughtSignature" in part for part in calls] == [True, False], (
                "the first of a step alone"
            )


async def test_models_without_a_version_get_a_stand_in_as_well(autojump_clock: Clock) -> None:
    for model in ("gemini-pro-agent", "gemini-flash-latest", "gemini-3.1-flash-lite"):
        async with opened([act("hm", "", "read"), act("ho", "x")]) as house:
            agent = Claude("s", "thoughts")
            await turn(house, agent)
            await turn(house, agent, model)
            assert signatures(sent(house, "google")[-1]) == [STAND_IN]


async def test_a_request_that_peekd_cannot_read_is_repaired_once_and_not_each_turn(
    autojump_clock: Clock,
) -> None:
    """It holds a stored file: its thoughts are told by its bytes alone."""
    stored = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
    async with opened([act(f"t{n}", "x") for n in range(5)]) as house:
        agent = Claude("s")
        agent.history = [{"role": "user", "content": [stored, {"type": "text", "text": "Begin."}]}]
        await agent.ask(house, CLAUDE, "adaptive", stream=True)
        corrupt(agent)
        assert [repairs(await turn(house, agent)) for _ in range(3)] == [1, 0, 0]
        assert thoughts(sent(house)[-1]) == ["t1", "t2"], "what was not refused is kept"


# ---- what peekd does not do -------------------------------------------------------------------------


async def test_a_tool_loop_without_thinking_is_left_as_it_is(autojump_clock: Clock) -> None:
    """No turn is closed, no result is commented on, no thought is put in."""
    async with opened([{"do": "answer", "text": "", "tools": [{"name": "read"}]}] * 3) as house:
        agent = Claude("s")
        for _ in range(3):
            told = await turn(house, agent, thinking="disabled")
            assert (told.status, repairs(told)) == (200, 0)
            assert sent(house)[-1]["messages"] == agent.history[:-1]


async def test_no_words_make_a_request_a_task_of_the_background(autojump_clock: Clock) -> None:
    for words in ("Caveat: the messages below were generated", "Warmup", "Please write a 5-10 word title"):
        async with opened([act("hm", "x")]) as house:
            agent = Claude("s")
            agent.say(words)
            told = await agent.ask(house, CLAUDE, "enabled", stream=True)
            (body,) = sent(house)
            assert (body["model"], body["thinking"]["type"]) == (CLAUDE, "enabled")
            assert body["messages"] == [{"role": "user", "content": words}]
            assert told.record.mapped_model == CLAUDE


async def test_responses_clients_lose_nothing_over_a_switch_there_and_back(autojump_clock: Clock) -> None:
    """A carrier in `encrypted_content` is its maker's proof again, and nobody else's."""
    async with opened([act(f"t{n}", "", "read") for n in range(6)]) as house:
        agent = Responses("s")
        for model in (CLAUDE, CLAUDE, GEMINI, CLAUDE):
            told = await turn(house, agent, model, "enabled")
            assert (told.status, repairs(told)) == (200, 0)
        assert thoughts(sent(house)[-1])[:2] == ["t0", "t1"]
        assert b"peekd1." not in house.simulators["google"].requests[-1].body
