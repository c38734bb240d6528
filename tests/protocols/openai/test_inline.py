"""Data URLs become media, JSON text becomes arguments; what is neither is told by its place."""

from __future__ import annotations

import pytest

from peekd.protocols.fields import Place
from peekd.protocols.openai.inline import read_arguments, read_file, read_picture
from peekd.vocabulary.conversation import Media
from peekd.vocabulary.errors import ClientError


def place(value: object) -> Place:
    return Place(value, "at.0", "at[]", {})


def test_pictures_by_data_or_by_url() -> None:
    assert read_picture(place("data:image/png;base64,AAAA")) == Media("image/png", data="AAAA")
    assert read_picture(place("data:;base64,AAAA")) == Media("image/*", data="AAAA")
    assert read_picture(place("https://a.example/x.png")) == Media("image/*", url="https://a.example/x.png")
    with pytest.raises(ClientError, match=r"at\.0: expected an http"):
        read_picture(place("file:///etc/passwd"))


def test_files_by_data_alone() -> None:
    said = "data:application/pdf;base64,AAAA"
    assert read_file(said, "x.pdf", "f") == Media("application/pdf", data="AAAA", title="x.pdf")
    for other in (None, "AAAA", "data:;base64,AAAA"):
        with pytest.raises(ClientError, match="f: only base64 file_data"):
            read_file(other, "", "f")


def test_arguments_are_an_object_and_none_are_an_empty_one() -> None:
    assert read_arguments(place('{"a":1}')) == {"a": 1}
    assert read_arguments(None) == read_arguments(place(" ")) == {}
    with pytest.raises(ClientError, match=r"at\.0: no JSON object"):
        read_arguments(place("[1]"))
