"""The traffic of `./dev soak`: what agents ask, in their own words, and what they make of the answer.

Requests are the recorded ones with their last words replaced by words that no other request has. The upstream
repeats them, so whatever is lost of an answer, or mixed into another, shows. Left out are requests with tools
that only one upstream has: the others refuse them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]

CORPUS = Path(__file__).parents[1] / "tests/transcripts/corpus"
SAID = "You said: {}\nThis is the simulator; it has no more to say than that."
COMPLETIONS: list[Json] = [{"max_tokens": 4096}, {"temperature": 0.5, "stop": ["never said"]}]
"""No recorded agent asks in legacy completions."""

SMALL = 60_000
"""Bytes: longer requests make the machine busy and nothing else clearer."""


class Answer(NamedTuple):
    """What an answer says: its words, whether a terminal came, and the error told in place of one."""

    words: str
    ended: bool
    error: str = ""


class Language(NamedTuple):
    """How one protocol asks and answers."""

    path: str
    put: Callable[[Json, str], Json | None]
    read_stream: Callable[[list[Json]], Answer]
    read_whole: Callable[[Json], Answer]


# ---- Anthropic -------------------------------------------------------------------------------------


def _put_anthropic(body: Json, words: str) -> Json | None:
    *before, last = body["messages"]
    content = last["content"]
    plain = isinstance(content, str) or all(block["type"] == "text" for block in content)
    own = all("input_schema" in tool for tool in body.get("tools", []))
    if last["role"] != "user" or not plain or not own or "output_config" in body:
        return None
    return {**body, "messages": [*before, {"role": "user", "content": words}]}


def _anthropic_stream(events: list[Json]) -> Answer:
    kinds = [event["type"] for event in events if event["type"] != "ping"]
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    words = "".join(delta.get("text", "") for delta in deltas)
    error = next((str(event["error"]) for event in events if event["type"] == "error"), "")
    return Answer(words, kinds.count("message_start") == 1 and kinds[-1] == "message_stop", error)


def _anthropic_whole(body: Json) -> Answer:
    words = "".join(block.get("text", "") for block in body["content"])
    return Answer(words, body["stop_reason"] == "end_turn")


# ---- Gemini ----------------------------------------------------------------------------------------


def _put_gemini(body: Json, words: str) -> Json | None:
    *before, last = body["contents"]
    plain = all(part.keys() == {"text"} for part in last["parts"])
    config = body.get("generationConfig", {})
    own = all(tool.keys() == {"functionDeclarations"} for tool in body.get("tools", []))
    if not plain or not own or "responseSchema" in config or "responseJsonSchema" in config:
        return None
    return {**body, "contents": [*before, {"role": "user", "parts": [{"text": words}]}]}


def _gemini_stream(chunks: list[Json]) -> Answer:
    error = next((str(chunk["error"]) for chunk in chunks if "error" in chunk), "")
    candidates = [one for chunk in chunks for one in chunk.get("candidates", [])]
    parts = [part for one in candidates for part in one.get("content", {}).get("parts", [])]
    words = "".join(part.get("text", "") for part in parts if not part.get("thought"))
    reasons = [one["finishReason"] for one in candidates if one.get("finishReason")]
    return Answer(words, reasons == ["STOP"], error)


def _gemini_whole(body: Json) -> Answer:
    return _gemini_stream([body])


# ---- OpenAI Chat -----------------------------------------------------------------------------------


def _put_chat(body: Json, words: str) -> Json | None:
    *before, last = body["messages"]
    if last["role"] != "user" or "response_format" in body:
        return None
    return {**body, "messages": [*before, {"role": "user", "content": words}]}


def _chat_stream(chunks: list[Json]) -> Answer:
    error = next((str(chunk["error"]) for chunk in chunks if "error" in chunk), "")
    choices = [choice for chunk in chunks for choice in chunk.get("choices", [])]
    words = "".join(choice["delta"].get("content") or "" for choice in choices)
    reasons = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    return Answer(words, reasons == ["stop"], error)


def _chat_whole(body: Json) -> Answer:
    (choice,) = body["choices"]
    return Answer(choice["message"]["content"] or "", choice["finish_reason"] == "stop")


# ---- OpenAI Responses ------------------------------------------------------------------------------


def _put_responses(body: Json, words: str) -> Json | None:
    asked = body.get("input")
    said: list[Json] = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked or []
    if not said or said[-1].get("role") != "user" or "text" in body:
        return None
    tools = [tool for tool in body.get("tools", []) if tool["type"] == "function"]
    return {**body, "tools": tools, "input": [*said[:-1], {"role": "user", "content": words}]}


def _responses_stream(events: list[Json]) -> Answer:
    kinds = [event["type"] for event in events]
    failed = (event for event in events if event["type"] in {"response.failed", "error"})
    error = next((str(event) for event in failed), "")
    words = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    return Answer(words, kinds.count("response.created") == 1 and kinds[-1] == "response.completed", error)


def _responses_whole(body: Json) -> Answer:
    parts = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
    return Answer("".join(part.get("text", "") for part in parts), body["status"] == "completed")


# ---- OpenAI's legacy completions -------------------------------------------------------------------


def _put_completions(body: Json, words: str) -> Json | None:
    return {**body, "prompt": words}


def _completions_stream(chunks: list[Json]) -> Answer:
    error = next((str(chunk["error"]) for chunk in chunks if "error" in chunk), "")
    choices = [choice for chunk in chunks for choice in chunk.get("choices", [])]
    reasons = [choice["finish_reason"] for choice in choices if choice["finish_reason"]]
    return Answer("".join(choice["text"] for choice in choices), reasons == ["stop"], error)


def _completions_whole(body: Json) -> Answer:
    return _completions_stream([body])


LANGUAGES = {
    "anthropic": Language("/v1/messages", _put_anthropic, _anthropic_stream, _anthropic_whole),
    "gemini": Language("/v1beta/models/{model}:{verb}", _put_gemini, _gemini_stream, _gemini_whole),
    "openai-chat": Language("/v1/chat/completions", _put_chat, _chat_stream, _chat_whole),
    "openai-completions": Language(
        "/v1/completions", _put_completions, _completions_stream, _completions_whole
    ),
    "openai-responses": Language("/v1/responses", _put_responses, _responses_stream, _responses_whole),
}
VERBS = {True: "streamGenerateContent?alt=sse", False: "generateContent"}


# ---- asking and judging ----------------------------------------------------------------------------


class Asking(NamedTuple):
    """One request: in which language, where, what, and the words that a whole answer says."""

    language: str
    stream: bool
    path: str
    body: bytes
    expected: str


def shapes() -> list[tuple[str, Json]]:
    """The requests whose last words can be replaced, each with its language."""
    found: list[tuple[str, Json]] = [("openai-completions", body) for body in COMPLETIONS]
    for path in sorted(CORPUS.glob("*/*.json")):
        sent = json.loads(path.read_bytes())
        language = _language_of(sent["path"].partition("?")[0])
        if language and sent["body"] and len(json.dumps(sent["body"])) < SMALL:
            put = LANGUAGES[language].put(sent["body"], "")
            found += [(language, put)] if put is not None else []
    return found


def _language_of(path: str) -> str:
    ends = {"/v1/messages": "anthropic", "/chat/completions": "openai-chat", "/responses": "openai-responses"}
    ends |= {":streamGenerateContent": "gemini", ":generateContent": "gemini"}
    return next((language for end, language in ends.items() if path.endswith(end)), "")


def asks(upstreams: Iterable[str]) -> Iterator[Asking]:
    """Requests without end: each shape at each upstream, streamed and not, never twice the same words."""
    every = [
        (language, body, model, stream)
        for language, body in shapes()
        for model in upstreams  # the route's name for an upstream of that language
        for stream in (True, False)
    ]
    every.sort(key=lambda one: sha256(str(one).encode()).digest())  # mixed, and each time alike
    number = 0
    while True:
        for language, body, model, stream in every:
            number += 1
            words = f"soak {number:06} {'lorem ipsum ' * (number % 9)}end"
            put = LANGUAGES[language].put(body, words)
            if put is None:
                continue
            put |= {"model": f"to-{model}", "stream": stream} if language != "gemini" else {}
            path = LANGUAGES[language].path.format(model=f"to-{model}", verb=VERBS[stream])
            yield Asking(language, stream, path, json.dumps(put).encode(), SAID.format(words))


def judge(asking: Asking, body: bytes) -> str:
    """Say what a 200 is: "whole", "told" (an error in the stream), or what is wrong with it."""
    language = LANGUAGES[asking.language]
    try:
        if asking.stream:
            datas = [line[5:].strip() for line in body.splitlines() if line.startswith(b"data:")]
            answer = language.read_stream([json.loads(data) for data in datas if data != b"[DONE]"])
        else:
            answer = language.read_whole(json.loads(body))
    except (ValueError, LookupError, TypeError) as fault:
        return f"unreadable: {fault!r}"
    if answer.error:
        return "told"
    if not answer.ended:
        return "without an end"
    return "whole" if answer.words == asking.expected else f"other words: {answer.words[:200]!r}"
