"""Chunks of words alone, read together: nearly all of an answer that comes faster than one by one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import attrgetter
from typing import Annotated, Final

import msgspec

from peekd.protocols.gemini.chunks import Counts, usage_of
from peekd.protocols.runs import documents
from peekd.vocabulary.events import Run, Usage, merged

_BEFORE: Final = b"data: {"
_OPENING: Final = b"{"

_FIGURES: Final = tuple(
    map(
        attrgetter,
        (
            "prompt_token_count",
            "candidates_token_count",
            "thoughts_token_count",
            "cached_content_token_count",
        ),
    )
)


class _Words(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(min_length=1)]


class _Said(msgspec.Struct, gc=False):
    parts: tuple[_Words]


class _Candidate(msgspec.Struct, gc=False, rename="camel"):
    content: _Said
    finish_reason: None = None
    grounding_metadata: None = None


class _Chunk(msgspec.Struct, gc=False, rename="camel"):
    """A chunk in the middle of an answer, of one part that is words: stricter than `Plain`, and nothing more.

    Whatever may only be null is what makes a chunk another one.
    """

    candidates: tuple[_Candidate]
    usage_metadata: Counts | None = None
    error: None = None
    response: None = None


_chunks: Final = msgspec.json.Decoder(_Chunk)


def read_run(index: int, blocks: Sequence[bytes]) -> Run | None:
    """Give the words of the first of these frames, as many as go on with the block of text; None for none."""
    found = documents(blocks, _BEFORE, _OPENING, _chunks)
    if not found:
        return None
    texts = [chunk.candidates[0].content.parts[0].text for chunk in found]
    return Run(index, texts, _told([chunk.usage_metadata for chunk in found if chunk.usage_metadata]))


def _told(counts: Sequence[Counts]) -> Usage | None:
    """Lay figures over one another: the last ones are all where no others were told before."""
    if not counts:
        return None
    last = counts[-1]
    if all(figure(last) is not None or set(map(figure, counts)) == {None} for figure in _FIGURES):
        return usage_of(last)
    return reduce(merged, map(usage_of, counts))
