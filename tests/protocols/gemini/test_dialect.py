"""Google's schemas in JSON Schema's words."""

from __future__ import annotations

from typing import Any

import pytest

from peekd.protocols.gemini.dialect import to_json_schema
from peekd.vocabulary.errors import ClientError

CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "STRING", "format": "enum", "enum": ["A"]}, {"type": "string", "enum": ["A"]}),
    ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
    ({"type": "STRING", "enum": ["A"], "nullable": True}, {"type": ["string", "null"], "enum": ["A", None]}),
    ({"type": "STRING", "nullable": False}, {"type": "string"}),
    ({"anyOf": [{"type": "STRING"}], "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
    ({"any_of": [{"type": "INTEGER"}]}, {"anyOf": [{"type": "integer"}]}),
    (
        {"type": "ARRAY", "items": {"type": "NUMBER", "format": "double"}, "minItems": "1", "max_items": 3},
        {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 3},
    ),
    (
        {"type": "OBJECT", "properties": {"type": {"type": "STRING"}}, "propertyOrdering": ["type"]},
        {"type": "object", "properties": {"type": {"type": "string"}}},
    ),
    ({"type": "TYPE_UNSPECIFIED", "description": "x"}, {"description": "x"}),
    ({"type": ["STRING", "NULL"]}, {"type": ["string", "null"]}),
    ({"type": "STRING", "format": ["enum"]}, {"type": "string", "format": ["enum"]}),
    ({"type": "ARRAY", "maxItems": "9" * 5000}, {"type": "array", "maxItems": "9" * 5000}),
    ({"$defs": {"a": {"type": "BOOLEAN"}}}, {"$defs": {"a": {"type": "boolean"}}}),
]


@pytest.mark.parametrize(("google", "plain"), CASES)
def test_a_schema_is_said_in_json_schemas_words(google: dict[str, Any], plain: dict[str, Any]) -> None:
    assert to_json_schema(google) == plain


def test_what_only_looks_like_a_word_of_the_dialect_stays() -> None:
    plain = {
        "type": "object",
        "properties": {
            "nullable": {"type": "string", "format": "date-time"},
            "min_items": {"const": "STRING"},
        },
        "default": {"type": "STRING", "nullable": True},
        "enum": ["STRING"],
        "additionalProperties": False,
    }
    assert to_json_schema(plain) == plain


@pytest.mark.parametrize("keyword", ["items", "anyOf"])
def test_a_schema_nested_beyond_measure_is_the_clients_fault(keyword: str) -> None:
    schema: dict[str, Any] = {"type": "STRING"}
    for _ in range(2_000):
        schema = {keyword: schema}
    with pytest.raises(ClientError, match="nested"):
        to_json_schema(schema)
