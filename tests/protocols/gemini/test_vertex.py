"""Gemini on Vertex AI: the same bytes under another path."""

from __future__ import annotations

import json

import pytest

from peekd.protocols.gemini.upstream import UPSTREAM
from peekd.protocols.gemini.vertex import VertexGemini
from peekd.protocols.interface import Call, Splices
from peekd.protocols.vertex import Place
from peekd.vocabulary.conversation import Conversation, Text, Turn

PLATFORM = VertexGemini(Place("p-1", "europe-west4"))
WHERE = "/v1/projects/p-1/locations/europe-west4/publishers/google/models"
BODY = b'{ "contents" : [ ] ,"x":1.10 }\n'


def spliced(action: str, body: bytes = BODY, model: str | None = None) -> Call:
    stream = action.startswith("stream")
    return PLATFORM.splice_request(
        body, f"/v1beta/models/gemini-3-pro:{action}", Splices(model, stream=stream)
    )


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("streamGenerateContent?alt=sse", "streamGenerateContent?alt=sse"),
        ("streamGenerateContent", "streamGenerateContent?alt=sse"),
        ("generateContent", "generateContent"),
        ("countTokens", "countTokens"),
    ],
)
def test_a_client_s_own_bytes_go_under_project_location_and_publisher(action: str, said: str) -> None:
    call = spliced(action)
    assert call.path == f"{WHERE}/gemini-3-pro:{said}"
    assert call.body == BODY
    assert call.spliced[-1] == "envelope"


def test_another_model_stands_in_the_path() -> None:
    assert (
        spliced("generateContent", model="gemini-2.5-flash").path
        == f"{WHERE}/gemini-2.5-flash:generateContent"
    )


@pytest.mark.parametrize("stream", [True, False])
def test_a_conversation_is_said_as_to_any_gemini(*, stream: bool) -> None:
    asked = Conversation("m", (Turn("user", (Text("Hi"),)),))
    call = PLATFORM.encode_request(asked, model="gemini-3-pro", repaired=False, stream=stream)
    plain = UPSTREAM.encode_request(asked, model="gemini-3-pro", repaired=False, stream=stream)
    assert (call.body, call.headers, call.spliced) == (plain.body, plain.headers, ())
    assert call.path == f"{WHERE}/gemini-3-pro:{plain.path.rpartition(':')[2]}"


@pytest.mark.parametrize(
    "body",
    [
        b'{"contents":[]}',
        b'{"contents":[],"model":"models/other"}',
        b'{"generateContentRequest":{"contents":[],"model":"models/other"}}',
    ],
)
def test_a_count_has_neither_the_gemini_api_s_wrapping_nor_a_model(body: bytes) -> None:
    assert json.loads(spliced("countTokens", body).body) == {"contents": []}


def test_answers_and_refusals_are_gemini_s() -> None:
    body = b'{"candidates":[{"finishReason":"STOP"}]}'
    assert PLATFORM.unwrap(body) is body
    assert [frame.data for frame in PLATFORM.decode_whole(body)] == [
        frame.data for frame in UPSTREAM.decode_whole(body)
    ]
    refusal = b'[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]'
    assert PLATFORM.decode_refusal(429, {}, refusal) == UPSTREAM.decode_refusal(429, {}, refusal)
    assert type(PLATFORM.decoder()) is type(UPSTREAM.decoder())
