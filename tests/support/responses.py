"""A stream of a response's events as OpenAI's own types and its SDK's accumulator read it."""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from typing import Any

import msgspec
from openai import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFailedEvent,
    ResponseIncompleteEvent,
    ResponseStreamEvent,
)
from pydantic import TypeAdapter

from peekd.wire.sse import Splitter

EVENTS: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)
TERMINALS = {"response.completed", "response.incomplete", "response.failed"}


def told(stream: bytes) -> list[dict[str, Any]]:
    """Give the events of a stream as they stand on the wire; each must be named as its type."""
    frames = [frame for frame in Splitter().feed(stream) if frame.data]
    said = [msgspec.json.decode(frame.data, type=dict[str, Any]) for frame in frames]
    assert [frame.event for frame in frames] == [event["type"] for event in said]
    return said


def checked(stream: bytes) -> list[dict[str, Any]]:
    """Give the events after checking what holds for every stream.

    OpenAI's types read each; one id; numbers count up from 0; items, parts and deltas are begun before they
    go on and end once; at most one terminal, and nothing after it, whose output is what was done.
    """
    events = told(stream)
    for event in events:
        EVENTS.validate_python(event)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert len({event["response"]["id"] for event in events if "response" in event}) <= 1
    kinds = [event["type"] for event in events]
    assert kinds[:2] in ([], ["response.created", "response.in_progress"])
    assert not TERMINALS & set(kinds[:-1])
    _check_items(events)
    return events


def _check_items(events: list[dict[str, Any]]) -> None:
    added = [event for event in events if event["type"] == "response.output_item.added"]
    done = [event for event in events if event["type"] == "response.output_item.done"]
    assert [event["output_index"] for event in added] == list(range(len(added)))
    ids = {event["item"]["id"]: event["output_index"] for event in added}
    assert len(ids) == len(added)
    assert {(event["item"]["id"], event["output_index"]) for event in done} <= set(ids.items())
    assert max(Counter(event["output_index"] for event in done).values(), default=1) == 1
    assert {(e["item_id"], e["output_index"]) for e in events if "item_id" in e} <= set(ids.items())
    calls = [event["item"]["call_id"] for event in added if "call_id" in event["item"]]
    assert len(calls) == len(set(calls))
    if events and events[-1]["type"] in TERMINALS:
        whole = sorted(done, key=itemgetter("output_index"))
        assert events[-1]["response"]["output"] == [event["item"] for event in whole]


def accumulated(stream: bytes) -> Response:
    """Give what the SDK makes of a whole stream."""
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=omit, text_format=omit)
    events = [EVENTS.validate_python(event) for event in told(stream)]
    for event in events:
        state.handle_event(event)
    last = events[-1]
    assert isinstance(last, ResponseCompletedEvent | ResponseIncompleteEvent | ResponseFailedEvent)
    return last.response
