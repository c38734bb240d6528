"""Whether answering a request twice may do something twice: what each protocol's fields and tools say of it.

A tool that the client runs itself does nothing at the upstream. One that peekd does not know might, and so
might a request that cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeGuard

from peekd.protocols.fields import decode_outline
from peekd.vocabulary.errors import ClientError

Fields = dict[str, Any]

_SAID: Final = frozenset({"messages", "contents", "input"})
"""What of a request is most of its body, and tells nothing of what it does."""


def acts(body: bytes, tells: Callable[[Fields], bool]) -> bool:
    """Tell what `tells` makes of the body, what is said left aside; of one that is no JSON object, yes."""
    try:
        return tells(decode_outline(body, _SAID))
    except ClientError:
        return True


def tools_of(said: Fields) -> Iterable[object]:
    """Give the tools that a request offers; something else than a list counts as one."""
    tools = said.get("tools")
    if tools is None:
        return ()
    return tools if _is_list(tools) else (tools,)


def kind_of(tool: object, default: str) -> str:
    """Give a tool's type; `default` where it has none, "" where it is no object."""
    if not is_fields(tool):
        return ""
    kind = tool.get("type", default)
    return kind if isinstance(kind, str) else ""


def is_fields(value: object) -> TypeGuard[Fields]:
    """Tell a JSON object."""
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
