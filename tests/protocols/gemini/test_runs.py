"""Chunks of words read together say what each of them says alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from wordy import GEMINI, GEMINI_BEGIN, TEXTS, frames, written

from peekd.protocols.gemini.runs import read_run
from peekd.protocols.gemini.stream import GeminiDecoder
from peekd.vocabulary.events import Counted, Run, TextDelta, Usage, merged
from peekd.wire.sse import Splitter


def blocks(said: list[str], *, crlf: str = "never") -> list[bytes]:
    splitter = Splitter()
    splitter.put(written(said, crlf=crlf))
    return splitter.ahead()


@given(frames("gemini"))
def test_a_run_says_what_its_chunks_say(said: list[str]) -> None:
    splitter, decoder, alone = Splitter(), GeminiDecoder(), GeminiDecoder()
    splitter.put(written([GEMINI_BEGIN, *said]))
    while (frame := splitter.take()) is not None:
        assert decoder.feed(frame) == alone.feed(frame)
        ahead = splitter.ahead()
        run = decoder.run(ahead) if ahead else None
        if run is None:
            continue
        usage = Usage()
        for text in run.texts:
            following = splitter.take()
            assert following is not None
            words, *counted = alone.feed(following)
            assert words == TextDelta(run.index, text)
            for told in counted:
                assert isinstance(told, Counted)
                usage = merged(usage, told.usage)
        assert (run.usage or Usage()) == usage


@pytest.mark.parametrize("frame", GEMINI[:2])
@pytest.mark.parametrize("crlf", ["never", "always"])
def test_words_as_google_writes_them_are_one_run(frame: str, crlf: str) -> None:
    said = [frame.replace("%s", text) for text in TEXTS]
    run = read_run(3, blocks([*said, ": comment\n\n"], crlf=crlf))
    assert run is not None
    assert run.index == 3
    assert run.texts == ["Hi", " there, 100 % \n", "日本 🎉", 'say "no" to C:\\', "<b> /", "🎉"]


def test_figures_that_only_an_earlier_chunk_told_stay() -> None:
    said = [frame.replace("%s", '"Hi"') for frame in (*GEMINI[3:], *GEMINI[:3], GEMINI[1])]
    run = read_run(0, blocks(said))
    assert run is not None
    assert run.usage == Usage(prompt=9, cached=4, output=2, thoughts=2)


def test_words_that_open_a_block_are_no_run() -> None:
    words = blocks([GEMINI[0].replace("%s", '"Hi"')])
    decoder = GeminiDecoder()
    assert decoder.run(words) is None
    splitter = Splitter()
    (first,) = splitter.feed(written([GEMINI_BEGIN]))
    decoder.feed(first)
    assert decoder.run(words) == Run(0, ["Hi"])
