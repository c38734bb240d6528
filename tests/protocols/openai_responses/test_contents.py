"""Parts of messages and results: words, pictures, files, sound."""

from __future__ import annotations

from typing import Any

import pytest

from peekd.protocols.fields import Dropped, Place
from peekd.protocols.openai_responses.contents import read_content, read_words
from peekd.vocabulary.conversation import Media, Text
from peekd.vocabulary.errors import ClientError


def content(value: object, dropped: Dropped | None = None) -> Place:
    return Place(value, "input.0.content", "input[].content", {} if dropped is None else dropped)


def test_every_kind_has_its_part() -> None:
    said: list[dict[str, Any]] = [
        {"type": "input_text", "text": "a"},
        {"type": "output_text", "text": "b", "annotations": [], "logprobs": []},
        {"type": "refusal", "refusal": "c"},
        {"type": "input_image", "image_url": "data:image/png;base64,AA"},
        {"type": "input_image", "image_url": "https://a.example/x"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,AA", "filename": "x.pdf"},
        {"type": "input_file", "file_url": "https://a.example/x.pdf"},
        {"type": "input_audio", "input_audio": {"format": "wav", "data": "AA"}},
        {"type": "input_text", "text": ""},
    ]
    assert list(read_content(content(said))) == [
        *map(Text, "abc"),
        Media("image/png", data="AA"),
        Media("image/*", url="https://a.example/x"),
        Media("application/pdf", data="AA", title="x.pdf"),
        Media("application/pdf", url="https://a.example/x.pdf"),
        Media("audio/wav", data="AA"),
    ]
    assert list(read_content(content("a"))) == [Text("a")]
    assert list(read_content(content(""))) == []


def test_what_has_no_word_is_named() -> None:
    dropped: Dropped = {}
    list(read_content(content([{"type": "input_image", "image_url": "https://a", "detail": "low"}], dropped)))
    assert tuple(dropped) == ("input[].content[].detail",)


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"type": "input_image", "file_id": "file_1"}, r"content\.0: only an image_url"),
        ({"type": "input_file", "file_id": "file_1"}, r"content\.0: only base64 file_data"),
        ({"type": "future"}, r"content\.0\.type: 'future'"),
        ({"text": "x"}, r"content\.0\.type"),
    ],
)
def test_a_fault_is_told_by_its_place(part: object, named: str) -> None:
    with pytest.raises(ClientError, match=named):
        list(read_content(content([part])))


def test_where_words_alone_may_stand_there_are_no_pictures() -> None:
    assert read_words(content("a")) == [Text("a")]
    with pytest.raises(ClientError, match="words alone"):
        read_words(content([{"type": "input_image", "image_url": "https://a.example/x"}]))
