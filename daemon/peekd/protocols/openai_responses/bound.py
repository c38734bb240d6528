"""What of a request only the account that made it can serve, and what only it can read.

https://platform.openai.com/docs/guides/conversation-state
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeGuard

SEALED: Final = ("reasoning", "compaction")
"""Kinds of input items whose `encrypted_content` is its maker's; no set, for a client may put lists there."""

_DEPTH: Final = 6
"""How many arrays and objects deep a file may stand in `input`; the API has it at four."""


def bound_ids(said: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the ids of what lies at the account: earlier response, conversation, files, containers, stores.

    `said` is a request. Each once, in the order met.
    """
    found = [*_kept(said), *_files(said.get("input")), *_of_tools(said.get("tools"))]
    return tuple(dict.fromkeys(found))


def encrypted_content(kind: object, content: object) -> str:
    """Give what an input item of this `type` holds that only its maker can read, "" for nothing."""
    return content if kind in SEALED and isinstance(content, str) else ""


def _kept(said: Mapping[str, Any]) -> Iterator[str]:
    conversation = said.get("conversation")
    named = conversation.get("id") if _is_object(conversation) else conversation
    for value in (said.get("previous_response_id"), named):
        if isinstance(value, str) and value:
            yield value


def _files(value: object, depth: int = _DEPTH) -> list[str]:
    """Give the file ids in input items: in messages, and in what tools gave.

    A long history has thousands of words here for each file: what cannot hold one is not gone into.
    """
    found: list[str] = []
    if not depth:
        return found
    if _is_list(value):
        for one in value:
            if _is_object(one) or _is_list(one):
                found += _files(one, depth - 1)
    elif _is_object(value):
        file = value.get("file_id")
        if isinstance(file, str) and file:
            found.append(file)
        for inside in (value.get("content"), value.get("output")):
            if _is_object(inside) or _is_list(inside):
                found += _files(inside, depth - 1)
    return found


def _of_tools(tools: object) -> Iterator[str]:
    for tool in tools if _is_list(tools) else ():
        if not _is_object(tool):
            continue
        container = tool.get("container")
        places = [tool.get("vector_store_ids"), container]
        if _is_object(container):
            places = [*places, container.get("file_ids")]
        for place in places:
            values = place if _is_list(place) else [place]
            yield from (value for value in values if isinstance(value, str) and value)


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
