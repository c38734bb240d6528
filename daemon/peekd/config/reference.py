"""Write the sample file and the configuration page from the structs and their descriptions, as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import starmap
from typing import cast

import msgspec
from msgspec import structs

from peekd.config.describe import EXAMPLES, MEANINGS, REPEATED, SECTIONS
from peekd.config.overrides import PREFIX
from peekd.config.shapes import expected, known_settings

_SAMPLE_HEAD = """\
# Every setting of peekd at its default. A line that begins with "#" and no space is a setting: take the "#"
# away to set it. `peekd check` says which file is read and what is wrong with it.
# A variable PEEKD_SECTION__KEY goes before the file: PEEKD_HEALING__PEEK_SECONDS=60.
# A secret is never written here, only named: "env:NAME", "file:PATH" or "credential:NAME" (systemd).
"""

_PAGE_HEAD = """\
# Configuration

<!-- Written by `./dev docs`; what it says stands in daemon/peekd/config/describe.py. -->

Settings are TOML. Defaults give way to the file, and the file to the environment. The file is `--config`,
else `$PEEKD_CONFIG`, else the first that exists of `$XDG_CONFIG_HOME/peekd/peekd.toml` (without that
variable, `~/.config/peekd/peekd.toml`) and `/etc/peekd/peekd.toml`; as a system service peekd reads only the
last. No file at all is fine. `peekd check` prints which file was read, and every fault at once; a fault ends
any command with exit code 78.

A variable `PEEKD_SECTION__KEY` is read as a TOML value, else as a string: `PEEKD_LOGS__LEVEL=debug`,
`PEEKD_UPSTREAMS__GOOGLE__BASE_URL=…`. `[[accounts]]` and `[[routes]]` come from the file only. A `PEEKD_…`
name that is no setting is a fault, unless a setting names it as `env:PEEKD_…`. `PEEKD_CONFIG`, `PEEKD_URL`
and `PEEKD_ADMIN_KEY` speak to the commands.

A secret is never written into the settings. `env:NAME` names a variable, `file:PATH` a file,
`credential:NAME` a systemd credential (`LoadCredential=`). An account may also have a Google credential:
`google:PATH`, `google:credential:NAME` or `google:adc` (docs/accounts.md).

`etc/peekd.toml` holds every setting, commented out, at its default.
"""

Field = structs.FieldInfo


def encode_sample() -> str:
    """Write etc/peekd.toml."""
    lines = [_SAMPLE_HEAD]
    for section, (header, about) in SECTIONS.items():
        lines += [*(f"# {part}" for part in _wrapped(about, 100)), f"#{header}"]
        for key, field in _settings_of(section):
            lines += [f"# {MEANINGS[key]}", f"#{field.encode_name} = {toml_text(_sample_value(key, field))}"]
        for table, words in REPEATED.items():
            if table.startswith(section):
                lines += [f"# [{header.strip('[]')}.healing]: {words}"]
        lines.append("")
    return "\n".join(lines)


def encode_page() -> str:
    """Write docs/configuration.md."""
    lines = [_PAGE_HEAD]
    for section, (header, about) in SECTIONS.items():
        lines += [f"## `{header}`", "", about, "", "| key | takes | default | meaning |", "|---|---|---|---|"]
        lines += starmap(_row, _settings_of(section))
        for table, words in REPEATED.items():
            if table.startswith(section):
                lines += [f"| `healing` | a table | not set | {words} |"]
        lines += ["", _variable_line(section), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def toml_text(value: object) -> str:
    """Write a setting's value as TOML.

    >>> toml_text(("a", "…")), toml_text(300.0), toml_text(True), toml_text({})
    ('["a", "…"]', '300', 'true', '{}')
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, tuple):
        return f"[{', '.join(toml_text(item) for item in cast('tuple[object, ...]', value))}]"
    return json.dumps(value, ensure_ascii=False)


def _settings_of(section: str) -> Iterator[tuple[str, Field]]:
    for key, field in known_settings():
        if key.rpartition(".")[0] == section:
            yield key, field


def _default(field: Field) -> object:
    """Give a setting's default; NODEFAULT where it must be set."""
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _sample_value(key: str, field: Field) -> object:
    return EXAMPLES[key] if key in EXAMPLES else _default(field)


def _row(key: str, field: Field) -> str:
    default = _default(field)
    if default is msgspec.NODEFAULT:
        said = "must be set"
    elif default is None:
        said = "not set"
    else:
        said = f"`{toml_text(default)}`"
    takes = expected(field.type).replace('"', "`")
    return f"| `{field.encode_name}` | {takes} | {said} | {MEANINGS[key]} |"


def _variable_line(section: str) -> str:
    if "[]" in section:
        return "From the file only."
    name = PREFIX + section.replace(".", "__").replace("*", "NAME").upper()
    return f"In the environment: `{name}__KEY`."


def _wrapped(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + len(word) >= width:
            yield line
            line = ""
        line += f" {word}" if line else word
    yield line
