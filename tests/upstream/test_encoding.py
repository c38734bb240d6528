from __future__ import annotations

import gzip
import zlib

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.upstream.encoding import MAX_PIECE, Inflater, open_decoder

TEXT = b"data: one\n\ndata: two\n\n" * 50


def naked(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


ENCODED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]),
    "deflate": zlib.compress(TEXT),
}


def drain(inflater: Inflater) -> bytes:
    return b"".join(iter(inflater.take, b""))


@given(st.sampled_from(sorted(ENCODED)), st.integers(min_value=1, max_value=64))
def test_any_chunking_gives_the_same_bytes(encoding: str, size: int) -> None:
    inflater = open_decoder(encoding)
    assert inflater is not None
    body = b""
    for start in range(0, len(ENCODED[encoding]), size):
        inflater.feed(ENCODED[encoding][start : start + size])
        body += drain(inflater)
    inflater.close()
    assert body == TEXT


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_deflate_without_its_wrapping_is_understood(size: int) -> None:
    inflater, body = Inflater("deflate"), b""
    for start in range(0, len(naked(TEXT)), size):
        inflater.feed(naked(TEXT)[start : start + size])
        body += drain(inflater)
    assert body == TEXT
    inflater.close()


def test_what_has_come_is_given_before_the_end() -> None:
    stream = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    inflater = Inflater("gzip")
    inflater.feed(stream.compress(b"data: one\n\n") + stream.flush(zlib.Z_SYNC_FLUSH))
    assert inflater.take() == b"data: one\n\n"


def test_a_bomb_comes_in_pieces_of_bounded_size() -> None:
    inflater = Inflater("gzip")
    inflater.feed(gzip.compress(bytes(MAX_PIECE * 5)))
    pieces = list(iter(inflater.take, b""))
    assert sum(map(len, pieces)) == MAX_PIECE * 5
    assert max(map(len, pieces)) <= MAX_PIECE


@pytest.mark.parametrize("encoding", sorted(ENCODED))
def test_a_compressed_body_cut_short_is_a_fault(encoding: str) -> None:
    inflater = Inflater(encoding)
    inflater.feed(ENCODED[encoding][:-9])
    drain(inflater)
    with pytest.raises(httpx.DecodingError):
        inflater.close()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_bytes_that_are_not_what_they_say_are_a_fault(encoding: str) -> None:
    inflater = Inflater(encoding)
    inflater.feed(b"data: plain text all along\n\n")
    with pytest.raises(httpx.DecodingError):
        drain(inflater)


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_no_encoding_needs_no_decoder(encoding: str) -> None:
    assert open_decoder(encoding) is None


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
def test_an_encoding_that_is_not_known_is_a_fault(encoding: str) -> None:
    with pytest.raises(httpx.DecodingError):
        open_decoder(encoding)
