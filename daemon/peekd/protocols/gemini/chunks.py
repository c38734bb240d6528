"""The shapes of Gemini's answer on the wire, as far as they are read; what they mean is told in `stream`.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

from __future__ import annotations

from typing import Final

import msgspec

from peekd.vocabulary.events import Usage

_NOTHING: Final = msgspec.Raw()


class Call(msgspec.Struct, gc=False):
    """A function call; `args` are kept as the bytes that came."""

    name: str = ""
    id: str | None = None
    args: msgspec.Raw = _NOTHING


class Blob(msgspec.Struct, gc=False, rename="camel"):
    """Data inline, base64."""

    mime_type: str = ""
    data: str = ""


class Part(msgspec.Struct, gc=False, rename="camel"):
    """One part; a kind that is not here is told by its raw fields."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: Call | None = None
    inline_data: Blob | None = None


class Content(msgspec.Struct, gc=False):
    """A candidate's parts, still raw."""

    parts: list[msgspec.Raw] | None = None


class Page(msgspec.Struct, gc=False):
    """A page on the web."""

    uri: str = ""
    title: str = ""


class Found(msgspec.Struct, gc=False):
    """One thing that an answer rests on; what is no page on the web is not read."""

    web: Page | None = None


class Grounding(msgspec.Struct, gc=False, rename="camel"):
    """What an answer rests on: what was searched for and found."""

    web_search_queries: list[str] | None = None
    grounding_chunks: list[Found] | None = None


class Candidate(msgspec.Struct, gc=False, rename="camel"):
    """One answer; only the first is read."""

    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    grounding_metadata: Grounding | None = None


class Counts(msgspec.Struct, gc=False, rename="camel"):
    """Tokens so far: cumulative, thoughts apart from candidates."""

    prompt_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None


def usage_of(counts: Counts) -> Usage:
    """Give usage in our words: thoughts are counted apart from candidates upstream, and once here."""
    prompt, output = counts.prompt_token_count, counts.candidates_token_count
    if prompt is not None:
        prompt += counts.tool_use_prompt_token_count or 0
    if counts.thoughts_token_count is not None:
        output = (output or 0) + counts.thoughts_token_count
    return Usage(prompt, counts.cached_content_token_count, None, output, counts.thoughts_token_count)


class Feedback(msgspec.Struct, gc=False, rename="camel"):
    """Why a prompt was blocked."""

    block_reason: str | None = None


class _Words(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    text: str
    thought: bool | None = None


class _Said(msgspec.Struct, gc=False):
    parts: list[_Words]


class _Candidate(msgspec.Struct, gc=False, rename="camel"):
    content: _Said
    finish_reason: str | None = None
    grounding_metadata: msgspec.Raw = _NOTHING


class Plain(msgspec.Struct, gc=False, rename="camel"):
    """A chunk in the middle of an answer, of words or thoughts alone: nearly all are.

    It is read at once; whatever is not of its shape, or holds `more`, is read as a `Chunk`, part by part.
    """

    candidates: list[_Candidate]
    usage_metadata: Counts | None = None
    error: msgspec.Raw = _NOTHING
    response: msgspec.Raw = _NOTHING

    @property
    def more(self) -> bool:
        """Whether there is anything that only a `Chunk` tells."""
        if len(self.candidates) != 1 or self.error is not _NOTHING or self.response is not _NOTHING:
            return True
        candidate = self.candidates[0]
        return candidate.finish_reason is not None or candidate.grounding_metadata is not _NOTHING


class Chunk(msgspec.Struct, gc=False, rename="camel"):
    """A whole GenerateContentResponse, or an error in its place."""

    candidates: list[Candidate] | None = None
    prompt_feedback: Feedback | None = None
    usage_metadata: Counts | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: msgspec.Raw = _NOTHING
    response: Chunk | None = None
    """Some of Google's gateways put the answer into an envelope."""
