"""Gemini as a client speaks and reads it: events, or one JSON array.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from simulation.asking import Wish
from simulation.heard import Heard, Json, frames_of, read_json, table, tables, words_of


def path(wish: Wish) -> str:
    verb = "streamGenerateContent" if wish.stream else "generateContent"
    query = "?alt=sse" if wish.stream and not wish.array else ""
    return f"/v1beta/models/{wish.model}:{verb}{query}"


def count_path(wish: Wish) -> str:
    return f"/v1beta/models/{wish.model}:countTokens"


def headers(wish: Wish, key: str) -> list[tuple[str, str]]:
    return [("x-goog-api-key", key), ("x-goog-api-client", "simulation"), ("session-id", wish.session)]


def ask(wish: Wish) -> Json:
    body: Json = {"contents": [*_before(wish), {"role": "user", "parts": [_last(wish)]}]}
    if wish.tools or wish.result:
        schema = {"type": "OBJECT", "properties": {"command": {"type": "STRING"}}, "required": ["command"]}
        body["tools"] = [
            {"functionDeclarations": [{"name": "Bash", "description": "Runs.", "parameters": schema}]}
        ]
    if wish.thinks:
        body["generationConfig"] = {"thinkingConfig": {"includeThoughts": True}}
    return body


def _before(wish: Wish) -> list[Json]:
    if not (wish.result or wish.signed):
        return []
    part: Json = {"text": "I said so."}
    if wish.result:
        part = {"functionCall": {"name": "Bash", "args": {"command": "date"}}}
    if wish.signed:
        part["thoughtSignature"] = "c2lnbmVkIGJ5IG5vYm9keSwgYnV0IGxvbmcgZW5vdWdoIHRvIGxvb2sgbGlrZSBvbmU="
    return [{"role": "user", "parts": [{"text": "Begin."}]}, {"role": "model", "parts": [part]}]


def _last(wish: Wish) -> Json:
    if wish.result:
        return {"functionResponse": {"name": "Bash", "response": {"output": wish.prompt}}}
    return {"text": wish.prompt}


# ---- answers ------------------------------------------------------------------------------------------


def read(body: bytes) -> Heard:
    if body.lstrip()[:1] == b"[":
        return _read_array(body)
    heard = Heard()
    for frame in frames_of(body):
        if frame.comment or (frame.data and not frame.whole):
            heard.torn.append(f"a comment or half a frame: {frame.data[:80]!r}")
        elif frame.data:
            said = read_json(frame.data)
            if said is None:
                heard.torn.append(f"no chunk: {frame.data[:80]!r}")
            else:
                _take(heard, said)
    return heard


def _read_array(body: bytes) -> Heard:
    heard = Heard()
    try:
        chunks = msgspec.json.decode(body, type=list[Json])
    except msgspec.DecodeError:
        heard.torn.append(f"no array: …{body[-80:]!r}")
        chunks = _elements(body)
    for chunk in chunks:
        _take(heard, chunk)
    return heard


def _elements(body: bytes) -> Sequence[Json]:
    """Read as many whole elements of a broken array as there are."""
    end = len(body)
    while (end := body.rfind(b"}", 0, end)) >= 0:
        try:
            return msgspec.json.decode(body[: end + 1] + b"]", type=list[Json])
        except msgspec.DecodeError:
            continue
    return []


def _take(heard: Heard, chunk: Json) -> None:
    if heard.reason or heard.error:
        heard.after_end += bool(chunk.get("candidates") or chunk.get("error"))
    if "error" in chunk:
        heard.error = words_of(chunk["error"]) or "error"
        heard.late = bool(heard.reason)
        return
    heard.starts = 1
    heard.model = str(chunk.get("modelVersion", heard.model))
    usage = table(chunk.get("usageMetadata"))
    heard.output = usage.get("candidatesTokenCount", heard.output)
    blocked = table(chunk.get("promptFeedback")).get("blockReason")
    heard.reason = heard.reason or str(blocked or "")
    for candidate in tables(chunk.get("candidates"))[:1]:
        for part in tables(table(candidate.get("content")).get("parts")):
            _take_part(heard, part)
        reason = str(candidate.get("finishReason") or "")
        heard.ends += bool(reason)
        heard.reason = reason or heard.reason
    heard.ends += bool(blocked)


def _take_part(heard: Heard, part: Json) -> None:
    heard.progress = heard.progress or "thoughtSignature" in part
    if "functionCall" in part:
        call = table(part["functionCall"])
        heard.called = True
        heard.tools.append([str(call.get("name")), msgspec.json.encode(call.get("args", {})).decode()])
    elif part.get("thought"):
        heard.thinking += str(part.get("text", ""))
    elif "text" in part:
        heard.text += str(part["text"])
        heard.called = heard.called and not part["text"]
    elif set(part) - {"thoughtSignature"}:
        heard.data = True


def read_whole(body: bytes) -> Heard:
    said = read_json(body)
    if said is None:
        return Heard(torn=[f"no answer: {body[:80]!r}"])
    heard = Heard()
    _take(heard, said)
    return heard


def error(body: bytes) -> str:
    try:
        said: Json | list[Json] = msgspec.json.decode(body, type=Json | list[Json])
    except msgspec.DecodeError:
        return ""
    chunks = said if isinstance(said, list) else [said]
    return next((words_of(chunk["error"]) for chunk in chunks if "error" in chunk), "")
