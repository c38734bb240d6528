"""An answer's tool calls on their way to a client of another protocol: arguments mended as `arguments` does.

Only a call that is there as a whole can be held against its schema. So it is where it came in one piece, or
where the client gets the whole answer in one; the pieces of any other go on as they come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from peekd.protocols.arguments import repaired
from peekd.vocabulary.conversation import Schema, Tool
from peekd.vocabulary.events import ArgumentsDelta, Closed, Event, Opened, ToolCallBlock


class _Held(msgspec.Struct):
    name: str
    pieces: list[ArgumentsDelta]


class Mender:
    """Passes events on. `whole`: nothing is shown before the end, so every call can be held until it closes.

    `repaired` names what was mended: the tool and the place in its arguments.
    """

    def __init__(self, tools: Sequence[Tool], *, whole: bool) -> None:
        self.repaired: set[str] = set()
        self._schemas: dict[str, Schema] = {tool.name: tool.parameters for tool in tools if tool.parameters}
        self._whole = whole
        self._held: dict[int, _Held] = {}

    def feed(self, events: Sequence[Event]) -> Iterable[Event]:
        """Pass on the events of one frame; a call's pieces may wait for its end."""
        if not self._schemas:
            return events
        closing = {event.index for event in events if isinstance(event, Closed)}
        return [passed for event in events for passed in self._feed(event, closing)]

    def close(self) -> Iterable[Event]:
        """Give what is still held of calls that never closed."""
        return [piece for index in list(self._held) for piece in self._mended(index)]

    def _feed(self, event: Event, closing: set[int]) -> Iterable[Event]:
        match event:
            case Opened(index=index, block=ToolCallBlock(name=name)):
                if name in self._schemas and (self._whole or index in closing):
                    self._held[index] = _Held(name, [])
                return (event,)
            case ArgumentsDelta(index=index) if index in self._held:
                self._held[index].pieces.append(event)
                return ()
            case Closed(index=index) if index in self._held:
                return (*self._mended(index), event)
            case _:
                return (event,)

    def _mended(self, index: int) -> Sequence[ArgumentsDelta]:
        """Give the arguments in one piece if something was mended, else as they came."""
        held = self._held.pop(index)
        try:
            given = msgspec.json.decode("".join(piece.fragment for piece in held.pieces), type=dict[str, Any])
            arguments, paths = repaired(given, self._schemas[held.name])
        except (ValueError, RecursionError):
            return held.pieces  # whoever writes them down says what is wrong
        if not paths:
            return held.pieces
        self.repaired.update(f"{held.name}.{path}" for path in paths)
        return [ArgumentsDelta(index, msgspec.json.encode(arguments).decode())]
