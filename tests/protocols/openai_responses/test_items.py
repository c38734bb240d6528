"""Items become turns: what the model did in one go is one, and so are the results that answer it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from answers import SEAL, carried

from peekd.protocols.fields import Dropped, Place
from peekd.protocols.openai_responses.items import Items
from peekd.vocabulary.conversation import (
    Media,
    RedactedThinking,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from peekd.vocabulary.errors import ClientError

Json = dict[str, Any]
USER: Json = {"role": "user", "content": "Hi"}


def read(*said: Json, dropped: Dropped | None = None) -> Items:
    items = Items(SEAL)
    for place in Place(list(said), "input", "input", {} if dropped is None else dropped).items():
        items.read(place)
    return items


def call(id_: str = "c1", **more: object) -> Json:
    return {"type": "function_call", "id": "fc_1", "call_id": id_, "name": "f", "arguments": "{}", **more}


def result(id_: str = "c1", output: object = "done", kind: str = "function_call_output") -> Json:
    return {"type": kind, "call_id": id_, "output": output, "id": "fco_1", "status": "completed"}


def reasoning(sealed: str | None = None, *summary: str) -> Json:
    texts = [{"type": "summary_text", "text": text} for text in summary]
    return {"type": "reasoning", "id": "rs_1", "summary": texts, "content": None, "encrypted_content": sealed}


def test_who_said_what() -> None:
    dropped: Dropped = {}
    items = read(
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]},
        {"role": "system", "content": "Be kind."},
        USER,
        {"role": "assistant", "id": "msg_1", "status": "completed", "phase": "commentary", "content": "Yes?"},
        {"role": "developer", "content": "Be quick."},
        {"role": "user", "content": [], "new": 1},
        dropped=dropped,
    )
    assert items.system == ["Be brief.", "Be kind."]
    assert items.turns == [
        Turn("user", (Text("Hi"),)),
        Turn("assistant", (Text("Yes?"),)),
        Turn("system", (Text("Be quick."),)),
    ]
    assert tuple(dropped) == ("input[].new",)


def test_a_models_turn_and_the_results_for_it() -> None:
    items = read(
        USER,
        reasoning(carried("thought", "c2ln", "anthropic", "Hmm"), "Hm"),
        {"role": "assistant", "content": [{"type": "output_text", "text": "So."}]},
        call("c1", arguments='{"a":1}'),
        call("c2"),
        result("c2"),
        result("c1", [{"type": "input_image", "image_url": "data:image/png;base64,AA"}]),
        {"role": "user", "content": "And?"},
    )
    assert items.turns[1:] == [
        Turn(
            "assistant",
            (
                Thinking("Hmm", "c2ln", "anthropic"),
                Text("So."),
                ToolCall("c1", "f", {"a": 1}),
                ToolCall("c2", "f", {}),
            ),
        ),
        Turn(
            "user",
            (ToolResult("c2", (Text("done"),)), ToolResult("c1", (Media("image/png", data="AA"),))),
        ),
        Turn("user", (Text("And?"),)),
    ]


def test_a_calls_proof_comes_back_on_the_next_call_alone() -> None:
    items = read(reasoning(carried("call", "c2ln")), call("c1"), call("c2"))
    assert items.turns == [
        Turn("assistant", (ToolCall("c1", "f", {}, "c2ln", "gemini"), ToolCall("c2", "f", {})))
    ]
    strayed = read(reasoning(carried("call", "c2ln"), "Hm"), USER, call("c1"))
    assert strayed.turns[-1] == Turn("assistant", (ToolCall("c1", "f", {}),))


def test_proofs_on_words_and_redacted_thoughts_come_back_where_they_stood() -> None:
    (turn,) = read(
        reasoning(carried("redacted", "opaque", "anthropic")), reasoning(carried("text", "c2ln"))
    ).turns
    assert turn.parts == (RedactedThinking("opaque", "anthropic"), Text("", "c2ln", "gemini"))


def test_calls_of_every_kind() -> None:
    (turn, results) = read(
        call("c1", namespace="fs"),
        {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "*** Begin"},
        {"type": "tool_search_call", "call_id": "c3", "execution": "client", "arguments": {"query": "x"}},
        {"type": "local_shell_call", "call_id": "c4", "action": {"type": "exec", "command": ["ls"]}},
        result("c1"),
        result("c2", kind="custom_tool_call_output"),
        {"type": "local_shell_call_output", "id": "c4", "output": "files"},
    ).turns
    assert turn.parts == (
        ToolCall("c1", "fs__f", {}),
        ToolCall("c2", "patch", {"input": "*** Begin"}),
        ToolCall("c3", "tool_search", {"query": "x"}),
        ToolCall("c4", "local_shell", {"command": ["ls"]}),
    )
    assert [part.id for part in results.parts if isinstance(part, ToolResult)] == ["c1", "c2", "c4"]


def test_tools_that_were_searched_for_can_be_called_from_then_on() -> None:
    found: list[Json] = [
        {"type": "namespace", "name": "fs", "tools": [{"type": "function", "name": "read"}]},
        {"type": "function", "name": "now"},
    ]
    said = {"type": "tool_search_output", "call_id": "c1", "execution": "client", "tools": found}
    items = read(said)
    assert items.tools == [Tool("fs__read", namespace="fs"), Tool("now")]
    assert items.turns == [Turn("user", (ToolResult("c1", (Text(msgspec.json.encode(found).decode()),)),))]


def test_what_only_openai_could_read_is_named_by_its_kind() -> None:
    dropped: Dropped = {}
    kinds = ("web_search_call", "compaction", "image_generation_call", "mcp_list_tools", "future")
    said = [{"type": kind, "id": "x_1", "encrypted_content": "y"} for kind in kinds]
    ran = [
        {"type": f"tool_search_{what}", "execution": "server", "call_id": None} for what in ("call", "output")
    ]
    assert read(*said, *ran, USER, dropped=dropped).turns == [Turn("user", (Text("Hi"),))]
    assert {f"input[type={kind}]" for kind in (*kinds, "tool_search_call", "tool_search_output")} <= set(
        dropped
    )


@pytest.mark.parametrize(
    ("item", "named"),
    [
        ({"type": "item_reference", "id": "msg_1"}, r"input\.0: this upstream keeps no items"),
        ({"id": "msg_1"}, r"input\.0: this upstream keeps no items"),
        ({"type": "compaction_trigger"}, r"input\.0\.type: compaction_trigger: .*model_providers"),
        ({"role": "tool", "content": "x"}, r"input\.0\.role"),
        ({"role": ["developer"], "content": "x"}, r"input\.0\.role"),
        ({"role": "user"}, r"input\.0\.content"),
        (call(arguments="[1]"), r"input\.0\.arguments: no JSON object"),
        (call(call_id=None), r"input\.0\.call_id"),
        ({"type": "custom_tool_call", "call_id": "c", "name": "p"}, r"input\.0\.input"),
        ({"type": "function_call_output", "output": "x"}, r"input\.0\.id"),
    ],
)
def test_a_fault_is_told_by_its_place(item: Json, named: str) -> None:
    with pytest.raises(ClientError, match=named):
        read(item)
