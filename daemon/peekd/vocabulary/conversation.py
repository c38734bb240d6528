"""What a client asks, in words of no protocol: the hub for requests that are translated.

Verbatim requests never become a `Conversation`; of them only a `Head` is read.
The counterpart for answers is `events`.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

Schema = dict[str, Any]  # a JSON Schema, as the client wrote it

Family = Literal["", "anthropic", "gemini", "openai"]
"""Whose models made a thought signature, and alone can read it; "" where there is none."""


class Head(msgspec.Struct, frozen=True, gc=False):
    """The little that is read of every request: enough to plan it, never enough to rewrite it."""

    model: str
    stream: bool = False
    session: str | None = None
    """What ties this request to others of one conversation; None only where there is no text to go by."""
    guessed: bool = False
    """Whether `session` is a digest of the words: two clients that say the same have the same one."""
    max_tokens: int | None = None
    counted: bool = True
    """Whether the client takes frames that tell nothing but usage; else it gets none of them."""
    names: tuple[str, ...] = ()
    """Ids of what one account holds: a stored response, a file, a container, a cache."""
    proofs: tuple[str, ...] = ()
    """Digests of replayed thoughts that only the account they came from may be able to read."""


# ---- parts: a long history has thousands, none is ever part of a cycle, and so none is `gc` -----------


class Text(msgspec.Struct, frozen=True, gc=False, tag="text"):
    """Words. `signature`: a thought signature of this family that stood on this very part (Gemini)."""

    text: str
    signature: str = ""
    family: Family = ""


class Thinking(msgspec.Struct, frozen=True, gc=False, tag="thinking"):
    """Replayed thoughts with the signature that proves them to their makers' family."""

    text: str
    signature: str = ""
    family: Family = ""


class RedactedThinking(msgspec.Struct, frozen=True, gc=False, tag="redacted_thinking"):
    """Replayed thoughts that only their maker can read."""

    data: str
    family: Family = ""


class Media(msgspec.Struct, frozen=True, gc=False, tag="media"):
    """A picture or document: base64 `data`, or a `url`; exactly one of both is set."""

    media_type: str
    data: str = ""
    url: str = ""
    title: str = ""


class ToolCall(msgspec.Struct, frozen=True, gc=False, tag="tool_call"):
    """A call that the model made, replayed."""

    id: str
    name: str
    arguments: dict[str, Any]
    signature: str = ""
    family: Family = ""


class ToolResult(msgspec.Struct, frozen=True, gc=False, tag="tool_result"):
    """What the tool answered to call `id`."""

    id: str
    content: tuple[Text | Media, ...]
    is_error: bool = False


Part = Text | Thinking | RedactedThinking | Media | ToolCall | ToolResult

THOUGHTS: Final = (Thinking, RedactedThinking)
SIGNABLE: Final = (Text, Thinking, ToolCall)
"""Parts with a field `signature`. As tuples, since `isinstance` asks a union at several times the price."""


class Turn(msgspec.Struct, frozen=True, gc=False):
    """One message. Instructions in mid-conversation are turns of role "system"."""

    role: Literal["user", "assistant", "system"]
    parts: tuple[Part, ...]


# ---- the request --------------------------------------------------------------------------------


class Tool(msgspec.Struct, frozen=True):
    """A tool that the model may call; `parameters` is untouched JSON Schema.

    Every kind but "web_search", which the upstream runs itself, can be said as a function. "freeform": its
    call is text of a grammar, said as a function of one string `input`. "tool_search": the client looks up
    further tools. "local_shell": the client runs a command. `strict`: whether arguments must fit the schema,
    None where the client did not say. `namespace`: the group that it stands in; `name` then begins with it
    and two underscores. `options`: of a search, in `SearchOptions`' words.
    """

    name: str
    description: str = ""
    parameters: Schema = msgspec.field(default_factory=dict[str, Any])
    strict: bool | None = None
    kind: Literal["function", "freeform", "tool_search", "local_shell", "web_search"] = "function"
    namespace: str = ""
    options: SearchOptions | None = None


class SearchOptions(msgspec.Struct, frozen=True):
    """What a client asks of a search on the web: domains as bare names, `place` where it says that it is."""

    allowed_domains: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    most_uses: int | None = None
    place: dict[str, str] | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    """`mode` "one" means exactly the tool called `name`."""

    mode: Literal["auto", "any", "one", "none"]
    name: str = ""
    parallel: bool = True


class Thought(msgspec.Struct, frozen=True):
    """How much the model shall think. `budget` in tokens; `effort` is low, medium, high, xhigh or max."""

    mode: Literal["adaptive", "enabled", "disabled"]
    budget: int | None = None
    effort: str | None = None
    shown: bool = True
    """False: the client asked not to be shown thoughts (display omitted)."""


class Conversation(msgspec.Struct, frozen=True, gc=False):
    """A whole request. None means "the client did not say": an encoder then leaves the field out.

    It is never part of a cycle, as its parts are not.
    """

    model: str
    turns: tuple[Turn, ...]
    system: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    thought: Thought | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    output_schema: Schema | None = None
    """What JSON the answer shall be; an empty schema means any JSON object."""
    stream: bool = False
    dropped: tuple[str, ...] = ()
    """What the decoder met and the vocabulary cannot say, by JSON path; shown in the record."""
