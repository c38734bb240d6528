"""What can be said at all: any legal answer as events, and any request as a conversation."""

from __future__ import annotations

import json
from typing import Any, get_args

from hypothesis import strategies as st

from peekd.vocabulary import conversation as c
from peekd.vocabulary import events as e

WORDS = st.text(max_size=12) | st.sampled_from(["", "a\nb", "\r\n\r\n", "data: x", "\u2028", "\\", "日本🎉"])
NAMES = WORDS.filter(bool)
"""No API has calls without a name, and no client could run one."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(WORDS, JSON, max_size=3)

# ---- answers ---------------------------------------------------------------------------------------

_FIGURES = st.none() | st.integers(0, 10**7)
_COUNTED = st.builds(e.Counted, st.builds(e.Usage, _FIGURES, _FIGURES, _FIGURES, _FIGURES, _FIGURES))
_SAYS_NOTHING = st.one_of(st.just(e.Beat()), st.builds(e.Unknown, WORDS), _COUNTED)
_KINDS = ("text", "thinking", "redacted", "call", "data", "other")


@st.composite
def _block(draw: st.DrawFn, index: int) -> list[e.Event]:
    """One block from its opening to its end, in pieces of any size."""
    match draw(st.sampled_from(_KINDS)):
        case "text":
            block: e.Block = e.TextBlock(draw(WORDS))
            inside: list[e.Event] = [e.TextDelta(index, text) for text in draw(st.lists(WORDS, max_size=3))]
        case "thinking":
            block = e.ThinkingBlock(draw(WORDS), draw(st.sampled_from(["", "", "proof"])))
            inside = [e.ThinkingDelta(index, text) for text in draw(st.lists(WORDS, max_size=3))]
            inside += draw(st.sampled_from([[], [e.SignatureDelta(index, "a proof")]]))
        case "redacted":
            block, inside = e.RedactedBlock(draw(WORDS)), []
        case "call":
            identity, name, signature = draw(st.tuples(WORDS, NAMES, st.sampled_from(["", "proof"])))
            block = e.ToolCallBlock(identity, name, signature)
            inside = [e.ArgumentsDelta(index, piece) for piece in draw(_arguments())]
        case "data":
            block, inside = e.OtherBlock("inlineData"), [e.DataInline(index, "image/png", "AAAA")]
        case _:
            block, inside = e.OtherBlock(draw(WORDS)), [e.OtherDelta(index, draw(WORDS))]
    return [e.Opened(index, block), *inside, e.Closed(index)]


@st.composite
def _arguments(draw: st.DrawFn) -> list[str]:
    """A JSON object on one line or many, in pieces; or nothing, which is as good as {}."""
    text = json.dumps(
        draw(OBJECTS), indent=draw(st.sampled_from([None, 2])), ensure_ascii=draw(st.booleans())
    )
    text = draw(st.sampled_from([text, text, "", " \n"]))
    at = draw(st.integers(0, len(text)))
    return [text[:at], text[at:]]


@st.composite
def answers(draw: st.DrawFn) -> list[e.Event]:
    """A whole answer: a start, blocks one by one with frames between that say nothing, and a terminal."""
    said: list[e.Event] = [e.Started(draw(WORDS), draw(WORDS))]
    for index in range(draw(st.integers(0, 4))):
        said += [
            event
            for one in draw(_block(index))
            for event in (*draw(st.lists(_SAYS_NOTHING, max_size=1)), one)
        ]
    reason = draw(st.sampled_from([reason for reason in get_args(e.StopReason) if reason != "malformed"]))
    said += [draw(_COUNTED), e.Finished(reason, draw(WORDS), draw(st.none() | WORDS))]
    return [*said, *draw(st.sampled_from([[], [e.Ended()]]))]


def words_of(said: list[e.Event]) -> str:
    """The words of an answer."""
    told = ""
    for event in said:
        match event:
            case e.TextDelta(text=text) | e.Opened(block=e.TextBlock(text=text)):
                told += text
            case _:
                pass
    return told


def calls_of(said: list[e.Event]) -> list[tuple[str, Any]]:
    """Name and arguments of each call of an answer, in order."""
    names: dict[int, str] = {}
    pieces: dict[int, str] = {}
    for event in said:
        match event:
            case e.Opened(index=index, block=e.ToolCallBlock(name=name)):
                names[index], pieces[index] = name, ""
            case e.ArgumentsDelta(index=index, fragment=fragment) if index in pieces:
                pieces[index] += fragment
            case _:
                pass
    return [(name, json.loads(pieces[index].strip() or "{}")) for index, name in names.items()]


# ---- requests --------------------------------------------------------------------------------------

_FAMILIES = st.sampled_from(get_args(c.Family))
_TEXTS = st.builds(c.Text, WORDS, st.sampled_from(["", "proof"]), _FAMILIES)
_MEDIA = st.builds(
    c.Media,
    st.sampled_from(["image/png", "application/pdf", "text/plain", "audio/wav", "", "no type"]),
    data=st.sampled_from(["", "AAAA", "not base64"]),
    url=st.sampled_from(["", "https://example.com/a", "file:///a"]),
    title=WORDS,
)
_CONTENT = st.lists(_TEXTS | _MEDIA, max_size=3).map(tuple)
_PARTS = st.one_of(
    _TEXTS,
    st.builds(c.Thinking, WORDS, WORDS, _FAMILIES),
    st.builds(c.RedactedThinking, WORDS, _FAMILIES),
    _MEDIA,
    st.builds(c.ToolCall, WORDS, WORDS, OBJECTS, st.sampled_from(["", "proof"]), _FAMILIES),
    st.builds(c.ToolResult, WORDS, _CONTENT, st.booleans()),
)
_TURNS = st.builds(
    c.Turn, st.sampled_from(["user", "assistant", "system"]), st.lists(_PARTS, max_size=4).map(tuple)
)
_NUMBERS = st.none() | st.floats(-1e3, 1e3) | st.sampled_from([0.0, 1.0, 2.0, 1e308])
_WHOLE = st.none() | st.sampled_from([-1, 0, 1, 2048, 2**40])
_TOOLS = st.builds(
    c.Tool,
    WORDS,
    WORDS,
    OBJECTS,
    st.sampled_from([None, True, False]),
    st.sampled_from(["function", "freeform", "tool_search", "web_search"]),
    WORDS,
)
CONVERSATIONS = st.builds(
    c.Conversation,
    model=WORDS,
    turns=st.lists(_TURNS, max_size=4).map(tuple),
    system=st.lists(WORDS, max_size=2).map(tuple),
    tools=st.lists(_TOOLS, max_size=3).map(tuple),
    tool_choice=st.none()
    | st.builds(c.ToolChoice, st.sampled_from(["auto", "any", "one", "none"]), WORDS, st.booleans()),
    thought=st.none()
    | st.builds(
        c.Thought,
        st.sampled_from(["adaptive", "enabled", "disabled"]),
        _WHOLE,
        st.sampled_from([None, "low", "max", "unheard of"]),
        st.booleans(),
    ),
    max_tokens=_WHOLE,
    temperature=_NUMBERS,
    top_p=_NUMBERS,
    top_k=_WHOLE,
    stop=st.lists(WORDS, max_size=6).map(tuple),
    output_schema=st.none() | OBJECTS,
    stream=st.booleans(),
)
