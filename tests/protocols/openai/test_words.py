"""Frames and figures that all of OpenAI's languages share."""

from __future__ import annotations

import pytest

from peekd.protocols.openai.words import LAST_FRAME, PING, encode_note, joined_usage, told_usage
from peekd.vocabulary.events import Usage
from peekd.wire.sse import Splitter


@pytest.mark.parametrize("text", ["", "one", "two\nlines\r\n\n"])
def test_a_note_is_one_comment_whatever_it_says(text: str) -> None:
    (frame,) = Splitter().feed(encode_note(text))
    assert (frame.data, frame.event) == (b"", "")


def test_the_last_frame_has_data_and_a_ping_has_none() -> None:
    assert [frame.data for frame in Splitter().feed(PING + LAST_FRAME)] == [b"", b"[DONE]"]


def test_usage_is_told_with_its_sum_and_with_parts_that_were_reported() -> None:
    assert told_usage(Usage(prompt=7, output=2)) == {
        "prompt_tokens": 7,
        "completion_tokens": 2,
        "total_tokens": 9,
    }
    told = told_usage(Usage(prompt=7, cached=0, output=2, thoughts=1))
    assert told["prompt_tokens_details"] == {"cached_tokens": 0}
    assert told["completion_tokens_details"] == {"reasoning_tokens": 1}


def test_later_figures_replace_earlier_ones_and_none_replaces_nothing() -> None:
    assert joined_usage(None, Usage(prompt=7)) == Usage(prompt=7)
    assert joined_usage(Usage(prompt=7, output=1), Usage(output=5)) == Usage(prompt=7, output=5)
