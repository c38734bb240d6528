"""Frames of words read together say what each of them says alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from wordy import ANTHROPIC, ANTHROPIC_BEGIN, TEXTS, frames, written

from peekd.protocols.anthropic.decode import AnthropicDecoder
from peekd.protocols.anthropic.runs import read_run
from peekd.vocabulary.events import Run, TextDelta
from peekd.wire.sse import Splitter


def blocks(said: list[str], *, crlf: str = "never") -> list[bytes]:
    splitter = Splitter()
    splitter.put(written(said, crlf=crlf))
    return splitter.ahead()


@given(frames("anthropic"))
def test_a_run_says_what_its_frames_say(said: list[str]) -> None:
    splitter, decoder, alone = Splitter(), AnthropicDecoder(), AnthropicDecoder()
    splitter.put(written([ANTHROPIC_BEGIN, *said]))
    while (frame := splitter.take()) is not None:
        assert decoder.feed(frame) == alone.feed(frame)
        ahead = splitter.ahead()
        run = decoder.run(ahead) if ahead else None
        for text in run.texts if run is not None else ():
            following = splitter.take()
            assert run is not None
            assert following is not None
            assert alone.feed(following) == [TextDelta(run.index, text)]


@pytest.mark.parametrize("frame", ANTHROPIC)
@pytest.mark.parametrize("crlf", ["never", "always"])
def test_words_as_upstreams_write_them_are_one_run(frame: str, crlf: str) -> None:
    said = [frame.replace("%s", text) for text in TEXTS]
    run = read_run(blocks([*said, ": comment\n\n"], crlf=crlf))
    assert run == Run(0, ["Hi", " there, 100 % \n", "日本 🎉", 'say "no" to C:\\', "<b> /", "🎉"])


def test_frames_that_are_padded_each_in_its_own_way_are_one_run_all_the_same() -> None:
    said = [ANTHROPIC[0].replace("%s", '"Hi"'), ANTHROPIC[2].replace("%s", '"Ho"')]
    assert read_run(blocks(said)) == Run(0, ["Hi", "Ho"])


def test_a_run_ends_before_another_block() -> None:
    said = [ANTHROPIC[0].replace("%s", '"Hi"'), ANTHROPIC[0].replace("%s", '"Ho"').replace(":0,", ":1,")]
    assert read_run(blocks(said)) == Run(0, ["Hi"])
    assert read_run(blocks(said[1:])) == Run(1, ["Ho"])


def test_a_run_ends_before_words_that_only_some_readers_take() -> None:
    said = [ANTHROPIC[0].replace("%s", text) for text in ('"Hi"', r'"\ud83d"', '"Ho"')]
    assert read_run(blocks(said)) == Run(0, ["Hi"])
    assert read_run(blocks(said[1:])) is None
