"""Undoes an answer's content-encoding, piece by piece. None was asked for; some compress anyway. No IO."""

from __future__ import annotations

import zlib
from typing import Protocol

import httpx

WRAPPING_BYTES = 2  # from them on it shows whether the data is wrapped at all
MAX_PIECE = 1 << 20  # given at once, however much a small input would grow to


class Decompressor(Protocol):
    """What zlib.decompressobj gives."""

    @property
    def eof(self) -> bool:
        """The compressed data is whole."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What came after its end."""
        ...

    @property
    def unconsumed_tail(self) -> bytes:
        """What is left of the input, since the output was full."""
        ...

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes:
        """Give at most `max_length` bytes."""
        ...


class Inflater:
    """gzip or deflate, as the input comes: `feed`, then `take` until it gives nothing."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._gzip = encoding != "deflate"
        self._stream = self._fresh()
        self._input = b""
        self._untouched = True

    def _fresh(self) -> Decompressor:
        return zlib.decompressobj(zlib.MAX_WBITS | (16 if self._gzip else 0))

    def feed(self, data: bytes) -> None:
        """Add compressed bytes."""
        self._input += data

    def take(self) -> bytes:
        """Give at most 1 MiB; b"" when more input is needed. Raises httpx.DecodingError."""
        if self._untouched and len(self._input) < WRAPPING_BYTES:
            return b""
        while self._input:
            piece = self._decompress(self._input)
            self._untouched = False
            self._input = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            if self._stream.eof and self._input and self._gzip:
                self._stream = self._fresh()  # a gzip body may have several members (RFC 1952 §2.2)
            elif self._stream.eof:
                self._input = b""
            if piece:
                return piece
        return self._stream.decompress(b"", MAX_PIECE) if not self._stream.eof else b""

    def _decompress(self, data: bytes) -> bytes:
        try:
            return self._stream.decompress(data, MAX_PIECE)
        except zlib.error as fault:
            if self._gzip or not self._untouched:
                raise httpx.DecodingError(f"the body is not {self._encoding}: {fault}") from fault
        # "deflate" is zlib's format (RFC 9110 §8.4.1.2), yet some servers send the naked one.
        self._untouched = False
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        return self._decompress(data)

    def close(self) -> None:
        """The body ended. Raises httpx.DecodingError where the compressed data did not."""
        if not self._stream.eof:
            raise httpx.DecodingError("the compressed body is cut short")


def open_decoder(encoding: str) -> Inflater | None:
    """Choose by the content-encoding header; None where nothing is to undo. Raises httpx.DecodingError."""
    names = [name for name in encoding.lower().replace(" ", "").split(",") if name and name != "identity"]
    if not names:
        return None
    if names[0] not in _KNOWN or len(names) > 1:
        raise httpx.DecodingError("the body comes in an encoding that was not asked for and is not known")
    return Inflater(names[0])


_KNOWN = {"gzip", "x-gzip", "deflate"}
