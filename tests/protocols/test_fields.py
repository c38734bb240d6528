"""Fields are read by type and place, and what nobody read is listed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from peekd.protocols.fields import (
    Dropped,
    Fields,
    Place,
    decode_object,
    decode_outline,
    decode_tools,
    decode_value,
    decode_words,
)
from peekd.vocabulary.conversation import Tool
from peekd.vocabulary.errors import ClientError


def fields(value: object, dropped: Dropped | None = None) -> Fields:
    return Place(value, "a.0", "a[]", {} if dropped is None else dropped).fields()


READS: list[tuple[Callable[[Fields], object], object, str]] = [
    (lambda f: f.string("x"), 3, "a.0.x: expected a string, got a number"),
    (lambda f: f.flag("x"), "true", "a.0.x: expected a boolean, got a string"),
    (lambda f: f.number("x"), "1", "a.0.x: expected a number, got a string"),
    (lambda f: f.number("x"), True, "a.0.x: expected a number, got a boolean"),
    (lambda f: f.integer("x"), 1.5, "a.0.x: expected a whole number"),
    (lambda f: f.object("x"), [], "a.0.x: expected an object, got an array"),
    (lambda f: f.fields("x"), "y", "a.0.x: expected an object, got a string"),
    (lambda f: list(f.items("x")), {}, "a.0.x: expected an array, got an object"),
    (lambda f: f.needed("x"), None, "a.0.x: Field required"),
]


@pytest.mark.parametrize(("read", "value", "told"), READS)
def test_a_wrong_type_is_told_by_its_place(
    read: Callable[[Fields], object], value: object, told: str
) -> None:
    with pytest.raises(ClientError) as caught:
        read(fields({"x": value}))
    assert caught.value.fault.kind == "invalid_request"
    assert caught.value.fault.message == told


def test_null_is_as_good_as_missing() -> None:
    dropped: Dropped = {}
    empty = fields({"x": None}, dropped)
    assert (empty.string("x"), empty.flag("x"), empty.number("x"), empty.object("x")) == (None,) * 4
    assert list(empty.items("x")) == []
    empty.close()
    assert dropped == {}


def test_unread_fields_are_listed_by_shape_each_once() -> None:
    dropped: Dropped = {}
    for _ in range(2):
        read = fields({"x": "1", "y": 2, "cache_control": {}}, dropped)
        assert read.string("x") == "1"
        read.close()
    assert list(dropped) == ["a[].y", "cache_control"]


def test_elements_know_their_place() -> None:
    (first, second) = fields({"x": ["p", "q"]}).items("x")
    assert (first.path, second.path, second.shape) == ("a.0.x.0", "a.0.x.1", "a[].x[]")
    assert second.string() == "q"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a":"\xff"}', b'{"a":' + b"[" * 99999])
def test_a_body_that_is_no_object(body: bytes) -> None:
    with pytest.raises(ClientError, match="JSON object"):
        decode_object(body)


def test_tools_that_only_one_upstream_has_are_refused_by_kind_where_there_are_no_others() -> None:
    def read(place: Place) -> Tool | None:
        kind = place.fields().string("type")
        return Tool("own") if kind == "own" else None

    def asked(*kinds: str) -> Fields:
        return Place({"tools": [{"type": kind} for kind in kinds]}, "", "", {}).fields()

    assert decode_tools(asked("own", "web_search"), read) == (Tool("own"),)
    assert decode_tools(asked(), read) == ()
    with pytest.raises(ClientError, match="tools: web_search: this upstream has no such tool"):
        decode_tools(asked("web_search"), read)


@pytest.mark.parametrize("data", ["not base64", "\u00e9", "AAA"])
def test_a_document_that_is_no_base64_is_the_clients_fault(data: str) -> None:
    with pytest.raises(ClientError, match="text/plain"):
        decode_words(data)


def test_long_fields_stay_as_they_came_and_all_others_are_read() -> None:
    body = b'{"model": "m", "messages": [ {"role": "user"} ], "tools": null, "n": 1}'
    said = decode_outline(body, frozenset({"messages", "tools"}))
    assert said == {"model": "m", "messages": msgspec.Raw(b'[ {"role": "user"} ]'), "tools": None, "n": 1}
    assert decode_value(said["messages"]) == [{"role": "user"}]


@pytest.mark.parametrize(
    "body", [b"[]", b"", b'{"messages": [1,]}', b'{"messages": ' + b"[" * 9000, b'{"model": "\xff"}']
)
def test_a_body_that_is_no_object_has_no_outline(body: bytes) -> None:
    with pytest.raises(ClientError, match="the body is no JSON object"):
        decode_outline(body, frozenset({"messages"}))


def test_what_was_left_as_it_came_may_be_found_wrong_later() -> None:
    said = decode_outline(b'{"messages": "\xff"}', frozenset({"messages"}))
    with pytest.raises(ClientError, match="the body is no JSON object"):
        decode_value(said["messages"])
