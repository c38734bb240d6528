"""Every answer becomes events that OpenAI's own types read: one id, numbers that count up, one end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from answers import SEAL, answering, carried
from hypothesis import given
from hypothesis import strategies as st
from responses import accumulated, checked

from peekd.protocols.halves import Halves
from peekd.protocols.interface import BadArguments
from peekd.protocols.openai_responses.collect import ResponsesCollector
from peekd.protocols.openai_responses.decode import ResponsesDecoder
from peekd.protocols.openai_responses.encode import ResponsesEncoder
from peekd.vocabulary.conversation import Conversation, Family, Tool
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Beat,
    Closed,
    Counted,
    DataInline,
    Event,
    Finished,
    Opened,
    OtherBlock,
    OtherDelta,
    RedactedBlock,
    SearchBlock,
    Searched,
    SignatureDelta,
    Source,
    Started,
    StopReason,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
    Usage,
)
from peekd.wire.sse import Splitter

_ROOT = Path(__file__).parents[2] / "transcripts"
PATHS = sorted(path for path in _ROOT.glob("*/*/events.json") if path.parts[-3] != "corpus")

TOOLS = (
    Tool("read"),
    Tool("patch", kind="freeform"),
    Tool("agents__spawn", namespace="agents"),
    Tool("tool_search", kind="tool_search"),
    Tool("local_shell", kind="local_shell"),
)
ASKED = Conversation("gpt-x", (), tools=TOOLS)
SORRY = Fault("overloaded", "Sorry.")


def encoder(*, thoughts: bool = True, shown: bool = True, family: Family = "gemini") -> ResponsesEncoder:
    told = answering("gpt-x", asked=ASKED, thoughts=thoughts, shown=shown, family=family)
    return ResponsesEncoder(told)


def encoded(*events: Event, thoughts: bool = True, shown: bool = True, family: Family = "gemini") -> bytes:
    opened = encoder(thoughts=thoughts, shown=shown, family=family)
    return b"".join(opened.feed(event) for event in Halves().feed(events)) + opened.close()


def output(stream: bytes) -> list[dict[str, Any]]:
    """The items of a whole answer."""
    return checked(stream)[-1]["response"]["output"]


def kinds(stream: bytes) -> list[str]:
    return [event["type"].removeprefix("response.") for event in checked(stream)]


def called(name: str, arguments: str, *, id_: str = "c1") -> list[Event]:
    return [
        Opened(0, ToolCallBlock(id_, name)),
        ArgumentsDelta(0, arguments[:3]),
        ArgumentsDelta(0, arguments[3:]),
        Closed(0),
        Finished("tool_use"),
    ]


def thought(signature: str = "", text: str = "Hmm") -> list[Event]:
    signed = [SignatureDelta(0, signature)] if signature else []
    return [Opened(0, ThinkingBlock()), ThinkingDelta(0, text), *signed, Closed(0)]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
def test_every_protocols_transcripts_are_told_in_events(path: Path) -> None:
    events = msgspec.json.decode(path.read_bytes(), type=list[Event])
    opened = encoder()
    stream = b""
    try:
        for event in Halves().feed(events):
            stream += opened.feed(event)
        stream += opened.close()
    except BadArguments:
        assert checked(stream + opened.fail(SORRY, "req_1"))[-1]["type"] == "response.failed"
        return
    said = checked(stream)
    well = any(isinstance(event, Finished) and event.reason != "malformed" for event in events)
    assert bool(said and said[-1]["type"] in {"response.completed", "response.incomplete"}) == well
    text = "".join(event["delta"] for event in said if event["type"] == "response.output_text.delta")
    assert text == "".join(event.text for event in events if isinstance(event, TextDelta))
    if well:
        assert accumulated(stream).output_text == text


@pytest.mark.parametrize(
    "path", sorted(_ROOT.glob("openai_responses/*/events.json")), ids=lambda p: p.parts[-2]
)
def test_what_is_encoded_is_decoded_to_the_same(path: Path) -> None:
    events = msgspec.json.decode(path.read_bytes(), type=list[Event])
    if not any(isinstance(event, Finished) for event in events):
        return
    decoder = ResponsesDecoder()
    frames = Splitter().feed(encoded(*events, family="openai"))
    again = [event for frame in frames for event in decoder.feed(frame)]
    for kind in (TextDelta, ThinkingDelta, Finished):
        assert [joined(e) for e in again if isinstance(e, kind)] == [
            joined(e) for e in events if isinstance(e, kind)
        ]
    calls, told = called_in(events), called_in(again)
    assert told == calls


def joined(event: Event) -> object:
    """What must come through of an event; the numbers of blocks may differ."""
    return event.reason if isinstance(event, Finished) else getattr(event, "text", "")


def called_in(events: list[Event]) -> list[str]:
    blocks = [event.block for event in events if isinstance(event, Opened)]
    return [block.name for block in blocks if isinstance(block, ToolCallBlock)]


def test_words_in_their_order() -> None:
    stream = encoded(Started(), Opened(0, TextBlock("H")), TextDelta(0, "i"), Closed(0), Finished("end"))
    assert kinds(stream) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    (item,) = output(stream)
    assert (item["id"], item["role"], item["content"][0]["text"]) == ("msg_2", "assistant", "Hi")


def test_thoughts_in_their_order_and_their_proof_at_the_end() -> None:
    stream = encoded(*thought("c2ln"), Finished("end"), family="anthropic")
    assert kinds(stream)[2:-1] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ]
    (item,) = output(stream)
    assert item["summary"] == [{"type": "summary_text", "text": "Hmm"}]
    assert item["encrypted_content"] == carried("thought", "c2ln", "anthropic", "Hmm")


def test_thoughts_that_nobody_proved_are_carried_for_their_own_sake() -> None:
    (item,) = output(encoded(*thought(), Finished("end")))
    assert item["encrypted_content"] == carried("thought", "", text="Hmm")


@pytest.mark.parametrize(("thoughts", "shown"), [(True, False), (False, True)])
def test_thoughts_that_are_not_shown_travel_in_their_proof_alone(*, thoughts: bool, shown: bool) -> None:
    (item,) = output(encoded(*thought("c2ln"), Finished("end"), thoughts=thoughts, shown=shown))
    assert item["summary"] == []
    assert item["encrypted_content"] == carried("thought", "c2ln", text="Hmm")


def test_thoughts_that_nobody_wants_nor_proved_leave_no_trace() -> None:
    assert output(encoded(*thought(), Finished("end"), thoughts=False)) == []


def test_openais_own_proofs_stay_bare() -> None:
    (item,) = output(encoded(*thought("gAAA"), Finished("end"), family="openai"))
    assert item["encrypted_content"] == "gAAA"
    (item,) = output(encoded(*thought(), Finished("end"), family="openai"))
    assert item["encrypted_content"] is None


def test_a_calls_proof_goes_with_the_thoughts_directly_before_it() -> None:
    call: list[Event] = [Opened(1, ToolCallBlock("c", "read", "c2ln")), Closed(1)]
    reasoning, item = output(encoded(*thought(), *call, Finished("end")))
    assert reasoning["encrypted_content"] == carried("call", "c2ln", text="Hmm")
    assert item["type"] == "function_call"


def test_a_calls_proof_without_thoughts_before_it_has_an_item_of_its_own() -> None:
    text: list[Event] = [Opened(1, TextBlock("Hi")), Closed(1)]
    call: list[Event] = [Opened(2, ToolCallBlock("c", "read", "c2ln")), Closed(2)]
    items = output(encoded(*thought(), *text, *call, Finished("end"), thoughts=False))
    assert [item["type"] for item in items] == ["message", "reasoning", "function_call"]
    assert (items[1]["summary"], items[1]["encrypted_content"]) == ([], carried("call", "c2ln"))


def test_a_proof_on_words_and_thoughts_that_are_redacted_have_items_of_their_own() -> None:
    stream = encoded(
        *[Opened(0, TextBlock("Hi")), Closed(0)],
        *[Opened(1, ThinkingBlock("", "dGV4dA")), Closed(1)],
        *[Opened(2, RedactedBlock("opaque")), Closed(2), Finished("end")],
    )
    assert [item.get("encrypted_content") for item in output(stream)] == [
        None,
        carried("text", "dGV4dA"),
        carried("redacted", "opaque"),
    ]


# ---- calls ---------------------------------------------------------------------------------------


def test_a_functions_arguments_are_told_as_they_come() -> None:
    stream = encoded(*called("read", '{"a":1}'))
    deltas = [event["delta"] for event in checked(stream) if event["type"].endswith("arguments.delta")]
    assert deltas == ['{"a', '":1}']
    (item,) = output(stream)
    assert (item["name"], item["call_id"], item["arguments"]) == ("read", "c1", '{"a":1}')
    assert "namespace" not in item


def test_a_tool_of_a_namespace_is_called_within_it() -> None:
    (item,) = output(encoded(*called("agents__spawn", "{}")))
    assert (item["name"], item["namespace"]) == ("spawn", "agents")


def test_a_tool_of_a_grammar_gets_its_input_bare() -> None:
    stream = encoded(*called("patch", '{"input":"*** Begin\\n"}'))
    assert kinds(stream)[2:-1] == [
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "output_item.done",
    ]
    (item,) = output(stream)
    assert (item["type"], item["input"], item["name"]) == ("custom_tool_call", "*** Begin\n", "patch")


def test_the_clients_search_for_tools_and_its_shell_get_objects() -> None:
    (item,) = output(encoded(*called("tool_search", '{"query":"x"}')))
    assert (item["type"], item["execution"], item["arguments"]) == (
        "tool_search_call",
        "client",
        {"query": "x"},
    )
    (item,) = output(encoded(*called("local_shell", '{"command":["ls"],"timeout_ms":5}')))
    assert item["type"] == "local_shell_call"
    assert item["action"] == {"type": "exec", "command": ["ls"], "timeout_ms": 5, "env": {}}


def test_no_arguments_are_an_object_and_a_tool_that_nobody_offered_is_a_function() -> None:
    (item,) = output(encoded(Opened(0, ToolCallBlock("", "new")), Closed(0), Finished("end")))
    assert (item["name"], item["arguments"], item["call_id"]) == ("new", "{}", "call_2")


BAD = [
    ("read", '{"a"'),
    ("read", "[1]"),
    ("patch", '{"text":"x"}'),
    ("patch", '{"input":1}'),
    ("tool_search", "[]"),
    ("local_shell", "{}"),
]


@pytest.mark.parametrize(("name", "arguments"), BAD)
def test_arguments_that_cannot_be_used_are_told_and_the_stream_goes_on_whole(
    name: str, arguments: str
) -> None:
    opened = encoder()
    begun = opened.feed(Opened(0, ToolCallBlock("c", name))) + opened.feed(ArgumentsDelta(0, arguments))
    with pytest.raises(BadArguments):
        opened.feed(Closed(0))
    said = checked(begun + opened.fail(SORRY, "req_1"))
    assert said[-1]["type"] == "response.failed"
    assert said[-1]["response"]["output"] == []  # half a call would be run


def test_parallel_calls_are_told_side_by_side_with_an_id_each() -> None:
    begun: list[Event] = [Opened(index, ToolCallBlock("same", "read")) for index in (0, 1)]
    pieces: list[Event] = [ArgumentsDelta(i, piece) for piece in ("{", "}") for i in (1, 0)]
    items = output(encoded(*begun, *pieces, Closed(1), Closed(0), Finished("tool_use")))
    assert [item["arguments"] for item in items] == ["{}", "{}"]
    assert [item["call_id"] for item in items] == ["same", "call_3"]


def test_a_search_is_told_with_what_it_looked_for_and_found() -> None:
    found = Searched(0, ("peekd", "peek"), (Source("https://a.example", "A"),))
    stream = encoded(Opened(0, SearchBlock()), found, Closed(0), Finished("end"))
    assert kinds(stream)[2:-1] == [
        "output_item.added",
        "web_search_call.in_progress",
        "web_search_call.searching",
        "web_search_call.completed",
        "output_item.done",
    ]
    (item,) = output(stream)
    assert item["action"] == {
        "type": "search",
        "query": "peekd",
        "queries": ["peekd", "peek"],
        "sources": [{"type": "url", "url": "https://a.example"}],
    }


# ---- ends ----------------------------------------------------------------------------------------

REASONS: list[tuple[StopReason, str, object]] = [
    ("end", "completed", None),
    ("tool_use", "completed", None),
    ("stop_sequence", "completed", None),
    ("pause", "completed", None),
    ("other", "completed", None),
    ("max_tokens", "incomplete", {"reason": "max_output_tokens"}),
    ("context_exceeded", "incomplete", {"reason": "max_output_tokens"}),
    ("refusal", "incomplete", {"reason": "content_filter"}),
]


@pytest.mark.parametrize(("reason", "status", "details"), REASONS)
def test_every_reason_has_its_end(reason: StopReason, status: str, details: object) -> None:
    last = checked(encoded(Started(), Finished(reason)))[-1]
    assert (last["type"], last["response"]["status"]) == (f"response.{status}", status)
    assert last["response"]["incomplete_details"] == details


def test_a_malformed_end_is_none() -> None:
    assert encoder().close() == b""
    assert kinds(encoded(Started(), Finished("malformed"))) == ["created", "in_progress"]


def test_usage_is_told_where_it_was_counted() -> None:
    counted = Counted(Usage(prompt=10, cached=4)), Counted(Usage(output=3, thoughts=2))
    last = checked(encoded(*counted, Finished("end")))[-1]["response"]
    assert last["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 13,
    }
    assert checked(encoded(Finished("end")))[-1]["response"]["usage"] is None


def test_what_cannot_be_said_is_named() -> None:
    opened = encoder()
    for event in (Opened(0, OtherBlock("mcp")), OtherDelta(0, "citation"), DataInline(1, "image/png", "AA")):
        assert b"response.output" not in opened.feed(event)
    assert opened.dropped == {"mcp", "citation", "image/png"}


def test_a_failure_goes_on_from_what_was_said() -> None:
    opened = encoder()
    begun = b"".join(opened.feed(e) for e in (*thought("c2ln"), Opened(1, TextBlock()), TextDelta(1, "Hi")))
    said = checked(begun + opened.fail(SORRY, "req_1"))
    assert said[-1]["response"]["error"] == {"code": "server_error", "message": "Sorry."}
    assert [item["type"] for item in said[-1]["response"]["output"]] == ["reasoning"]


def test_a_failure_before_anything_was_said_begins_first() -> None:
    assert kinds(encoder().fail(SORRY, "req_1")) == ["created", "in_progress", "failed"]


def test_a_call_that_cannot_be_closed_at_the_end_leaves_no_gap_before_the_error() -> None:
    opened = encoder()
    stream = opened.feed(Opened(0, TextBlock("Hi"))) + opened.feed(Opened(1, ToolCallBlock("", "patch")))
    stream += opened.feed(Finished("end"))
    with pytest.raises(BadArguments):
        opened.close()
    said = checked(stream + opened.fail(SORRY, "req_1"))
    assert [event["type"] for event in said][-2:] == ["response.output_item.done", "response.failed"]


# ---- any events ------------------------------------------------------------------------------------

WORDS = st.text(max_size=5)
BLOCKS = st.one_of(
    st.builds(TextBlock, WORDS),
    st.builds(ThinkingBlock, WORDS, st.sampled_from(["", "c2ln"])),
    st.builds(RedactedBlock, st.just("opaque")),
    st.builds(ToolCallBlock, st.sampled_from(["", "c1"]), st.sampled_from([*(t.name for t in TOOLS), "new"])),
    st.builds(ToolCallBlock, st.just("c2"), st.just("read"), st.just("c2ln")),
    st.builds(SearchBlock),
    st.builds(OtherBlock, st.just("future")),
)
ENDS = [Finished("end"), Finished("max_tokens"), None]
INDICES = st.integers(0, 3)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Opened, INDICES, BLOCKS),
    st.builds(Closed, INDICES),
    st.builds(TextDelta, INDICES, WORDS),
    st.builds(ThinkingDelta, INDICES, WORDS),
    st.builds(SignatureDelta, INDICES, st.just("c2ln")),
    st.builds(ArgumentsDelta, INDICES, st.sampled_from(['{"input":"x"}', '{"command":["ls"]}', "{", ""])),
    st.builds(Searched, INDICES, st.just(("q",))),
    st.builds(Counted, st.builds(Usage, prompt=st.none() | st.just(3))),
    st.builds(Started),
    st.builds(Beat),
)


@given(st.lists(EVENTS, max_size=25), st.sampled_from(ENDS))
def test_any_events_are_told_in_a_stream_that_can_be_read(events: list[Event], end: Finished | None) -> None:
    opened = encoder()
    stream = b""
    try:
        for event in events:
            stream += opened.feed(event)
        if end is not None:
            stream += opened.feed(end) + opened.close()
    except BadArguments:
        stream += opened.fail(SORRY, "req_1")
    else:
        stream += b"" if end is not None else opened.fail(SORRY, "req_1")
    said = checked(stream)
    collector = ResponsesCollector()
    for frame in Splitter().feed(stream):
        collector.feed(frame)
    assert json.loads(collector.result()) == said[-1]["response"]


def test_carriers_can_be_read_back() -> None:
    (item,) = output(encoded(*thought("c2ln"), Finished("end")))
    held = SEAL.unwrap(item["encrypted_content"])
    assert held is not None
    assert (held.family, held.proof, held.text) == ("gemini", "c2ln", "Hmm")
