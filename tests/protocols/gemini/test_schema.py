"""JSON Schema as Gemini's subset, with google-genai's own type as the judge."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import types
from hypothesis import given, settings
from hypothesis import strategies as st

from peekd.protocols.gemini.schema import clean_parameters, clean_schema

ANYTHING = clean_schema({})[0]


def cleaned(schema: dict[str, Any]) -> dict[str, Any]:
    outcome = clean_schema(schema)[0]
    judge(outcome)
    return outcome


def judge(schema: dict[str, Any]) -> None:
    """Hold a schema to what Gemini's endpoints refuse beyond the bare fields."""
    types.Schema.model_validate(schema)
    assert "anyOf" in schema or "type" in schema
    if "anyOf" in schema:
        assert set(schema) == {"anyOf"}
        assert schema["anyOf"]
    if "enum" in schema:
        assert schema["type"] == "STRING"
        assert all(schema["enum"])
    if schema.get("type") == "ARRAY":
        assert "items" in schema
    assert schema.get("properties", True)
    assert set(schema.get("required", ())) <= set(schema.get("properties", ()))
    children = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    for child in [*children, *([schema["items"]] if "items" in schema else [])]:
        judge(child)


def test_what_gemini_can_say_is_kept_in_its_words() -> None:
    schema = {
        "type": "object",
        "title": "T",
        "description": "D",
        "properties": {
            "s": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^a", "description": "s"},
            "t": {"type": "string", "format": "date-time"},
            "i": {"type": "integer", "minimum": 0, "maximum": 9007199254740991, "format": "int64"},
            "n": {"type": "number", "minimum": -1.5},
            "b": {"type": "boolean"},
            "a": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3},
            "o": {"type": "object"},
        },
        "required": ["s", "a"],
        "minProperties": 1,
    }
    assert cleaned(schema) == {
        "type": "OBJECT",
        "title": "T",
        "description": "D",
        "minProperties": 1,
        "properties": {
            "s": {"type": "STRING", "description": "s", "minLength": 1, "maxLength": 9, "pattern": "^a"},
            "t": {"type": "STRING", "format": "date-time"},
            "i": {"type": "INTEGER", "minimum": 0, "maximum": 9007199254740991, "format": "int64"},
            "n": {"type": "NUMBER", "minimum": -1.5},
            "b": {"type": "BOOLEAN"},
            "a": {"type": "ARRAY", "minItems": 1, "maxItems": 3, "items": {"type": "STRING"}},
            "o": {"type": "OBJECT"},
        },
        "required": ["s", "a"],
    }
    assert clean_schema(schema)[1] == ()


def test_what_gemini_cannot_say_goes_and_is_named_once() -> None:
    schema = {
        "$schema": "x",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "u": {"type": "string", "format": "uri", "default": "a", "examples": ["a"]},
            "v": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "propertyNames": {"pattern": "a"},
            },
            "w": {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "contains": {}},
            "x": {"not": {"type": "string"}, "type": "integer", "multipleOf": 2},
        },
        "required": ["u", "gone"],
    }
    outcome, lost = clean_schema(schema)
    assert outcome == {
        "type": "OBJECT",
        "properties": {
            "u": {"type": "STRING"},
            "v": {"type": "OBJECT"},
            "w": {"type": "ARRAY", "items": {"type": "STRING"}},
            "x": {"type": "INTEGER"},
        },
        "required": ["u"],
    }
    assert set(lost) == {
        "$schema",
        "additionalProperties",
        "format",
        "default",
        "examples",
        "propertyNames",
        "uniqueItems",
        "contains",
        "not",
        "multipleOf",
        "required",
    }


@pytest.mark.parametrize(
    ("schema", "outcome"),
    [
        ({"type": ["string", "null"]}, {"type": "STRING", "nullable": True}),
        ({"type": "string", "nullable": True}, {"type": "STRING", "nullable": True}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "STRING", "nullable": True}),
        (
            {"type": ["string", "null"], "enum": ["a", None]},
            {"type": "STRING", "enum": ["a"], "nullable": True},
        ),
        ({"enum": ["a", None]}, {"type": "STRING", "enum": ["a"], "nullable": True}),
        ({"type": "null"}, {"type": "NULL"}),
        ({"const": None}, {"type": "NULL"}),
        (
            {"type": ["string", "integer", "null"], "minLength": 2, "minimum": 3},
            {
                "anyOf": [
                    {"type": "STRING", "minLength": 2, "nullable": True},
                    {"type": "INTEGER", "minimum": 3, "nullable": True},
                ]
            },
        ),
    ],
)
def test_null_becomes_nullable_and_several_types_become_alternatives(
    schema: dict[str, Any], outcome: dict[str, Any]
) -> None:
    assert cleaned(schema) == outcome


@pytest.mark.parametrize(
    ("schema", "outcome", "lost"),
    [
        ({"const": "a"}, {"type": "STRING", "enum": ["a"]}, ()),
        ({"type": "string", "enum": ["a", "b", "a"]}, {"type": "STRING", "enum": ["a", "b"]}, ("enum",)),
        ({"type": "string", "enum": ["", "b"]}, {"type": "STRING", "enum": ["b"]}, ("enum",)),
        ({"type": "string", "enum": [""]}, {"type": "STRING"}, ("enum",)),
        ({"const": 7}, {"type": "INTEGER", "minimum": 7, "maximum": 7}, ()),
        ({"type": "number", "enum": [3, 1.5]}, {"type": "NUMBER", "minimum": 1.5, "maximum": 3}, ("enum",)),
        ({"const": True}, {"type": "BOOLEAN"}, ("enum",)),
        (
            {"enum": ["auto", 3]},
            {
                "anyOf": [
                    {"type": "STRING", "enum": ["auto"]},
                    {"type": "INTEGER", "minimum": 3, "maximum": 3},
                ]
            },
            (),
        ),
        ({"const": ["a"]}, {"type": "ARRAY", "items": ANYTHING}, ("enum",)),
    ],
)
def test_allowed_values_are_enums_of_words_or_ranges(
    schema: dict[str, Any], outcome: dict[str, Any], lost: tuple[str, ...]
) -> None:
    assert cleaned(schema) == outcome
    assert clean_schema(schema)[1] == lost


@pytest.mark.parametrize(
    ("schema", "outcome", "lost"),
    [
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "INTEGER", "minimum": 1}, ()),
        ({"type": "integer", "exclusiveMaximum": 9}, {"type": "INTEGER", "maximum": 8}, ()),
        ({"type": "number", "exclusiveMinimum": 0}, {"type": "NUMBER", "minimum": 0}, ("exclusiveMinimum",)),
        ({"type": "integer", "minimum": 10**400}, {"type": "INTEGER"}, ("minimum",)),
        ({"type": "string", "minLength": 2**70}, {"type": "STRING"}, ("minLength",)),
        ({"type": "string", "maxLength": 4.0}, {"type": "STRING", "maxLength": 4}, ()),
        ({"type": "string", "pattern": 4}, {"type": "STRING"}, ("pattern",)),
        ({"type": "string", "pattern": "^(?!a)"}, {"type": "STRING"}, ("pattern",)),
        ({"type": "string", "pattern": "^(?:a)$"}, {"type": "STRING", "pattern": "^(?:a)$"}, ()),
    ],
)
def test_bounds_are_closed_and_sound(
    schema: dict[str, Any], outcome: dict[str, Any], lost: tuple[str, ...]
) -> None:
    assert cleaned(schema) == outcome
    assert clean_schema(schema)[1] == lost


def test_alternatives_stand_alone_and_carry_what_stood_beside_them() -> None:
    schema = {
        "type": "object",
        "description": "either",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"], "description": "by b"}],
    }
    both = {"a": {"type": "STRING"}, "b": {"type": "STRING"}}
    assert cleaned(schema) == {
        "anyOf": [
            {"type": "OBJECT", "description": "either", "properties": both, "required": ["a"]},
            {"type": "OBJECT", "description": "by b", "properties": both, "required": ["b"]},
        ]
    }


def test_one_of_is_loosened_to_any_of_and_nested_alternatives_are_flat() -> None:
    schema = {"oneOf": [{"type": "string"}, {"anyOf": [{"type": "integer"}, {"type": "string"}]}, False]}
    outcome, lost = clean_schema(schema)
    assert outcome == {"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}]}
    assert lost == ("oneOf",)


@pytest.mark.parametrize(
    "schema", [{}, {"type": "any"}, {"description": "d"}, {"anyOf": [False]}, {"anyOf": 7}]
)
def test_a_node_that_may_be_anything_names_every_type(schema: dict[str, Any]) -> None:
    outcome = cleaned(schema)
    assert [branch["type"] for branch in outcome["anyOf"]] == [
        "STRING",
        "NUMBER",
        "BOOLEAN",
        "OBJECT",
        "ARRAY",
    ]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"properties": {"a": True}}, "OBJECT"),
        ({"items": {"type": "string"}}, "ARRAY"),
        ({"pattern": "a"}, "STRING"),
        ({"maximum": 3}, "NUMBER"),
        ({"type": "Integer"}, "INTEGER"),
    ],
)
def test_a_missing_type_is_told_by_its_keywords(schema: dict[str, Any], kind: str) -> None:
    assert cleaned(schema)["type"] == kind


def test_boolean_schemas_are_anything_or_nothing() -> None:
    schema = {"type": "object", "properties": {"yes": True, "no": False}, "required": ["yes", "no"]}
    assert cleaned(schema) == {"type": "OBJECT", "properties": {"yes": ANYTHING}, "required": ["yes"]}


def test_a_tuple_is_an_array_of_any_of_its_places() -> None:
    for schema in (
        {"type": "array", "items": [{"const": "a"}, {"type": "integer"}]},
        {"type": "array", "prefixItems": [{"const": "a"}, {"type": "integer"}]},
    ):
        items = {"anyOf": [{"type": "STRING", "enum": ["a"]}, {"type": "INTEGER"}]}
        assert cleaned(schema) == {"type": "ARRAY", "items": items}


def test_properties_may_be_called_like_keywords() -> None:
    names = ("type", "properties", "enum", "items", "anyOf", "$ref", "required", "const")
    schema = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": list(names),
    }
    assert cleaned(schema)["properties"] == {name: {"type": "STRING"} for name in names}


def test_definitions_that_name_one_another_without_end_stay_small() -> None:
    names = [f"d{n}" for n in range(40)]
    definitions = {
        name: {"type": "object", "properties": {other: {"$ref": f"#/$defs/{other}"} for other in names}}
        for name in names
    }
    outcome, lost = clean_schema({"$defs": definitions, "$ref": "#/$defs/d0"})
    judge(outcome)
    assert "depth" in lost


def test_very_deep_nesting_is_cut() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        schema = {"type": "array", "items": schema}
    assert cleaned(schema)["type"] == "ARRAY"
    assert clean_schema(schema)[1] == ("depth",)


@pytest.mark.parametrize(
    "schema", [{}, {"type": "object"}, {"type": "object", "properties": {}}, {"$schema": "x"}]
)
def test_a_tool_without_parameters_has_none(schema: dict[str, Any]) -> None:
    assert clean_parameters(schema)[0] is None


def test_alternatives_at_a_tools_root_become_one_object() -> None:
    schema = {
        "anyOf": [
            {
                "type": "object",
                "properties": {"k": {"const": "a"}, "x": {"type": "string"}},
                "required": ["k", "x"],
            },
            {"type": "object", "properties": {"k": {"const": "b"}}, "required": ["k"]},
            {"type": "null"},
        ]
    }
    outcome, lost = clean_parameters(schema)
    assert outcome == {
        "type": "OBJECT",
        "properties": {
            "k": {"anyOf": [{"type": "STRING", "enum": ["a"]}, {"type": "STRING", "enum": ["b"]}]},
            "x": {"type": "STRING"},
        },
        "required": ["k"],
    }
    assert "anyOf" in lost


_KEYS = st.sampled_from([
    "type", "properties", "items", "anyOf", "oneOf", "allOf", "$ref", "$defs", "definitions", "enum", "const",
    "required", "description", "title", "format", "minimum", "maximum", "exclusiveMinimum", "minLength",
    "pattern", "minItems", "nullable", "prefixItems", "additionalProperties", "not", "default",
    "minProperties",
])  # fmt: skip
_WORDS = st.sampled_from([
    "string",
    "object",
    "array",
    "integer",
    "null",
    "#",
    "#/$defs/type",
    "#/definitions/a",
    "",
])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _WORDS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=25,
)


@given(st.dictionaries(_KEYS, _JSON, max_size=6))
@settings(max_examples=300, deadline=None)
def test_any_json_at_all_becomes_a_schema_that_gemini_takes(schema: dict[str, Any]) -> None:
    before = repr(schema)
    judge(clean_schema(schema)[0])
    parameters, _ = clean_parameters(schema)
    if parameters is not None:
        judge(parameters)
        assert parameters["type"] == "OBJECT"
    assert repr(schema) == before
