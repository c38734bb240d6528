"""The Messages API on Vertex AI: the model in the path, the version in the body, all else as it was."""

from __future__ import annotations

import json

import pytest

from peekd.protocols.anthropic.upstream import UPSTREAM
from peekd.protocols.anthropic.vertex import VertexAnthropic
from peekd.protocols.interface import Call, Splices
from peekd.protocols.vertex import Place
from peekd.vocabulary.conversation import Conversation, Text, Turn
from peekd.vocabulary.errors import ClientError

PLATFORM = VertexAnthropic(Place("p-1", "eu"))
WHERE = "/v1/projects/p-1/locations/eu/publishers/anthropic/models"
VERSION = b'"anthropic_version":"vertex-2023-10-16"'


def splice(
    body: bytes, path: str = "/v1/messages?beta=true", *, model: str | None = None, stream: bool = True
) -> Call:
    return PLATFORM.splice_request(body, path, Splices(model, stream=stream))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"model":"m","stream":true,"x":1.10}', b'{%b,"stream":true,"x":1.10}'),
        (
            b'{ "stream" :true, "model" : "m" , "messages":[ ] }\n',
            b'{%b, "stream" :true , "messages":[ ] }\n',
        ),
        (b'{"stream":true,"model":"m"}', b'{%b,"stream":true}'),
        (b'{"model":"a","stream":true,"model":"m"}', b'{%b,"stream":true}'),
    ],
)
def test_the_model_leaves_the_body_and_the_version_comes_in(body: bytes, said: bytes) -> None:
    call = splice(body)
    assert call.body == said % VERSION
    assert call.path == f"{WHERE}/m:streamRawPredict"
    assert call.spliced == ("envelope",)


def test_a_client_s_own_version_in_the_body_is_put_right() -> None:
    call = splice(b'{"anthropic_version":"bedrock-2023-05-31","model":"m","stream":true}')
    assert call.body == b"{" + VERSION + b',"stream":true}'


def test_a_mapped_model_stands_in_the_path_alone() -> None:
    call = splice(b'{"model":"m","stream":true}', model="claude-opus-4-5@20251101")
    assert call.path == f"{WHERE}/claude-opus-4-5@20251101:streamRawPredict"
    assert b"claude" not in call.body
    assert call.spliced == ("model", "envelope")


@pytest.mark.parametrize(("stream", "action"), [(True, "streamRawPredict"), (False, "rawPredict")])
def test_the_action_says_how_the_answer_comes(*, stream: bool, action: str) -> None:
    assert splice(b'{"model":"m","stream":true}', stream=stream).path == f"{WHERE}/m:{action}"
    asked = Conversation("m", (Turn("user", (Text("Hi"),)),))
    call = PLATFORM.encode_request(asked, model="m", repaired=False, stream=stream)
    assert call.path == f"{WHERE}/m:{action}"
    body = json.loads(call.body)
    assert body["anthropic_version"] == "vertex-2023-10-16"
    assert "model" not in body
    assert "anthropic-version" not in {name.lower() for name, _ in call.headers}


def test_a_count_keeps_its_model_in_the_body() -> None:
    call = splice(b'{"model":"m","messages":[]}', "/v1/messages/count_tokens", stream=False)
    assert call.path == f"{WHERE}/count-tokens:rawPredict"
    assert json.loads(call.body) == {"anthropic_version": "vertex-2023-10-16", "model": "m", "messages": []}


@pytest.mark.parametrize("body", [b"{}", b'{"model":3}', b'{"model":""}'])
def test_without_a_model_there_is_no_path(body: bytes) -> None:
    with pytest.raises(ClientError, match="model"):
        splice(body)


def test_google_s_own_errors_are_put_into_the_client_s_words() -> None:
    error = {"code": 429, "message": "Quota exceeded for base_model: claude", "status": "RESOURCE_EXHAUSTED"}
    for body in (json.dumps({"error": error}), json.dumps([{"error": error}])):
        refusal = PLATFORM.decode_refusal(429, {}, body.encode())
        assert (refusal.kind, refusal.type) == ("rate_limited", "rate_limit_error")
        assert json.loads(refusal.words) == {
            "type": "error",
            "error": {"type": "rate_limit_error", "message": error["message"]},
        }


@pytest.mark.parametrize(
    "body", [b'{"type":"error","error":{"type":"overloaded_error","message":"m"}}', b"<html>", b"[]", b""]
)
def test_all_other_refusals_are_the_publisher_s_own(body: bytes) -> None:
    assert PLATFORM.decode_refusal(529, {}, body) == UPSTREAM.decode_refusal(529, {}, body)


def test_answers_are_as_anywhere() -> None:
    body = b'{"type":"message","content":[]}'
    assert PLATFORM.unwrap(body) is body
    assert len(PLATFORM.decode_whole(body)) == len(UPSTREAM.decode_whole(body))
    assert type(PLATFORM.decoder()) is type(UPSTREAM.decoder())
