import tomllib

from hypothesis import given
from hypothesis import strategies as st

from peekd.config.lines import lines_by_path
from peekd.config.places import Path

VALUES = (
    "1",
    "1979-05-27 07:32:00",
    '"a # = [ string"',
    "'''\nnot.a.key = 1\n[nor.a.table]\n'''",
    '"""\\"""\nx = 1"""',
    '[\n  "a", # ] not the end\n  [1, 2],\n]',
    "{ a = 1, b = [1] }",
)
FILLERS = ("", "\n", "# [comment]\n", "  \n\n")


@given(st.lists(st.tuples(st.sampled_from(FILLERS), st.sampled_from(VALUES), st.booleans()), max_size=8))
def test_each_key_is_found_on_the_line_where_it_begins(entries: list[tuple[str, str, bool]]) -> None:
    text, table, want = "", (), dict[Path, int]()
    for at, (filler, value, new_table) in enumerate(entries):
        text += filler
        if new_table:
            table = (f"t{at}",)
            want[table] = text.count("\n") + 1
            text += f"[t{at}]\n"
        want[*table, f"k{at}"] = text.count("\n") + 1
        text += f"k{at} = {value}\n"
    tomllib.loads(text)
    assert lines_by_path(text) == want


def test_entries_of_lists_of_tables_are_counted_and_their_tables_belong_to_the_last() -> None:
    text = """[[routes]]
match = "a"
[[routes]]
[routes.healing]
peek_seconds = 1
[routes.healing.policy.silent]
"""
    assert lines_by_path(text) == {
        ("routes", 0): 1,
        ("routes", 0, "match"): 2,
        ("routes", 1): 3,
        ("routes", 1, "healing"): 4,
        ("routes", 1, "healing", "peek_seconds"): 5,
        ("routes", 1, "healing", "policy", "silent"): 6,
    }


def test_quoted_and_dotted_keys_are_read() -> None:
    assert lines_by_path("[upstreams.\"two words\"]\r\nhealing.'peek_seconds' = 1\r\n") == {
        ("upstreams", "two words"): 1,
        ("upstreams", "two words", "healing", "peek_seconds"): 2,
    }


def test_nothing_has_no_lines() -> None:
    assert lines_by_path("") == {}
