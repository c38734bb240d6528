"""What a client wants of one request, in no language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec


class Wish(msgspec.Struct, frozen=True):
    """One request. `number` marks its words, so that every copy of it can be told wherever it turns up.

    `array`: a Gemini stream without alt=sse. `result`: it brings a tool's result. `signed`: it replays a
    thought with its signature. `padding`: bytes of prompt more. `in_query`: its key stands in the query, too.
    `counted`: a Chat client asks for usage.
    """

    number: int
    model: str
    stream: bool = True
    array: bool = False
    tools: bool = False
    thinks: bool = False
    result: bool = False
    signed: bool = False
    counted: bool = False
    padding: int = 0
    in_query: bool = False
    session: str = ""
    talk: str = ""
    """The conversation it belongs to, where a client leads one."""
    loses: str = ""
    """What that client does not replay."""
    body: Mapping[str, Any] | None = None
    """What is asked, where the client leads a conversation and writes it itself."""

    @property
    def mark(self) -> str:
        """What stands in its prompt."""
        return f"wish-{self.number:06d}"

    @property
    def prompt(self) -> str:
        """What the user says."""
        return f"{self.mark} please say something." + " Lorem ipsum dolor." * (self.padding // 19)


_TALK = re.compile(rb"talk-[0-9]+-[0-9]+")
_MARK = re.compile(rb"wish-([0-9]{6})")


def mark_in(body: bytes) -> int:
    """Give the number of the wish that a request's body speaks of, the last one named; 0 for none."""
    found = _MARK.findall(body)
    return int(found[-1]) if found else 0


def talk_in(body: bytes) -> str:
    """Give the conversation that a request's body is of, "" for none."""
    found = _TALK.search(body)
    return found.group().decode() if found else ""
