"""Frames and figures that all of OpenAI's languages share."""

from __future__ import annotations

from peekd.protocols.openai.words import LAST_FRAME, joined_usage, told_usage
from peekd.vocabulary.events import Usage
from peekd.wire.sse import Splitter


def test_the_last_frame_is_no_chunk() -> None:
    assert [frame.data for frame in Splitter().feed(LAST_FRAME)] == [b"[DONE]"]


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
