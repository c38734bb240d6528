"""Arguments are mended where the schema proves what was meant, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peekd.protocols.arguments import repaired

STRINGS = {"type": "array", "items": {"type": "string"}}


def mended(value: object, schema: object, **more: Any) -> object:
    arguments, paths = repaired({"x": value}, {"properties": {"x": schema}, **more})
    assert bool(paths) is (arguments != {"x": value})
    assert set(paths) <= {"x"}
    return arguments["x"]


@pytest.mark.parametrize(
    ("value", "schema", "meant"),
    [
        ("5", {"type": "integer"}, 5),
        ("-12", {"type": ["integer", "null"]}, -12),
        ("1.5e3", {"type": "number"}, 1500.0),
        ("7", {"type": "number", "enum": [7, 8]}, 7),
        ("7", {"enum": [7, 8]}, 7),
        ("true", {"type": "boolean"}, True),
        ("False", {"type": "boolean"}, False),
        ("true", {"anyOf": [{"type": "boolean"}, {"type": "null"}]}, True),
        ("3", {"oneOf": [{"type": "integer"}, {"type": "boolean"}]}, 3),
        ("a", STRINGS, ["a"]),
        ("a", {"anyOf": [STRINGS, {"type": "null"}]}, ["a"]),
        ("a", {"type": "array", "items": {"enum": ["a", "b"]}}, ["a"]),
        ("5", {"type": "integer", "nullable": True}, 5),
    ],
)
def test_what_the_schema_proves_is_mended(value: object, schema: object, meant: object) -> None:
    result = mended(value, schema)
    assert (result, type(result)) == (meant, type(meant))


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ("5", {"type": "string"}),
        ("5", {"type": ["integer", "string"]}),
        ("5", {"anyOf": [{"type": "integer"}, {}]}),
        ("5", {}),
        ("5", True),
        ("5", {"type": "integer", "enum": [6]}),
        ("5", {"allOf": [{"type": "integer"}]}),
        ("5", {"$ref": "#/$defs/none"}),
        ("5", {"$ref": "https://example.com/x"}),
        ("5.0", {"type": "integer"}),
        (" 5", {"type": "integer"}),
        ("05", {"type": "integer"}),
        ("5", {"type": ["integer", "array"], "items": {"type": "string"}}),
        ("٣", {"type": "integer"}),
        ("1e999", {"type": "number"}),
        ("yes", {"type": "boolean"}),
        ("", {"type": "boolean"}),
        ('["a"]', STRINGS),
        ("a", {"type": "array"}),
        ("a", {"type": "array", "items": {"type": "integer"}}),
        ("a", {"type": "array", "items": {"enum": ["b"]}}),
        ("a", {"type": "object"}),
        (5, {"type": "string"}),
        (1, {"type": "boolean"}),
        (["5"], {"type": "integer"}),
        (None, {"type": "integer"}),
    ],
)
def test_what_fits_or_is_not_proved_stays(value: object, schema: object) -> None:
    assert mended(value, schema) is value


def test_references_are_followed_and_circles_end() -> None:
    defs = {"n": {"type": "integer"}, "m": {"$ref": "#/$defs/n"}, "a/b": {"type": "boolean"}}
    assert mended("5", {"$ref": "#/$defs/m", "description": "d"}, **{"$defs": defs}) == 5
    assert mended("true", {"$ref": "#/$defs/a~1b"}, **{"$defs": defs}) is True
    assert mended("5", {"$ref": "#/$defs/o"}, **{"$defs": {"o": {"$ref": "#/$defs/o"}}}) == "5"
    deep: Any = {"n": {"n": "5"}}
    schema = {"properties": {"n": {"anyOf": [{"$ref": "#"}, {"type": "integer"}]}}, "type": "object"}
    assert repaired(deep, schema) == ({"n": {"n": 5}}, ("n.n",))


def test_what_stands_inside_is_mended_and_told_by_its_path() -> None:
    edit = {"type": "object", "properties": {"line": {"type": "integer"}}}
    schema = {
        "properties": {
            "edits": {"type": "array", "items": edit},
            "pair": {"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "boolean"}},
            "env": {"type": "object", "additionalProperties": {"type": "number"}},
        }
    }
    given = {"edits": [{"line": 1}, {"line": "2", "x": "3"}], "pair": ["1", "true"], "env": {"a": "1"}}
    assert repaired(given, schema) == (
        {"edits": [{"line": 1}, {"line": 2, "x": "3"}], "pair": ["1", True], "env": {"a": 1}},
        ("edits[1].line", "pair[1]", "env.a"),
    )


def test_of_several_objects_none_is_chosen() -> None:
    one, two = ({"type": "object", "properties": {"a": {"type": kind}}} for kind in ("integer", "string"))
    given = {"x": {"a": "1"}}
    assert repaired(given, {"properties": {"x": {"anyOf": [one, two]}}}) == (given, ())
    single = {"properties": {"x": {"anyOf": [one, {"type": "string"}]}}}
    assert repaired(given, single) == ({"x": {"a": 1}}, ("x.a",))


def test_nothing_mended_is_the_same_object() -> None:
    given = {"x": 1}
    assert repaired(given, {"properties": {"x": {"type": "integer"}}})[0] is given


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["1", "true", "a", "object", "array", "#"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "type", "properties", "items", "anyOf", "$ref", "enum", "prefixItems"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["a", "b"]), _JSON), st.dictionaries(st.just("properties"), _JSON))
@settings(max_examples=200, deadline=None)
def test_any_schema_at_all_is_borne_and_the_given_arguments_stay(
    arguments: dict[str, Any], schema: dict[str, Any]
) -> None:
    before = repr(arguments)
    again = repaired(repaired(arguments, schema)[0], schema)
    assert again[1] == ()
    assert repr(arguments) == before
