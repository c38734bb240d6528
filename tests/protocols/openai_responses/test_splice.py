"""A client's own bytes: only the named places change, and each is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from answers import carried
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.interface import Splices
from peekd.protocols.openai_responses.splice import splice_request
from peekd.signatures.proofs import proof_digest
from peekd.vocabulary.errors import ClientError

PATH = "/v1/responses?x=1"


def spliced(body: str, **how: Any) -> tuple[str, tuple[str, ...]]:
    call = splice_request(body.encode(), PATH, Splices(**how))
    assert call.path == PATH
    return call.body.decode(), call.spliced


def test_what_is_asked_as_it_shall_be_goes_as_it_came() -> None:
    body = '{ "stream":true, "new": 1e2, "input" : [ {"type":"reasoning"} ], "model":"m"}'
    assert spliced(body) == (body, ())


def test_a_path_without_its_version_gets_one() -> None:
    call = splice_request(b'{"stream":true}', "/responses?x=1", Splices())
    assert (call.path, call.spliced) == (PATH, ("path",))


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


THEIRS, ANOTHERS, CARRIER = "gAAA", "gBBB", carried("thought", "c2ln")


def sealed(content: str | None, kind: str = "reasoning") -> dict[str, Any]:
    return {"type": kind, "encrypted_content": content, "summary": []}


def left(*items: object, **how: Any) -> tuple[list[Any], tuple[str, ...]]:
    body, names = spliced(msgspec.json.encode({"stream": True, "input": items}).decode(), **how)
    return msgspec.json.decode(body)["input"], names


def test_thoughts_that_the_account_cannot_read_are_left_out() -> None:
    items = [sealed(THEIRS), sealed(ANOTHERS), {"role": "user"}, sealed(ANOTHERS, "compaction")]
    kept, names = left(*items, unreadable=frozenset({proof_digest(ANOTHERS)}))
    assert kept == [items[0], items[2]]
    assert names == ("input[type=reasoning]", "input[type=compaction]")


def test_another_familys_proof_never_reaches_openai() -> None:
    assert left(sealed(CARRIER), {"role": "user"}) == ([{"role": "user"}], ("input[type=reasoning]",))
    mentioned = {"role": "user", "content": CARRIER, "encrypted_content": CARRIER}
    assert left(mentioned) == ([mentioned], ())


def test_what_is_repaired_has_no_proven_thoughts_left() -> None:
    kept = [sealed(None), sealed(THEIRS, "compaction"), {"role": "user"}]
    assert left(sealed(THEIRS), *kept, sealed(ANOTHERS), repaired=True) == (kept, ("input[type=reasoning]",))


ITEMS = st.lists(st.sampled_from([sealed(CARRIER), {"role": "user"}]), max_size=5)


@given(ITEMS)
def test_every_other_byte_stays(items: Sequence[dict[str, Any]]) -> None:
    said = {"stream": True, "input": items, "z": [2]}
    body = msgspec.json.format(msgspec.json.encode(said)).decode()
    made, names = spliced(body)
    kept = [item for item in items if "role" in item]
    assert msgspec.json.decode(made) == {**said, "input": kept}
    assert (made == body) == (names == ())
    before, _, rest = body.partition('"input"')
    assert made.startswith(before)
    assert made.endswith(rest[rest.index('"z"') :])
