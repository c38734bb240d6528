"""A client's own bytes: only the named places change, and each is named."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.interface import Splices
from peekd.protocols.openai_chat.splice import splice_request
from peekd.vocabulary.errors import ClientError

PATH = "/v1/chat/completions"


def spliced(
    body: str, *, model: str | None = None, stream: bool = True, repaired: bool = False
) -> tuple[str, set[str]]:
    call = splice_request(body.encode(), PATH, Splices(model, stream=stream, repaired=repaired))
    assert call.path == PATH
    return call.body.decode(), set(call.spliced)


USAGE = "stream_options.include_usage"
CASES = [
    ('{"stream": true, "stream_options": {"include_usage":true}, "x": 1e2}', None, set[str]()),
    (
        '{"model": "a", "stream": true}',
        '{"stream_options":{"include_usage":true},"model": "a", "stream": true}',
        {USAGE},
    ),
    ("{}", '{"stream":true,"stream_options":{"include_usage":true}}', {"stream", USAGE}),
    (
        '{"stream": null, "stream_options": null}',
        '{"stream": true, "stream_options": {"include_usage":true}}',
        {"stream", USAGE},
    ),
    (
        '{"stream":true,"stream_options": { }}',
        '{"stream":true,"stream_options": {"include_usage":true }}',
        {USAGE},
    ),
    (
        '{"stream":true,"stream_options":{"a":1,"include_usage":false}}',
        '{"stream":true,"stream_options":{"a":1,"include_usage":true}}',
        {USAGE},
    ),
    (
        '{"stream":true,"stream_options":{"a":1}}',
        '{"stream":true,"stream_options":{"include_usage":true,"a":1}}',
        {USAGE},
    ),
]


@pytest.mark.parametrize(("body", "expected", "names"), CASES)
def test_usage_is_asked_for_with_every_stream(body: str, expected: str | None, names: set[str]) -> None:
    assert spliced(body) == (expected or body, names)


def test_unstreamed_there_are_no_stream_options() -> None:
    body = '{"stream": true, "stream_options": {"include_usage":true}, "x": 1}'
    assert spliced(body, stream=False) == ('{"stream": false, "x": 1}', {"stream", "stream_options"})
    assert spliced('{"x": 1}', stream=False) == ('{"x": 1}', set())


def test_the_model_is_mapped_wherever_it_stands() -> None:
    body, names = spliced('{"model":"a","stream":false,"model":"b"}', model="c", stream=False)
    assert (body, names) == ('{"model":"c","stream":false,"model":"c"}', {"model"})


def test_repaired_it_has_no_replayed_thoughts() -> None:
    message = '{"role":"assistant","reasoning_content":"Hm","content":"x","reasoning":"Hm"}'
    body, names = spliced(f'{{"stream":false,"messages":[{message}]}}', stream=False, repaired=True)
    assert body == '{"stream":false,"messages":[{"role":"assistant","content":"x"}]}'
    assert names == {"messages[].reasoning_content"}


@pytest.mark.parametrize("body", ["[]", "", "{", '{"stream_options":'])
def test_what_is_no_object_is_refused(body: str) -> None:
    with pytest.raises(ClientError):
        spliced(body)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
OURS = st.fixed_dictionaries(
    {},
    optional={
        "stream": st.booleans() | st.none(),
        "stream_options": st.none() | st.dictionaries(st.sampled_from(["include_usage", "b"]), st.booleans()),
        "model": st.text(max_size=4),
    },
)


@given(other=st.dictionaries(st.text(max_size=5), VALUES, max_size=4), ours=OURS, stream=st.booleans())
def test_all_else_stays(*, other: dict[str, Any], ours: dict[str, Any], stream: bool) -> None:
    said = {**other, **ours}
    body, _ = spliced(msgspec.json.encode(said).decode(), model="m", stream=stream)
    again = msgspec.json.decode(body)
    named = {"stream", "stream_options", "model"}
    assert {k: v for k, v in again.items() if k not in named} == {
        k: v for k, v in said.items() if k not in named
    }
    assert ("model" in again) == ("model" in said)
    if stream:
        assert (again["stream"], again["stream_options"]["include_usage"]) == (True, True)
    else:
        assert "stream_options" not in again
        assert again.get("stream") in {None, False}
