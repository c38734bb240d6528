"""What is read of every request."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.gemini.head import decode_head
from peekd.vocabulary.conversation import Head
from peekd.vocabulary.errors import ClientError

PATH = "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"
HELLO: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


def head(body: object, path: str = PATH, **headers: str) -> Head:
    return decode_head(msgspec.json.encode(body), headers, path)


def test_model_and_stream_stand_in_the_path() -> None:
    assert (head(HELLO).model, head(HELLO).stream) == ("gemini-2.5-pro", True)
    whole = head({**HELLO, "generation_config": {"max_output_tokens": 9}}, "/v1/models/a/b:generateContent")
    assert (whole.model, whole.stream, whole.max_tokens) == ("a/b", False, 9)


def test_the_session_is_the_clients_word_else_what_stays_from_turn_to_turn() -> None:
    assert head(HELLO, **{"session-id": "s"}) == Head("gemini-2.5-pro", stream=True, session="s")
    longer = {"contents": [*HELLO["contents"], {"role": "model", "parts": [{"text": "Ho"}]}]}
    assert head(HELLO).guessed
    assert head(HELLO).session == head(longer).session
    for other in (
        {"contents": [{"parts": [{"text": "Other"}]}]},
        {**HELLO, "systemInstruction": {"parts": [{"text": "Be kind."}]}},
        {**HELLO, "systemInstruction": "Be kind."},
        {**HELLO, "tools": [{"functionDeclarations": [{"name": "f"}]}]},
    ):
        assert head(other).session not in {None, head(HELLO).session}


def test_both_spellings_and_a_lone_object_make_one_session() -> None:
    camel: dict[str, Any] = {
        **HELLO,
        "systemInstruction": {"parts": {"text": "S"}},
        "tools": [{"functionDeclarations": []}],
    }
    snake: dict[str, Any] = {
        "contents": {"parts": {"text": "Hi"}},
        "system_instruction": {"parts": [{"text": "S"}]},
        "tools": [],
    }
    assert head(camel).session == head(snake).session


@pytest.mark.parametrize("odd", [{}, {"contents": 3}, {"contents": [3]}, {"contents": [{"role": "model"}]}])
def test_what_has_another_shape_is_the_upstreams_to_judge(odd: object) -> None:
    assert head(odd) == Head("gemini-2.5-pro", stream=True)


def test_a_limit_of_another_shape_is_none() -> None:
    assert head({**HELLO, "generationConfig": {"maxOutputTokens": "many"}}).max_tokens is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"contents":' + b"[" * 5000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(ClientError, match="no JSON object"):
        decode_head(body, {}, PATH)


def test_the_cache_and_stored_files_are_named() -> None:
    uri = "https://generativelanguage.googleapis.com/v1beta/files/abc"
    parts = [
        {"fileData": {"fileUri": uri, "mimeType": "image/png"}},
        {"file_data": {"file_uri": "https://example.com/a.png"}},
        {"text": f'{{"fileUri": "{uri}/other"}}'},
    ]
    body = {"contents": [{"role": "user", "parts": parts}], "cachedContent": "cachedContents/x"}
    assert decode_head(msgspec.json.encode(body), {}, PATH).names == ("cachedContents/x", uri)
    assert decode_head(msgspec.json.encode({"cachedContent": 7, "contents": []}), {}, PATH).names == ()
