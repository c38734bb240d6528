"""Anthropic Messages as a client speaks and reads it.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

import msgspec

from simulation.asking import Wish
from simulation.heard import Frame, Heard, Json, frames_of, read_json, table, tables, words_of

SIGNATURE = "Q2FuIHlvdSByZWFkIHRoaXM/IEl0IGlzIG5vIHNpZ25hdHVyZSBvZiBhbnlib2R5LCBvbmx5IGxvbmcgZW5vdWdoLg=="


def path(wish: Wish) -> str:
    return "/v1/messages?beta=true"


def count_path(wish: Wish) -> str:
    return "/v1/messages/count_tokens?beta=true"


def headers(wish: Wish, key: str) -> list[tuple[str, str]]:
    return [
        ("x-api-key", key),
        ("anthropic-version", "2023-06-01"),
        ("x-claude-code-session-id", wish.session),
    ]


def ask(wish: Wish) -> Json:
    body: Json = {
        "model": wish.model,
        "max_tokens": 4096,
        "stream": wish.stream,
        "system": [{"type": "text", "text": "You are a simulation."}],
        "messages": [*_before(wish), {"role": "user", "content": [_last(wish)]}],
    }
    if wish.tools or wish.result:
        schema = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}
        body["tools"] = [{"name": "Bash", "description": "Runs a command.", "input_schema": schema}]
    if wish.thinks:
        body["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    return body


def _before(wish: Wish) -> list[Json]:
    if not (wish.result or wish.signed):
        return []
    content: list[Json] = [{"type": "text", "text": "I said so."}]
    if wish.signed:
        content.insert(0, {"type": "thinking", "thinking": "Hm.", "signature": SIGNATURE})
    if wish.result:
        content.append({"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "date"}})
    return [{"role": "user", "content": "Begin."}, {"role": "assistant", "content": content}]


def _last(wish: Wish) -> Json:
    text = {"type": "text", "text": wish.prompt}
    return {"type": "tool_result", "tool_use_id": "toolu_1", "content": [text]} if wish.result else text


# ---- answers ------------------------------------------------------------------------------------------


class _Reader:
    def __init__(self) -> None:
        self.heard = Heard()
        self.open: dict[int, Json] = {}
        self.next = 0

    def read(self, frame: Frame) -> None:
        heard = self.heard
        if not frame.whole:
            heard.torn.append(f"a frame without its end: {frame.data[:80]!r}")
            return
        if frame.comment:
            return
        said = read_json(frame.data)
        if said is None or said.get("type") != frame.event:
            heard.torn.append(f"event {frame.event!r} with {frame.data[:80]!r}")
            return
        if frame.event == "ping":
            return
        if heard.ends or heard.error:
            heard.after_end += 1
        verb = getattr(self, f"_{frame.event}", None)
        if verb is not None:
            verb(said)

    def _message_start(self, said: Json) -> None:
        message = table(said.get("message"))
        self.heard.starts += 1
        self.heard.model = str(message.get("model", ""))
        self.heard.output = table(message.get("usage")).get("output_tokens")

    def _content_block_start(self, said: Json) -> None:
        block, index = table(said.get("content_block")), said.get("index")
        if index != self.next or self.open or not self.heard.starts:
            self.heard.torn.append(f"block {index} opens where {self.next} should")
        self.next += 1
        self.open[self.next - 1] = block
        match block.get("type"):
            case "text":
                self.heard.text += block.get("text", "")
            case "thinking":
                self.heard.progress = True
                self.heard.thinking += block.get("thinking", "")
            case "tool_use":
                self.heard.tools.append([block.get("name", ""), ""])
            case "redacted_thinking":
                self.heard.progress = True
            case _:
                self.heard.data = True

    def _content_block_delta(self, said: Json) -> None:
        delta = table(said.get("delta"))
        if said.get("index") not in self.open:
            self.heard.torn.append(f"a delta of block {said.get('index')}, which is not open")
            return
        match delta.get("type"):
            case "text_delta":
                self.heard.text += delta.get("text", "")
            case "thinking_delta":
                self.heard.thinking += delta.get("thinking", "")
            case "input_json_delta" if self.heard.tools:
                self.heard.tools[-1][1] += delta.get("partial_json", "")
            case _:
                pass

    def _content_block_stop(self, said: Json) -> None:
        block = self.open.pop(said.get("index", -1), None)
        self.heard.called = table(block).get("type") == "tool_use"
        if block is None:
            self.heard.torn.append(f"block {said.get('index')} closes, which is not open")

    def _message_delta(self, said: Json) -> None:
        self.heard.reason = str(table(said.get("delta")).get("stop_reason") or self.heard.reason)
        self.heard.output = table(said.get("usage")).get("output_tokens", self.heard.output)

    def _message_stop(self, _said: Json) -> None:
        self.heard.ends += 1

    def _error(self, said: Json) -> None:
        self.heard.error = words_of(said.get("error")) or "error"
        self.heard.late = bool(self.heard.reason) and not self.open


def read(body: bytes) -> Heard:
    reader = _Reader()
    for frame in frames_of(body):
        reader.read(frame)
    reader.heard.open_blocks = len(reader.open)
    return reader.heard


def read_whole(body: bytes) -> Heard:
    said = read_json(body)
    if said is None or said.get("type") != "message":
        return Heard(error=error(body), torn=[] if error(body) else [f"no message: {body[:80]!r}"])
    blocks = tables(said.get("content"))
    tools = [block for block in blocks if block.get("type") == "tool_use"]
    return Heard(
        text="".join(block.get("text", "") for block in blocks if block.get("type") == "text"),
        thinking="".join(block.get("thinking", "") for block in blocks if block.get("type") == "thinking"),
        tools=[[tool["name"], _dump(tool["input"])] for tool in tools],
        progress=any(block.get("type") == "thinking" for block in blocks),
        starts=1,
        ends=1,
        reason=str(said.get("stop_reason") or ""),
        model=str(said.get("model", "")),
        output=table(said.get("usage")).get("output_tokens"),
    )


def _dump(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def error(body: bytes) -> str:
    said = read_json(body) or {}
    return words_of(said.get("error")) if said.get("type") == "error" else ""
