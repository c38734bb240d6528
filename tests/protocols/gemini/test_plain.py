"""JSON Schema as Gemini takes it: what it understands stays as it was said, what it refuses never goes."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import types
from hypothesis import given, settings
from hypothesis import strategies as st

from peekd.protocols.gemini.plain import plain_parameters, plain_schema

TYPES = {"string", "number", "integer", "boolean", "array", "object", "null"}
UNDERSTOOD = {
    "type", "format", "title", "description", "enum", "items", "prefixItems", "minItems", "maxItems",
    "minimum", "maximum", "anyOf", "oneOf", "properties", "additionalProperties", "required",
    "propertyOrdering", "minLength", "maxLength", "pattern", "minProperties", "maxProperties",
}  # fmt: skip
"""What Google documents, for JSON Schema or for its own dialect."""


def judge(node: dict[str, Any]) -> None:
    assert node.keys() <= UNDERSTOOD
    kind: str | list[str] = node.get("type", [])
    assert TYPES.issuperset([kind] if isinstance(kind, str) else kind)
    assert all(isinstance(value, str | int | float) for value in node.get("enum", ()))
    assert set(node.get("required", ())) <= set(node.get("properties", ()))
    for key in ("anyOf", "oneOf", "prefixItems"):
        assert node.get(key, True)
    assert not node.keys() & {"anyOf", "oneOf"} or node.keys() <= {"anyOf", "oneOf", "title", "description"}
    inner = [*node.get("properties", {}).values(), *node.get("anyOf", ()), *node.get("oneOf", ())]
    single = [node[key] for key in ("items", "additionalProperties") if isinstance(node.get(key), dict)]
    for child in (*inner, *node.get("prefixItems", ()), *single):
        judge(child)


def plain(schema: dict[str, Any]) -> dict[str, Any]:
    said, _ = plain_schema(schema)
    judge(said)
    return said


def lost(schema: dict[str, Any]) -> tuple[str, ...]:
    return plain_schema(schema)[1]


def test_what_is_understood_stays_as_it_was_said() -> None:
    schema = {
        "type": "object",
        "title": "T",
        "description": "D",
        "properties": {
            "s": {
                "type": "string",
                "minLength": 1,
                "pattern": "^a",
                "format": "date-time",
                "enum": ["a", "b"],
            },
            "i": {"type": "integer", "minimum": 0, "maximum": 9, "enum": [1, 2]},
            "n": {"type": ["number", "null"]},
            "a": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "t": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
            "u": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "m": {"type": "object", "additionalProperties": {"type": "integer"}},
            "x": {"description": "anything"},
        },
        "required": ["s", "a"],
        "additionalProperties": False,
        "propertyOrdering": ["s", "i"],
    }
    assert (plain(schema), lost(schema)) == (schema, ())
    types.FunctionDeclaration.model_validate({"name": "f", "parametersJsonSchema": schema})


SAID: list[tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ({"$schema": "x", "type": "string", "default": "a"}, {"type": "string"}, ("$schema", "default")),
    ({"type": "string", "format": "uri"}, {"type": "string"}, ("format",)),
    ({"type": "string", "nullable": True}, {"type": ["string", "null"]}, ()),
    ({"type": "STRING"}, {"type": "string"}, ()),
    ({"type": "file"}, {}, ("type",)),
    ({"const": "a"}, {"enum": ["a"]}, ()),
    ({"const": True}, {}, ("enum",)),
    ({"type": "string", "enum": ["a", None]}, {"type": ["string", "null"], "enum": ["a"]}, ()),
    ({"enum": ["a", {}]}, {"enum": ["a"]}, ("enum",)),
    ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}, ()),
    ({"type": "number", "exclusiveMaximum": 1}, {"type": "number", "maximum": 1}, ("exclusiveMaximum",)),
    ({"minimum": 1, "exclusiveMinimum": True}, {"minimum": 1}, ("exclusiveMinimum",)),
    ({"type": "array", "items": [{}]}, {"type": "array", "prefixItems": [{}]}, ()),
    ({"type": "array", "items": True}, {"type": "array"}, ()),
    ({"type": "object", "required": ["a"]}, {"type": "object"}, ("required",)),
    ({"properties": {"a": True, "b": False}}, {"properties": {"a": {}}}, ("false",)),
    ({"properties": {"a": {}}, "additionalProperties": True}, {"properties": {"a": {}}}, ()),
    ({"not": {"type": "string"}, "if": {}}, {}, ("not", "if")),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "said", "left_out"), SAID)
def test_each_keyword_is_said_or_named(
    schema: dict[str, Any], said: dict[str, Any], left_out: tuple[str, ...]
) -> None:
    assert plain(schema) == said
    assert set(lost(schema)) == set(left_out)


def test_references_are_worked_in_nested_ones_too() -> None:
    schema = {
        "$defs": {"a": {"type": "string"}, "b": {"type": "array", "items": {"$ref": "#/$defs/a"}}},
        "properties": {"x": {"$ref": "#/$defs/b", "description": "d"}},
    }
    assert plain(schema)["properties"]["x"] == {
        "type": "array",
        "items": {"type": "string"},
        "description": "d",
    }


def test_circles_end_and_a_reference_that_leads_nowhere_is_open() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#"}, "gone": {"$ref": "#/$defs/gone"}}}
    said = plain(tree)
    assert said["properties"]["gone"] == {"type": "object", "description": "gone"}
    assert "$ref" in lost(tree)
    assert len(str(said)) < 1000


def test_conjunctions_are_united_and_alternatives_carry_what_stands_beside_them() -> None:
    schema = {
        "allOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "string"}}}],
        "oneOf": [{"required": ["a"]}, False, {"required": ["b"]}],
        "description": "d",
    }
    both = {"a": {"type": "string"}, "b": {"type": "string"}}
    branches = [{"properties": both, "required": [name]} for name in "ab"]
    assert plain(schema) == {"description": "d", "oneOf": branches}
    assert lost(schema) == ("oneOf",)


def test_what_grows_without_end_stays_small() -> None:
    names = [f"d{n}" for n in range(12)]
    node = {"properties": {name: {"$ref": f"#/$defs/{name}"} for name in names}}
    said, words = plain_schema({"$defs": dict.fromkeys(names, node), **node})
    judge(said)
    assert "depth" in words
    assert len(str(said)) < 1_000_000


# ---- a tool's parameters --------------------------------------------------------------------------


def test_parameters_are_one_object() -> None:
    schema = {"properties": {"a": {"type": "integer"}}}
    assert plain_parameters(schema) == ({"type": "object", **schema}, ())
    free = {"type": "object", "additionalProperties": {"type": "string"}}
    assert plain_parameters(free) == (free, ())


@pytest.mark.parametrize("schema", [{}, {"type": "object", "additionalProperties": False}])
def test_parameters_that_are_none_are_nothing(schema: dict[str, Any]) -> None:
    assert plain_parameters(schema) == ({}, ())


MANY: list[dict[str, Any]] = [
    {"oneOf": [{"properties": {}}]},
    {"anyOf": [{}]},
    {"type": "string"},
    {"type": ["object", "null"]},
]


@pytest.mark.parametrize("schema", MANY)
def test_a_root_that_is_not_one_object_is_none_that_can_be_said_so(schema: dict[str, Any]) -> None:
    assert plain_parameters(schema) is None


_KEYS = st.sampled_from([
    *UNDERSTOOD,
    "allOf",
    "$ref",
    "$defs",
    "const",
    "nullable",
    "exclusiveMinimum",
    "not",
])
_WORDS = st.sampled_from(["string", "object", "array", "integer", "null", "#", "#/$defs/type", ""])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=25,
)


@given(st.dictionaries(_KEYS, _JSON, max_size=6))
@settings(max_examples=300, deadline=None)
def test_any_json_at_all_becomes_what_gemini_understands(schema: dict[str, Any]) -> None:
    before = repr(schema)
    plain(schema)
    plain_parameters(schema)
    assert repr(schema) == before
