"""Spans and edits of JSON text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.wire.splice import Edit, Span, applied, elements, member, members, removals

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.text(), VALUES)


def cut_out(body: bytes, span: Span) -> object:
    return json.loads(body[span.value : span.end])


@given(OBJECTS, st.sampled_from([None, 2]), st.sampled_from(["ascii", "utf-8"]))
def test_members_are_found_where_they_stand(value: dict[str, Any], indent: int | None, charset: str) -> None:
    body = json.dumps(value, indent=indent, ensure_ascii=charset == "ascii").encode("utf-8", "surrogatepass")
    spans = members(body)
    assert {span.key: cut_out(body, span) for span in spans} == value
    assert all(body[span.begin : span.begin + 1] == b'"' for span in spans)


@given(st.lists(VALUES), st.sampled_from([None, 2]))
def test_elements_are_found_where_they_stand(value: list[Any], indent: int | None) -> None:
    body = json.dumps(value, indent=indent).encode()
    assert [cut_out(body, span) for span in elements(body)] == value


@given(st.lists(VALUES, min_size=1), st.data())
def test_removals_take_a_comma_each(value: list[Any], data: st.DataObject) -> None:
    body = json.dumps(value, indent=1).encode()
    spans = elements(body)
    gone = data.draw(st.sets(st.integers(min_value=0, max_value=len(value) - 1)))
    edited = applied(body, removals(spans, [spans[n] for n in gone]))
    assert json.loads(edited) == [item for n, item in enumerate(value) if n not in gone]


@given(OBJECTS, st.data())
def test_removals_of_members(value: dict[str, Any], data: st.DataObject) -> None:
    body = json.dumps(value).encode()
    spans = members(body)
    gone = data.draw(st.sets(st.sampled_from([*value, "never"])))
    edited = applied(body, removals(spans, [span for span in spans if span.key in gone]))
    assert json.loads(edited) == {key: item for key, item in value.items() if key not in gone}


def test_repeated_keys_are_each_found() -> None:
    body = b'{"a":1,"a":12,"b":{"a":3},"a":[1,"]}\\"",{"x":[]}],"a":1}'
    found = [body[span.value : span.end] for span in members(body) if span.key == "a"]
    assert found == [b"1", b"12", b'[1,"]}\\"",{"x":[]}]', b"1"]
    last = member(members(body), "a")
    assert last is not None
    assert last.end == len(body) - 1


def test_escaped_keys_are_the_same_keys() -> None:
    assert [span.key for span in members(b'{ "mod\\u0065l" : "x" }')] == ["model"]


def test_brackets_and_quotes_inside_strings_do_not_count() -> None:
    body = b'{"x":"}]{\\"","y" : [ "\\\\" , "}" ] }'
    assert [cut_out(body, span) for span in members(body)] == ['}]{"', ["\\", "}"]]


def test_a_part_of_the_text_can_be_looked_into() -> None:
    body = b'{"a":{"b":[1,2]},"c":3}'
    (outer, _) = members(body)
    (inner,) = members(body, outer.value, outer.end)
    assert [body[span.value : span.end] for span in elements(body, inner.value, inner.end)] == [b"1", b"2"]


def test_empty_and_missing() -> None:
    assert members(b" { } ") == []
    assert elements(b"[]") == []
    assert member([], "a") is None
    assert removals([], []) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b'{"a":', b'{"a" 1}'])
def test_no_object_is_an_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|truncated|expected"):
        members(body)


def test_no_array_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a JSON array"):
        elements(b"{}")


def test_edits_leave_all_else() -> None:
    body = b'{"a":1,"b":2}'
    assert applied(body, [Edit(11, 12, b"[]"), Edit(5, 6, b"null")]) == b'{"a":null,"b":[]}'
    assert applied(body, []) == body
