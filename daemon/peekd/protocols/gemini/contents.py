"""Turns as Gemini `contents`: what each part becomes, and in what order Gemini wants it."""

from __future__ import annotations

from typing import Any, Final

from peekd.protocols.gemini.carrier import FAMILY
from peekd.vocabulary.conversation import (
    Media,
    Part,
    RedactedThinking,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)

_SUFFIXES: Final = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
}


def encode_contents(turns: tuple[Turn, ...]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Give the contents and what was left out, by name.

    Roles alternate: neighbouring turns of one role become one content, their parts side by side and never
    joined. Gemini has no instructions in mid-conversation: a system turn's words stand at their place in
    the user's content. Results come first in theirs, in the order of the calls, with pictures and words
    after them. A call without a result stays without: nothing is invented, and Gemini says so itself.
    Replayed thoughts are left out: Gemini needs only the signatures on calls and words.
    """
    return _Contents().encode(turns)


class _Contents:
    """One encoding: the contents so far, and the names and places of the calls met."""

    def __init__(self) -> None:
        self._contents: list[dict[str, Any]] = []
        self._names: dict[str, str] = {}
        self._dropped: dict[str, None] = {}
        self._answers = False

    def encode(self, turns: tuple[Turn, ...]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
        for turn in turns:
            self._add(turn)
        if not self._answers:
            return self._contents, tuple(self._dropped)
        places = {id_: place for place, id_ in enumerate(self._names)}
        for content in self._contents:
            content["parts"] = _ordered(content["parts"], places)
        return self._contents, tuple(self._dropped)

    def _add(self, turn: Turn) -> None:
        parts = [encoded for part in turn.parts for encoded in self._part(part)]
        if not parts:
            return
        role = "model" if turn.role == "assistant" else "user"
        if self._contents and self._contents[-1]["role"] == role:
            self._contents[-1]["parts"].extend(parts)
        else:
            self._contents.append({"role": role, "parts": parts})

    def _part(self, part: Part) -> list[dict[str, Any]]:
        match part:
            case Text():
                signed = self._signature(part) if part.family or part.signature else {}
                return [{"text": part.text, **signed}] if part.text or signed else []
            case Media():
                return [self._media(part)]
            case ToolCall():
                return [self._call(part)]
            case ToolResult():
                return self._result(part)
            case Thinking():
                self._dropped["thinking"] = None
                return []
            case RedactedThinking():
                self._dropped["redacted_thinking"] = None
                return []

    def _media(self, part: Media) -> dict[str, Any]:
        if part.title:
            self._dropped["media.title"] = None
        if not part.url:  # data may be empty, too
            return {"inlineData": {"mimeType": part.media_type, "data": part.data}}
        kind = part.media_type if "*" not in part.media_type else ""
        kind = kind or next((kind for end, kind in _SUFFIXES.items() if _path(part.url).endswith(end)), "")
        return {"fileData": {"fileUri": part.url} | ({"mimeType": kind} if kind else {})}

    def _call(self, part: ToolCall) -> dict[str, Any]:
        self._names[part.id] = part.name
        call = {"functionCall": {"id": part.id, "name": part.name, "args": part.arguments}}
        return call | self._signature(part)

    def _signature(self, part: Text | ToolCall) -> dict[str, str]:
        """Give the part's signature where Gemini can read it; without one an empty text would be refused."""
        if part.family != FAMILY:
            if part.signature:
                self._dropped["signature of another family"] = None
            return {}
        return {"thoughtSignature": part.signature}

    def _result(self, part: ToolResult) -> list[dict[str, Any]]:
        self._answers = True
        name = self._names.get(part.id)
        if name is None:
            # Gemini wants a name; the id is the only word there is for a call that is not in the history.
            self._dropped["tool_result.name"] = None
            name = part.id
        words = "\n".join(piece.text for piece in part.content if isinstance(piece, Text))
        answer: dict[str, Any] = {"id": part.id, "name": name}
        answer["response"] = {"error" if part.is_error else "output": words}
        media = [self._media(piece) for piece in part.content if isinstance(piece, Media)]
        return [{"functionResponse": answer}, *media]


def _ordered(parts: list[dict[str, Any]], places: dict[str, int]) -> list[dict[str, Any]]:
    """Put results first, in the order of their calls, by id; all else keeps its order."""
    results = [part for part in parts if "functionResponse" in part]
    if not results:
        return parts
    results.sort(key=lambda part: places.get(part["functionResponse"].get("id", ""), len(places)))
    return results + [part for part in parts if "functionResponse" not in part]


def _path(url: str) -> str:
    return url.split("?", 1)[0].split("#", 1)[0].lower()
