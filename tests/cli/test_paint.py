import io

import pytest
from typing_extensions import override

from peekd.cli.paint import columns, paint_for, plain


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_no_colour_gets_none(environ: dict[str, str]) -> None:
    assert not paint_for(Terminal(), environ).wanted


def test_colours_are_for_terminals_only() -> None:
    assert paint_for(Terminal(), {"TERM": "xterm", "NO_COLOR": ""}).wanted
    assert not paint_for(io.StringIO(), {"TERM": "xterm"}).wanted


def test_what_would_command_a_terminal_is_made_visible() -> None:
    assert plain("café \x1b]0;x\x07\r\n\u202e") == "café \\x1b]0;x\\x07\\r\\n\\u202e"


def test_columns_line_up() -> None:
    assert columns([("a", "b"), ("long", "")]) == ["a     b", "long"]
