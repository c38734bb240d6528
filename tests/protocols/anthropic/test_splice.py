"""Splices: the named places change, every other byte stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from peekd.protocols.anthropic.splice import splice_request
from peekd.protocols.interface import Call, Splices
from peekd.vocabulary.errors import ClientError

PATH = "/v1/messages?beta=true"


def splice(body: bytes, *, path: str = PATH, model: str | None = None, stream: bool = True) -> Call:
    return splice_request(body, path, Splices(model, stream=stream, repaired=False))


def test_nothing_to_change_changes_nothing() -> None:
    body = b'{ "stream" :true, "model":"m" , "messages":[ ],"x":1.10 }\n'
    assert splice(body) == Call(PATH, body)
    assert splice(body, model="m") == Call(PATH, body)


def test_only_the_model_changes() -> None:
    body = b'{"messages":[{"model":"m","\\u00e9":"\xc3\xa9"}] , "model" : "m" ,"n":1e3,"stream":true}'
    call = splice(body, model='a"b')
    assert call.body == body.replace(b': "m"', b': "a\\"b"')
    assert call.spliced == ("model",)


def test_a_missing_stream_is_put_in() -> None:
    assert splice(b'{"model":"m"}') == Call(PATH, b'{"stream":true,"model":"m"}', spliced=("stream",))
    assert splice(b" { }").body == b' {"stream":true }'


@pytest.mark.parametrize("value", [b"false", b"null"])
def test_another_stream_is_replaced(value: bytes) -> None:
    call = splice(b'{"stream":' + value + b',"model":"m"}')
    assert (call.body, call.spliced) == (b'{"stream":true,"model":"m"}', ("stream",))


def test_a_client_can_be_served_unstreamed() -> None:
    assert splice(b'{"model":"m"}', stream=False).body == b'{"model":"m"}'
    assert splice(b'{"stream":true}', stream=False).body == b'{"stream":false}'


def test_token_counting_has_no_stream() -> None:
    path = "/v1/messages/count_tokens?beta=true"
    call = splice(b'{"model":"m"}', path=path, model="n")
    assert call == Call(path, b'{"model":"n"}', spliced=("model",))


def test_repeated_keys_all_change() -> None:
    call = splice(b'{"model":"a","stream":false,"model":"b","stream":false}', model="c")
    assert call.body == b'{"model":"c","stream":true,"model":"c","stream":true}'


def test_model_and_stream_and_thoughts_together() -> None:
    thought = b'{"type":"thinking","thinking":"x","signature":"y"}'
    said = b'{"type":"text","text":"\\u0041"}'
    body = (
        b'{"messages":[{"role":"assistant","content":[' + thought + b", " + said + b"]}],"
        b'"model":"m","stream":false}'
    )
    call = splice_request(body, PATH, Splices("n", stream=True, repaired=True))
    assert call.spliced == ("model", "stream", "thinking blocks")
    assert call.body == (
        b'{"messages":[{"role":"assistant","content":[' + said + b']}],"model":"n","stream":true}'
    )


def test_real_requests_keep_all_else(request_file: Path) -> None:
    sent: dict[str, Any] = json.loads(request_file.read_text())["body"]
    body = json.dumps(sent, ensure_ascii=False, separators=(",", ":")).encode()
    stream: bool = sent.get("stream", True)
    call = splice(body, model="other", path="/v1/messages", stream=stream)
    assert json.loads(call.body) == sent | {"model": "other", "stream": stream}
    model = json.dumps(sent["model"]).encode()
    undone = call.body.replace(b'"model":"other"', b'"model":' + model, 1)
    assert undone.removeprefix(b'{"stream":true,') in {body, body.removeprefix(b"{")}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"model":', b"{" * 99999])
def test_what_is_no_object_is_the_clients_fault(body: bytes) -> None:
    with pytest.raises(ClientError):
        splice(body)


def test_messages_of_another_shape_cannot_be_repaired() -> None:
    with pytest.raises(ClientError):
        splice_request(b'{"messages":3}', PATH, Splices(None, stream=True, repaired=True))
