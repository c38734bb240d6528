"""A client's own bytes: only the named places change, and each is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.openai_responses.splice import dropped_items, splice_request
from peekd.vocabulary.errors import ClientError

PATH = "/v1/responses?x=1"


def spliced(
    body: str, *, model: str | None = None, stream: bool = True, repaired: bool = False
) -> tuple[str, tuple[str, ...]]:
    call = splice_request(body.encode(), PATH, model=model, stream=stream, repaired=repaired)
    assert call.path == PATH
    return call.body.decode(), call.spliced


def test_what_is_asked_as_it_shall_be_goes_as_it_came() -> None:
    body = '{ "stream":true, "new": 1e2, "input" : [ {"type":"reasoning"} ], "model":"m"}'
    assert spliced(body) == (body, ())


CASES: list[tuple[str, str, dict[str, Any], tuple[str, ...]]] = [
    ("{}", '{"stream":true}', {}, ("stream",)),
    ('{"a":1, "stream": null}', '{"a":1, "stream": true}', {}, ("stream",)),
    ('{"a":1}', '{"a":1}', {"stream": False}, ()),
    (
        '{"stream":true,"stream_options":{"include_obfuscation":false},"b":1}',
        '{"stream":false,"b":1}',
        {"stream": False},
        ("stream", "stream_options"),
    ),
    ('{"stream":true,"model": "a"}', '{"stream":true,"model": "b"}', {"model": "b"}, ("model",)),
    (
        '{"stream":true,"input":[ {"type":"reasoning","id":"1"}, {"role":"user"},{"type": "reasoning"} ]}',
        '{"stream":true,"input":[ {"role":"user"} ]}',
        {"repaired": True},
        ("input[type=reasoning]",),
    ),
    ('{"stream":true,"input":"hi"}', '{"stream":true,"input":"hi"}', {"repaired": True}, ()),
]


@pytest.mark.parametrize(("body", "expected", "how", "named"), CASES)
def test_only_the_named_places_change(
    body: str, expected: str, how: dict[str, Any], named: tuple[str, ...]
) -> None:
    assert spliced(body, **how) == (expected, named)


@pytest.mark.parametrize("body", ["", "[]", '{"a":', '{"input":[1,]}'])
def test_what_is_no_request_is_the_clients_fault(body: str) -> None:
    with pytest.raises(ClientError, match="no Responses request"):
        spliced(body, repaired=True)


ITEMS = st.lists(st.sampled_from([{"type": "reasoning", "id": "rs_1"}, {"role": "user"}]), max_size=5)


@given(ITEMS, st.sets(st.integers(0, 5)))
def test_items_are_dropped_by_place_and_named_by_kind(
    items: Sequence[dict[str, str]], places: set[int]
) -> None:
    body = msgspec.json.format(msgspec.json.encode({"a": 1, "input": items, "z": [2]}))
    left, names = dropped_items(body, places)
    kept = [item for number, item in enumerate(items) if number not in places]
    assert msgspec.json.decode(left) == {"a": 1, "input": kept, "z": [2]}
    gone = {item.get("type", "message") for number, item in enumerate(items) if number in places}
    assert set(names) == {f"input[type={kind}]" for kind in gone}
    assert names or left == body
