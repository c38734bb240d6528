"""Requests that are nearly right: read, refused in words, said on or changed in the named places alone.

The laws of `protocols.interface`, for every protocol that is registered.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from answers import SEAL
from hypothesis import assume, given
from hypothesis import strategies as st
from mutants import altered, deepened, few, written
from samples import Sample, requests

from peekd.protocols.interface import Splices
from peekd.protocols.registry import CLIENTS, UPSTREAMS
from peekd.vocabulary.conversation import Conversation
from peekd.vocabulary.errors import ClientError

clients = pytest.mark.parametrize("client", sorted(CLIENTS))
upstreams = pytest.mark.parametrize("upstream", sorted(UPSTREAMS))
DATA = st.data()


def sample_of(client: str, data: st.DataObject) -> Sample:
    """One request that an agent sent."""
    return requests(client)[data.draw(st.integers(0, len(requests(client)) - 1))]


def read(client: str, body: bytes, path: str) -> Conversation | None:
    """What the client asks, None where it is refused."""
    try:
        return CLIENTS[client].decode_request(body, path, SEAL)
    except ClientError:
        return None


@clients
@few
@given(data=DATA)
def test_any_body_is_a_conversation_or_the_clients_fault(client: str, data: st.DataObject) -> None:
    sample = sample_of(client, data)
    body = data.draw(altered(sample.said).flatmap(written))
    read(client, body, sample.path)
    try:
        head = CLIENTS[client].decode_head(body, sample.headers, sample.path)
    except ClientError:
        return
    msgspec.json.encode(head)


@clients
@few
@given(
    body=st.binary(max_size=200),
    path=st.text(max_size=40) | st.sampled_from(["/v1/models/:x", "/v1/models/m:"]),
)
def test_any_bytes_at_any_path_are_read_or_the_clients_fault(client: str, body: bytes, path: str) -> None:
    read(client, body, path)
    try:
        CLIENTS[client].decode_head(body, {}, path)
    except ClientError:
        return


DEEP = 100_000
NESTED = [
    b'{"model":"m","messages":' + b"[" * DEEP,
    b'{"model":"m","messages":' + b"[" * DEEP + b"]" * DEEP + b"}",
    b'{"model":"m","messages":[],"tools":' + b'{"a":' * DEEP + b"1" + b"}" * (DEEP + 1),
    b'{"contents":' + b"[" * DEEP + b"]" * DEEP + b"}",
]


@clients
@pytest.mark.parametrize("body", NESTED, ids=["open", "arrays", "objects", "contents"])
def test_what_is_nested_beyond_measure_is_the_clients_fault(client: str, body: bytes) -> None:
    path = requests(client)[0].path
    with pytest.raises(ClientError):
        CLIENTS[client].decode_request(body, path, SEAL)
    for repaired in (False, True):
        try:
            CLIENTS[client].decode_head(body, {}, path)
            if client in UPSTREAMS:
                splices = Splices(model="n", stream=True, repaired=repaired)
                UPSTREAMS[client].splice_request(body, path, splices)
        except ClientError:
            continue


@clients
@few
@given(data=DATA, repaired=st.booleans())
def test_what_is_nested_at_all_is_read_and_said_or_the_clients_fault(
    client: str, data: st.DataObject, *, repaired: bool
) -> None:
    sample = sample_of(client, data)
    body = data.draw(deepened(sample.said))
    with suppress(ClientError):
        CLIENTS[client].decode_head(body, sample.headers, sample.path)
    if client in UPSTREAMS:
        with suppress(ClientError):
            splices = Splices(model="n", stream=True, repaired=repaired)
            UPSTREAMS[client].splice_request(body, sample.path, splices)
    conversation = read(client, body, sample.path)
    if conversation is None:
        return
    for upstream in UPSTREAMS.values():
        with suppress(ClientError):
            upstream.encode_request(conversation, model="m", repaired=repaired)


@upstreams
@clients
@few
@given(data=DATA, repaired=st.booleans(), stream=st.booleans())
def test_what_was_read_is_said_to_any_upstream_or_refused(
    client: str, upstream: str, data: st.DataObject, *, repaired: bool, stream: bool
) -> None:
    sample = sample_of(client, data)
    conversation = read(client, data.draw(altered(sample.said).flatmap(written)), sample.path)
    assume(conversation is not None)
    assert conversation is not None
    try:
        call = UPSTREAMS[upstream].encode_request(conversation, model="m", repaired=repaired, stream=stream)
    except ClientError:
        return
    again = read(upstream, call.body, call.path)
    assert again is not None
    assert again.model == "m"
    assert again.stream is stream


# ---- splices ---------------------------------------------------------------------------------------

NAMED = {"model", "stream", "stream_options"}
"""The members of a body that a splice may touch."""

REPAIRED = {"messages", "contents", "thinking", "context_management"}
"""What taking out replayed thoughts may touch besides."""


def members(body: bytes) -> list[tuple[str, bytes]]:
    """An object's members in order, each value byte for byte."""
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return [(key, bytes(value)) for key, value in fields.items()]


@upstreams
@few
@given(data=DATA, model=st.none() | st.text(min_size=1, max_size=8), stream=st.booleans())
def test_a_splice_leaves_all_else_byte_for_byte(
    upstream: str, data: st.DataObject, *, model: str | None, stream: bool
) -> None:
    sample = sample_of(upstream, data)
    body = data.draw(altered(sample.said).flatmap(written))
    try:
        msgspec.json.decode(body, type=dict[str, Any])
        call = UPSTREAMS[upstream].splice_request(
            body, sample.path, Splices(model=model, stream=stream, repaired=False)
        )
    except (ClientError, ValueError):
        return
    kept = [member for member in members(body) if member[0] not in NAMED]
    assert [member for member in members(call.body) if member[0] not in NAMED] == kept
    assert {name.partition(".")[0] for name in call.spliced} <= NAMED
    again = UPSTREAMS[upstream].splice_request(
        call.body, call.path, Splices(model=model, stream=stream, repaired=False)
    )
    assert (again.body, again.path, again.spliced) == (call.body, call.path, ())


@upstreams
@few
@given(data=DATA)
def test_a_repair_of_any_body_gives_json_or_is_the_clients_fault(upstream: str, data: st.DataObject) -> None:
    sample = sample_of(upstream, data)
    body = data.draw(altered(sample.said).flatmap(written))
    try:
        call = UPSTREAMS[upstream].splice_request(
            body, sample.path, Splices(model=None, stream=True, repaired=True)
        )
        msgspec.json.decode(body)
    except (ClientError, ValueError):
        return
    touched = NAMED | REPAIRED
    before, after = dict(members(body)), dict(members(call.body))
    assert {key: value for key, value in after.items() if key not in touched} == {
        key: value for key, value in before.items() if key not in touched
    }
