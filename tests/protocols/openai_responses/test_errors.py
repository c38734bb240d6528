"""The error that ends a begun stream goes on from what the client has seen of it."""

from __future__ import annotations

import msgspec
import pytest
from responses import checked, told

from peekd.protocols.openai_responses.errors import ResponsesFollowing, failed_id, shows_error
from peekd.protocols.openai_responses.response import Stream, bare
from peekd.vocabulary.errors import Fault
from peekd.wire.sse import Frame, Splitter

SORRY = Fault("overloaded", "Sorry.")


def followed(stream: bytes) -> ResponsesFollowing:
    following = ResponsesFollowing("asked", 7)
    for frame in Splitter().feed(stream):
        following.see(frame)
    return following


def test_id_and_count_go_on() -> None:
    theirs = Stream("resp_theirs", 5, bare("gpt-x"))
    begun = (
        theirs.begin()
        + b": ping\n\n"
        + theirs.frame(
            "response.output_text.delta",
            item_id="msg_1",
            output_index=0,
            content_index=0,
            delta="Hi",
            logprobs=[],
        )
    )
    said = told(begun + followed(begun).fail(SORRY, "req_1"))
    assert [event["sequence_number"] for event in said] == [0, 1, 2, 3]
    last = said[-1]["response"]
    assert (last["id"], last["created_at"], last["model"]) == ("resp_theirs", 5, "gpt-x")
    assert last["error"] == {"code": "server_error", "message": "Sorry."}


def test_items_that_were_whole_stay_in_the_failed_response() -> None:
    theirs = Stream("resp_theirs", 5, bare("gpt-x"))
    done = [
        theirs.frame("response.output_item.done", output_index=n, item={"id": f"msg_{n}"}) for n in (1, 0)
    ]
    begun = theirs.begin() + b"".join(done) + theirs.frame("response.output_item.done", output_index=2)
    (failed,) = told(followed(begun).fail(SORRY, "req_1"))
    assert failed["response"]["output"] == [{"id": "msg_0"}, {"id": "msg_1"}]


def test_a_stream_that_never_began_begins_and_fails() -> None:
    said = checked(followed(b": ping\n\n").fail(SORRY, "req_1"))
    assert [event["type"] for event in said] == [
        "response.created",
        "response.in_progress",
        "response.failed",
    ]
    last = said[-1]["response"]
    assert (last["id"], last["created_at"], last["model"]) == (failed_id("req_1"), 7, "asked")


@pytest.mark.parametrize("odd", [b"data: not JSON\n\n", b'data: {"type":7}\n\n', b'data: {"type":"x"}\n\n'])
def test_what_cannot_be_read_is_no_reason_not_to_end(odd: bytes) -> None:
    theirs = Stream("resp_theirs", 5, bare("gpt-x"))
    failed = told(followed(theirs.begin() + odd).fail(SORRY, "req_1"))
    assert [event["response"]["id"] for event in failed] == ["resp_theirs"]


def test_clients_see_a_failed_response_alone_whatever_its_frame_is_named() -> None:
    data = msgspec.json.encode({"type": "response.failed", "response": {"id": "x"}})
    assert shows_error(Frame(b"", data=data))
    assert shows_error(Frame(b"", event="response.failed", data=data))
    for other in (b'{"type":"error","message":"response.failed"}', b"response.failed", b""):
        assert not shows_error(Frame(b"", event="error", data=other))
