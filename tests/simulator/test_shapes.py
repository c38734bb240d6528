"""What is of another shape is as good as missing."""

from __future__ import annotations

from peekd.simulator.shapes import offered, result, said, spoken, table, tables


def test_objects_are_taken_and_all_else_is_left() -> None:
    assert (table({"a": 1}), table([1]), table(None)) == ({"a": 1}, {}, {})
    assert (tables([{"a": 1}, 2, {}]), tables({"a": 1})) == ([{"a": 1}], [])


def test_the_last_words_that_are_no_reminder_count() -> None:
    assert said(["first", "last", " ", "<system-reminder>x"]) == "last"
    assert said([]) == ""


def test_the_last_result_counts() -> None:
    assert (result(["a", "b"]), result([])) == ("b", None)


def test_rules_are_not_spoken() -> None:
    messages = [{"role": "developer"}, {"role": "user"}, {"type": "reasoning"}, {"role": "system"}]
    assert spoken(messages) == [{"role": "user"}, {"type": "reasoning"}]


def test_tools_are_known_by_name_and_schema() -> None:
    told = offered([("a", {"type": "object"}), ("b", None), (None, 7)])
    assert told == {"tools": ("a", "b", ""), "inputs": {"a": {"type": "object"}, "b": {}, "": {}}}
