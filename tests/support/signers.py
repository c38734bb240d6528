"""Agents of four protocols, as far as signatures go: they replay what they got, or lose parts of it."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Final, Literal

import msgspec
from playhouse import Playhouse, Told
from typing_extensions import override

from peekd.protocols.registry import CLIENTS
from peekd.wire.sse import Splitter

Json = dict[str, Any]
Loses = Literal["", "thoughts", "signatures", "ids"]

TOOLS: Final = ("read", "run", "look")


class Agent:
    """A conversation's client. `loses`: what it does not replay."""

    path = ""
    protocol = ""

    def __init__(self, name: str, loses: Loses = "") -> None:
        self.name = name
        self.loses = loses
        self.history: list[Any] = []
        self.pending: list[Any] = []
        """Calls of the last answer that were not answered yet."""

    def say(self, text: str) -> None:
        """Let the user speak."""
        raise NotImplementedError

    def bring(self, words: str = "done") -> None:
        """Answer all pending calls."""
        raise NotImplementedError

    def body(self, model: str, thinking: str) -> Json:
        """Give the request."""
        raise NotImplementedError

    def take(self, answer: Json) -> None:
        """Take an answer into the history."""
        raise NotImplementedError

    def target(self, model: str, *, stream: bool) -> str:
        """Give the path to ask."""
        del model, stream
        return self.path

    async def ask(self, house: Playhouse, model: str, thinking: str, *, stream: bool) -> Told:
        """Ask, and take what was answered."""
        path = self.target(model, stream=stream)
        headers = {"x-claude-code-session-id": self.name}
        told = await house.ask(self.body(model, thinking), stream=stream, headers=headers, path=path)
        if told.status == 200:
            self.read(told.headers["content-type"], told.body)
        return told

    def read(self, kind: str, body: bytes) -> None:
        """Take a whole answer of this content type into the history."""
        if kind.startswith("application/json"):
            self.take(msgspec.json.decode(body))
            return
        collector = CLIENTS[self.protocol].collector()
        for frame in Splitter().feed(body):
            collector.feed(frame)
        self.take(msgspec.json.decode(collector.result()))

    def rewind(self, chance: Random) -> None:
        """Go back to before one of the user's words, and forget all after."""
        starts = [n for n, entry in enumerate(self.history) if self.is_words(entry)]
        if starts:
            del self.history[chance.choice(starts) :]
            self.pending = []

    def is_words(self, entry: Json) -> bool:
        """Tell the user's words from all else."""
        return entry.get("role") == "user" and isinstance(entry.get("content"), str)


class Claude(Agent):
    """Speaks Anthropic Messages."""

    path = "/v1/messages"
    protocol = "anthropic"

    @override
    def say(self, text: str) -> None:
        self.history.append({"role": "user", "content": text})

    @override
    def bring(self, words: str = "done") -> None:
        results = [{"type": "tool_result", "tool_use_id": id_, "content": words} for id_ in self.pending]
        self.history.append({"role": "user", "content": results})

    @override
    def body(self, model: str, thinking: str) -> Json:
        thought = {"type": thinking} | ({"budget_tokens": 1024} if thinking == "enabled" else {})
        tools = [{"name": name, "input_schema": {"type": "object"}} for name in TOOLS]
        return {
            "model": model,
            "max_tokens": 4096,
            "thinking": thought,
            "messages": self.history,
            "tools": tools,
        }

    @override
    def take(self, answer: Json) -> None:
        self.pending = [block["id"] for block in answer["content"] if block["type"] == "tool_use"]
        blocks = [block for block in answer["content"] if self._kept(block)]
        self.history.append({"role": "assistant", "content": blocks or [{"type": "text", "text": "."}]})

    def _kept(self, block: Json) -> bool:
        return not (self.loses in {"thoughts", "signatures"} and "thinking" in block["type"])


class Gemini(Agent):
    """Speaks Gemini."""

    protocol = "gemini"

    @override
    def target(self, model: str, *, stream: bool) -> str:
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return f"/v1beta/models/{model}:{verb}"

    @override
    def is_words(self, entry: Json) -> bool:
        return entry["role"] == "user" and "text" in entry["parts"][0]

    @override
    def say(self, text: str) -> None:
        self.history.append({"role": "user", "parts": [{"text": text}]})

    @override
    def bring(self, words: str = "done") -> None:
        answers = [{"functionResponse": {**call, "response": {"output": words}}} for call in self.pending]
        self.history.append({"role": "user", "parts": answers})

    @override
    def body(self, model: str, thinking: str) -> Json:
        tools = [{"functionDeclarations": [{"name": name} for name in TOOLS]}]
        config = {"thinkingConfig": {"includeThoughts": True}}
        return {"contents": self.history, "tools": tools, "generationConfig": config}

    @override
    def take(self, answer: Json) -> None:
        parts: list[Json] = answer["candidates"][0]["content"]["parts"]
        kept = [self._kept(part) for part in parts]
        calls = [part["functionCall"] for part in kept if "functionCall" in part]
        self.pending = [{key: call[key] for key in ("id", "name") if key in call} for call in calls]
        said = [part for part in kept if part and part != {"text": ""}]
        self.history.append({"role": "model", "parts": said or [{"text": "."}]})

    def _kept(self, part: Json) -> Json:
        if self.loses in {"thoughts", "signatures"} and part.get("thought"):
            return {}
        if self.loses == "signatures":
            part = {key: value for key, value in part.items() if key != "thoughtSignature"}
        if self.loses == "ids" and "functionCall" in part:
            call = {key: value for key, value in part["functionCall"].items() if key != "id"}
            part = {**part, "functionCall": call}
        return part


class Chat(Agent):
    """Speaks Chat Completions; most such clients know of no signatures at all."""

    path = "/v1/chat/completions"
    protocol = "openai-chat"

    @override
    def say(self, text: str) -> None:
        self.history.append({"role": "user", "content": text})

    @override
    def bring(self, words: str = "done") -> None:
        self.history += [{"role": "tool", "tool_call_id": id_, "content": words} for id_ in self.pending]

    @override
    def body(self, model: str, thinking: str) -> Json:
        functions: list[Json] = [{"name": name, "parameters": {"type": "object"}} for name in TOOLS]
        tools = [{"type": "function", "function": function} for function in functions]
        return {"model": model, "messages": self.history, "tools": tools, "reasoning_effort": "high"}

    @override
    def take(self, answer: Json) -> None:
        message: Json = answer["choices"][0]["message"]
        calls = [self._kept(call) for call in message.get("tool_calls") or ()]
        self.pending = [call["id"] for call in calls]
        kept: Json = {"role": "assistant", "content": message.get("content") or None}
        if calls:
            kept["tool_calls"] = calls
        if not self.loses and message.get("reasoning_content"):
            kept["reasoning_content"] = message["reasoning_content"]
        self.history.append(kept if calls or kept["content"] else kept | {"content": "."})

    def _kept(self, call: Json) -> Json:
        if not self.loses:
            return call
        return {key: value for key, value in call.items() if key != "extra_content"}


class Responses(Agent):
    """Speaks OpenAI Responses, and keeps its state itself; encrypted thoughts are the only proof."""

    path = "/v1/responses"
    protocol = "openai-responses"

    @override
    def say(self, text: str) -> None:
        self.history.append({"role": "user", "content": text})

    @override
    def bring(self, words: str = "done") -> None:
        self.history += [
            {"type": "function_call_output", "call_id": id_, "output": words} for id_ in self.pending
        ]

    @override
    def body(self, model: str, thinking: str) -> Json:
        schema: Json = {"type": "object"}
        tools: list[Json] = [{"type": "function", "name": name, "parameters": schema} for name in TOOLS]
        return {
            "model": model,
            "input": self.history,
            "tools": tools,
            "reasoning": {"effort": "high", "summary": "auto"},
            "include": ["reasoning.encrypted_content"],
            "store": False,
        }

    @override
    def take(self, answer: Json) -> None:
        kept = [self._kept(item) for item in answer["output"] if not self._loses(item)]
        self.pending = [item["call_id"] for item in kept if item["type"] == "function_call"]
        words: Json = {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "."}],
        }
        self.history += kept if any(item["type"] != "reasoning" for item in kept) else [words]

    def _loses(self, item: Json) -> bool:
        return self.loses in {"thoughts", "signatures"} and item["type"] == "reasoning"

    def _kept(self, item: Json) -> Json:
        return {key: value for key, value in item.items() if key != "id"} if self.loses == "ids" else item


AGENTS: Final[Mapping[str, type[Agent]]] = {
    "anthropic": Claude,
    "gemini": Gemini,
    "openai-chat": Chat,
    "openai-responses": Responses,
}
