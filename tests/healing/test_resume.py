"""What may follow an answer that broke off: an end at a call, and words that are laid to it."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.healing.resume import LOOK_BACK, REPEATED, Misfit, Shown, begun_with, seam
from peekd.vocabulary import events as e
from peekd.vocabulary.events import Event


def shown(*events: Event) -> Shown:
    seen = Shown()
    for event in events:
        seen.see(event)
    return seen


def call(index: int, arguments: str = '{"a": 1}') -> list[Event]:
    half = len(arguments) // 2
    return [
        e.Opened(index, e.ToolCallBlock("id", "Bash")),
        e.ArgumentsDelta(index, arguments[:half]),
        e.ArgumentsDelta(index, arguments[half:]),
        e.Closed(index),
    ]


def text(index: int, words: str) -> list[Event]:
    return [e.Opened(index, e.TextBlock()), e.TextDelta(index, words), e.Closed(index)]


AT_CALL: list[list[Event]] = [
    call(0),
    call(0, ""),
    [*text(0, "Hi"), *call(1)],
    [*call(0), *call(1)],
    [*call(0), e.Beat(), e.Counted(e.Usage(output=1)), e.Erred("overloaded", "Too much.")],
]
ELSEWHERE: list[list[Event]] = [
    [],
    text(0, "Hi"),
    call(0)[:-1],
    [*call(0), e.Opened(1, e.TextBlock())],
    [*call(0), *text(1, "Hi")],
    [*call(0), *call(1)[:-1]],
    call(0, '{"a": '),
    call(0, "[1]"),
    [*call(0, '{"a": '), *call(1)],
    [*call(0)[:-1], e.Closed(0, half=True)],
    [*call(0), e.Finished("malformed")],
    [*call(0), e.Ended()],
    [e.Closed(0)],
]


@pytest.mark.parametrize("events", AT_CALL)
def test_it_may_end_where_all_is_closed_and_a_call_last(events: list[Event]) -> None:
    assert shown(*events).at_call


@pytest.mark.parametrize("events", ELSEWHERE)
def test_it_may_end_nowhere_else(events: list[Event]) -> None:
    assert not shown(*events).at_call


def test_words_go_on_while_one_block_of_text_is_all_there_is_and_open() -> None:
    begun: list[Event] = [e.Started(), e.Beat(), e.Opened(0, e.TextBlock("One")), e.TextDelta(0, " two ")]
    assert shown(*begun, e.Counted(e.Usage(output=1)), e.Erred("overloaded", "")).words == "One two "
    for after in (
        e.Closed(0),
        e.OtherDelta(0, "citations_delta"),
        e.Opened(1, e.TextBlock()),
        e.Finished("end"),
        e.DataInline(0, "image/png", ""),
    ):
        assert shown(*begun, after).words == ""
    assert shown(e.Opened(1, e.TextBlock("One"))).words == ""
    assert shown(e.Opened(0, e.ThinkingBlock("Hm")), *begun).words == ""
    assert shown(e.Opened(0, e.TextBlock(" \n"))).words == ""
    assert shown(*call(0)).words == ""


# ---- the seam ------------------------------------------------------------------------------------

WORDS = st.text(alphabet="abcdefghij klmnop\n", min_size=0, max_size=80)
DIGITS = st.text(alphabet=string.digits, min_size=REPEATED, max_size=80)


@given(WORDS.filter(str.strip), DIGITS, st.data())
def test_new_words_are_joined_to_the_letter(words: str, rest: str, data: st.DataObject) -> None:
    said = words[len(begun_with(words)) :] + rest
    assert fed(words, said, data) == rest


@given(st.text(alphabet="abcdefghijklmnop ", min_size=REPEATED, max_size=300), DIGITS, st.data())
def test_a_repeated_end_is_not_shown_again(words: str, rest: str, data: st.DataObject) -> None:
    words = "0" + words.strip() + "xyzxyzxyz"  # no part of it stands twice where it would matter
    start = data.draw(st.integers(0, len(words) - REPEATED)) if len(words) > REPEATED else 0
    base = words.rstrip()
    if base.count(base[start : start + REPEATED]) == 1:
        assert fed(words, base[start:] + words[len(base) :] + rest, data) == rest


def fed(words: str, said: str, data: st.DataObject) -> str:
    """Feed it in pieces as they come; give what the client gets."""
    at = 0
    while at < len(said):
        at += data.draw(st.integers(1, 40))
        cut = seam(words, said[:at], final=False)
        if cut is not None:
            return said[cut:]
    cut = seam(words, said, final=True)
    assert cut is not None
    return said[cut:]


@given(words=WORDS.filter(str.strip), said=WORDS, final=st.booleans())
def test_it_is_decided_at_the_end_and_never_cuts_more_than_was_said(
    words: str, said: str, *, final: bool
) -> None:
    try:
        cut = seam(words, said, final=final)
    except Misfit:
        return
    assert cut is None or 0 <= cut <= len(said)
    assert cut is not None or not final


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("Once upon a time there was a king", "Once upon a time there lived a queen"),
        ("Hello, ", "world, and some more"),
        ("Hello,\n\n", "\nworld, and some more"),
        ("One thing after another thing was done", "another thing wa"),  # it repeats a part, and stops
    ],
)
def test_what_does_not_go_on_from_there_is_a_misfit(words: str, said: str) -> None:
    with pytest.raises(Misfit):
        seam(words, said, final=True)


def test_short_repeats_and_rules_are_new_words() -> None:
    assert seam("ha ha ha ha", " ha ha ha, said he to us", final=False) == 0
    rule = "|-----|-----|-----|-----|"
    assert seam(f"| a | b |\n{rule}", f"{rule[4:]}\n| 1 | 2 |", final=False) == 0


def test_what_is_like_an_earlier_place_and_then_departs_is_new_words() -> None:
    words = "def one():\n    return something_or_other(1)\ndef two():"
    said = "\n    return something_or_other(2)\n"
    assert seam(words, said, final=False) == 0


def test_a_repeat_is_looked_for_towards_the_end_only() -> None:
    far = "The very same words in here." + "x" * LOOK_BACK
    assert seam("." + far, "The very same words in here.", final=True) == 0
