"""HTTP/1.1 as bytes, from the caller's side: the only module that knows which parser is used. No IO."""

from __future__ import annotations

import httptools
import httpx
import msgspec

MAX_HEAD_BYTES = 65536  # a status line with all its headers; also one chunk's framing

Headers = list[tuple[bytes, bytes]]

# RFC 9110 section 5: a name is a token, a value holds no line end. RFC 9112 section 3: a target has no blank.
_IN_NAMES = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_IN_TARGETS = bytes(byte for byte in range(0x21, 0x100) if byte != 0x7F)  # noqa: PLR2004  DEL
_IN_VALUES = b"\t " + _IN_TARGETS

_BODYLESS = frozenset({204, 304})
_FINAL = 200


class AnswerHead(msgspec.Struct, frozen=True, gc=False):
    """Status line and headers of a final answer; names in lower case."""

    status: int
    reason: bytes
    version: bytes
    headers: Headers


class _Heard:
    """What llhttp calls back into: the answer that is being read, as far as it has come."""

    __slots__ = (
        "awaited",
        "begun",
        "extra",
        "headers",
        "on_body",
        "ours",
        "pieces",
        "reason",
        "status",
        "version",
        "whole",
        "wire",
    )

    def __init__(self) -> None:
        self.reason = b""
        self.headers: Headers = []
        self.pieces: list[bytes] = []
        self.on_body = self.pieces.append
        self.ours = 0
        """So many of the pieces are the answer's, where something `extra` came."""
        self.awaited = True
        """An answer is awaited; what comes while none is belongs to nobody."""
        self.begun = self.whole = self.extra = False
        """All its headers are here; its last byte is; something came that belongs to no answer."""
        self.status = 0
        self.version = b""
        self.wire: httptools.HttpResponseParser | None = None

    def on_message_begin(self) -> None:
        if self.awaited:
            self.reason, self.headers = b"", []
        else:
            self.note_extra()

    def on_status(self, reason: bytes) -> None:
        if self.awaited:
            self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.awaited:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        wire = self.wire
        if wire is not None and self.awaited and (status := wire.get_status_code()) >= _FINAL:
            self.begun, self.status, self.version = True, status, wire.get_http_version().encode()

    def note_extra(self) -> None:
        """Something comes that belongs to no answer; the one before it may not have been looked at yet."""
        if not self.extra:
            self.extra, self.ours = True, len(self.pieces)

    def on_message_complete(self) -> None:
        if self.begun and self.awaited:
            self.whole, self.awaited = True, False


def encode_fields(headers: Headers) -> bytes:
    """Write headers, each with its line's end. Raises httpx.LocalProtocolError."""
    names, values = [name for name, _ in headers], [value for _, value in headers]
    if (
        not all(names)
        or b"".join(names).translate(None, _IN_NAMES)
        or b"".join(values).translate(None, _IN_VALUES)
    ):
        raise _unsendable()
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def _unsendable() -> httpx.LocalProtocolError:
    return httpx.LocalProtocolError("a header or the path holds what HTTP/1.1 cannot carry")


class Parser:
    """One connection's worth of exchanges, one after another.

    Faults of the peer raise httpx.RemoteProtocolError; a request that must not be written so raises
    httpx.LocalProtocolError, which never repeats the offending text since that may be a secret.
    """

    __slots__ = (
        "_broken",
        "_ended",
        "_head",
        "_heard",
        "_open_ended",
        "_owed",
        "_reusable",
        "_unplaced",
        "_wire",
        "complete",
        "spent",
    )

    def __init__(self) -> None:
        self._heard = _Heard()
        self._heard.wire = self._wire = httptools.HttpResponseParser(self._heard)
        # Where a sender is sloppy and no one else reads the answer, nothing can be smuggled: a bare line feed
        # ends a line (RFC 9112 section 2.2), chunks go before a length (section 6.3).
        self._wire.set_dangerous_leniencies(
            lenient_chunked_length=True,
            lenient_optional_cr_before_lf=True,
            lenient_data_after_close=True,
        )
        self._broken: httpx.RemoteProtocolError | None = None
        self._ended = False
        self._head: AnswerHead | None = None
        self._open_ended = False
        self._reusable = True
        self._unplaced = 0
        self._owed = 0
        self.complete = False
        """The answer's last byte has been read."""
        self.spent = False
        """All that has been fed is given, and there is more to come: `read_body` could say nothing."""

    # ---- the request ----

    def encode_head(self, method: bytes, target: bytes, headers: Headers) -> bytes:
        """Begin a request with a body of the length that its headers tell."""
        if target.translate(None, _IN_TARGETS):
            raise _unsendable()
        fields = encode_fields(headers)
        lengths = [value for name, value in headers if name.lower() == b"content-length"]
        self.begin(int(lengths[0]) if lengths else 0)
        return b"%b %b HTTP/1.1\r\n%b\r\n" % (method, target, fields)

    def begin(self, size: int) -> None:
        """Begin a request whose head is encoded already, with a body of this size."""
        self._owed = size

    def encode_body(self, piece: bytes | memoryview) -> bytes:
        """Write some of the body."""
        self._owed -= len(piece)
        return bytes(piece)

    def encode_end(self) -> bytes:
        """End the request."""
        if self._owed:
            raise httpx.LocalProtocolError("the body's length is not the announced one")
        return b""

    # ---- the answer ----

    def feed(self, data: bytes) -> None:
        """Take what one read brought; b"" when the peer will send no more."""
        self._ended = not data
        self.spent = False
        if not data or self._broken is not None:
            return
        heard = self._heard
        before = len(heard.pieces)
        try:
            self._wire.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._broken = httpx.RemoteProtocolError("the upstream turns to another protocol, unasked")
        except httptools.HttpParserError as fault:
            self._fault(str(fault))
        if heard.whole or len(heard.pieces) > before:
            self._unplaced = 0
        else:
            self._count(len(data))

    def _fault(self, words: str) -> None:
        """After the last byte it is somebody else's noise; before, the answer is broken."""
        if self._heard.whole:
            self._heard.note_extra()
        else:
            self._broken = httpx.RemoteProtocolError(words)

    def _count(self, size: int) -> None:
        """Bytes that are neither a head nor a body yet are kept by the parser: not without end."""
        self._unplaced += size
        if self._unplaced > MAX_HEAD_BYTES and self._broken is None:
            self._broken = httpx.RemoteProtocolError("a head, or the framing of a chunk, has no end")

    def read_head(self) -> AnswerHead | None:
        """Give the final answer's head once it is whole; informational ones (1xx) are passed over."""
        heard = self._heard
        if not heard.begun:
            if self._broken is not None:
                raise self._broken
            return None
        if self._head is None:
            self._head = AnswerHead(heard.status, heard.reason, heard.version, heard.headers)
            self._note_framing(self._head)
        return self._head

    def _note_framing(self, head: AnswerHead) -> None:
        """RFC 9112 sections 6.3 and 9.3: how the body ends, and whether the connection outlives it."""
        told = dict(head.headers)
        framed = b"content-length" in told or b"transfer-encoding" in told or head.status in _BODYLESS
        options = told.get(b"connection", b"").lower()
        self._open_ended = not framed
        self._reusable = framed and b"close" not in options and (
            head.version == b"1.1" or b"keep-alive" in options
        )  # fmt: skip

    @property
    def has_body(self) -> bool:
        """Whether some of the body has been fed and not yet given."""
        return bool(self._heard.pieces)

    def read_body(self) -> bytes:
        """Give all the body that has been fed and not yet given; sets `complete` at the end.

        What came before a fault is given first, the fault is raised by the next call.
        """
        heard = self._heard
        pieces = heard.pieces
        if heard.extra:
            del pieces[heard.ours :]
            heard.ours = 0
        if pieces:
            data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            pieces.clear()
            self.complete = whole = heard.whole
            self.spent = not whole and self._broken is None
            return data
        self.complete = heard.whole or (self._ended and self._open_ended and self._broken is None)
        if not self.complete:
            if self._broken is not None:
                raise self._broken
            if self._ended:
                self._broken = httpx.RemoteProtocolError("the body is cut short")
                raise self._broken
        return b""

    # ---- between exchanges ----

    @property
    def has_leftover(self) -> bool:
        """Bytes have come that belong to no answer."""
        return self._heard.extra

    def recycle(self) -> bool:
        """Make ready for the next exchange; False where this connection must not carry another."""
        done = self._heard.whole and not self._heard.pieces and not self._owed
        if not done or self._ended or self.has_leftover or not self._reusable:
            return False
        heard = self._heard
        heard.begun = heard.whole = self.complete = self.spent = False
        heard.awaited = True
        self._head = None
        return True
