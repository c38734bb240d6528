"""Code Assist's envelope: put around requests without touching them, taken off answers, absent on errors."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import msgspec
import pytest

from peekd.protocols.gemini.assist import CodeAssist
from peekd.protocols.gemini.upstream import UPSTREAM
from peekd.protocols.interface import Splices
from peekd.vocabulary.conversation import Conversation, Text, Tool, Turn

BODY = b'{ "contents" : [{"role":"user","parts":[{"text":"Hi \\u00fc"}]}], "x_unknown": 1e2 }'
STREAM = "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse"


def platform(project: str = "p-1") -> CodeAssist:
    numbers = count(1)
    return CodeAssist(project, lambda prefix: f"{prefix}id{next(numbers)}")


def spliced(body: bytes = BODY, path: str = STREAM, *, model: str | None = None, stream: bool = True) -> Any:
    return platform().splice_request(body, path, Splices(model, stream=stream, repaired=False))


# ---- requests -------------------------------------------------------------------------------------


def test_a_clients_request_lies_in_the_envelope_byte_for_byte() -> None:
    call = spliced()
    assert call.path == "/v1internal:streamGenerateContent?alt=sse"
    assert BODY in call.body
    assert msgspec.json.decode(call.body) == {
        "project": "p-1",
        "requestId": "id1",
        "request": msgspec.json.decode(BODY),
        "model": "gemini-3-pro",
        "userAgent": "peekd",
        "requestType": "agent",
    }
    assert call.spliced == ("envelope",)


def test_a_mapped_model_and_a_changed_method_are_recorded_beside_the_envelope() -> None:
    call = spliced(model="gemini-2.5-flash", stream=False)
    assert call.path == "/v1internal:generateContent"
    assert msgspec.json.decode(call.body)["model"] == "gemini-2.5-flash"
    assert call.spliced == ("stream", "model", "envelope")


def test_each_attempt_has_an_id_of_its_own_and_no_project_is_named_where_there_is_none() -> None:
    assist = platform("")
    calls = [assist.splice_request(BODY, STREAM, Splices(stream=True, repaired=False)) for _ in "ab"]
    bodies = [msgspec.json.decode(call.body) for call in calls]
    assert [body["requestId"] for body in bodies] == ["id1", "id2"]
    assert "project" not in bodies[0]


@pytest.mark.parametrize("stream", [True, False])
def test_a_translated_request_is_geminis_own_in_an_envelope(*, stream: bool) -> None:
    asked = Conversation("claude-x", (Turn("user", (Text("Hi"),)),), system=("Be brief.",), top_k=3)
    plain = UPSTREAM.encode_request(asked, model="gemini-3-pro", repaired=False, stream=stream)
    call = platform().encode_request(asked, model="gemini-3-pro", repaired=False, stream=stream)
    assert plain.body in call.body
    assert call.path == "/v1internal:" + plain.path.rpartition(":")[2]
    assert (call.headers, call.dropped, call.spliced) == (plain.headers, plain.dropped, ())
    assert msgspec.json.decode(call.body)["model"] == "gemini-3-pro"


def test_schemas_go_in_googles_own_dialect() -> None:
    tool = Tool("f", "", {"type": "object", "properties": {"a": {"type": "string"}}})
    asked = Conversation("m", (Turn("user", (Text("Hi"),)),), tools=(tool,), output_schema=tool.parameters)
    request = msgspec.json.decode(platform().encode_request(asked, model="gemini-3-pro", repaired=False).body)
    (said,) = request["request"]["tools"]
    assert said["functionDeclarations"][0]["parameters"]["type"] == "OBJECT"
    assert request["request"]["generationConfig"]["responseSchema"]["type"] == "OBJECT"


@pytest.mark.parametrize(
    "body",
    [
        b'{"contents":[]}',
        b'{"contents":[],"model":"models/other"}',
        b'{"generateContentRequest":{"contents":[],"model":"models/other"}}',
        b'{"generate_content_request": {"contents":[]}}',
    ],
)
def test_a_count_has_the_model_inside(body: bytes) -> None:
    call = spliced(body, "/v1beta/models/gemini-3-pro:countTokens")
    assert call.path == "/v1internal:countTokens"
    assert msgspec.json.decode(call.body) == {"request": {"contents": [], "model": "models/gemini-3-pro"}}


def test_the_platform_is_gemini_to_everybody_else() -> None:
    opened = platform()
    assert (opened.name, opened.family, opened.auth) == ("gemini", "gemini", "bearer")


# ---- answers --------------------------------------------------------------------------------------

ANSWER = b'{"candidates":[{"finishReason": "STOP"}],"responseId":"r"}'


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (b'{"response":%b}' % ANSWER, ANSWER),
        (b' {"response": %b, "traceId":"t"}' % ANSWER, ANSWER),
        (b'[{"response":%b},{"response":%b}]' % (ANSWER, ANSWER), b"[%b,%b]" % (ANSWER, ANSWER)),
        (b'{"response":{"a":1},"traceId":"t"}', b'{"a":1,"responseId":"t"}'),
        (b'{"response":{},"usageMetadata":{"x":1}}', b'{"usageMetadata":{"x":1}}'),
        (b'{"response":{"usageMetadata":{"x":2}},"usageMetadata":{"x":1}}', b'{"usageMetadata":{"x":2}}'),
    ],
)
def test_an_answer_comes_out_as_it_lay_inside(given: bytes, taken: bytes) -> None:
    assert platform().unwrap(given) == taken


@pytest.mark.parametrize(
    "bare", [b'{"error":{"code":500}}', ANSWER, b'{"totalTokens":3}', b"[DONE]", b"", b"<html>", b'{"respon']
)
def test_what_has_no_envelope_is_the_same_bytes(bare: bytes) -> None:
    assert platform().unwrap(bare) is bare


def test_nothing_of_another_program_is_claimed() -> None:
    said = msgspec.json.decode(spliced().body, type=dict[str, Any])
    assert not re.search(r"antigravity|cli|vscode|ide", str({**said, "request": None}), re.IGNORECASE)
