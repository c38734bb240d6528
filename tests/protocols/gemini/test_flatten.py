"""References looked up, conjunctions united."""

from __future__ import annotations

from typing import Any

from peekd.protocols.gemini.flatten import Flattener


def flatten(root: dict[str, Any], node: dict[str, Any] | None = None) -> tuple[dict[str, Any], list[str]]:
    lost: dict[str, None] = {}
    flat, _ = Flattener(root, lost).flatten(root if node is None else node, ())
    return flat, list(lost)


def test_a_reference_is_replaced_and_what_stands_beside_it_wins() -> None:
    root = {"$defs": {"a": {"type": "string", "description": "theirs", "minLength": 1}}}
    assert flatten(root, {"$ref": "#/$defs/a", "description": "ours"}) == (
        {"type": "string", "description": "ours", "minLength": 1},
        [],
    )


def test_a_reference_may_point_anywhere_with_escapes() -> None:
    root = {"properties": {"a/b": {"type": "integer"}, "c d": {"type": "boolean"}}}
    assert flatten(root, {"$ref": "#/properties/a~1b"})[0] == {"type": "integer"}
    assert flatten(root, {"$ref": "#/properties/c%20d"})[0] == {"type": "boolean"}


def test_definitions_at_any_level_are_found_the_outermost_first() -> None:
    inner = {"$defs": {"a": {"type": "string"}, "b": {"type": "number"}}}
    root = {"definitions": {"a": {"type": "integer"}}, "properties": {"p": inner}}
    assert flatten(root, {"$ref": "#/$defs/a"})[0] == {"type": "integer"}
    assert flatten(root, {"$ref": "#/$defs/b"})[0] == {"type": "number"}


def test_an_unresolved_reference_is_an_open_object_under_its_own_name() -> None:
    assert flatten({}, {"$ref": "#/$defs/Gone"}) == ({"type": "object", "description": "Gone"}, ["$ref"])


def test_a_definition_within_itself_is_cut_to_its_outline() -> None:
    node = {"type": "object", "description": "n", "properties": {"next": {"$ref": "#/$defs/n"}}}
    lost: dict[str, None] = {}
    flattener = Flattener({"$defs": {"n": node}}, lost)
    flat, seen = flattener.flatten({"$ref": "#/$defs/n"}, ())
    flat, seen = flattener.flatten(flat["properties"]["next"], seen)
    assert not lost
    flat, _ = flattener.flatten(flat["properties"]["next"], seen)
    assert flat == {"type": "object", "description": "n"}
    assert list(lost) == ["$ref"]


def test_a_reference_to_itself_ends() -> None:
    assert flatten({"$defs": {"a": {"$ref": "#/$defs/a"}}}, {"$ref": "#/$defs/a"}) == (
        {"type": "object"},
        ["$ref"],
    )


def test_all_of_unites_properties_and_what_is_required() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "allOf": [
            {"properties": {"b": {"type": "integer"}, "a": {"minLength": 1}}, "required": ["b", "a"]},
            {"allOf": [{"properties": {"c": {}}}, True]},
        ],
    }
    flat, lost = flatten(schema)
    assert flat["properties"] == {
        "a": {"allOf": [{"type": "string"}, {"minLength": 1}]},
        "b": {"type": "integer"},
        "c": {},
    }
    assert flat["required"] == ["a", "b"]
    assert "allOf" not in flat
    assert lost == []


def test_all_of_keeps_the_values_that_both_allow() -> None:
    assert flatten({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]})[0] == {"enum": ["b"]}


def test_a_contradiction_is_recorded_and_the_first_half_wins() -> None:
    assert flatten({"allOf": [{"type": "string"}, {"type": "integer"}]}) == ({"type": "string"}, ["allOf"])
    assert flatten({"type": "string", "allOf": [False]}) == ({"type": "string"}, ["allOf"])
    two = {"allOf": [{"anyOf": [{"type": "string"}]}, {"anyOf": [{"type": "integer"}]}]}
    assert flatten(two) == ({"anyOf": [{"type": "string"}]}, ["anyOf"])
