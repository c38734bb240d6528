"""The shapes of Anthropic's frames, as far as they are read; what they mean is told in `decode`.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

_ABSENT: Final = msgspec.Raw()


class Figures(msgspec.Struct, gc=False):
    """Figures as they are reported; each frame may leave some out."""

    input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens: int | None = None


class Message(msgspec.Struct, gc=False):
    """The message as it begins."""

    id: str | None = None
    model: str | None = None
    usage: Figures | None = None


class ContentBlock(msgspec.Struct, gc=False):
    """A block as it opens; the fields of all kinds."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    tool_use_id: str | None = None
    content: msgspec.Raw = _ABSENT


class Container(msgspec.Struct, gc=False):
    """Where code ran; it can be used again."""

    id: str = ""


class Delta(msgspec.Struct, gc=False):
    """More of a block, or what the message's end adds; the fields of all kinds."""

    type: str = ""
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    container: Container | None = None


class Query(msgspec.Struct, gc=False):
    """What a search asks for."""

    query: str


class Page(msgspec.Struct, gc=False):
    """What a search found."""

    url: str
    title: str = ""


class Error(msgspec.Struct, gc=False):
    """An error object."""

    type: str = ""
    message: str = ""


class Said(msgspec.Struct, gc=False):
    """All fields of all frames; which belong together is told by `type`."""

    type: str = ""
    index: int = 0
    delta: Delta | None = None
    content_block: ContentBlock | None = None
    message: Message | None = None
    usage: Figures | None = None
    error: Error | None = None


class Outline(msgspec.Struct, gc=False):
    """A frame of a new kind may give a field that we know another type: only its kinds are read then."""

    type: str = ""
    index: int = 0
    delta: Any = None
    content_block: Any = None
