"""The repair: no replayed thought is left, nothing else is touched, and what is left is a legal request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.anthropic.repair import repair
from peekd.protocols.interface import Splices
from peekd.signatures.proofs import proof_digest
from peekd.wire.splice import applied, members

THOUGHT = {"type": "thinking", "thinking": "Hm", "signature": "s"}
REDACTED = {"type": "redacted_thinking", "data": "d"}
SAID = {"type": "text", "text": "é \u2028"}
CALL = {"type": "tool_use", "id": "t", "name": "n", "input": {"type": "thinking"}}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "x"}


def user(*blocks: object) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: object) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


ALL = Splices(repaired=True)


def repaired(splices: Splices = ALL, /, **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    body = json.dumps(fields).encode()
    made = repair(body, members(body), splices)
    return json.loads(applied(body, made.edits)), made.names


def messages(*said: object) -> list[Any]:
    return repaired(messages=said)[0]["messages"]


def test_thoughts_go_and_all_else_stays() -> None:
    before = [user(SAID), assistant(THOUGHT, SAID, REDACTED, CALL), user(RESULT)]
    assert messages(*before) == [user(SAID), assistant(SAID, CALL), user(RESULT)]


def test_every_other_byte_stays() -> None:
    text = b'{"role":"assistant" , "content":[ %b,  {"type":"text","text":"\\u0041","n":1.10} ]}'
    body = b'{"messages":[' + text % json.dumps(THOUGHT).encode() + b"]}"
    made = repair(body, members(body), ALL)
    assert applied(body, made.edits) == (
        b'{"messages":[{"role":"assistant" , "content":[ {"type":"text","text":"\\u0041","n":1.10} ]}]}'
    )
    assert made.names == ("thinking blocks",)


def test_a_message_of_thoughts_alone_goes() -> None:
    assert messages(user(SAID), assistant(THOUGHT, REDACTED), user(RESULT)) == [user(SAID), user(RESULT)]
    assert messages(user(SAID), assistant(THOUGHT)) == [user(SAID)]


def test_users_and_plain_strings_are_not_looked_into() -> None:
    before = [user(THOUGHT), {"role": "assistant", "content": "x"}, {"role": "assistant"}]
    assert messages(*before) == before


def test_blocks_of_no_known_shape_stay() -> None:
    before = [user(SAID), assistant({"type": {"a": 1}}, {"type": [CALL]}, 7, "x"), user({"type": {}})]
    assert messages(*before, assistant(CALL)) == [*before, assistant(CALL)]
    odd = [user(SAID), assistant({"type": {"a": 1}}), user({"type": [CALL]})]
    assert messages(*odd) == odd


def test_without_thoughts_nothing_changes() -> None:
    before = {"messages": [user(SAID), assistant(SAID)], "thinking": {"type": "enabled"}}
    assert repaired(**before) == (before, ())


# ---- a turn that waits for results ------------------------------------------------------------------

WAITING = [user(SAID), assistant(THOUGHT, CALL), user(RESULT)]
ENABLED = {"type": "enabled", "budget_tokens": 1024}


def test_thinking_goes_where_a_turn_would_have_to_begin_with_it() -> None:
    after, names = repaired(thinking=ENABLED, messages=WAITING, max_tokens=1)
    assert after == {"messages": [user(SAID), assistant(CALL), user(RESULT)], "max_tokens": 1}
    assert names == ("thinking blocks", "thinking")


def test_such_a_turn_is_seen_behind_an_answer_of_thoughts_alone_that_goes() -> None:
    said = [user(SAID), assistant(THOUGHT, CALL), user(RESULT), assistant(THOUGHT), user(SAID)]
    made, _ = repaired(messages=said, thinking={"type": "enabled", "budget_tokens": 1024})
    assert "thinking" not in made
    assert made["messages"] == [user(SAID), assistant(CALL), user(RESULT), user(SAID)]


def test_instructions_in_between_do_not_hide_such_a_turn() -> None:
    between = [*WAITING, {"role": "system", "content": "x"}]
    assert "thinking" not in repaired(messages=between, thinking=ENABLED)[0]


def test_adaptive_thinking_stays() -> None:
    adaptive = {"type": "adaptive"}
    assert repaired(messages=WAITING, thinking=adaptive)[0]["thinking"] == adaptive


def test_thinking_stays_where_a_new_turn_begins() -> None:
    for said in (
        [*WAITING, assistant(SAID), user(SAID)],
        [user(SAID)],
        [user(SAID), assistant(CALL), user(SAID)],
    ):
        assert repaired(messages=said, thinking=ENABLED)[0]["thinking"] == ENABLED


def test_context_edits_about_thinking_go_with_it() -> None:
    clearing, other = {"type": "clear_thinking_20251015", "keep": "all"}, {"type": "clear_tool_uses_20250919"}
    fields: dict[str, Any] = {"messages": WAITING, "thinking": ENABLED, "max_tokens": 1}
    alone, _ = repaired(**fields, context_management={"edits": [clearing]})
    assert alone.keys() == {"messages", "max_tokens"}
    both, _ = repaired(context_management={"edits": [clearing, other]}, **fields)
    assert both["context_management"] == {"edits": [other]}
    more, _ = repaired(**fields, context_management={"edits": [clearing], "new": 1})
    assert more["context_management"] == {"edits": [], "new": 1}


# ---- before anything was refused ----------------------------------------------------------------------

FOREIGN = {"type": "thinking", "thinking": "Hm", "signature": "peekd1.gemini.a.b.c"}
FOREIGN_DATA = {"type": "redacted_thinking", "data": "peekd1.openai.a.b.c"}


def test_thoughts_of_another_family_never_go_and_its_own_stay() -> None:
    before = [
        user(SAID),
        assistant(FOREIGN, SAID, FOREIGN_DATA),
        user(SAID),
        assistant(THOUGHT, SAID),
        user(SAID),
    ]
    after, names = repaired(Splices(), messages=before)
    assert after["messages"] == [user(SAID), assistant(SAID), *before[2:]]
    assert names == ("thinking of others",)


def test_thoughts_that_nobody_signed_never_go() -> None:
    unsigned = {"type": "thinking", "thinking": "Hm", "signature": ""}
    before = [user(SAID), assistant(unsigned, SAID), user(SAID)]
    assert repaired(Splices(), messages=before)[0]["messages"] == [user(SAID), assistant(SAID), user(SAID)]


def test_refused_thoughts_are_not_sent_again_and_their_message_keeps_none() -> None:
    refused = Splices(unreadable=frozenset({proof_digest("s")}), careful=True)
    fine = {"type": "thinking", "thinking": "Hm", "signature": "fine"}
    before = [user(SAID), assistant(THOUGHT, fine, SAID), user(SAID), assistant(fine, SAID), user(SAID)]
    after, _ = repaired(refused, messages=before)
    assert after["messages"] == [user(SAID), assistant(SAID), *before[2:]]


def test_thinking_with_a_budget_rests_where_a_foreign_turn_is_answered() -> None:
    foreign = [user(SAID), assistant(FOREIGN, CALL), user(RESULT)]
    after, names = repaired(Splices(), messages=foreign, thinking=ENABLED)
    assert after == {"messages": [user(SAID), assistant(CALL), user(RESULT)]}
    assert names == ("thinking of others", "thinking")
    adaptive = {"type": "adaptive"}
    assert repaired(Splices(), messages=foreign, thinking=adaptive)[0]["thinking"] == adaptive


def test_a_conversation_that_was_refused_before_is_not_refused_again_for_a_lost_thought() -> None:
    lost: dict[str, Any] = {"messages": [user(SAID), assistant(CALL), user(RESULT)], "thinking": ENABLED}
    assert repaired(Splices(careful=True), **lost)[0] == {"messages": lost["messages"]}
    assert repaired(Splices(), **lost) == (lost, ())
    kept: dict[str, Any] = {"messages": WAITING, "thinking": ENABLED}
    assert repaired(Splices(careful=True), **kept) == (kept, ())


# ---- laws -------------------------------------------------------------------------------------------


def _is_thought(block: object) -> bool:
    return block in (THOUGHT, REDACTED)


@given(
    st.lists(
        st.fixed_dictionaries({
            "role": st.sampled_from(["user", "assistant", "system"]),
            "content": st.lists(st.sampled_from([THOUGHT, REDACTED, SAID, CALL, RESULT])),
        })
    ),
    st.sampled_from([None, ENABLED, {"type": "adaptive"}]),
)
def test_no_replayed_thought_is_left_and_no_word_is_lost(before: list[Any], thinking: object) -> None:
    after, _ = repaired(messages=before, thinking=thinking)
    expected: list[Any] = []
    for message in before:
        blocks = [
            block for block in message["content"] if message["role"] != "assistant" or not _is_thought(block)
        ]
        if blocks or not message["content"]:
            expected.append(message | {"content": blocks})
    assert after["messages"] == expected


def test_real_requests_lose_their_thoughts(request_file: Path) -> None:
    sent: dict[str, Any] = json.loads(request_file.read_text())["body"]
    after, _ = repaired(**sent)
    assert '"type": "thinking"' not in json.dumps(after["messages"])
    assert after.keys() >= sent.keys() - {"thinking", "context_management"}
