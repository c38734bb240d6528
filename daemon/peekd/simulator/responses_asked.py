"""What a Responses request asks, as far as an answer depends on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from peekd.simulator.shapes import Json, offered, said, spoken, table, tables

_SEARCH = "web_search"


def read_responses(body: Json) -> Json:
    """Give the fields of an `Asked`."""
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else spoken(given)
    last = items[-1] if items else {}
    reasoning, wanted = table(body.get("reasoning")), body.get("include")
    tools = [*_tools(tables(body.get("tools")))]
    kinds = {name: kind for name, kind, _, _ in tools}
    return {
        "model": str(body.get("model", "")),
        "stream": body.get("stream") is True,
        "text": said(_texts(last.get("content"))) if last.get("role") == "user" else "",
        "result": said(_texts(last["output"])) if "output" in last else None,
        **offered((name, schema) for name, _, _, schema in tools),
        "thinks": reasoning.get("effort") not in {None, "none"} or reasoning.get("summary") is not None,
        "shown": reasoning.get("summary") not in {None, "none"},
        "counted": True,
        "signed": any(item.get("encrypted_content") for item in items),
        "searches": bool(kinds) and all(kind.startswith(_SEARCH) for kind in kinds.values()),
        "schema": table(table(body.get("text")).get("format")).get("schema"),
        "kinds": {name: kind for name, kind in kinds.items() if kind != "function"},
        "groups": {name: group for name, _, group, _ in tools if group},
        "sealed": isinstance(wanted, list) and "reasoning.encrypted_content" in wanted,
        "stored": body.get("store") is not False,
        "compacts": last.get("type") == "compaction_trigger",
    }


def _texts(content: object) -> list[str]:
    return [content] if isinstance(content, str) else [str(part.get("text", "")) for part in tables(content)]


def _tools(tools: Iterable[Json], group: str = "") -> Iterator[tuple[str, str, str, object]]:
    """Give name, kind, namespace and schema of each tool."""
    for tool in tools:
        kind = str(tool.get("type", ""))
        name = str(tool.get("name") or kind)
        if kind == "namespace":
            yield from _tools(tables(tool.get("tools")), name)
        else:
            yield name, kind, group, tool.get("parameters")
