"""What an upstream's stream says, in words of no protocol: the hub between decoders and encoders.

A decoder turns each wire frame into zero or more of these; an encoder turns them into another protocol's
frames. On a verbatim path they are only looked at, and the frames themselves go on.
The counterpart for requests is `conversation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

StopReason = Literal[
    "end",  # the model was done: end_turn, stop, STOP, completed
    "tool_use",  # it waits for a tool's result
    "max_tokens",
    "stop_sequence",
    "pause",  # pause_turn: the caller is asked to send the turn back
    "refusal",  # refusal, content_filter, SAFETY and kin, a blocked prompt
    "context_exceeded",
    "malformed",  # MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, TOO_MANY_TOOL_CALLS
    "other",  # the upstream gives no reason that we can name
]


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Tokens as the upstream counted them; None is "not reported", never zero.

    `prompt` is the whole input, cached parts included; `output` is all that was generated, thoughts included.
    """

    prompt: int | None = None
    cached: int | None = None
    cache_written: int | None = None
    output: int | None = None
    thoughts: int | None = None


def merged(before: Usage, after: Usage) -> Usage:
    """Lay later cumulative figures over earlier ones; what is not reported stays.

    Field by field, since Gemini tells usage with every piece of its answer.

    >>> merged(Usage(prompt=7, output=1), Usage(output=5))
    Usage(prompt=7, cached=None, cache_written=None, output=5, thoughts=None)
    """
    return Usage(
        before.prompt if after.prompt is None else after.prompt,
        before.cached if after.cached is None else after.cached,
        before.cache_written if after.cache_written is None else after.cache_written,
        before.output if after.output is None else after.output,
        before.thoughts if after.thoughts is None else after.thoughts,
    )


# ---- blocks: what a piece of the answer is, told when it opens -----------------------------------


class TextBlock(msgspec.Struct, frozen=True, gc=False, tag="text"):
    """Words for the user. `text` is what already stood in the opening frame, mostly nothing."""

    text: str = ""


class ThinkingBlock(msgspec.Struct, frozen=True, gc=False, tag="thinking"):
    """The model's thoughts, as far as they are shown. `signature` may come here or as a delta."""

    text: str = ""
    signature: str = ""


class RedactedBlock(msgspec.Struct, frozen=True, gc=False, tag="redacted"):
    """Thoughts that only their maker can read."""

    data: str = ""


class ToolCallBlock(msgspec.Struct, frozen=True, gc=False, tag="tool_call"):
    """A tool call's start; its arguments follow as text deltas that join to one JSON object.

    `signature` is a thought signature that belongs to the call itself (Gemini).
    """

    id: str
    name: str
    signature: str = ""


class OtherBlock(msgspec.Struct, frozen=True, gc=False, tag="other"):
    """A kind that we have no word for (a server tool's call or result, something new). Meaningful by rule."""

    kind: str


class SearchBlock(msgspec.Struct, frozen=True, gc=False, tag="search"):
    """A search on the web that the upstream runs itself; what it looked for and found may follow.

    Meaningful by rule, as all that a server's tool does.
    """

    id: str = ""


Block = TextBlock | ThinkingBlock | RedactedBlock | ToolCallBlock | SearchBlock | OtherBlock


class Source(msgspec.Struct, frozen=True, gc=False):
    """A page that a search found."""

    url: str
    title: str = ""


# ---- events -------------------------------------------------------------------------------------


class Said(msgspec.Struct, frozen=True, gc=False, tag_field="event"):
    """What every event is."""


class Started(Said, frozen=True, gc=False, tag="started"):
    """The upstream began an answer (message_start, the role chunk, the first chunk of any kind)."""

    id: str = ""
    model: str = ""


class Beat(Said, frozen=True, gc=False, tag="beat"):
    """A ping, a comment, an empty frame: the upstream lives and says nothing."""


class Opened(Said, frozen=True, gc=False, tag="opened"):
    """Block number `index` begins; numbers count up from 0 within one answer."""

    index: int
    block: Block


class TextDelta(Said, frozen=True, gc=False, tag="text_delta"):
    """More words of a text block."""

    index: int
    text: str


class ThinkingDelta(Said, frozen=True, gc=False, tag="thinking_delta"):
    """More words of a thinking block."""

    index: int
    text: str


class SignatureDelta(Said, frozen=True, gc=False, tag="signature_delta"):
    """The signature of a thinking block, whole."""

    index: int
    signature: str


class ArgumentsDelta(Said, frozen=True, gc=False, tag="arguments_delta"):
    """More of a tool call's arguments: a piece of JSON text."""

    index: int
    fragment: str


class DataInline(Said, frozen=True, gc=False, tag="data_inline"):
    """A picture or file inside the answer, base64."""

    index: int
    media_type: str
    data: str


class Searched(Said, frozen=True, gc=False, tag="searched"):
    """What a search looked for and the pages it found; each told once, whole."""

    index: int
    queries: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()


class OtherDelta(Said, frozen=True, gc=False, tag="other_delta"):
    """A delta of a kind that we have no word for (citations, something new)."""

    index: int
    kind: str


class Closed(Said, frozen=True, gc=False, tag="closed"):
    """Block number `index` is whole. `half`: a call that the model was stopped in, and is not."""

    index: int
    half: bool = False


class Counted(Said, frozen=True, gc=False, tag="counted"):
    """Usage so far: cumulative, a later one replaces field by field where it is not None."""

    usage: Usage


class Finished(Said, frozen=True, gc=False, tag="finished"):
    """The terminal: why the model stopped. `native` and `message` are the upstream's own words for it."""

    reason: StopReason
    native: str = ""
    stop_sequence: str | None = None
    message: str = ""


class Ended(Said, frozen=True, gc=False, tag="ended"):
    """The last frame of the protocol came (message_stop, [DONE]); nothing may follow."""


class Kept(Said, frozen=True, gc=False, tag="kept"):
    """The account that answers now holds something that a later request may name or replay, by this id."""

    id: str


class Erred(Said, frozen=True, gc=False, tag="erred"):
    """An error object inside the stream. `kind` is one of `refusals.RefusalKind`."""

    kind: str
    message: str
    type: str = ""
    retry_after: float | None = None


class Unknown(Said, frozen=True, gc=False, tag="unknown"):
    """A frame of a kind that we have no word for. Idle by rule, and passed on verbatim."""

    kind: str


# ---- many at once --------------------------------------------------------------------------------


class Run(msgspec.Struct, frozen=True, gc=False):
    """What many frames say together: more words of one text block, and nothing else but usage.

    `texts`: of each frame, in order, none of them empty: as many `TextDelta`. `usage`: what the frames told,
    laid over one another; None where they told none.
    """

    index: int
    texts: Sequence[str]
    usage: Usage | None = None


Event = (
    Started
    | Beat
    | Opened
    | TextDelta
    | ThinkingDelta
    | SignatureDelta
    | ArgumentsDelta
    | DataInline
    | Searched
    | OtherDelta
    | Closed
    | Counted
    | Finished
    | Ended
    | Kept
    | Erred
    | Unknown
)
