from typing import Annotated, Literal, cast

import msgspec
import pytest

from peekd.config.shapes import expected, known_settings, placeholder, struct_of, without_none
from peekd.records.settings import LogSettings

TYPES = [
    (bool, "true or false"),
    (str, "a string"),
    (Annotated[int, msgspec.Meta(ge=1)], "a whole number of at least 1"),
    (Annotated[float, msgspec.Meta(gt=0, le=60)], "a number of more than 0 and at most 60"),
    (Literal["b", "a"], '"b" or "a"'),
    (tuple[str, ...] | None, "a list of strings"),
    (tuple[LogSettings, ...], "a list of tables"),
    (dict[str, str], "a table of strings"),
    (dict[str, LogSettings], "a table of tables"),
    (LogSettings, "a table"),
]


@pytest.mark.parametrize(("hint", "words"), TYPES)
def test_a_type_is_told_in_words(hint: object, words: str) -> None:
    assert expected(hint) == words


@pytest.mark.parametrize("hint", [hint for hint, _ in TYPES])
def test_a_placeholder_converts(hint: object) -> None:
    msgspec.convert(placeholder(hint), cast("type[object]", hint))


def test_every_table_of_settings_is_gone_through() -> None:
    known = [pattern for pattern, _ in known_settings()]
    assert len(known) == len(set(known))
    assert {
        "server.bind",
        "upstreams.*.base_url",
        "upstreams.*.healing.policy.*.ladder",
        "accounts[].name",
        "routes[].healing.ping_seconds",
        "healing.policy.*.base_seconds",
        "logs.level",
    } <= set(known)


def test_only_a_struct_is_read_from_a_table_of_settings() -> None:
    assert struct_of(LogSettings) is LogSettings
    assert struct_of(dict[str, str]) is None
    assert without_none(LogSettings) is LogSettings
