"""The tables of what Gemini's `Schema` takes, held to google-genai's own type."""

from __future__ import annotations

from google.genai import types

from peekd.protocols.gemini.keywords import KEYWORDS, TELLTALES, TYPES, number


def test_every_type_is_one_of_geminis_and_has_its_keywords() -> None:
    assert {types.Type(word).value for word in TYPES.values()} == set(KEYWORDS)


def test_every_keyword_is_a_field_of_geminis_schema() -> None:
    fields = {field.alias for field in types.Schema.model_fields.values()}
    assert {key for keywords in KEYWORDS.values() for key in keywords} <= fields


def test_what_tells_a_type_tells_one_that_there_is() -> None:
    assert {kind for kind, _ in TELLTALES} <= set(KEYWORDS)


def test_a_figure_is_one_that_a_double_can_hold() -> None:
    figures = (1, -2.5, 0, True, "1", None, 10**400, float("nan"), float("inf"))
    assert [number(figure) for figure in figures] == [1, -2.5, 0, *[None] * 6]
