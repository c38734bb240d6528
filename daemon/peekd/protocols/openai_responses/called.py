"""Calls among the output items while they come: what the client is to run.

What makes them items again, for a client, is `calls`.
"""

from __future__ import annotations

import msgspec
from typing_extensions import override

from peekd.protocols.openai_responses.readers import Events, Next, Reader
from peekd.protocols.openai_responses.shapes import Item, is_object, string
from peekd.protocols.openai_responses.tools import LOCAL_SHELL, TOOL_SEARCH
from peekd.vocabulary.events import ArgumentsDelta, ToolCallBlock, Unknown


class Call(Reader):
    """A function's call; it is told as soon as its name is known."""

    calls = True

    def __init__(self, kind: str, identity: str, number: Next) -> None:
        super().__init__(kind, identity, number)
        self._call_id = identity
        self._held: list[str] = []
        self._told = False

    @override
    def begin(self, item: Item) -> Events:
        """Open the block, if it has a name."""
        self._call_id = string(item.call_id) or self._call_id or string(item.id)
        yield from self.name(self._name(item))

    def name(self, name: str) -> Events:
        """Open the block by this name, and tell what came before it was known."""
        if self._index >= 0 or not name:
            return
        yield self._opened(ToolCallBlock(self._call_id, name))
        held, self._held = self._held, []
        for fragment in held:
            yield from self.add(fragment)

    def add(self, fragment: str) -> Events:
        """Tell more of the arguments."""
        if not fragment or self.ended:
            return
        if self._index < 0:
            self._held.append(fragment)
            return
        yield ArgumentsDelta(self._index, self._piece(fragment))
        self._told = True

    def whole(self, arguments: str) -> Events:
        """Tell the arguments if none came yet."""
        if not self._told and not self._held:
            yield from self.add(arguments)

    @override
    def _rest(self, item: Item) -> Events:
        yield from self.begin(item)
        yield from self.whole(self._arguments(item))

    @override
    def _close(self) -> Events:
        """End the block. A call that never got a name is none that could be run."""
        if self._index < 0:
            yield Unknown("a call without a name")
        yield from super()._close()

    def _name(self, item: Item) -> str:
        return item.called

    def _arguments(self, item: Item) -> str:
        """Give the arguments as text; a server that gives an object means the same."""
        if is_object(item.arguments):
            return msgspec.json.encode(item.arguments).decode()
        return string(item.arguments)

    def _piece(self, fragment: str) -> str:
        return fragment


class CustomCall(Call):
    """A call in the words of a grammar: told as a function's of one string, `input`.

    The string is ended only where its end was said: half a patch must not pass for a whole one.
    """

    def __init__(self, kind: str, identity: str, number: Next) -> None:
        super().__init__(kind, identity, number)
        self._whole = False

    @override
    def whole(self, arguments: str) -> Events:
        """Tell the words if none came yet; now they are whole."""
        yield from super().whole(arguments)
        self._whole = True

    @override
    def _arguments(self, item: Item) -> str:
        return string(item.input)

    @override
    def _piece(self, fragment: str) -> str:
        inside = msgspec.json.encode(fragment).decode()[1:-1]
        return inside if self._told else f'{{"input":"{inside}'

    @override
    def _close(self) -> Events:
        if self._index >= 0 and self._whole:
            yield ArgumentsDelta(self._index, '"}' if self._told else '{"input":""}')
        yield from super()._close()


class ToolSearchCall(Call):
    """A search for further tools that the client runs."""

    @override
    def _name(self, item: Item) -> str:
        return TOOL_SEARCH


class LocalShellCall(Call):
    """A call of the client's shell; its action is its arguments."""

    @override
    def _name(self, item: Item) -> str:
        return LOCAL_SHELL

    @override
    def _arguments(self, item: Item) -> str:
        action = item.action if is_object(item.action) else {}
        said = {key: value for key, value in action.items() if key != "type"}
        return msgspec.json.encode(said).decode()
