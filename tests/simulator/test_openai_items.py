"""Output items are told piece by piece, and each piece is of the whole."""

from __future__ import annotations

from typing import Any

import pytest

from peekd.simulator.acts import Act, ToolUse
from peekd.simulator.answer import compose
from peekd.simulator.asked import Asked
from peekd.simulator.openai_items import encode_items

CALLS = (ToolUse("read", {"path": "a long path with blanks"}), ToolUse("apply_patch", {"input": "*** Begin"}))
ASKED = Asked(
    "openai-responses",
    "generate",
    "/v1/responses",
    number=7,
    thinks=True,
    sealed=True,
    kinds={"apply_patch": "custom", "web_search": "web_search"},
)
ACT = Act("answer", text="Hello you", thinking="Hm hm", tools=(*CALLS, ToolUse("web_search", {"query": "q"})))


def test_items_come_in_the_order_in_which_a_model_makes_them() -> None:
    kinds = [item.whole["type"] for item in encode_items(compose(ACT, ASKED), ASKED)]
    assert kinds == ["reasoning", "web_search_call", "message", "function_call", "custom_tool_call"]


def test_every_item_opens_empty_and_ends_whole_at_its_place() -> None:
    for place, item in enumerate(encode_items(compose(ACT, ASKED), ASKED)):
        frames = [(kind, said) for _, kind, said in item.told(place)]
        assert [frames[0][0], frames[-1][0]] == ["response.output_item.added", "response.output_item.done"]
        assert frames[-1][1]["item"] == item.whole
        assert frames[0][1]["item"] != item.whole
        assert all(said["output_index"] == place for _, said in frames)


@pytest.mark.parametrize(("number", "field"), [(3, "arguments"), (4, "input")])
def test_the_pieces_of_a_call_join_to_it(number: int, field: str) -> None:
    item = encode_items(compose(ACT, ASKED), ASKED)[number]
    told: list[dict[str, Any]] = [said for label, _, said in item.told(number) if label == "tool"]
    assert "".join(said["delta"] for said in told) == item.whole[field]


def test_ids_are_this_requests_own() -> None:
    ids = [item.whole["id"] for item in encode_items(compose(ACT, ASKED), ASKED)]
    assert len(set(ids)) == len(ids)
    assert all("_sim000007" in identity for identity in ids)
