"""What upstreams sent is read from its file as it was, without secrets, every byte in its place."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests_told import request

from peekd.healing.settings import HealingSettings, RouteSettings
from peekd.records.captures import Capture, Heard, Piece, decode_capture, encode_capture, masked

SECRET = "a-credential-of-ours"


def heard(*pieces: bytes) -> Heard:
    told = [Piece(float(at), data) for at, data in enumerate(pieces)]
    return Heard(1, "alice", "up", "m", "anthropic", HealingSettings(), pieces=told)


def capture(*pieces: bytes, body: bytes = b"{}") -> Capture:
    headers = (("anthropic-beta", f"x {SECRET}"),)
    return Capture(request(), headers, body, RouteSettings("*", ("up",)), (heard(*pieces),))


def test_what_is_written_is_read() -> None:
    kept = capture(b"event: a\n", b"\xff\x00")
    assert decode_capture(encode_capture(kept, ())) == kept


@given(st.integers(0, len(SECRET)))
def test_a_secret_is_masked_wherever_a_read_ended_and_no_piece_changes_its_length(cut: int) -> None:
    said = f'data: {{"message": "bad key {SECRET}"}}\n\n'.encode()
    start = said.index(SECRET.encode())
    kept = capture(said[: start + cut], said[start + cut :], body=SECRET.encode())
    data = encode_capture(kept, [SECRET])
    read = decode_capture(data)
    assert read.heard[0].body == said.replace(SECRET.encode(), b"x" * len(SECRET))
    assert [len(piece.data) for piece in read.heard[0].pieces] == [start + cut, len(said) - start - cut]
    assert (read.body, read.headers[0][1]) == (b"x" * len(SECRET), "x " + "x" * len(SECRET))


def test_json_around_a_bearer_and_an_address_stays_json() -> None:
    said = b'{"a":"Bearer abc.def","b":"bob@example.com"}'
    assert masked(said, ()) == b'{"a":"Bearer xxxxxxx","b":"xxxxxxxxxxxxxxx"}'


@pytest.mark.parametrize("escape", ["\\n", "\\t", "\\u00e9"])
@pytest.mark.parametrize("secret", ["sk-ant-api03-abcdefghijkl", "bob@example.com"])
def test_a_secret_behind_an_escape_of_json_is_masked_and_the_escape_stays(escape: str, secret: str) -> None:
    said = f'{{"text":"mine:{escape}{secret}{escape}yours"}}'.encode()
    assert masked(said, ()) == said.replace(secret.encode(), b"x" * len(secret))
    assert msgspec.json.decode(masked(said, ()))


@given(
    st.text(), st.sampled_from(["sk-ant-api03-abcdefghijkl", "bob@example.com", "Bearer abc.def"]), st.text()
)
def test_json_that_holds_a_secret_anywhere_stays_json(before: str, secret: str, after: str) -> None:
    said = json.dumps({"text": before + secret + after}).encode()
    assert msgspec.json.decode(masked(said, ())).keys() == {"text"}


def test_where_something_was_masked_is_told() -> None:
    kept = decode_capture(encode_capture(capture(b"a ", b"bob@example.com", body=b"{}"), ()))
    assert (kept.masked, kept.heard[0].masked) == (False, True)
    kept = decode_capture(encode_capture(capture(b"a", body=b"hush"), ["hush"]))
    assert (kept.masked, kept.heard[0].masked) == (True, False)
