"""OpenAI Responses as a client speaks and reads it.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from simulation import tongue_chat
from simulation.asking import Wish
from simulation.heard import Frame, Heard, Json, frames_of, read_json, table, tables, words_of

TERMINALS = frozenset({"response.completed", "response.incomplete"})
ITEMS = frozenset({"message", "function_call", "reasoning"})


def path(wish: Wish) -> str:
    return "/v1/responses"


def headers(wish: Wish, key: str) -> list[tuple[str, str]]:
    return tongue_chat.headers(wish, key)


def ask(wish: Wish) -> Json:
    body: Json = {
        "model": wish.model,
        "stream": wish.stream,
        "store": False,
        "instructions": "You are a simulation.",
        "input": [*_before(wish), _last(wish)],
    }
    if wish.tools or wish.result:
        schema = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}
        body["tools"] = [{"type": "function", "name": "Bash", "description": "Runs.", "parameters": schema}]
    if wish.thinks:
        body["reasoning"] = {"effort": "medium", "summary": "auto"}
        body["include"] = ["reasoning.encrypted_content"]
    return body


def _before(wish: Wish) -> list[Json]:
    if not (wish.result or wish.signed):
        return []
    said: Json = {"role": "assistant", "content": [{"type": "output_text", "text": "I said so."}]}
    called: Json = {
        "type": "function_call",
        "call_id": "call_1",
        "name": "Bash",
        "arguments": '{"command":"date"}',
    }
    begun: Json = {"role": "user", "content": [{"type": "input_text", "text": "Begin."}]}
    return [begun, said, *([called] if wish.result else [])]


def _last(wish: Wish) -> Json:
    if wish.result:
        return {"type": "function_call_output", "call_id": "call_1", "output": wish.prompt}
    return {"role": "user", "content": [{"type": "input_text", "text": wish.prompt}]}


# ---- answers ------------------------------------------------------------------------------------------


class _Reader:
    def __init__(self) -> None:
        self.heard = Heard()
        self.open: set[int] = set()
        self.ids: set[str] = set()

    def read(self, frame: Frame) -> None:
        heard = self.heard
        if frame.comment and frame.whole:
            return
        said = read_json(frame.data)
        if said is None or not frame.whole or said.get("type") != frame.event:
            heard.torn.append(f"event {frame.event!r} with {frame.data[:80]!r}")
            return
        heard.after_end += bool(heard.ends or heard.error)
        if "response" in said:
            self.ids.add(str(table(said["response"]).get("id")))
        match frame.event:
            case "response.created":
                heard.starts += 1
                heard.model = str(table(said["response"]).get("model", ""))
            case "response.failed" | "error":
                heard.error = words_of(table(said.get("response")).get("error") or said)
                heard.late = bool(heard.reason)
            case kind if kind in TERMINALS:
                self._end(table(said["response"]))
            case _:
                self._take(frame.event.removeprefix("response."), said)

    def _end(self, response: Json) -> None:
        self.heard.ends += 1
        self.heard.reason = str(response.get("status"))
        self.heard.output = table(response.get("usage")).get("output_tokens")

    def _take(self, kind: str, said: Json) -> None:
        heard, index = self.heard, said.get("output_index", -1)
        match kind:
            case "output_item.added":
                self.open.add(index)
                self._begin(table(said.get("item")))
            case "output_item.done":
                self.open.discard(index)
                heard.called = table(said.get("item")).get("type") == "function_call"
            case "output_text.delta" | "refusal.delta":
                heard.text += said.get("delta", "")
            case "reasoning_summary_text.delta" | "reasoning_text.delta":
                heard.thinking += said.get("delta", "")
            case "function_call_arguments.delta" if heard.tools:
                heard.tools[-1][1] += said.get("delta", "")
            case _:
                return
        if index not in self.open and not kind.startswith("output_item"):
            heard.torn.append(f"{kind} of item {index}, which is not open")

    def _begin(self, item: Json) -> None:
        kind = item.get("type")
        self.heard.progress = self.heard.progress or kind == "reasoning"
        if kind == "function_call":
            self.heard.tools.append([item.get("name", ""), item.get("arguments", "")])
        elif kind not in ITEMS:
            self.heard.data = True


def read(body: bytes) -> Heard:
    reader = _Reader()
    for frame in frames_of(body):
        reader.read(frame)
    if len(reader.ids) > 1:
        reader.heard.torn.append(f"{len(reader.ids)} ids in one stream")
    reader.heard.open_blocks = len(reader.open)
    return reader.heard


def read_whole(body: bytes) -> Heard:
    said = read_json(body)
    if said is None or said.get("object") != "response":
        return Heard(error=error(body), torn=[] if error(body) else [f"no response: {body[:80]!r}"])
    items = tables(said.get("output"))
    parts = [part for item in items if item.get("type") == "message" for part in tables(item.get("content"))]
    thoughts = [
        part for item in items if item.get("type") == "reasoning" for part in tables(item.get("summary"))
    ]
    failed = said.get("error")
    return Heard(
        text="".join(part.get("text") or part.get("refusal") or "" for part in parts),
        thinking="".join(part.get("text", "") for part in thoughts),
        tools=[[item["name"], item["arguments"]] for item in items if item.get("type") == "function_call"],
        starts=1,
        ends=0 if failed else 1,
        reason="" if failed else str(said.get("status") or ""),
        error=words_of(failed) if failed else "",
        model=str(said.get("model", "")),
        output=table(said.get("usage")).get("output_tokens"),
    )


def error(body: bytes) -> str:
    return tongue_chat.error(body)
