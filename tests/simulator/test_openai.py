"""What both of OpenAI's languages answer with: refusals, headers, models."""

from __future__ import annotations

import msgspec
import pytest
from openai.types import Model

from peekd.simulator import openai
from peekd.simulator.acts import Act
from peekd.simulator.asked import Asked

ASKED = Asked("openai-responses", "generate", "/v1/responses", number=1, model="gpt-5", stream=True)


@pytest.mark.parametrize("row", ["400", "401", "402", "404", "429", "503", "signature", "no-credit", "418"])
def test_refusals_have_openais_shape(row: str) -> None:
    refusal = openai.encode_refusal(Act("refuse", refusal=row, status=418 if row == "418" else 0), ASKED)
    named = {"no-credit": 429, "signature": 400}
    assert refusal.status == (named[row] if row in named else int(row))
    assert msgspec.json.decode(refusal.body)["error"].keys() == {"message", "type", "param", "code"}


def test_thoughts_that_do_not_hold_are_refused_by_their_code() -> None:
    error = msgspec.json.decode(openai.encode_refusal(Act("refuse", refusal="signature"), ASKED).body)[
        "error"
    ]
    assert error["code"] == "invalid_encrypted_content"


def test_pings_and_side_paths() -> None:
    whole = msgspec.structs.replace(ASKED, stream=False)
    assert (openai.encode_ping(ASKED)[:1], openai.encode_ping(whole)) == (b":", b" ")
    assert openai.stream_type().startswith("text/event-stream")
    assert ("x-request-id", "req_sim000001") in openai.headers(ASKED)
    assert b"input_tokens" in openai.encode_count(ASKED)
    listed = msgspec.json.decode(openai.encode_models())["data"]
    assert [Model.model_validate(one).id for one in listed] == ["gpt-5", "gpt-5-mini"]
    assert Model.model_validate_json(openai.encode_model("x")).id == "x"
