"""Chat Completions as a client speaks and reads it.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from simulation.asking import Wish
from simulation.heard import Heard, Json, frames_of, read_json, table, tables, words_of


def path(wish: Wish) -> str:
    return "/v1/chat/completions"


def headers(wish: Wish, key: str) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {key}"), ("session-id", wish.session)]


def ask(wish: Wish) -> Json:
    body: Json = {"model": wish.model, "stream": wish.stream, "messages": [*_before(wish), _last(wish)]}
    if wish.tools or wish.result:
        schema = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}
        function = {"name": "Bash", "description": "Runs a command.", "parameters": schema}
        body["tools"] = [{"type": "function", "function": function}]
    if wish.thinks:
        body["reasoning_effort"] = "medium"
    if wish.counted and wish.stream:
        body["stream_options"] = {"include_usage": True}
    return body


def _before(wish: Wish) -> list[Json]:
    if not (wish.result or wish.signed):
        return [{"role": "system", "content": "You are a simulation."}]
    said: Json = {"role": "assistant", "content": "I said so."}
    if wish.result:
        function = {"name": "Bash", "arguments": '{"command":"date"}'}
        said["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
    return [{"role": "user", "content": "Begin."}, said]


def _last(wish: Wish) -> Json:
    if wish.result:
        return {"role": "tool", "tool_call_id": "call_1", "content": wish.prompt}
    return {"role": "user", "content": wish.prompt}


# ---- answers ------------------------------------------------------------------------------------------


def read(body: bytes) -> Heard:
    heard = Heard()
    ids: set[str] = set()
    for frame in frames_of(body):
        if frame.comment and frame.whole:
            continue
        if not frame.whole:
            heard.torn.append(f"half a frame: {frame.data[:80]!r}")
        elif frame.data == "[DONE]":
            heard.after_end += bool(heard.error)
            heard.ends += 1
        elif (said := read_json(frame.data)) is None:
            heard.torn.append(f"no chunk: {frame.data[:80]!r}")
        else:
            heard.after_end += bool(heard.ends or heard.error)
            _take(heard, said, ids)
    heard.starts = len(ids)
    return heard


def _take(heard: Heard, chunk: Json, ids: set[str]) -> None:
    if chunk.get("error"):
        heard.error = words_of(chunk["error"]) or "error"
        heard.late = bool(heard.reason)
        return
    ids.add(str(chunk.get("id")))
    heard.model = str(chunk.get("model", heard.model))
    heard.output = table(chunk.get("usage")).get("completion_tokens", heard.output)
    for choice in tables(chunk.get("choices"))[:1]:
        delta = table(choice.get("delta"))
        heard.text += delta.get("content") or ""
        heard.thinking += delta.get("reasoning_content") or delta.get("reasoning") or ""
        for call in tables(delta.get("tool_calls")):
            _take_call(heard, call)
        if choice.get("finish_reason"):
            if heard.reason:
                heard.torn.append("a second finish_reason")
            heard.reason = str(choice["finish_reason"])


def _take_call(heard: Heard, call: Json) -> None:
    function, index = table(call.get("function")), call.get("index", 0)
    if index == len(heard.tools):
        heard.tools.append([str(function.get("name", "")), ""])
    if not 0 <= index < len(heard.tools):
        heard.torn.append(f"a piece of call {index}, and there are {len(heard.tools)}")
        return
    heard.tools[index][1] += function.get("arguments") or ""


def read_whole(body: bytes) -> Heard:
    said = read_json(body)
    if said is None or "choices" not in said:
        return Heard(error=error(body), torn=[] if error(body) else [f"no completion: {body[:80]!r}"])
    choice = (tables(said["choices"]) or [{}])[0]
    message = table(choice.get("message"))
    calls = [table(call.get("function")) for call in tables(message.get("tool_calls"))]
    return Heard(
        text=message.get("content") or "",
        thinking=message.get("reasoning_content") or "",
        tools=[[call["name"], call["arguments"]] for call in calls],
        starts=1,
        ends=1,
        reason=str(choice.get("finish_reason") or ""),
        model=str(said.get("model", "")),
        output=table(said.get("usage")).get("completion_tokens"),
    )


def error(body: bytes) -> str:
    said = read_json(body) or {}
    return words_of(said["error"]) if said.get("error") else ""
