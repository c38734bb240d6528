"""How a begun stream is ended by us: with `response.failed` or at a call, with the id and count that it has.

Before the stream it is as everywhere at OpenAI (`openai.errors`). An `error` event would not do: Codex does
not read it, and takes the end after it for a lost connection.
"""

from __future__ import annotations

from typing import Final

import msgspec

from peekd.protocols.following import named_in
from peekd.protocols.openai_responses.done import Done
from peekd.protocols.openai_responses.response import Stream, bare
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import Usage
from peekd.wire.sse import Frame

FAILED: Final = "response.failed"

_DONE: Final = b'"response.output_item.done"'


class _Response(msgspec.Struct, gc=False):
    id: str = ""
    model: str = ""
    created_at: float | None = None


class _Said(msgspec.Struct, gc=False):
    type: str = ""
    sequence_number: int = -1
    response: _Response | None = None
    output_index: int | None = None
    item: msgspec.Raw = msgspec.Raw(b"")


_frames: Final = msgspec.json.Decoder(_Said)


class ResponsesFollowing:
    """Notes the response's id, which the first frames name, the items that are whole, and the last number."""

    def __init__(self, model: str, created: int) -> None:
        self._model = model
        self._created = created
        self._response = _Response()
        self._first = b""
        self._last = b""
        self._done = Done()

    def see(self, frame: Frame) -> None:
        """Note a frame; only the last one's number is looked up, and only when it is asked for."""
        if not frame.data:
            return
        self._last = frame.data
        if _DONE in frame.data:
            said = _read(frame.data)
            self._done.add(said.output_index, said.item)
        elif not self._response.id:
            self._response = _read(frame.data).response or self._response
            self._first = frame.data

    def end_at_call(self, usage: Usage | None) -> bytes:
        """Give `response.completed`: the response as it began, with the items that are whole."""
        known, number = self._response, _read(self._last).sequence_number + 1
        created = 0 if known.created_at is None else int(known.created_at)
        stream = Stream(known.id, created, _begun(self._first), number=number)
        return stream.end(self._done.items, usage, None)

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """Give `response.failed`, and before it a beginning where the stream had none."""
        before = _read(self._last).sequence_number + 1
        known = self._response
        created = self._created if known.created_at is None else int(known.created_at)
        stream = Stream(
            known.id or failed_id(request_id), created, bare(known.model or self._model), number=before
        )
        return (b"" if known.id else stream.begin()) + stream.fail(self._done.items, fault)


def failed_id(request_id: str) -> str:
    """Give the id of a response that never began: it is made of the request's.

    >>> failed_id("req_1")
    'resp_req_1'
    """
    return f"resp_{request_id}"


def shows_error(frame: Frame) -> bool:
    """Tell whether clients take a frame for an error: by its type alone, named event or not."""
    return FAILED.encode() in frame.data and _read(frame.data).type == FAILED


def _begun(data: bytes) -> dict[str, msgspec.Raw]:
    """Give all that the first frame said of the response."""
    said = named_in(data, ("response",)).get("response", b"{}")
    try:
        return msgspec.json.decode(said, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):
        return {}


def _read(data: bytes) -> _Said:
    try:
        return _frames.decode(data)
    except (ValueError, RecursionError):
        return _Said()  # another server's own shape; it goes out all the same
