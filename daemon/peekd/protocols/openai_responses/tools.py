"""The tools of a Responses request, and which of them must be called.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-tools
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Literal

import msgspec

from peekd.protocols.fields import Fields, Place
from peekd.vocabulary.conversation import Schema, SearchOptions, Tool, ToolChoice
from peekd.vocabulary.errors import ClientError

LOCAL_SHELL: Final = "local_shell"
TOOL_SEARCH: Final = "tool_search"
WEB_SEARCH: Final = "web_search"

_MODES: Final[dict[str, Literal["auto", "any", "none"]]] = {
    "auto": "auto",
    "required": "any",
    "none": "none",
}

Kinds = dict[str, Callable[[Fields, Place], tuple[Tool, ...] | None]]

_STRING: Final[Schema] = {"type": "string"}
_SHELL: Final[Schema] = {
    "type": "object",
    "properties": {
        "command": {"type": "array", "items": _STRING},
        "working_directory": _STRING,
        "timeout_ms": {"type": "integer"},
        "env": {"type": "object", "additionalProperties": _STRING},
        "user": _STRING,
    },
    "required": ["command"],
    "additionalProperties": False,
}
"""What the shell's action holds, as the API defines it."""


def flat_name(namespace: str | None, name: str) -> str:
    """Give the one name by which a tool of a namespace is known where there are none.

    >>> flat_name("agents", "spawn"), flat_name(None, "read")
    ('agents__spawn', 'read')
    """
    return f"{namespace}__{name}" if namespace else name


def read_tool(place: Place) -> tuple[Tool, ...] | None:
    """Give the tools that one entry stands for; None is a kind that only OpenAI runs. Raises ClientError."""
    return _read(place, _KINDS | {"namespace": _namespace})


def _read(place: Place, kinds: Kinds) -> tuple[Tool, ...] | None:
    inside = place.fields()
    kind = inside.needed("type").string()
    read = kinds.get(WEB_SEARCH if kind.startswith(WEB_SEARCH) else kind)
    tools = read(inside, place) if read is not None else None
    if tools is None:
        place.drop(f"type={kind}")
        return None
    inside.close()
    return tools


def _function(inside: Fields, _place: Place) -> tuple[Tool, ...]:
    name, told = inside.needed("name").string(), inside.string("description") or ""
    return (Tool(name, told, inside.object("parameters") or {}, strict=inside.flag("strict")),)


def _custom(inside: Fields, _place: Place) -> tuple[Tool, ...]:
    """Give a tool that is called in words of a grammar; the grammar describes its one string."""
    name, told = inside.needed("name").string(), inside.string("description") or ""
    form = inside.fields("format")
    grammar = form.string("definition") if form is not None else None
    if form is not None:
        form.place("type")
        form.place("syntax")
        form.close()
    said: dict[str, Any] = {**_STRING, "description": grammar} if grammar else _STRING
    parameters = {
        "type": "object",
        "properties": {"input": said},
        "required": ["input"],
        "additionalProperties": False,
    }
    return (Tool(name, told, parameters, kind="freeform"),)


def _namespace(inside: Fields, _place: Place) -> tuple[Tool, ...]:
    """Give a group's tools, none of them a group; what is said of it as a whole has no place elsewhere."""
    group = inside.needed("name").string()
    told = inside.place("description")
    if told is not None:
        told.drop("type=namespace")
    tools = [tool for inner in inside.items("tools") for tool in _read(inner, _KINDS) or ()]
    return tuple(
        msgspec.structs.replace(tool, name=flat_name(group, tool.name), namespace=group) for tool in tools
    )


def _tool_search(inside: Fields, _place: Place) -> tuple[Tool, ...] | None:
    """Give the search for further tools where the client runs it."""
    if inside.string("execution") != "client":
        return None
    told, parameters = inside.string("description") or "", inside.object("parameters") or {}
    return (Tool(TOOL_SEARCH, told, parameters, kind="tool_search"),)


def _local_shell(_inside: Fields, _place: Place) -> tuple[Tool, ...]:
    return (Tool(LOCAL_SHELL, "", _SHELL, kind="local_shell"),)


def _web_search(inside: Fields, _place: Place) -> tuple[Tool, ...]:
    filters = inside.fields("filters")
    allowed = blocked = ()
    if filters is not None:
        allowed = tuple(place.string() for place in filters.items("allowed_domains"))
        blocked = tuple(place.string() for place in filters.items("blocked_domains"))
        filters.close()
    somewhere = inside.fields("user_location")
    where: dict[str, str] = {}
    if somewhere is not None:
        somewhere.place("type")  # always "approximate"
        where = {key: place.string() for key in somewhere.unread if (place := somewhere.place(key))}
    options = SearchOptions(allowed, blocked, place=where or None)
    return (Tool(WEB_SEARCH, kind="web_search", options=options if options != SearchOptions() else None),)


_KINDS: Final[Kinds] = {
    "function": _function,
    "custom": _custom,
    TOOL_SEARCH: _tool_search,
    LOCAL_SHELL: _local_shell,
    WEB_SEARCH: _web_search,
}


# ---- choosing ---------------------------------------------------------------------------------------


def read_choice(fields: Fields, tools: tuple[Tool, ...]) -> tuple[ToolChoice | None, tuple[Tool, ...]]:
    """Give the choice, and the tools that it leaves. Raises ClientError."""
    parallel = fields.flag("parallel_tool_calls")
    at_once = parallel is not False
    place = fields.place("tool_choice")
    if place is None or not tools:
        return (ToolChoice("auto", parallel=False) if not at_once and tools else None), tools
    if isinstance(place.value, str):
        return ToolChoice(_mode(place), parallel=at_once), tools
    inside = place.fields()
    kind = inside.needed("type").string()
    if kind == "allowed_tools":
        mode = inside.place("mode")
        names = {_chosen(one.fields(), one, tools) for one in inside.items("tools")}
        inside.close()
        left = tuple(tool for tool in tools if tool.name in names)
        return ToolChoice("auto" if mode is None else _mode(mode), parallel=at_once), left
    return ToolChoice("one", _chosen(place.fields(), place, tools), at_once), tools


def _mode(place: Place) -> Literal["auto", "any", "none"]:
    mode = _MODES.get(place.string())
    if mode is None:
        raise ClientError("invalid_request", f"{place.path}: expected none, auto, required or a tool")
    return mode


def _chosen(inside: Fields, place: Place, tools: Iterable[Tool]) -> str:
    """Give the name of the one tool that is chosen. Raises ClientError where there is none such."""
    kind = inside.needed("type").string()
    named = inside.string("name") or (WEB_SEARCH if kind.startswith(WEB_SEARCH) else kind)
    name = flat_name(inside.string("namespace"), named)
    if name not in {tool.name for tool in tools}:
        raise ClientError("invalid_request", f"{place.path}: there is no tool {name!r} to choose")
    inside.close()
    return name
