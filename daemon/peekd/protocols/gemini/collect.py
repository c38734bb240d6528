"""A stream of Gemini chunks, folded into the response that generateContent gives.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

from __future__ import annotations

from typing import Final

import msgspec

from peekd.protocols.interface import Unfoldable
from peekd.wire.sse import Frame

Json = dict[str, msgspec.Raw]
"""An object whose values stay as they were written."""

_LATER: Final = {"modelVersion", "responseId", "createTime", "promptFeedback", "modelStatus"}
"""Fields of a response of which the last one holds for all."""

_LATER_OF_CANDIDATE: Final = {
    "index",
    "finishReason",
    "finishMessage",
    "safetyRatings",
    "tokenCount",
    "avgLogprobs",
}

_GROWING: Final = {"usageMetadata"}
_GROWING_OF_CANDIDATE: Final = {"groundingMetadata", "urlContextMetadata"}
"""Objects whose fields replace one another as they come."""

_WORDS: Final = {"text", "thought"}
"""The fields of a part that is nothing but words."""

_ABSENT: Final = msgspec.Raw(b"null")
_ZERO: Final = msgspec.Raw(b"0")

_object: Final = msgspec.json.Decoder(Json)
_objects: Final = msgspec.json.Decoder(list[Json])
_text: Final = msgspec.json.Decoder(str)


class _Candidate:
    """One candidate so far: its fields, those of its content, and its parts."""

    def __init__(self) -> None:
        self.fields: Json = {}
        self.content: Json = {}
        self.parts: list[Json] = []

    def body(self) -> dict[str, object]:
        content: dict[str, object] = {**self.content}
        if self.parts:
            content = {"parts": self.parts, **content}
        return {"content": content, **self.fields} if content else {**self.fields}


class GeminiCollector:
    """Folds the upstream's own chunks as well as ours. What it does not know it keeps or refuses.

    An error chunk folds to nothing: whoever reads the events has seen it, and asks for no result.
    """

    def __init__(self) -> None:
        self._response: Json = {}
        self._candidates: dict[bytes, _Candidate] = {}

    def feed(self, frame: Frame) -> None:
        """Fold one chunk in. Raises Unfoldable."""
        data = frame.data.strip()
        if not data or data == b"[DONE]":
            return
        try:
            said = _object.decode(data)
            if "error" in said:
                return
            if "response" in said:
                raise Unfoldable("a response inside an envelope")
            for candidate in _objects.decode(said.pop("candidates", b"[]")):
                self._candidate(candidate)
            _lay(self._response, said, _LATER, _GROWING)
        except (ValueError, RecursionError) as fault:
            raise Unfoldable(f"a chunk that cannot be read: {fault}") from fault

    def result(self) -> bytes:
        """Give the response as JSON."""
        candidates = [self._candidates[index].body() for index in sorted(self._candidates)]
        told = {"candidates": candidates} if candidates else {}
        return msgspec.json.encode({**told, **self._response})

    def _candidate(self, said: Json) -> None:
        so_far = self._candidates.setdefault(bytes(said.get("index", _ZERO)), _Candidate())
        content = said.pop("content", _ABSENT)
        if "citationMetadata" in said:
            _add_citations(so_far.fields, said)
        _lay(so_far.fields, said, _LATER_OF_CANDIDATE, _GROWING_OF_CANDIDATE)
        if content != _ABSENT:
            inside = _object.decode(content)
            for part in _objects.decode(inside.pop("parts", b"[]")):
                _add(so_far.parts, part)
            _lay(so_far.content, inside, {"role"}, set())


def _add(parts: list[Json], part: Json) -> None:
    """Add a part: words go on in the words before them; what is signed, or anything else, stays apart."""
    call = part.get("functionCall")
    if call is not None and {"partialArgs", "willContinue"} & _object.decode(call).keys():
        raise Unfoldable("a function call in pieces")
    if part.keys() - _WORDS or "text" not in part:
        parts.append(part)
        return
    text = _text.decode(part["text"])
    last = parts[-1] if parts else {}
    if not text:
        return
    if last.get("text") is not None and not last.keys() - _WORDS and _thinks(last) == _thinks(part):
        last["text"] = msgspec.Raw(msgspec.json.encode(_text.decode(last["text"]) + text))
    else:
        parts.append(part)


def _thinks(part: Json) -> bool:
    return bytes(part.get("thought", _ABSENT)) == b"true"


def _add_citations(so_far: Json, said: Json) -> None:
    """Take the citations of this chunk to those before: they come with the words that they are for."""
    new = _object.decode(said.pop("citationMetadata"))
    old = _object.decode(so_far.get("citationMetadata", b"{}"))
    for name, value in new.items():
        before = msgspec.json.decode(old.get(name, b"[]"), type=list[msgspec.Raw])
        later = msgspec.json.decode(value, type=list[msgspec.Raw])
        every = [*before, *(one for one in later if one not in before)]
        old[name] = msgspec.Raw(msgspec.json.encode(every))
    so_far["citationMetadata"] = msgspec.Raw(msgspec.json.encode(old))


def _lay(so_far: Json, said: Json, later: set[str], growing: set[str]) -> None:
    """Lay fields over those so far. Raises Unfoldable where an unknown one would be lost."""
    for name, value in said.items():
        old = so_far.get(name)
        if old is not None and name in growing:
            merged = {**_object.decode(old), **_object.decode(value)}
            so_far[name] = msgspec.Raw(msgspec.json.encode(merged))
        elif old is None or name in later or bytes(old) == bytes(value):
            so_far[name] = value
        else:
            raise Unfoldable(f"several values of {name!r}")
