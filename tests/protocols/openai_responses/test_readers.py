"""Each piece of an item is told once, whichever frame brings it first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from peekd.protocols.openai_responses.readers import Message, Reader, Reasoning, Search
from peekd.protocols.openai_responses.shapes import Item
from peekd.signatures.proofs import proof_digest
from peekd.vocabulary.events import (
    Closed,
    Event,
    Kept,
    Opened,
    OtherBlock,
    OtherDelta,
    SearchBlock,
    Searched,
    SignatureDelta,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    Unknown,
)


def told(*events: Iterator[Event]) -> list[Event]:
    return [event for some in events for event in some]


def words(text: str) -> Item:
    return Item("message", "m", content=[{"type": "output_text", "text": text}])


def test_words_that_came_in_pieces_are_not_told_again() -> None:
    one = Message("message", "m", count().__next__)
    events = told(
        one.begin(Item("message")), one.add(0, "Hi"), one.whole(0, "output_text", "Hi"), one.end(words("Hi"))
    )
    assert events == [Opened(0, TextBlock()), TextDelta(0, "Hi"), Closed(0)]


def test_words_that_came_only_with_the_whole_item_are_told_then() -> None:
    one = Message("message", "m", count().__next__)
    assert told(one.end(words("Hi"))) == [Opened(0, TextBlock()), TextDelta(0, "Hi"), Closed(0)]
    assert told(one.end(words("Hi"))) == []


def test_a_part_of_a_new_kind_is_one_that_we_have_no_word_for() -> None:
    one = Message("message", "m", count().__next__)
    events = told(one.part(0, "output_hologram"), one.whole(0, "output_hologram", "x"), one.close(0))
    assert events == [Opened(0, OtherBlock("output_hologram")), Closed(0)]


def test_words_and_notes_of_a_part_that_is_whole_are_late() -> None:
    one = Message("message", "m", count().__next__)
    told(one.add(0, "Hi"), one.close(0))
    assert told(one.add(0, "Ho"), one.note(0, "url_citation")) == [Unknown("words of a part that is whole")]


def test_a_note_stands_on_its_part() -> None:
    one = Message("message", "m", count().__next__)
    assert told(one.note(0, "url_citation")) == [Opened(0, TextBlock()), OtherDelta(0, "url_citation")]


def test_the_parts_of_a_summary_are_one_block() -> None:
    one = Reasoning("reasoning", "r", count().__next__)
    whole = Item(summary=[{"text": "a"}, {"text": "b"}], encrypted_content="proof")
    events = told(one.begin(whole), one.add("summary", 0, "a"), one.whole("summary", 0, "a"), one.end(whole))
    assert events == [
        Opened(0, ThinkingBlock()),
        ThinkingDelta(0, "a"),
        ThinkingDelta(0, "\n\nb"),
        SignatureDelta(0, "proof"),
        Kept(proof_digest("proof")),
        Closed(0),
    ]


def test_of_a_summary_and_the_thoughts_themselves_the_first_is_told() -> None:
    one = Reasoning("reasoning", "r", count().__next__)
    told(one.begin(Item()), one.add("content", 0, "a"))
    assert told(one.add("summary", 0, "b"), one.whole("summary", 0, "b")) == [
        Unknown("summary beside other thoughts")
    ]
    assert told(one.end(Item(summary=[{"text": "b"}], content=[{"text": "a"}]))) == [Closed(0)]


def test_a_search_tells_what_it_found_when_it_is_done() -> None:
    one = Search("web_search_call", "ws", count().__next__)
    done = Item(action={"type": "search", "query": "q"})
    assert told(one.begin(Item()), one.end(done)) == [
        Opened(0, SearchBlock("ws")),
        Searched(0, ("q",)),
        Closed(0),
    ]


def test_any_other_item_is_there_and_what_it_keeps_is_named() -> None:
    one = Reader("compaction", "c", count().__next__)
    done = Item(encrypted_content="proof", container_id="cntr_1")
    assert told(one.begin(Item()), one.end(done)) == [
        Opened(0, OtherBlock("compaction")),
        Kept(proof_digest("proof")),
        Kept("cntr_1"),
        Closed(0),
    ]
