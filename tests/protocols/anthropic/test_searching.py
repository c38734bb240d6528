"""Anthropic's search tool as its SDK types it, and searches told as its blocks."""

from __future__ import annotations

from typing import Any

import anthropic.types
import pytest
from pydantic import TypeAdapter

from peekd.protocols.anthropic.searching import encode_search, search_blocks
from peekd.vocabulary.conversation import SearchOptions, Tool
from peekd.vocabulary.events import Searched, Source

TOOL: TypeAdapter[Any] = TypeAdapter(anthropic.types.WebSearchTool20250305Param)
BLOCKS: TypeAdapter[Any] = TypeAdapter(list[anthropic.types.ContentBlock])
PAGES = (Source("https://example.com/a", "A"), Source("https://example.com/b"))


@pytest.mark.parametrize(
    ("options", "said", "lost"),
    [
        (None, {}, []),
        (SearchOptions(), {}, []),
        (SearchOptions(most_uses=3), {"max_uses": 3}, []),
        (SearchOptions(("a.com",)), {"allowed_domains": ["a.com"]}, []),
        (SearchOptions(blocked_domains=("b.com",)), {"blocked_domains": ["b.com"]}, []),
        (
            SearchOptions(("a.com",), ("b.com",)),
            {"allowed_domains": ["a.com"]},
            ["tools[].web_search.blocked_domains"],
        ),
        (
            SearchOptions(place={"city": "Bern"}),
            {"user_location": {"type": "approximate", "city": "Bern"}},
            [],
        ),
    ],
)
def test_a_search_is_offered_with_its_wishes(
    options: SearchOptions | None, said: dict[str, Any], lost: list[str]
) -> None:
    dropped: dict[str, None] = {}
    tool = encode_search(Tool("search", kind="web_search", options=options), dropped)
    assert TOOL.validate_python(tool) == {"type": "web_search_20250305", "name": "web_search", **said}
    assert [*dropped] == lost


def test_each_query_is_a_call_with_its_result_and_what_was_found_stands_in_the_last() -> None:
    blocks = search_blocks(["s1", "s2"], Searched(0, ("x", "y"), PAGES))
    BLOCKS.validate_python(blocks)
    assert [(block.get("input"), block.get("tool_use_id")) for block in blocks] == [
        ({"query": "x"}, None),
        (None, "s1"),
        ({"query": "y"}, None),
        (None, "s2"),
    ]
    assert blocks[1]["content"] == []
    assert [(page["url"], page["title"]) for page in blocks[3]["content"]] == [
        ("https://example.com/a", "A"),
        ("https://example.com/b", ""),
    ]


def test_a_search_of_which_no_query_is_known_is_told_all_the_same() -> None:
    call, result = search_blocks(["s1"], Searched(0, sources=PAGES))
    assert (call["input"], len(result["content"])) == ({}, 2)
