"""Items of words, thoughts and searches: nothing said is no item."""

from __future__ import annotations

import pytest
from answers import counting
from responses import told

from peekd.protocols.openai_responses.output import Output
from peekd.protocols.openai_responses.response import Stream, bare
from peekd.protocols.openai_responses.writers import Message, Reasoning, Search
from peekd.signatures.seal import Kind
from peekd.vocabulary.events import Searched


@pytest.fixture
def output() -> Output:
    return Output(Stream("resp_1", 0, bare("m")), counting())


def proven(kind: Kind, proof: str, text: str) -> str | None:
    return f"{kind}:{proof}:{text}" if proof else None


def kinds(stream: bytes) -> list[str]:
    return [event["type"] for event in told(stream)]


def test_no_words_are_no_item(output: Output) -> None:
    message = Message(output)
    assert message.add("") + message.close() == b""
    assert output.items == []


def test_words_are_one_part(output: Output) -> None:
    message = Message(output)
    message.add("a")
    assert kinds(message.add("b")) == ["response.output_text.delta"]
    message.close()
    assert output.items[0]["content"][0]["text"] == "ab"


def test_thoughts_that_are_not_shown_and_not_proven_are_no_item(output: Output) -> None:
    thoughts = Reasoning(output, proven, shown=False)
    assert thoughts.add("") + thoughts.add("Hmm") + thoughts.rest() + thoughts.close() == b""
    assert output.items == []


def test_a_proof_alone_is_an_item_without_a_summary(output: Output) -> None:
    thoughts = Reasoning(output, proven, shown=True)
    assert not thoughts.is_proven
    thoughts.prove("call", "x")
    assert thoughts.is_proven
    assert thoughts.rest() == b""
    assert kinds(thoughts.close()) == ["response.output_item.added", "response.output_item.done"]
    assert (output.items[0]["summary"], output.items[0]["encrypted_content"]) == ([], "call:x:")


def test_the_proof_may_come_when_the_thoughts_are_over(output: Output) -> None:
    thoughts = Reasoning(output, proven, shown=True)
    thoughts.add("Hmm")
    assert kinds(thoughts.rest()) == [
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
    ]
    thoughts.prove("call", "x")
    assert kinds(thoughts.close()) == ["response.output_item.done"]
    assert output.items[0]["encrypted_content"] == "call:x:Hmm"


def test_a_search_that_told_nothing_is_an_item_all_the_same(output: Output) -> None:
    search = Search(output)
    search.open()
    search.note(Searched(0, ("a",)))
    search.note(Searched(0, ("b",)))
    search.close()
    assert output.items[0]["action"]["queries"] == ["a", "b"]
    Search(output).close()
    assert output.items[1]["action"] == {"type": "search", "query": "", "queries": [], "sources": []}
