"""Of an answer the words are kept, each kind under its name, up to a bound."""

from __future__ import annotations

from peekd.relay.words import MOST_CHARACTERS, Words
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Closed,
    Opened,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
)


def test_text_thoughts_and_calls_stand_in_their_order() -> None:
    words = Words()
    for event in (
        Opened(0, ThinkingBlock()),
        ThinkingDelta(0, "hm"),
        Closed(0),
        Opened(1, TextBlock("He")),
        TextDelta(1, "llo"),
        Opened(2, ToolCallBlock("t1", "Bash")),
        ArgumentsDelta(2, '{"a":'),
        ArgumentsDelta(2, "1}"),
    ):
        words.see(event)
    assert words.text() == '[thought]\nhm\n[text]\nHello\n[call of Bash]\n {"a":1}'


def test_beyond_its_bound_no_more_is_kept() -> None:
    words = Words()
    for _ in range(MOST_CHARACTERS):
        words.see(TextDelta(0, "abc"))
    assert MOST_CHARACTERS < len(words.text()) < MOST_CHARACTERS + 20
