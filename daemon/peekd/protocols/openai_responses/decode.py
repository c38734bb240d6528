"""Frames of a Responses stream as events of the vocabulary; tolerant of compatible servers.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Final

from peekd.protocols.openai.frames import DONE, is_whole
from peekd.protocols.openai.refusals import decode_error
from peekd.protocols.openai_responses.pieces import PIECES
from peekd.protocols.openai_responses.rows import Rows
from peekd.protocols.openai_responses.shapes import Response, Said, read_frame
from peekd.vocabulary.events import (
    Beat,
    Counted,
    Ended,
    Erred,
    Event,
    Finished,
    Kept,
    Run,
    Started,
    StopReason,
    Unknown,
    Usage,
)
from peekd.wire.sse import Frame

_INCOMPLETE: Final[dict[str, StopReason]] = {
    "max_output_tokens": "max_tokens",
    "content_filter": "refusal",
}
"""Any other word is a limit as well: the model was stopped."""

_ABSENT: Final = (b"", b"null")

Events = Iterator[Event]


class ResponsesDecoder:
    """One answer's frames -> events.

    Total: an unreadable frame is `Erred`, unless it is the unfinished rest of a body that was cut short.
    The terminal is the last frame, so `Finished` and `Ended` come together.
    """

    def __init__(self) -> None:
        self._rows = Rows(count().__next__)
        self._started = False
        self._ended = False
        self._kept = False

    def feed(self, frame: Frame) -> list[Event]:
        """Read one frame; a frame without anything in it is a `Beat`."""
        data = frame.data.strip()
        if not data:
            return [Beat()]
        if data == DONE:
            return [Beat() if self._ended else Ended()]
        try:
            said = read_frame(data, KNOWN)
        except (ValueError, RecursionError) as fault:
            if not is_whole(frame.raw):
                return [Beat()]
            return [Erred("server_error", f"the upstream sent what cannot be read: {fault}", "undecodable")]
        return [*self._read(said, frame.event, data)] or [Beat()]

    def run(self, blocks: Sequence[bytes]) -> Run | None:
        """Read each frame for itself."""
        return None

    def close(self) -> list[Event]:
        """Give nothing: what is missing was not said."""
        return []

    def _read(self, said: Said, event: str, data: bytes) -> Events:
        failed = bytes(said.error) not in _ABSENT
        said.type = said.type or event
        read, tell = _READERS.get(said.type), PIECES.get(said.type)
        if self._ended:
            yield Unknown(f"{said.type} after the end")
        elif said.type == "error" or (failed and read is tell is None):
            yield _erred(bytes(said.error) if failed else data)
        elif read is not None:
            yield from self._start(said.response)
            yield from read(self, said)
        elif tell is not None:
            yield from self._start(None)
            yield from tell(self._rows, said)
        else:
            yield Unknown(said.type)

    # ---- the response ---------------------------------------------------------------------------

    def _start(self, response: Response | None) -> Events:
        if self._started:
            return
        self._started = True
        told = response or Response()
        yield Started(told.id or "", told.model or "")
        yield from self._keep(told)

    def _keep(self, response: Response) -> Events:
        """Tell once that the account holds the response, unless it was not to be stored."""
        if response.id and response.store is not False and not self._kept:
            self._kept = True
            yield Kept(response.id)

    def nothing(self, _said: Said) -> Events:
        """Tell nothing: the frame only says that the upstream lives."""
        return iter(())

    def terminal(self, said: Said) -> Events:
        """Read the end; a status that says otherwise than the frame is the response's own and right."""
        response = said.response or Response()
        meant = f"response.{response.status}"
        kind = meant if meant in _TERMINALS else said.type
        if kind == "response.failed":
            error = bytes(response.error)
            yield _erred(error if error not in _ABSENT else b'{"message":"the response failed"}')
            return
        yield from self._keep(response)
        yield from self._rows.finish(response.output or [], cut=kind == "response.incomplete")
        if response.usage is not None and response.usage.usage != Usage():
            yield Counted(response.usage.usage)
        yield self._finished(kind, response)
        self._ended = True
        yield Ended()

    def _finished(self, kind: str, response: Response) -> Finished:
        if kind == "response.incomplete":
            details = response.incomplete_details
            native = (details.reason if details is not None else None) or "incomplete"
            return Finished(_INCOMPLETE.get(native, "max_tokens"), native)
        return Finished("tool_use" if self._rows.calls else "end", "completed")

    # ---- items ----------------------------------------------------------------------------------

    def item_added(self, said: Said) -> Events:
        """Open an item."""
        if said.item is not None:
            yield from self._rows.open(said.output_index, said.item)

    def item_done(self, said: Said) -> Events:
        """End an item."""
        if said.item is not None:
            yield from self._rows.end(said.output_index, said.item)


def _erred(error: bytes) -> Erred:
    refusal = decode_error(error)
    return Erred(refusal.kind, refusal.message, refusal.type, refusal.retry_after)


_READERS: Final[dict[str, Callable[[ResponsesDecoder, Said], Events]]] = {
    "response.created": ResponsesDecoder.nothing,
    "response.queued": ResponsesDecoder.nothing,
    "response.in_progress": ResponsesDecoder.nothing,
    "response.completed": ResponsesDecoder.terminal,
    "response.incomplete": ResponsesDecoder.terminal,
    "response.failed": ResponsesDecoder.terminal,
    "response.output_item.added": ResponsesDecoder.item_added,
    "response.output_item.done": ResponsesDecoder.item_done,
    "error": ResponsesDecoder.nothing,
}

KNOWN: Final = frozenset((*_READERS, *PIECES))
_TERMINALS: Final = {"response.completed", "response.incomplete", "response.failed"}
