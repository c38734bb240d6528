"""What a Responses request asks, as far as an answer depends on it."""

from __future__ import annotations

from collections.abc import Iterable

from peekd.simulator.shapes import Json, said, table, tables

_SEARCH = "web_search"


def read_responses(body: Json) -> Json:
    """Give the fields of an `Asked`."""
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else tables(given)
    last = items[-1] if items else {}
    reasoning, wanted = table(body.get("reasoning")), body.get("include")
    kinds, groups = _tools(tables(body.get("tools")))
    return {
        "model": str(body.get("model", "")),
        "stream": body.get("stream") is True,
        "text": said(_texts(last.get("content"))) if last.get("role") == "user" else "",
        "result": said(_texts(last["output"])) if "output" in last else None,
        "tools": tuple(kinds),
        "thinks": reasoning.get("effort") not in {None, "none"} or reasoning.get("summary") is not None,
        "shown": reasoning.get("summary") not in {None, "none"},
        "counted": True,
        "signed": any(item.get("encrypted_content") for item in items),
        "searches": bool(kinds) and all(kind.startswith(_SEARCH) for kind in kinds.values()),
        "schema": table(table(body.get("text")).get("format")).get("schema"),
        "kinds": {name: kind for name, kind in kinds.items() if kind != "function"},
        "groups": groups,
        "sealed": isinstance(wanted, list) and "reasoning.encrypted_content" in wanted,
        "compacts": last.get("type") == "compaction_trigger",
    }


def _texts(content: object) -> list[str]:
    return [content] if isinstance(content, str) else [str(part.get("text", "")) for part in tables(content)]


def _tools(tools: Iterable[Json]) -> tuple[dict[str, str], dict[str, str]]:
    """Give the kind of each tool by its name, and the namespace of those that have one."""
    kinds: dict[str, str] = {}
    groups: dict[str, str] = {}
    for tool in tools:
        kind = str(tool.get("type", ""))
        if kind == "namespace":
            inside, _ = _tools(tables(tool.get("tools")))
            kinds |= inside
            groups |= dict.fromkeys(inside, str(tool.get("name", "")))
        else:
            kinds[str(tool.get("name") or kind)] = kind
    return kinds, groups
