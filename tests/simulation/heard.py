"""What an answer says, as a reader who trusts nobody takes it: the simulation's own, not peekd's decoders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

import msgspec

Json = dict[str, Any]

_LINES = re.compile(rb"\r\n|\n|\r")


class Frame(msgspec.Struct, frozen=True):
    """One block of lines. `whole`: a blank line ended it."""

    event: str
    data: str
    comment: bool
    whole: bool


class Heard(msgspec.Struct):
    """One answer, read to where it ended.

    `starts`, `ends`: how often it began, and ended well. `reason`: why the model stopped. `error`: the words
    of an error in it. `torn`: what no reader could make sense of. `tools`: name and arguments, as text.
    """

    text: str = ""
    thinking: str = ""
    tools: list[list[str]] = msgspec.field(default_factory=list[list[str]])
    starts: int = 0
    ends: int = 0
    reason: str = ""
    error: str = ""
    model: str = ""
    output: int | None = None
    data: bool = False
    progress: bool = False
    open_blocks: int = 0
    called: bool = False
    """The block that was closed last is a call."""
    late: bool = False
    after_end: int = 0
    torn: list[str] = msgspec.field(default_factory=list[str])

    @property
    def means(self) -> bool:
        """Whether it says anything at all."""
        return bool(self.text or self.thinking or self.tools or self.data)

    @property
    def whole(self) -> bool:
        """Whether the model came to its end, and every block of it too."""
        return bool(self.reason) and not self.open_blocks and (self.late or not self.error)

    def calls(self) -> list[tuple[str, object]]:
        """Give the tool calls with their arguments read; the text itself where that cannot be."""
        return [(name, read_arguments(arguments)) for name, arguments in self.tools]


def read_arguments(text: str) -> object:
    """Read a tool call's arguments; none at all are an empty object."""
    try:
        return msgspec.json.decode(text or "{}")
    except msgspec.DecodeError:
        return text


def frames_of(body: bytes) -> Iterator[Frame]:
    """Cut a body into server-sent events, comments and bare blank lines among them."""
    lines = _LINES.split(body.removeprefix(b"\xef\xbb\xbf"))
    held: list[bytes] = []
    for line in lines[:-1]:
        if line:
            held.append(line)
        elif held:
            yield _frame(held, whole=True)
            held = []
    held += [lines[-1]] if lines[-1] else []
    if held:
        yield _frame(held, whole=False)


def _frame(lines: list[bytes], *, whole: bool) -> Frame:
    fields = [line.decode("utf-8", "replace").partition(":") for line in lines]
    data = [value.removeprefix(" ") for name, _, value in fields if name == "data"]
    event = next((value.removeprefix(" ") for name, _, value in reversed(fields) if name == "event"), "")
    return Frame(event, "\n".join(data), all(not name for name, _, _ in fields), whole)


def read_json(text: str | bytes) -> Json | None:
    """Read an object; None where it is none."""
    try:
        return msgspec.json.decode(text, type=Json)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def table(value: object) -> Json:
    """Give an object, an empty one for anything else."""
    return cast("Json", value) if isinstance(value, dict) else {}


def tables(value: object) -> list[Json]:
    """Give the objects of a list."""
    return [table(one) for one in cast("list[object]", value)] if isinstance(value, list) else []


def words_of(error: object) -> str:
    """Give an error object in one line."""
    told = table(error)
    kind = told.get("type") or told.get("status") or ""
    return f"{kind}: {told.get('message', '')}"
