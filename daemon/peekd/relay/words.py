"""The words of an answer, as far as they are to be kept: text, thoughts and calls, no more than so much."""

from __future__ import annotations

from typing import Final

from peekd.vocabulary.events import (
    ArgumentsDelta,
    Event,
    Opened,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
)

MOST_CHARACTERS: Final = 64 * 1024


class Words:
    """Sees an attempt's events; beyond its bound it keeps no more."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._kind = ""

    def see(self, event: Event) -> None:
        """Take in one event."""
        if self._length < MOST_CHARACTERS:
            self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case TextDelta(text=text) | Opened(block=TextBlock(text=text)):
                self._say("text", text)
            case ThinkingDelta(text=text) | Opened(block=ThinkingBlock(text=text)):
                self._say("thought", text)
            case Opened(block=ToolCallBlock(name=name)):
                self._kind = ""
                self._say(f"call of {name}", " ")
            case ArgumentsDelta(fragment=fragment):
                self._pieces.append(fragment)
                self._length += len(fragment)
            case _:
                pass

    def _say(self, kind: str, text: str) -> None:
        if not text:
            return
        if kind != self._kind:
            apart = "\n" if self._pieces else ""
            self._pieces.append(f"{apart}[{kind}]\n")
            self._kind = kind
        self._pieces.append(text)
        self._length += len(text)

    def text(self) -> str:
        """Give all that was kept."""
        return "".join(self._pieces)
