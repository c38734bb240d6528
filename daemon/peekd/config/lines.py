"""Which line of a TOML text sets which key. It only locates: what is valid TOML is for `tomllib` to say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from peekd.config.places import Path

_WORD = re.compile(
    r'"""(?:\\.|[^\\])*?"""+|\'\'\'.*?\'\'\'+'  # multi-line strings
    r'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\''  # strings, quoted keys
    r"|#[^\n]*|\n|[\[\]{}=.,]|[^\s\"'#\[\]{}=.,]+",
    re.DOTALL,
)


def lines_by_path(text: str) -> dict[Path, int]:
    """Map each table and key that begins a line of valid TOML to the number of that line, from 1.

    Keys inside inline tables and entries of lists are not told apart from the key that holds them.

    >>> lines_by_path('''[server]
    ... bind = [
    ...   "x",
    ... ]
    ... [[accounts]]
    ... name = "a"''')
    {('server',): 1, ('server', 'bind'): 2, ('accounts', 0): 5, ('accounts', 0, 'name'): 6}
    """
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, words in _statements(text):
        if words[:2] == ["[", "["]:
            path = _resolved(_names(words[2:]), counts)
            counts[path] = counts.get(path, 0) + 1
            table = (*path, counts[path] - 1)
            found[table] = number
        elif words[0] == "[":
            table = _resolved(_names(words[1:]), counts)
            found[table] = number
        else:
            found[*table, *_names(words)] = number
    return found


def _statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """Give each statement's words with the line it begins on; brackets of values may span lines."""
    line, began, depth = 1, 1, 0
    words: list[str] = []
    for word in (match.group() for match in _WORD.finditer(text)):
        if word == "\n" and not depth and words:
            yield began, words
            words = []
        elif word != "\n" and not word.startswith("#"):
            began = began if words else line
            words.append(word)
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(word, 0)
        line += word.count("\n")
    if words:
        yield began, words


def _names(words: list[str]) -> Path:
    """Read a dotted key, as far as "=" or "]"."""
    names: list[str] = []
    for word in words:
        if word in {"=", "]"}:
            break
        if word != ".":
            names.append(word[1:-1] if word[0] in "\"'" else word)
    return tuple(names)


def _resolved(names: Path, counts: dict[Path, int]) -> Path:
    """Put into a header's path the number of the list entry it speaks of: the last one begun."""
    path: Path = ()
    for name in names[:-1]:
        path = (*path, name)
        if path in counts:
            path = (*path, counts[path] - 1)
    return (*path, *names[-1:])
