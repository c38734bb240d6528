"""What the upstream does with one request: an act, and the table of their names. Knows no wire language.

An act is written as a line, `NAME key=value …` (values with spaces in quotes), or as a table,
`{do = "NAME", …}`.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

Kind = Literal["answer", "refuse", "error", "cut", "drop", "reset", "stall", "pings"]
Then = Literal["end", "answer", "silence", "reset", "error"]

PLACES: Final = ("status", "first", "start", "middle", "tool", "reason", "last")
"""Where an answer may break: before the status line; before the first byte of the body; after the opening
frame (Anthropic: message_start, Gemini: a chunk of usage alone); in the middle of the words; inside a tool's
input; before the frame that says why it ended; before the protocol's last frame. A number is an offset in the
body."""


class ToolUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tool call that the model makes."""

    name: str
    input: dict[str, Any] = {}


class Act(msgspec.Struct, frozen=True):
    """One request's fate; the fields are the keys of a script, with - for _ if one likes.

    What the answer says, where an act names nothing: an echo of the user's words, or a call of a shell tool
    where one is offered and asked for. `tool`: a name (its input is made up), or {name, input}. `text` "":
    no words at all. `stop`: the reason for the end. `block`: Gemini's blockReason. `malformed`: a tool call
    that cannot be read. `picture`: a kind of picture that Gemini answers with. `usage`: fields that replace
    those counted.

    How it goes out: `delay` before the status line, `pace` between writes (seconds); `chunk`: bytes a write,
    0: a frame; `newline`: lf, crlf or cr, "": the language's own; `gzip`; `length`: added to a content-length
    that then is wrong.

    How it breaks: `at` (see `PLACES`); `seconds` of a stall, then it goes on (0: it never does);
    `count` pings (0: for ever) `every` so many seconds, `then` what follows.

    What a refusal says: `refusal`, the row of the language's table; `status`, `type`, `message`, `body`,
    `content_type` and `headers` replace the row's; `retry_after` and `should_retry` are headers;
    `retry_info`, `quota` and `quota_reset_delay` are Gemini's details.

    `expires`: seconds that an access token lives.
    """

    kind: Kind
    label: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    tool: str | ToolUse | None = None
    tools: tuple[str | ToolUse, ...] = ()
    stop: str = ""
    block: str = ""
    malformed: bool = False
    picture: str = ""
    usage: dict[str, int] = {}
    delay: float = 0.0
    pace: float = 0.0
    chunk: int = 0
    newline: Literal["", "lf", "crlf", "cr"] = ""
    gzip: bool = False
    length: int = 0
    at: str = ""
    seconds: float = 0.0
    count: int = 3
    every: float = 1.0
    then: Then = "end"
    refusal: str = ""
    status: int = 0
    type: str = ""
    message: str = ""
    body: str | None = None
    content_type: str = ""
    headers: dict[str, str] = {}
    retry_after: str = ""
    should_retry: bool | None = None
    retry_info: str = ""
    quota: str = ""
    quota_reset_delay: str = ""
    expires: float = 3599.0


_HUGE: Final = "0123456789abcdef" * 65536  # 1 MiB without a blank: one event
_MULTIBYTE: Final = "Grüße, 世界 🌍: é and e\u0301, 👩\u200d💻, \u2028 and \u0085 inside."

NAMES: Final[dict[str, dict[str, Any]]] = {
    # answers
    "answer": {"kind": "answer"},
    "blank": {"kind": "answer", "text": ""},
    "thinking-blank": {"kind": "answer", "text": "", "thinking": "Nothing comes to mind."},
    "refusal": {"kind": "answer", "text": "", "stop": "refusal"},
    "blocked": {"kind": "answer", "text": "", "stop": "refusal", "block": "SAFETY"},
    "malformed-call": {"kind": "answer", "text": "", "malformed": True},
    "picture": {"kind": "answer", "text": "", "picture": "image/png"},
    "huge": {"kind": "answer", "text": _HUGE},
    "crlf": {"kind": "answer", "newline": "crlf"},
    "split-utf8": {"kind": "answer", "text": _MULTIBYTE, "chunk": 1},
    "gzip": {"kind": "answer", "gzip": True},
    "wrong-length": {"kind": "answer", "length": 100},
    # refusals; besides these, any status from 400 to 599 by its number
    "signature": {"kind": "refuse", "refusal": "signature"},
    "bad-key": {"kind": "refuse", "refusal": "bad-key"},
    "no-credit": {"kind": "refuse", "refusal": "no-credit"},
    "validation": {"kind": "refuse", "refusal": "validation"},
    "invalid-grant": {"kind": "refuse", "refusal": "invalid-grant", "status": 400},
    # answers that are none, or end before they ended
    "empty": {"kind": "cut", "at": "first"},
    "usage-only": {"kind": "cut", "at": "start"},
    "thinking-only": {"kind": "cut", "at": "reason", "text": "", "thinking": "Let me think."},
    "cut": {"kind": "cut", "at": "middle"},
    "cut-tool": {"kind": "cut", "at": "tool"},
    "no-stop": {"kind": "cut", "at": "reason"},
    "no-last": {"kind": "cut", "at": "last"},
    "error": {"kind": "error", "at": "first"},
    "pings": {"kind": "pings", "at": "first"},
    # the connection
    "drop": {"kind": "drop", "at": "middle"},
    "close": {"kind": "drop", "at": "status"},
    "reset": {"kind": "reset", "at": "status"},
    "silence": {"kind": "stall", "at": "status"},
    "hang": {"kind": "stall", "at": "first"},
    "stall": {"kind": "stall", "at": "middle"},
}

_FIELDS: Final = {
    field.name: field.type
    for field in msgspec.structs.fields(Act)
    if field.name not in {"kind", "label", "refusal"}
}
_STATUS: Final = re.compile(r"[45][0-9][0-9]")
_NEEDS_STATUS: Final = frozenset({"drop", "reset", "stall"})


def read_act(spec: object, where: str, faults: list[str]) -> Act | None:
    """Read one act of a script; what is wrong with it is added to `faults`, after `where`."""
    before = len(faults)
    label, name, given = _split(spec, where, faults)
    base = _base(name)
    if base is None:
        if name:
            faults.append(f"{where}: unknown act {name!r}{_nearest(name, NAMES)}")
        return None
    fields: dict[str, Any] = base | dict(_convert(given, where, faults)) | {"label": label}
    act = Act(**fields)
    faults += [f"{where}: {fault}" for fault in _misfits(act)]
    return act if len(faults) == before else None


def _split(spec: object, where: str, faults: list[str]) -> tuple[str, str, dict[str, object]]:
    if isinstance(spec, str):
        try:
            name, *pairs = shlex.split(spec) or [""]
        except ValueError as error:
            faults.append(f"{where}: {spec!r}: {error}")
            return spec, "", {}
        if not name:
            faults.append(f"{where}: an empty line is no act")
        return spec, name, dict(_pairs(pairs, where, faults))
    try:
        given = msgspec.convert(spec, dict[str, object])
    except msgspec.ValidationError:
        faults.append(f"{where}: an act is a line or a table, not {spec!r}")
        return "", "", {}
    table = {key.replace("-", "_"): value for key, value in given.items()}
    name = table.pop("do", "")
    if not isinstance(name, str) or not name:
        faults.append(f'{where}: an act\'s table needs do = "NAME"')
        return "", "", {}
    return name, name, table


def _pairs(pairs: list[str], where: str, faults: list[str]) -> Iterator[tuple[str, object]]:
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if equals:
            yield key.replace("-", "_"), value
        else:
            faults.append(f"{where}: {pair!r} is not key=value")


def _base(name: str) -> dict[str, Any] | None:
    if _STATUS.fullmatch(name):
        return {"kind": "refuse", "refusal": name, "status": int(name)}
    return NAMES.get(name)


def _convert(given: Mapping[str, object], where: str, faults: list[str]) -> Iterator[tuple[str, Any]]:
    for key, value in given.items():
        if key not in _FIELDS:
            faults.append(f"{where}: unknown key {key!r}{_nearest(key, _FIELDS)}")
            continue
        try:
            yield key, _convert_one(key, value)
        except msgspec.ValidationError as error:
            faults.append(f"{where}: {key} = {value!r}: {error}")


def _convert_one(key: str, value: object) -> object:
    """Convert a value; a number may stand where text is meant (`at = 120`), and the other way about."""
    if _FIELDS[key] is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return msgspec.convert(value, _FIELDS[key], strict=not isinstance(value, str))


def _misfits(act: Act) -> Iterator[str]:
    if act.at and act.at not in PLACES and not act.at.isdecimal():
        yield f"at = {act.at!r}: expected an offset or one of {', '.join(PLACES)}"
    if act.at == "status" and act.kind not in _NEEDS_STATUS:
        yield 'at = "status": only a drop, a reset or a stall can come before the status line'
    if act.length and act.kind != "answer":
        yield "length: only a whole answer can have a wrong length"
    numbers = {"delay": act.delay, "pace": act.pace, "seconds": act.seconds, "every": act.every}
    numbers |= {"expires": act.expires}
    numbers |= {"chunk": act.chunk, "count": act.count}
    yield from (f"{key} = {number}: below zero" for key, number in numbers.items() if number < 0)


def _nearest(word: str, known: Mapping[str, object]) -> str:
    found = difflib.get_close_matches(word, known, n=1)
    return f" (nearest: {found[0]})" if found else ""
