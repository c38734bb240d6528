"""A folded stream is the response of its last frame, to the letter."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.interface import Unfoldable
from peekd.protocols.openai_responses.collect import ResponsesCollector
from peekd.wire.sse import Splitter


def frame(kind: str, **said: object) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode({"type": kind, **said})


def folded(*frames: bytes) -> Any:
    collector = ResponsesCollector()
    for one in Splitter().feed(b"".join(frames)):
        collector.feed(one)
    return collector.result()


DELTA = frame("response.output_text.delta", delta="Hi")


@pytest.mark.parametrize("end", ["completed", "incomplete"])
def test_the_last_frames_response_goes_out_as_it_is(end: str) -> None:
    response = b'{ "id":"r", "new": 1e2, "output": [ {"type":"message"} ] }'
    last = b'data: {"type":"response.%b","response":%b}\n\n' % (end.encode(), response)
    assert folded(frame("response.created"), b": ping\n\n", DELTA, last, b"data: [DONE]\n\n") == response


@pytest.mark.parametrize("response", [{"id": "r", "output": []}, {"id": "r"}, {"id": "r", "output": None}])
def test_items_that_were_done_stand_in_for_an_output_that_is_empty(response: dict[str, Any]) -> None:
    done = [frame("response.output_item.done", output_index=n, item={"id": n}) for n in (1, 0)]
    body = msgspec.json.decode(folded(DELTA, *done, frame("response.completed", response=response)))
    assert body == {"id": "r", "output": [{"id": 0}, {"id": 1}]}


@pytest.mark.parametrize("at", [{"output_index": 0}, {}])
def test_items_without_a_place_of_their_own_are_all_there(at: dict[str, Any]) -> None:
    done = [frame("response.output_item.done", item={"id": name}, **at) for name in ("msg", "fc")]
    body = msgspec.json.decode(folded(DELTA, *done, frame("response.completed", response={"id": "r"})))
    assert body["output"] == [{"id": "msg"}, {"id": "fc"}]


def test_nothing_said_is_nothing_lost() -> None:
    assert folded(frame("response.completed", response={"output": []})) == b'{"output":[]}'
    assert folded(DELTA, frame("response.failed", response={"id": "r"})) == b'{"id":"r"}'


@pytest.mark.parametrize(
    "frames",
    [
        (b"data: no JSON\n\n",),
        (b"data: [1]\n\n",),
        (frame("response.completed"),),
        (frame("response.completed", response=7),),
        (frame("response.completed", response={"output": 7}),),
        (DELTA, frame("response.completed", response={"output": []})),
    ],
)
def test_what_would_be_lost_is_told(frames: tuple[bytes, ...]) -> None:
    with pytest.raises(Unfoldable):
        folded(*frames)
