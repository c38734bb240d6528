"""The shapes of what a Responses upstream sends, read loosely: compatible servers vary.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeGuard

import msgspec

from peekd.vocabulary.events import Source, Usage

Json = dict[str, Any]


class Part(msgspec.Struct, gc=False):
    """A part of a message's or a reasoning item's content."""

    type: Any = None
    text: Any = None
    refusal: Any = None

    @property
    def kind(self) -> str:
        """Its kind, "" where it has none."""
        return string(self.type)

    @property
    def words(self) -> str:
        """Its words, a refusal's among them."""
        return string(self.text) or string(self.refusal)


class Item(msgspec.Struct, gc=False):
    """All fields of all kinds of output items that are looked at; which belong together is told by `type`."""

    type: Any = None
    id: Any = None
    call_id: Any = None
    name: Any = None
    namespace: Any = None
    arguments: Any = None
    input: Any = None
    action: Any = None
    execution: Any = None
    content: Any = None
    summary: Any = None
    encrypted_content: Any = None
    container_id: Any = None

    @property
    def kind(self) -> str:
        """Its kind, "" where it has none."""
        return string(self.type)

    @property
    def called(self) -> str:
        """The name of what is called, its namespace before it."""
        group, name = string(self.namespace), string(self.name)
        return f"{group}__{name}" if group and name else name

    def parts(self, field: str) -> Iterator[tuple[int, Part]]:
        """Give the parts of `content` or `summary`, each with its place."""
        value = getattr(self, field)
        if isinstance(value, str):
            yield 0, Part("output_text", value)
            return
        for place, part in enumerate(value if is_list(value) else ()):
            if is_object(part):
                yield place, Part(part.get("type"), part.get("text"), part.get("refusal"))

    @property
    def queries(self) -> tuple[str, ...]:
        """What a search looked for."""
        action: Json = self.action if is_object(self.action) else {}
        many = action.get("queries")
        found = [string(query) for query in (many if is_list(many) else ())]
        return tuple(query for query in dict.fromkeys([*found, string(action.get("query"))]) if query)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The pages that a search found; told only to those who ask for them."""
        found = self.action.get("sources") if is_object(self.action) else None
        pages = [page for page in (found if is_list(found) else ()) if is_object(page)]
        return tuple(
            Source(url, string(page.get("title"))) for page in pages if (url := string(page.get("url")))
        )


class _InputDetails(msgspec.Struct, gc=False):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: int | None = None


class Counts(msgspec.Struct, gc=False):
    """Usage; the input holds what is cached already, the output the thoughts."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None

    @property
    def usage(self) -> Usage:
        """The same in our words."""
        inputs = self.input_tokens_details or _InputDetails()
        outputs = self.output_tokens_details or _OutputDetails()
        return Usage(
            prompt=self.input_tokens,
            cached=inputs.cached_tokens,
            cache_written=inputs.cache_write_tokens,
            output=self.output_tokens,
            thoughts=outputs.reasoning_tokens,
        )


class _Incomplete(msgspec.Struct, gc=False):
    reason: str | None = None


class Response(msgspec.Struct, gc=False):
    """The response as a frame about the whole of it says it."""

    id: str | None = None
    model: str | None = None
    status: str | None = None
    store: bool | None = None
    output: list[Item] | None = None
    usage: Counts | None = None
    error: msgspec.Raw = msgspec.Raw(b"")
    incomplete_details: _Incomplete | None = None


class Said(msgspec.Struct, gc=False):
    """All fields of all frames; which belong together is told by `type`."""

    type: str = ""
    output_index: int | None = None
    item_id: str | None = None
    content_index: int | None = None
    summary_index: int | None = None
    delta: str | None = None
    text: str | None = None
    refusal: str | None = None
    name: str | None = None
    arguments: str | None = None
    input: str | None = None
    item: Item | None = None
    part: Part | None = None
    annotation: Json | None = None
    response: Response | None = None
    error: msgspec.Raw = msgspec.Raw(b"")

    @property
    def place(self) -> int:
        """Which part of the item it is about."""
        return self.content_index or 0

    @property
    def words(self) -> str:
        """The words of a piece that is whole, wherever they stand."""
        return self.text or self.refusal or (self.part.words if self.part is not None else "")


class _Outline(msgspec.Struct, gc=False):
    type: str = ""


_frames: Final = msgspec.json.Decoder(Said)
_outlines: Final = msgspec.json.Decoder(_Outline)


def read_frame(data: bytes, known: frozenset[str]) -> Said:
    """Give a frame's data; of a kind that is not `known` nothing else is read where its fields differ.

    Raises ValueError or RecursionError for what cannot be read.
    """
    try:
        return _frames.decode(data)
    except msgspec.ValidationError:
        outline = _outlines.decode(data)
        if outline.type in known or not outline.type:
            raise
        return Said(outline.type)


def string(value: object) -> str:
    """Give a string, "" for what is none."""
    return value if isinstance(value, str) else ""


def is_object(value: object) -> TypeGuard[Json]:
    """Tell a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Tell a JSON array."""
    return isinstance(value, list)
