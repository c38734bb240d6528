"""How a tool's call becomes an output item of the kind that its tool asks for.

Clients run a call the moment its item is done, so nothing is done whose arguments are not whole.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from peekd.protocols.interface import BadArguments
from peekd.protocols.openai_responses.output import Output
from peekd.vocabulary.conversation import Tool

Json = dict[str, Any]

_FUNCTION: Final = "response.function_call_arguments"
_CUSTOM: Final = "response.custom_tool_call_input"


class FunctionCall:
    """A call whose arguments are told as they come, as JSON text."""

    def __init__(self, output: Output, tool: Tool, call_id: str) -> None:
        self._slot = output.open("fc_", "function_call")
        self._named = {"call_id": call_id, **_named(tool)}
        self._pieces: list[str] = []

    def open(self) -> bytes:
        """Begin the item."""
        return self._slot.added(status="in_progress", arguments="", **self._named)

    def add(self, fragment: str) -> bytes:
        """Tell more of the arguments."""
        if not fragment:
            return b""
        self._pieces.append(fragment)
        return self._slot.frame(f"{_FUNCTION}.delta", delta=fragment)

    def close(self) -> bytes:
        """End the item. Raises BadArguments."""
        arguments = "".join(self._pieces)
        added = b""
        if arguments.strip():
            read_arguments(arguments)
        else:
            arguments = "{}"
            added = self._slot.frame(f"{_FUNCTION}.delta", delta=arguments)
        told = self._slot.frame(f"{_FUNCTION}.done", name=self._named["name"], arguments=arguments)
        return added + told + self._slot.done(status="completed", arguments=arguments, **self._named)


class _Held:
    """A call whose item cannot be told before its arguments are whole."""

    prefix: str
    kind: str

    def __init__(self, output: Output, tool: Tool, call_id: str) -> None:
        self._slot = output.open(self.prefix, self.kind)
        self._tool = tool
        self._call_id = call_id
        self._pieces: list[str] = []

    def add(self, fragment: str) -> bytes:
        """Hold more of the arguments."""
        self._pieces.append(fragment)
        return b""

    def _arguments(self) -> Json:
        return read_arguments("".join(self._pieces))


class CustomCall(_Held):
    """A call in the words of a grammar, which came as the one string of a function."""

    prefix = "ctc_"
    kind = "custom_tool_call"

    def open(self) -> bytes:
        """Begin the item."""
        return self._slot.added(call_id=self._call_id, input="", **_named(self._tool))

    def close(self) -> bytes:
        """End the item, all its input at once. Raises BadArguments where there is none."""
        said = self._arguments().get("input")
        if not isinstance(said, str):
            raise BadArguments(f"a call of {self._tool.name} without its input")
        return b"".join((
            self._slot.frame(f"{_CUSTOM}.delta", delta=said),
            self._slot.frame(f"{_CUSTOM}.done", input=said),
            self._slot.done(status="completed", call_id=self._call_id, input=said, **_named(self._tool)),
        ))


class ToolSearchCall(_Held):
    """A call by which the client looks up further tools; its arguments are an object, not text."""

    prefix = "tsc_"
    kind = "tool_search_call"

    def open(self) -> bytes:
        """Begin the item."""
        return self._slot.added(status="in_progress", execution="client", call_id=self._call_id, arguments={})

    def close(self) -> bytes:
        """End the item. Raises BadArguments."""
        arguments = self._arguments()
        return self._slot.done(
            status="completed", execution="client", call_id=self._call_id, arguments=arguments
        )


class LocalShellCall(_Held):
    """A call of the client's shell."""

    prefix = "lsh_"
    kind = "local_shell_call"

    def open(self) -> bytes:
        """Begin the item."""
        action: Json = {"type": "exec", "command": [], "env": {}}
        return self._slot.added(status="in_progress", call_id=self._call_id, action=action)

    def close(self) -> bytes:
        """End the item. Raises BadArguments where there is no command."""
        arguments = self._arguments()
        if not isinstance(arguments.get("command"), list):
            raise BadArguments("a call of the shell without a command")
        action: Json = {"env": {}, **arguments, "type": "exec"}
        return self._slot.done(status="completed", call_id=self._call_id, action=action)


AnyCall = FunctionCall | CustomCall | ToolSearchCall | LocalShellCall

_CALLS: Final[dict[str, type[AnyCall]]] = {
    "freeform": CustomCall,
    "tool_search": ToolSearchCall,
    "local_shell": LocalShellCall,
}


def open_call(output: Output, tool: Tool, call_id: str) -> AnyCall:
    """Open the item for a call of this tool."""
    return _CALLS.get(tool.kind, FunctionCall)(output, tool, call_id)


def read_arguments(text: str) -> Json:
    """Give a call's arguments; nothing at all is an empty object. Raises BadArguments."""
    try:
        return msgspec.json.decode(text, type=Json) if text.strip() else {}
    except (ValueError, RecursionError) as fault:
        raise BadArguments(f"a tool call's arguments are no JSON object: {fault}") from fault


def _named(tool: Tool) -> dict[str, str]:
    """Give a tool's name as its client knows it: within its namespace."""
    if not tool.namespace:
        return {"name": tool.name}
    return {"name": tool.name.removeprefix(f"{tool.namespace}__"), "namespace": tool.namespace}
