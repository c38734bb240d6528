"""What broke conversations elsewhere, each held by name: thoughts, signatures, and their repair.

Both upstreams are strict: they refuse what the vendors refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import trio
from signers import AGENTS, Chat, Claude, Gemini
from signhouse import CLAUDES, GEMINI, STAND_IN, open_signhouse, open_upstreams
from signplay import BAD, act, corrupt, opened, repairs, sent, signatures, thoughts, turn

from peekd.records.narrate import SIGNATURE
from peekd.signatures.note import CLOSING, NOTE
from peekd.signatures.settings import SignatureSettings
from peekd.simulator.answer import compose
from peekd.simulator.server import Seen
from peekd.store.volatile import Volatile

Clock = trio.testing.MockClock
Acts = Mapping[str, list[object]]

CLAUDE, OTHER_CLAUDE = CLAUDES


# ---- the repair -------------------------------------------------------------------------------------


async def test_the_repair_is_made_once_on_the_same_account_which_is_not_blamed(autojump_clock: Clock) -> None:
    async with opened([act("hm", "x")]) as house:
        agent = Claude("s")
        await turn(house, agent)
        corrupt(agent)
        told = await turn(house, agent)
        assert [(a.outcome, a.move) for a in told.record.attempts] == [
            ("signature", "repair"),
            ("completed", "relay"),
        ]
        assert len({a.account for a in told.record.attempts}) == 1
        assert {state.cause for state in house.house.roster.states()} == {""}
        assert [entry.message for entry in told.entries].count(SIGNATURE) == 1
        assert any(entry.message.startswith("Retry with fixed delay: ") for entry in told.entries)
        assert told.record.waits[0][1] == pytest.approx(0.2)


async def test_a_second_signature_error_is_the_clients_as_it_came(autojump_clock: Clock) -> None:
    words = "messages.1.content.0: Invalid `signature` in `thinking` block"
    async with opened([act("hm", "x"), "signature", "signature"]) as house:
        agent = Claude("s")
        await turn(house, agent)
        told = await turn(house, agent)
        assert (told.status, repairs(told)) == (400, 1)
        assert told.json["error"]["message"] == words


async def test_a_repaired_request_has_every_word_that_the_client_sent(autojump_clock: Clock) -> None:
    """S2: no message is emptied by the repair."""
    async with opened([act("hm", "I look.", "read"), act("ho", "x")]) as house:
        agent = Claude("s")
        await turn(house, agent)
        corrupt(agent)
        await turn(house, agent)
        before, after = sent(house)[-2:]
        said = [[b for b in m["content"] if b["type"] != "thinking"] for m in before["messages"][1:]]
        assert [message["content"] for message in after["messages"][1:]] == said
        assert after["messages"][0] == before["messages"][0]


async def test_a_retry_is_never_given_the_signature_that_was_refused(autojump_clock: Clock) -> None:
    """S1: what the repair takes out is not filled in again from memory."""
    bad = act("hm", "", "read", signature=BAD)
    async with opened([bad, act("ho", "x")]) as house:
        agent = Chat("s", "signatures")
        await turn(house, agent, GEMINI)
        told = await turn(house, agent, GEMINI)
        assert (told.status, repairs(told)) == (200, 1)
        assert [signatures(body) for body in sent(house, "google")[1:]] == [[BAD], [STAND_IN]]


async def test_what_was_put_back_and_refused_is_not_put_back_again(autojump_clock: Clock) -> None:
    """S3: a signature from memory that does not hold is forgotten; each turn after it costs no repair."""
    bad = act("hm", "", "read", signature=BAD)
    for protocol, agent_of in AGENTS.items():
        if protocol == "gemini":
            continue  # its requests go as they came: nothing is put back before the first refusal
        async with opened([bad, *(act(f"t{n}", "", "read") for n in range(4))]) as house:
            agent = agent_of(protocol, "signatures")
            await turn(house, agent, GEMINI)
            made = [repairs(await turn(house, agent, GEMINI)) for _ in range(3)]
            assert made == [1, 0, 0], protocol
            assert BAD not in signatures(sent(house, "google")[-1])


async def test_after_a_second_refusal_too_it_is_forgotten(autojump_clock: Clock) -> None:
    """S3: what a repair put back and was refused for is told once, and the next turn goes well."""
    bad = act("hm", "", "read", signature=BAD)
    async with opened([bad, act("a", "", "read"), act("b", "x")]) as house:
        agent = Gemini("s", "signatures")
        await turn(house, agent, GEMINI)
        told = await turn(house, agent, GEMINI)
        assert (told.status, repairs(told)) == (400, 1)
        del agent.history[-1]
        for _ in range(2):
            told = await turn(house, agent, GEMINI)
            assert (told.status, repairs(told)) == (200, 0)
        assert BAD not in signatures(sent(house, "google")[-1])


async def test_what_was_refused_is_not_sent_again_in_later_turns(autojump_clock: Clock) -> None:
    """S3: one bad signature costs one repair, and not one each turn; after a restart neither."""
    store = Volatile()
    async with open_upstreams({"*": [act("a", "x"), act("b", "y")]}) as simulators:
        agent = Claude("s")
        async with open_signhouse(simulators, store) as house:
            await turn(house, agent)
            corrupt(agent)
            assert [repairs(await turn(house, agent)) for _ in range(3)] == [1, 0, 0]
        async with open_signhouse(simulators, store) as house:
            assert repairs(await turn(house, agent)) == 0


async def test_no_word_is_added_to_a_repaired_request(autojump_clock: Clock) -> None:
    """S4: neither note nor turn, also where results are brought."""
    async with opened([act("hm", "", "read"), act("ho", "x")]) as house:
        agent = Claude("s")
        await turn(house, agent)
        corrupt(agent)
        await turn(house, agent)
        before, after = sent(house)[-2:]
        assert after["messages"][-1] == before["messages"][-1]
        assert len(after["messages"]) == len(before["messages"])


async def test_a_400_that_only_says_invalid_argument_is_no_signature_error(autojump_clock: Clock) -> None:
    """S5: the request's own fault is told at once."""
    async with opened(["400"]) as house:
        told = await turn(house, Gemini("s"), GEMINI)
        assert (told.status, len(told.record.attempts)) == (400, 1)


@pytest.mark.parametrize("thinking", ["adaptive", "enabled"])
async def test_in_an_open_loop_adaptive_thinking_stays_on_and_a_budget_rests_once(
    autojump_clock: Clock, thinking: str
) -> None:
    async with opened([act("a", "", "read"), act("b", "", "read"), act("c", "x"), act("d", "y")]) as house:
        agent = Claude("s")
        await turn(house, agent, thinking=thinking)
        corrupt(agent)
        told = await turn(house, agent, thinking=thinking)
        assert (told.status, repairs(told)) == (200, 1)
        assert ("thinking" in sent(house)[-1]) is (thinking == "adaptive")
        assert ("thinking" in told.record.spliced) is (thinking == "enabled")
        await turn(house, agent, thinking=thinking)
        assert sent(house)[-1]["thinking"]["type"] == thinking, "for the one answer alone"


async def test_a_note_is_added_where_the_operator_wants_one_and_is_shown_in_the_record(
    autojump_clock: Clock,
) -> None:
    noting = SignatureSettings(recovery_note=True)
    async with opened([act("a", "", "read"), act("b", "x"), act("c", "y")], noting) as house:
        agent = Claude("s")
        await turn(house, agent)
        corrupt(agent)
        told = await turn(house, agent)
        messages = sent(house)[-1]["messages"]
        assert [message["content"] for message in messages[-2:]] == [CLOSING, NOTE]
        assert "recovery note" in told.record.spliced


async def test_gemini_clients_are_repaired_like_all_others(autojump_clock: Clock) -> None:
    async with opened([act("a", "", "read"), act("b", "x"), act("c", "y")]) as house:
        agent = Gemini("s")
        await turn(house, agent, GEMINI)
        agent.history[-1]["parts"][-1]["thoughtSignature"] = BAD
        told = await turn(house, agent, GEMINI)
        assert (told.status, repairs(told)) == (200, 1)
        body = sent(house, "google")[-1]
        assert signatures(body) == [made_for(house.simulators["google"].requests[0])]
        assert not any(part.get("thought") for content in body["contents"] for part in content["parts"])
        assert repairs(await turn(house, agent, GEMINI)) == 0


async def test_a_gemini_client_that_loses_signatures_gets_the_real_ones_back(autojump_clock: Clock) -> None:
    async with opened([act("a", "", "read"), act("b", "", "read"), act("c", "x")]) as house:
        agent = Gemini("s", "signatures")
        assert [repairs(await turn(house, agent, GEMINI)) for _ in range(3)] == [0, 1, 0]
        made = [STAND_IN in signatures(body) for body in sent(house, "google")]
        assert not any(made)
        assert len(signatures(sent(house, "google")[-1])) == 2


async def test_a_repair_for_want_of_a_signature_leaves_those_that_gemini_gave(autojump_clock: Clock) -> None:
    """Gemini says that one is missing, and nothing against the others: no stand-in takes their place."""
    acts = [*(act(name, "", "read") for name in ("a", "b", "c")), act("d", "x"), act("e", "y")]
    async with opened([*acts]) as house:
        agent = Gemini("s", "thoughts")
        for model in (GEMINI, CLAUDE):
            await turn(house, agent, model)
        agent.history[-1]["parts"][-1]["functionCall"]["args"] = {"of": "what Gemini did not ask for"}
        assert repairs(await turn(house, agent, GEMINI)) == 1
        first = made_for(house.simulators["google"].requests[0])
        assert signatures(sent(house, "google")[-1]) == [first, STAND_IN]
        told = await turn(house, agent, GEMINI)
        third = made_for(house.simulators["google"].requests[-2])
        assert (told.status, repairs(told)) == (200, 0), "the conversation is known as lossy"
        assert signatures(sent(house, "google")[-1]) == [first, STAND_IN, third]


async def test_a_repair_for_want_of_a_signature_leaves_out_those_that_peekd_did_not_see_given(
    autojump_clock: Clock,
) -> None:
    """They may be what is refused next, and there is one repair."""
    async with opened([act("a", "", "read"), act("b", "x")]) as elsewhere:
        agent = Gemini("s", "thoughts")
        await turn(elsewhere, agent, GEMINI)
    async with opened([act("a", "", "read"), act("b", "x")]) as house:
        await turn(house, agent, CLAUDE)
        told = await turn(house, agent, GEMINI)
        assert (told.status, repairs(told)) == (200, 1)
        assert signatures(sent(house, "google")[-1]) == [STAND_IN, STAND_IN]


async def test_after_a_rewind_the_same_call_made_again_has_its_signature_from_the_last_time(
    autojump_clock: Clock,
) -> None:
    """Also where the client has neither signatures nor ids, and says the same before it."""
    same: dict[str, Any] = {"tools": [{"name": "read", "input": {}}]}
    async with opened([*(act(f"t{n}") | same for n in range(3)), act("d", "x")]) as house:
        agent = Gemini("s", "signatures")
        for _ in range(2):  # the second is refused once, and known as lossy
            await turn(house, agent, GEMINI)
        del agent.history[1:]
        agent.pending = []
        await agent.ask(house, GEMINI, "adaptive", stream=True)
        again = made_for(house.simulators["google"].requests[-1])
        told = await turn(house, agent, GEMINI)
        assert (told.status, repairs(told)) == (200, 0)
        assert signatures(sent(house, "google")[-1]) == [again]


# ---- what is sent -----------------------------------------------------------------------------------


async def test_the_first_request_of_a_conversation_thinks_without_any_signature(
    autojump_clock: Clock,
) -> None:
    for protocol, agent_of in AGENTS.items():
        for model in (CLAUDE, GEMINI):
            async with opened([act("hm", "x")]) as house:
                told = await turn(house, agent_of(protocol), model)
                assert (told.status, repairs(told)) == (200, 0)


async def test_conversations_that_begin_alike_never_share_a_signature(autojump_clock: Clock) -> None:
    """Nothing is filled in from another conversation, however alike, and with a session that is guessed."""
    async with opened([act("one", "", "read"), act("two", "", "read"), act("three", "x")]) as house:
        ours, theirs = Chat("", "signatures"), Chat("", "signatures")
        for agent in (ours, theirs):
            await turn(house, agent)
        for agent, thought in ((ours, "one"), (theirs, "two")):
            await turn(house, agent)
            assert thoughts(sent(house)[-1]) == [thought]


async def test_empty_thinking_with_a_signature_is_kept(autojump_clock: Clock) -> None:
    async with opened([act("", "", "read"), act("b", "x")]) as house:
        agent = Chat("s", "thoughts")
        await turn(house, agent)
        told = await turn(house, agent)
        assert (told.status, repairs(told)) == (200, 0)
        assert thoughts(sent(house)[-1]) == [""]


async def test_a_switch_of_model_inside_a_tool_loop_breaks_nothing(autojump_clock: Clock) -> None:
    for protocol, agent_of in AGENTS.items():
        async with opened([act(f"t{n}", "", "read", "run") for n in range(9)]) as house:
            agent = agent_of(protocol)
            for model in (CLAUDE, GEMINI, CLAUDE, OTHER_CLAUDE, GEMINI, GEMINI, CLAUDE):
                told = await turn(house, agent, model, "enabled")
                assert (told.status, repairs(told)) == (200, 0), (protocol, model)


async def test_the_stand_in_never_reaches_claude_and_a_carrier_reaches_nobody(autojump_clock: Clock) -> None:
    for protocol, agent_of in AGENTS.items():
        async with opened([act(f"t{n}", "", "read") for n in range(9)]) as house:
            agent = agent_of(protocol)
            for model in (GEMINI, CLAUDE, GEMINI, CLAUDE):
                await turn(house, agent, model)
            for upstream in ("claude", "google"):
                bodies = b"".join(seen.body for seen in house.simulators[upstream].requests)
                assert b"peekd1." not in bodies
                assert b"cGVla2Qx" not in bodies
                assert (STAND_IN.encode() in bodies) is (upstream == "google")


async def test_thoughts_that_gemini_showed_without_a_signature_never_reach_claude(
    autojump_clock: Clock,
) -> None:
    async with opened([act("hm", "x"), act("ho", "y")]) as house:
        agent = Claude("s")
        await turn(house, agent, GEMINI)
        assert agent.history[-1]["content"][0]["type"] == "thinking"
        told = await turn(house, agent)
        assert (told.status, repairs(told)) == (200, 0)
        assert thoughts(sent(house)[-1]) == []


async def test_a_signature_comes_back_byte_for_byte_whoever_carried_it(autojump_clock: Clock) -> None:
    """It is never decoded, encoded twice or cut, streamed or not."""
    for protocol, agent_of in AGENTS.items():
        for stream in (True, False):
            async with opened([act("hm", "", "read"), act("ho", "x")]) as house:
                agent = agent_of(protocol)
                for _ in range(2):
                    await turn(house, agent, GEMINI, stream=stream)
                (seen, _) = house.simulators["google"].requests
                assert signatures(sent(house, "google")[-1]) == [made_for(seen)], (protocol, stream)


def made_for(seen: Seen) -> str:
    """The signature of an answer."""
    return compose(seen.act, seen.asked).signature


async def test_clients_that_do_not_stream_keep_their_signatures_too(autojump_clock: Clock) -> None:
    async with opened([act("hm", "", "read"), act("ho", "x")]) as house:
        agent = Claude("s")
        await turn(house, agent, stream=False)
        assert (await turn(house, agent, thinking="enabled", stream=False)).status == 200
        assert thoughts(sent(house)[-1]) == ["hm"]


async def test_thoughts_stand_first_and_in_their_order(autojump_clock: Clock) -> None:
    async with opened([act("a", "I look.", "read", "run"), act("b", "x")]) as house:
        agent = Chat("s", "thoughts")
        await turn(house, agent)
        await turn(house, agent, thinking="enabled")
        (answer,) = [m for m in sent(house)[-1]["messages"] if m["role"] == "assistant"]
        assert [block["type"] for block in answer["content"]] == ["thinking", "text", "tool_use", "tool_use"]


async def test_each_step_of_a_loop_has_its_own_signature(autojump_clock: Clock) -> None:
    async with opened([act(f"t{n}", "", "read", "run") for n in range(4)]) as house:
        agent = Chat("s", "signatures")
        for _ in range(4):
            await turn(house, agent, GEMINI)
        requests = house.simulators["google"].requests
        assert signatures(sent(house, "google")[-1]) == [made_for(seen) for seen in requests[:-1]]


async def test_a_signature_never_goes_onto_other_words_than_those_it_was_made_for(
    autojump_clock: Clock,
) -> None:
    async with opened([act("hm", "", "read"), act("ho", "x")]) as house:
        agent = Chat("s", "signatures")
        await turn(house, agent, GEMINI)
        agent.history[-1]["tool_calls"][0]["function"]["arguments"] = '{"of":"another"}'
        told = await turn(house, agent, GEMINI)
        assert told.status == 200
        assert signatures(sent(house, "google")[-1]) == [STAND_IN]


async def test_a_restart_orphans_no_conversation(autojump_clock: Clock) -> None:
    store = Volatile()
    async with open_upstreams({"*": [act("hm", "", "read"), act("ho", "x")]}) as simulators:
        agent = Chat("s", "signatures")
        async with open_signhouse(simulators, store) as house:
            await turn(house, agent, GEMINI)
        async with open_signhouse(simulators, store) as house:
            told = await turn(house, agent, GEMINI)
            assert told.record.restored == ("signature",)
            assert STAND_IN not in signatures(sent(house, "google")[-1])


async def test_after_a_rewind_the_branch_that_is_told_gets_its_own(autojump_clock: Clock) -> None:
    async with opened([act("a", "", "read"), act("b", "", "read"), act("c", "x")]) as house:
        agent = Chat("s", "signatures")
        await turn(house, agent)
        del agent.history[1:]
        agent.pending = []
        await turn(house, agent)
        await turn(house, agent)
        assert thoughts(sent(house)[-1]) == ["b"]


async def test_an_unknown_signature_of_full_length_is_trusted_once(autojump_clock: Clock) -> None:
    """A conversation that began elsewhere: what the client holds is sent, and the repair covers the rest."""
    async with opened([act("hm", "", "read"), act("ho", "x")]) as elsewhere:
        agent = Claude("s")
        await turn(elsewhere, agent)
    async with opened([act("ho", "x")]) as house:
        told = await turn(house, agent)
        assert (told.status, repairs(told)) == (200, 0)
        assert thoughts(sent(house)[-1]) == ["hm"]


async def test_no_thought_is_ever_invented(autojump_clock: Clock) -> None:
    async with opened([act("hm", "", "read"), act("ho", "x")]) as elsewhere:
        agent = Chat("s", "thoughts")
        await turn(elsewhere, agent)
    async with opened([act("ho", "x")]) as house:
        await turn(house, agent)
        assert thoughts(sent(house)[-1]) == []


async def test_flash_models_of_the_third_generation_get_a_stand_in_as_well(autojump_clock: Clock) -> None:
    for model in ("gemini-3-flash-preview", "gemini-3.5-flash", GEMINI):
        async with opened([act("hm", "", "read"), act("ho", "x")]) as house:
            agent = Claude("s", "thoughts")
            await turn(house, agent)
            await turn(house, agent, model)
            assert signatures(sent(house, "google")[-1]) == [STAND_IN]


async def test_older_gemini_models_and_those_for_pictures_are_not_taken_for_thinkers(
    autojump_clock: Clock,
) -> None:
    for model in ("gemini-2.5-flash-image", "gemini-2.0-flash"):
        async with opened([act("hm", "", "read"), act("ho", "x")]) as house:
            agent = Claude("s", "thoughts")
            await turn(house, agent)
            await turn(house, agent, model)
            assert signatures(sent(house, "google")[-1]) == []


async def test_another_account_goes_on_where_the_first_one_stopped(autojump_clock: Clock) -> None:
    for protocol, agent_of in AGENTS.items():
        async with opened([
            act("a", "", "read"),
            "429 retry-after=100",
            act("b", "", "read"),
            act("c", "x"),
        ]) as house:
            agent = agent_of(protocol)
            first = await turn(house, agent, thinking="enabled")
            second = await turn(house, agent, thinking="enabled")
            assert (second.status, repairs(second)) == (200, 0)
            assert second.record.account != first.record.account


async def test_a_trailing_thought_that_is_refused_is_repaired(autojump_clock: Clock) -> None:
    async with opened([act("a", "x"), act("b", "y")]) as house:
        agent = Claude("s")
        await turn(house, agent)
        agent.history[-1]["content"].reverse()
        told = await turn(house, agent)
        assert (told.status, repairs(told)) == (200, 1)


async def test_a_cache_mark_on_a_thought_is_not_said_to_another_protocol(autojump_clock: Clock) -> None:
    async with opened([act("a", "", "read"), act("b", "y")]) as house:
        agent = Claude("s")
        await turn(house, agent, GEMINI)
        for block in agent.history[-1]["content"]:
            block["cache_control"] = {"type": "ephemeral"}
        assert (await turn(house, agent, GEMINI)).status == 200
        assert b"cache_control" not in house.simulators["google"].requests[-1].body
