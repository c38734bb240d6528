"""The beginning of an answer at the end of a request, and the frames by which it goes on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.anthropic.continuing import CONTINUES
from peekd.protocols.anthropic.splice import splice_request
from peekd.protocols.interface import Splices


def spliced(messages: object, begun: str = "One") -> Any:
    body = msgspec.json.encode({"model": "m", "messages": messages, "stream": True})
    call = splice_request(body, "/v1/messages", Splices(begun=begun))
    assert ("the answer's beginning" in call.spliced) == (call.body != body)
    return msgspec.json.decode(call.body)["messages"]


USER = {"role": "user", "content": "Count."}


@pytest.mark.parametrize(
    ("last", "content"),
    [
        (None, "One"),
        ("Zero", [{"type": "text", "text": "Zero"}, {"type": "text", "text": "One"}]),
        (
            [{"type": "text", "text": "Zero"}],
            [{"type": "text", "text": "Zero"}, {"type": "text", "text": "One"}],
        ),
        ([], [{"type": "text", "text": "One"}]),
    ],
)
def test_the_words_stand_last_as_the_assistants(last: object, content: object) -> None:
    messages = [USER] if last is None else [USER, {"role": "assistant", "content": last}]
    assert spliced(messages) == [USER, {"role": "assistant", "content": content}]


def test_without_words_or_messages_nothing_changes() -> None:
    assert spliced([USER], begun="") == [USER]
    assert spliced([]) == []
    assert spliced([USER, {"role": "assistant"}]) == [USER, {"role": "assistant"}]


def test_frames_go_on_in_the_first_block() -> None:
    more, stop = CONTINUES.encode_more("é"), CONTINUES.encode_stop()
    assert more.startswith(b"event: content_block_delta\ndata: ")
    assert more.endswith(b"\n\n")
    assert msgspec.json.decode(more.split(b"data: ")[1]) == {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "é"},
    }
    assert msgspec.json.decode(stop.split(b"data: ")[1]) == {"type": "content_block_stop", "index": 0}
