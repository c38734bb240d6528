"""What a request asks, as far as an answer depends on it. Reads every wire language, by the path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from peekd.simulator.responses_asked import read_responses
from peekd.simulator.shapes import offered, result, said, spoken, table, tables

Language = Literal["anthropic", "gemini", "openai-chat", "openai-responses"]
Verb = Literal["generate", "count", "models", "model", "token", "websocket", "unknown"]
Json = dict[str, Any]


class Asked(msgspec.Struct, frozen=True):
    """One request.

    `key`: the credential, however it came. `array`: a Gemini stream asked for without alt=sse; `envelope`:
    one that came in Code Assist's; `vertex`: at Vertex AI's path. `text`: what the user said last; `result`:
    what a tool answered, where that came last. `searches`: it offers nothing but a search of the upstream's
    own. `thinks`: thoughts were asked for, `shown`: and their text. `counted`: usage was asked for. `signed`:
    it replays a signature. `schema`: the answer shall be JSON of that shape. `inputs`: the schemas of the
    tools' inputs, by name. `tokens`: the prompt's size, estimated. `fault`: why it cannot be read. Responses
    alone: `kinds` of tools that are no functions, by name, and `groups`, their namespaces; `sealed`: thoughts
    are asked for encrypted; `compacts`: the conversation shall be compacted; `stored`: the answer is kept.
    """

    language: Language
    verb: Verb
    path: str
    key: str = ""
    number: int = 0
    model: str = ""
    stream: bool = False
    array: bool = False
    envelope: bool = False
    vertex: bool = False
    text: str = ""
    result: str | None = None
    tools: tuple[str, ...] = ()
    inputs: dict[str, Json] = {}
    thinks: bool = False
    shown: bool = True
    counted: bool = False
    signed: bool = False
    searches: bool = False
    schema: Json | None = None
    tokens: int = 1
    fault: str = ""
    kinds: dict[str, str] = {}
    groups: dict[str, str] = {}
    sealed: bool = False
    compacts: bool = False
    stored: bool = True

    def holds(self, condition: str) -> bool:
        """Say whether a play's `when` is met."""
        return {
            "signed": self.signed,
            "tools": bool(self.tools),
            "result": self.result is not None,
            "stream": self.stream,
            "whole": not self.stream,
        }[condition]


_GEMINI_CALL: Final = re.compile(r"^/v1(?:beta|alpha)?/models/([^/:]+):(\w+)$")
_ASSIST_CALL: Final = re.compile(r"^/v1internal:(\w+)$")
_STREAM: Final = "streamGenerateContent"
_GEMINI_VERBS: Final[dict[str, Verb]] = {
    "generateContent": "generate",
    "streamGenerateContent": "generate",
    "countTokens": "count",
}
_CALLS: Final[dict[str, tuple[Language, Verb]]] = {
    "/v1/messages": ("anthropic", "generate"),
    "/v1/messages/count_tokens": ("anthropic", "count"),
    "/v1/chat/completions": ("openai-chat", "generate"),
    "/v1/responses": ("openai-responses", "generate"),
}
_VERTEX_CALL: Final = re.compile(
    r"^/v1/projects/[^/]+/locations/[^/]+/publishers/(google|anthropic)/models/([^/:]+):(\w+)$"
)
_VERTEX_VERBS: Final[dict[str, tuple[Language, Verb, bool]]] = {
    "generateContent": ("gemini", "generate", False),
    "streamGenerateContent": ("gemini", "generate", True),
    "countTokens": ("gemini", "count", False),
    "rawPredict": ("anthropic", "generate", False),
    "streamRawPredict": ("anthropic", "generate", True),
}
_COUNTER: Final = "count-tokens"
_VERTEX_VERSION: Final = "vertex-2023-10-16"
_LIST: Final = re.compile(r"^/v1(beta)?/models(?:/([^/:]+))?$")


def read_asked(method: str, target: str, headers: Mapping[str, str], body: bytes, number: int) -> Asked:
    """Read a request; header names are in lower case. Total: what is odd ends up in `verb` and `fault`."""
    parts = urlsplit(target)
    query = parse_qs(parts.query)
    key = _key(headers, query)
    if method == "GET" and "websocket" in headers.get("upgrade", "").lower():
        return Asked("openai-responses", "websocket", parts.path, key, number)
    if method == "GET":
        return _read_list(parts.path, headers, key, number)
    if method == "POST" and (call := _google_call(parts.path, query, key, number)) is not None:
        return _read_body(call, body)
    if method == "POST" and parts.path in _CALLS:
        return _read_body(Asked(*_CALLS[parts.path], parts.path, key, number), body)
    language: Language = "gemini" if "x-goog-api-key" in headers else "anthropic"
    return Asked(language, "unknown", parts.path, key, number)


def _google_call(path: str, query: Mapping[str, list[str]], key: str, number: int) -> Asked | None:
    """Read a path of Google's: the Gemini API, Code Assist, or a publisher's models on Vertex AI."""
    array = query.get("alt") != ["sse"]
    if (found := _GEMINI_CALL.match(path)) and found[2] in _GEMINI_VERBS:
        stream = found[2] == _STREAM
        asked = Asked("gemini", _GEMINI_VERBS[found[2]], path, key, number, unquote(found[1]), stream=stream)
        return msgspec.structs.replace(asked, array=array and stream)
    if (found := _ASSIST_CALL.match(path)) and found[1] in _GEMINI_VERBS:
        stream = found[1] == _STREAM
        asked = Asked("gemini", _GEMINI_VERBS[found[1]], path, key, number, stream=stream, envelope=True)
        return msgspec.structs.replace(asked, array=array and stream)
    if (found := _VERTEX_CALL.match(path)) and found[3] in _VERTEX_VERBS:
        language, verb, stream = _VERTEX_VERBS[found[3]]
        name = unquote(found[2])
        verb = "count" if name == _COUNTER else verb
        asked = Asked(language, verb, path, key, number, name, stream=stream, vertex=True)
        return msgspec.structs.replace(asked, array=array and stream and language == "gemini")
    return None


def _key(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str:
    bearer = headers.get("authorization", "").removeprefix("Bearer ")
    return headers.get("x-api-key") or headers.get("x-goog-api-key") or bearer or query.get("key", [""])[0]


def _read_list(path: str, headers: Mapping[str, str], key: str, number: int) -> Asked:
    found = _LIST.match(path)
    google = "x-goog-api-key" in headers or (found is not None and found[1] is not None)
    verb: Verb = "unknown" if found is None else "model" if found[2] else "models"
    model = unquote(found[2]) if found and found[2] else ""
    openai = "authorization" in headers and "anthropic-version" not in headers
    language: Language = "gemini" if google else "openai-chat" if openai else "anthropic"
    return Asked(language, verb, path, key, number, model)


def _read_body(asked: Asked, body: bytes) -> Asked:
    try:
        read = msgspec.json.decode(body, type=Json)
    except (ValueError, RecursionError) as error:
        return msgspec.structs.replace(asked, fault=f"The request body is not valid JSON: {error}")
    asked = msgspec.structs.replace(asked, tokens=max(1, len(body) // 4))
    if asked.vertex and asked.language == "anthropic":
        asked, read = _read_vertex(asked, read)
    return _READERS[asked.language](asked, read)


def _read_vertex(asked: Asked, body: Json) -> tuple[Asked, Json]:
    """Vertex AI has the model in the path and the version in the body; a count has the model there, too."""
    fault = "" if body.get("anthropic_version") == _VERTEX_VERSION else "anthropic_version: Field required"
    if asked.verb == "generate" and "model" in body:
        fault = fault or "model: Extra inputs are not permitted"
    named = body if asked.verb == "count" else {**body, "model": asked.model}
    return msgspec.structs.replace(asked, fault=fault), {**named, "stream": asked.stream}


# ---- Anthropic ----------------------------------------------------------------------------------


def _read_anthropic(asked: Asked, body: Json) -> Asked:
    messages = spoken(body.get("messages"))
    last = _anthropic_blocks(messages[-1]) if messages else []
    thinking = table(body.get("thinking"))
    return msgspec.structs.replace(
        asked,
        model=str(body.get("model", "")),
        stream=body.get("stream") is True,
        text=said(str(block.get("text", "")) for block in last if block.get("type") == "text"),
        result=result(_anthropic_result(block) for block in last if block.get("type") == "tool_result"),
        **offered((tool.get("name"), tool.get("input_schema")) for tool in tables(body.get("tools"))),
        searches=_offers_search(str(tool.get("type", "")) for tool in tables(body.get("tools"))),
        thinks=thinking.get("type") in {"enabled", "adaptive"},
        shown=thinking.get("display") != "omitted",
        signed=any(block.get("signature") for message in messages for block in _anthropic_blocks(message)),
        schema=table(table(body.get("output_config")).get("format")).get("schema"),
    )


def _offers_search(kinds: Iterable[str]) -> bool:
    found = [*kinds]
    return bool(found) and all(kind.startswith("web_search_") for kind in found)


def _anthropic_blocks(message: Json) -> list[Json]:
    content = message.get("content")
    return [{"type": "text", "text": content}] if isinstance(content, str) else tables(content)


def _anthropic_result(block: Json) -> str:
    return said(str(part.get("text", "")) for part in _anthropic_blocks(block))


# ---- Gemini -------------------------------------------------------------------------------------


def _read_gemini(asked: Asked, body: Json) -> Asked:
    if asked.envelope:
        asked, body = _unwrapped(asked, body)
    contents = [tables(content.get("parts")) for content in tables(body.get("contents"))]
    last = contents[-1] if contents else []
    config = table(body.get("generationConfig"))
    declared = [declared for tool in tables(body.get("tools")) for declared in _declarations(tool)]
    return msgspec.structs.replace(
        asked,
        text=said(str(part.get("text", "")) for part in last),
        result=result(_gemini_result(part) for part in last if "functionResponse" in part),
        **offered((tool.get("name"), _schema(tool)) for tool in declared),
        searches=not declared and any("googleSearch" in tool for tool in tables(body.get("tools"))),
        thinks=table(config.get("thinkingConfig")).get("includeThoughts") is True,
        signed=any(part.get("thoughtSignature") for parts in contents for part in parts),
        schema=config.get("responseJsonSchema") or config.get("responseSchema"),
    )


def _unwrapped(asked: Asked, body: Json) -> tuple[Asked, Json]:
    inside = table(body.get("request"))
    model = str(body.get("model") or inside.get("model") or "").removeprefix("models/")
    fault = "" if inside else "Invalid value at 'request': it is missing."
    return msgspec.structs.replace(asked, model=model, fault=fault), inside


def _declarations(tool: Json) -> list[Json]:
    return tables(tool.get("functionDeclarations") or tool.get("function_declarations"))


def _schema(declared: Json) -> object:
    return declared.get("parametersJsonSchema") or declared.get("parameters")


def _gemini_result(part: Json) -> str:
    response = table(table(part.get("functionResponse")).get("response"))
    return said(str(value) for value in response.values())


# ---- Chat Completions ---------------------------------------------------------------------------


def _read_chat(asked: Asked, body: Json) -> Asked:
    messages = spoken(body.get("messages"))
    last = messages[-1] if messages else {}
    texts = _chat_texts(last)
    functions = [table(tool.get("function")) for tool in tables(body.get("tools"))]
    return msgspec.structs.replace(
        asked,
        model=str(body.get("model", "")),
        stream=body.get("stream") is True,
        text=said(texts) if last.get("role") == "user" else "",
        result=said(texts) if last.get("role") == "tool" else None,
        **offered((tool.get("name"), tool.get("parameters")) for tool in functions),
        thinks=body.get("reasoning_effort") not in {None, "none"},
        counted=table(body.get("stream_options")).get("include_usage") is True,
        schema=table(table(body.get("response_format")).get("json_schema")).get("schema"),
    )


def _chat_texts(message: Json) -> list[str]:
    content = message.get("content")
    return [content] if isinstance(content, str) else [str(part.get("text", "")) for part in tables(content)]


def _read_openai_responses(asked: Asked, body: Json) -> Asked:
    return msgspec.structs.replace(asked, **read_responses(body))


_READERS: Final[dict[Language, Callable[[Asked, Json], Asked]]] = {
    "anthropic": _read_anthropic,
    "gemini": _read_gemini,
    "openai-chat": _read_chat,
    "openai-responses": _read_openai_responses,
}
