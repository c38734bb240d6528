import tomllib

import pytest

from peekd.config.describe import EXAMPLES, MEANINGS, REPEATED, SECTIONS
from peekd.config.reference import encode_page, encode_sample, toml_text
from peekd.config.shapes import known_settings


def described() -> set[str]:
    return {key for key, _ in known_settings() if not any(key.startswith(f"{table}.") for table in REPEATED)}


def test_each_setting_has_one_line_of_meaning_and_nothing_else_has() -> None:
    assert set(MEANINGS) == described()
    assert all("\n" not in words and "|" not in words for words in MEANINGS.values())


def test_each_setting_stands_in_a_section_that_is_described() -> None:
    assert {key.rpartition(".")[0] for key in MEANINGS} == set(SECTIONS)
    assert set(EXAMPLES) <= set(MEANINGS)


@pytest.mark.parametrize("key", sorted(MEANINGS))
def test_page_and_sample_name_each_setting(key: str) -> None:
    name = key.rpartition(".")[2]
    assert f"| `{name}` | " in encode_page()
    assert f"\n#{name} = " in encode_sample()


@pytest.mark.parametrize("value", ["…", 'a"b\\c', 1, 1.5, 300.0, True, {}])
def test_a_value_is_written_as_toml_reads_it(value: object) -> None:
    assert tomllib.loads(f"value = {toml_text(value)}")["value"] == value
    assert tomllib.loads(f"value = {toml_text((value, value))}")["value"] == [value, value]
