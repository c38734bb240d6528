"""What is read of a request to tell whether it may be answered twice."""

from __future__ import annotations

import pytest

from peekd.protocols.effects import acts, kind_of, tools_of
from peekd.protocols.registry import CLIENTS


@pytest.mark.parametrize("protocol", ["anthropic", "gemini", "openai-chat", "openai-responses"])
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"tools": [{"type": 1}]}'])
def test_in_doubt_it_has_some(protocol: str, body: bytes) -> None:
    assert CLIENTS[protocol].has_effects(body)


def test_tools_and_their_kinds_are_read_of_any_json() -> None:
    assert list(tools_of({"tools": 1})) == [1]
    assert list(tools_of({})) == []
    assert (kind_of({}, "function"), kind_of({"type": 1}, "function"), kind_of("x", "function")) == (
        "function",
        "",
        "",
    )
    assert acts(b"{}", lambda said: bool(said)) is False


def test_completions_have_neither_tools_nor_a_store() -> None:
    assert not CLIENTS["openai-completions"].has_effects(b"")
