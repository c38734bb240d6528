"""Many frames read together, many texts written together: the same as one by one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import msgspec
import pytest
from answers import answering
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.interface import BadArguments, EventEncoder
from peekd.protocols.registry import CLIENTS
from peekd.protocols.runs import documents, one_by_one, written
from peekd.vocabulary import events as e
from peekd.vocabulary.events import Event, Usage

BEFORE = b"data: {"
BLOCKS = (
    *(b'data: {"a":%d}' % number for number in range(4)),
    b'data: {"a":1} ',
    b"data: {}",
    b"data:",
    b'id: 3\ndata: {"a":1}',
    b'data: {"a":\n{}}',
    b'data: {"a":1\n}',
    b'data: {"a":1}\n{}',
    b'data: {"a":1} {"a":2}',
    b'data: {} {"a":',
    b"data: {} {}",
    b'data: {"a":{}',
    b'{"a":1}',
    b"",
)

_any: msgspec.json.Decoder[object] = msgspec.json.Decoder()


@given(st.lists(st.sampled_from(BLOCKS)))
def test_frames_decoded_together_are_those_that_are_decoded_one_by_one(blocks: list[bytes]) -> None:
    expected: list[object] = []
    for block in blocks:
        if not block.startswith(BEFORE) or b"\n" in block:
            break
        try:
            expected.append(_any.decode(block[6:]))
        except ValueError:
            break
    assert documents(blocks, BEFORE, b"{", _any) == expected


def test_what_the_decoder_does_not_take_ends_the_list() -> None:
    numbers = msgspec.json.Decoder(dict[str, int])
    blocks = [b'data: {"a":1}', b'data: {"a":2}', b'data: {"a":"3"}', b'data: {"a":4}']
    assert documents(blocks, BEFORE, b"{", numbers) == [{"a": 1}, {"a": 2}]


def test_what_stands_before_is_known_and_not_decoded() -> None:
    found = documents([b'n: {"known":1,"a":2}'], b'n: {"known":1,', b"{", _any)
    assert found == [{"a": 2}]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_texts_written_together_are_those_that_are_written_one_by_one(texts: list[str]) -> None:
    single = [b"{%b%b}\n\n" % (b"%b", msgspec.json.encode(text)) for text in texts]
    assert written(b"{%b", texts, b"}\n\n") == b"".join(single)


# ---- every encoder --------------------------------------------------------------------------------

BEGINNINGS: Sequence[Sequence[Event]] = (
    (),
    (e.Started("id", "m"), e.Opened(0, e.TextBlock())),
    (e.Started("id", "m"), e.Opened(0, e.TextBlock("So")), e.TextDelta(0, "far")),
    (e.Started("id", "m"), e.Opened(0, e.ThinkingBlock()), e.Closed(0), e.Opened(1, e.TextBlock())),
    (e.Started("id", "m"), e.Opened(0, e.TextBlock()), e.Closed(0)),
    (e.Started("id", "m"), e.Opened(0, e.ToolCallBlock("t", "f")), e.ArgumentsDelta(0, "{}")),
)
TEXTS = st.lists(st.sampled_from(["Hi", " 100 % %b %d", '"\\\n', "日本🎉"]), min_size=1)


def begun(client: str, beginning: Sequence[Event]) -> EventEncoder:
    encoder = CLIENTS[client].encoder(answering("a%b%d"))
    for event in beginning:
        encoder.feed(event)
    return encoder


@pytest.mark.parametrize("client", sorted(CLIENTS))
@given(st.sampled_from(BEGINNINGS), TEXTS, st.integers(min_value=0, max_value=2))
def test_an_encoder_writes_a_run_as_it_writes_each_of_its_words(
    client: str, beginning: Sequence[Event], texts: list[str], index: int
) -> None:
    together, single = begun(client, beginning), begun(client, beginning)
    assert together.feed_run(index, texts) == one_by_one(single.feed, index, texts)
    assert ended(together, index) == ended(single, index)


def ended(encoder: EventEncoder, index: int) -> list[bytes]:
    said: list[bytes] = []
    with suppress(BadArguments):  # words in a call's place
        said += [encoder.feed(event) for event in (e.Closed(index), e.Finished("end"), e.Ended())]
        said.append(encoder.close())
    return said


@pytest.mark.parametrize("client", sorted(CLIENTS))
def test_usage_is_told_alike_between_words_and_after_them(client: str) -> None:
    between, after = begun(client, BEGINNINGS[1]), begun(client, BEGINNINGS[1])
    first, last = e.Counted(Usage(prompt=7, cached=1)), e.Counted(Usage(prompt=8, output=2))
    said = [between.feed(event) for event in (e.TextDelta(0, "a"), first, e.TextDelta(0, "b"), last)]
    assert said[1] == said[3] == b""
    assert b"".join(said) == after.feed_run(0, ["a", "b"])
    assert after.feed(e.Counted(Usage(8, 1, None, 2))) == b""
    for encoder in (between, after):
        encoder.feed(e.Finished("end"))
    assert between.close() == after.close()
