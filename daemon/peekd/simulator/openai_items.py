"""The output items of a response: each whole, and told piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from peekd.simulator.acts import ToolUse
from peekd.simulator.answer import Answer, Search
from peekd.simulator.asked import Asked
from peekd.simulator.openai import BROKEN_CALL

Json = dict[str, Any]
Told = tuple[str, str, Json]
"""A part's label, the frame's kind, and what it says."""

_PIECE: Final = 12
"""Characters of a call's arguments at a time."""


class Item(msgspec.Struct, frozen=True):
    """One output item.

    `opening`: what it is at first. `pieces`: the frames between its first and its last. `closes`: the label
    of the last.
    """

    whole: Json
    opening: Json
    pieces: tuple[Told, ...] = ()
    closes: str = "close"

    def told(self, place: int) -> Iterator[Told]:
        """Give its frames, as those of the item at this place."""
        at = {"item_id": self.whole["id"], "output_index": place}
        opened = {"output_index": place, "item": self.whole | self.opening}
        yield "open", "response.output_item.added", opened
        for label, kind, said in self.pieces:
            yield label, kind, at | said
        yield self.closes, "response.output_item.done", {"output_index": place, "item": self.whole}


def encode_items(answer: Answer, asked: Asked) -> list[Item]:
    """Give all items: thoughts, searches, words, calls. Compacting a conversation gives that alone."""
    if asked.compacts:
        sealed = {"id": _id("cmp", asked), "type": "compaction", "encrypted_content": answer.signature}
        return [Item(sealed, {})]
    searches = [tool for tool in answer.tools if asked.kinds.get(tool.name, "").startswith("web_search")]
    calls = [tool for tool in answer.tools if tool not in searches]
    items = [_reasoning(answer, asked)] if answer.thinking is not None else []
    made = [Search(str(tool.input.get("query", ""))) for tool in searches]
    made += [answer.search] if answer.search is not None else []
    items += [_search(search, _id("ws", asked, n)) for n, search in enumerate(made)]
    items += [_message(answer, asked)] if answer.text else []
    items += [_call(tool, asked, n) for n, tool in enumerate(calls)]
    return items + [_function("Bash", BROKEN_CALL, asked, len(calls))] * answer.malformed


def _id(prefix: str, asked: Asked, number: int = 0) -> str:
    return f"{prefix}_sim{asked.number:06d}_{number}"


def _reasoning(answer: Answer, asked: Asked) -> Item:
    words = answer.thoughts() if asked.shown else []
    part = {"type": "summary_text", "text": "".join(words)}
    whole: Json = {"id": _id("rs", asked), "type": "reasoning", "summary": [part] if words else []}
    at = {"summary_index": 0}
    pieces: list[Told] = []
    if words:
        added = at | {"part": part | {"text": ""}}
        pieces.append(("open", "response.reasoning_summary_part.added", added))
        pieces += [
            ("thinking", "response.reasoning_summary_text.delta", at | {"delta": word}) for word in words
        ]
        pieces.append(("close", "response.reasoning_summary_text.done", at | {"text": part["text"]}))
        pieces.append(("close", "response.reasoning_summary_part.done", at | {"part": part}))
    if asked.sealed:
        whole["encrypted_content"] = answer.signature
    return Item(whole, {"summary": [], "encrypted_content": None}, tuple(pieces), "signature")


def _message(answer: Answer, asked: Asked) -> Item:
    part: Json = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
    whole: Json = {
        "id": _id("msg", asked),
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [part],
    }
    at = {"content_index": 0}
    pieces: list[Told] = [("open", "response.content_part.added", at | {"part": part | {"text": ""}})]
    pieces += [
        ("text", "response.output_text.delta", at | {"delta": word, "logprobs": []})
        for word in answer.words()
    ]
    pieces.append(("close", "response.output_text.done", at | {"text": answer.text, "logprobs": []}))
    pieces.append(("close", "response.content_part.done", at | {"part": part}))
    return Item(whole, {"status": "in_progress", "content": []}, tuple(pieces))


def _search(search: Search, identity: str) -> Item:
    query, sources = search.query, [{"type": "url", "url": search.url}]
    action = {"type": "search", "query": query, "queries": [query], "sources": sources}
    whole = {"id": identity, "type": "web_search_call", "status": "completed", "action": action}
    states = ("in_progress", "searching", "completed")
    pieces = tuple[Told, ...](("ping", f"response.web_search_call.{state}", {}) for state in states)
    return Item(whole, {"status": "in_progress", "action": {"type": "search", "query": ""}}, pieces)


def _call(tool: ToolUse, asked: Asked, number: int) -> Item:
    """Give a call of the kind that the tool was offered as."""
    kind = asked.kinds.get(tool.name, "function")
    called = {"status": "completed", "call_id": _call_id(asked, number)}
    match kind:
        case "custom":
            said = str(tool.input.get("input", msgspec.json.encode(tool.input).decode()))
            whole = {"id": _id("ctc", asked, number), "type": "custom_tool_call", **called, "name": tool.name}
            pieces = _pieces("custom_tool_call_input", said, {"input": said})
            return Item(whole | {"input": said}, {"status": "in_progress", "input": ""}, pieces)
        case "tool_search":
            whole = {"id": _id("tsc", asked, number), "type": "tool_search_call", **called}
            whole |= {"execution": "client", "arguments": tool.input}
            return Item(whole, {"status": "in_progress", "arguments": {}})
        case "local_shell":
            action: Json = {"type": "exec", "env": {}, **tool.input}
            shell: Json = {"id": _id("lsh", asked, number), "type": "local_shell_call", **called}
            shell |= {"action": action}
            return Item(shell, {"status": "in_progress", "action": action | {"command": []}})
        case _:
            return _function(tool.name, msgspec.json.encode(tool.input).decode(), asked, number)


def _function(name: str, arguments: str, asked: Asked, number: int) -> Item:
    group = {"namespace": asked.groups[name]} if name in asked.groups else {}
    whole = {
        "id": _id("fc", asked, number),
        "type": "function_call",
        "status": "completed",
        "arguments": arguments,
        "call_id": _call_id(asked, number),
        "name": name,
        **group,
    }
    done = {"name": name, "arguments": arguments}
    pieces = _pieces("function_call_arguments", arguments, done)
    return Item(whole, {"status": "in_progress", "arguments": ""}, pieces)


def _call_id(asked: Asked, number: int) -> str:
    return f"call_sim{asked.number:06d}_{number}"


def _pieces(name: str, text: str, done: Json) -> tuple[Told, ...]:
    """Cut a call's text."""
    cut = [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]
    return (
        *(("tool", f"response.{name}.delta", {"delta": piece}) for piece in cut),
        ("close", f"response.{name}.done", done),
    )
