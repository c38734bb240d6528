from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.upstream.headers import KEPT, Pairs, Proof, own_headers
from peekd.upstream.headers import encode_headers as join
from peekd.upstream.settings import UpstreamSettings

ANTHROPIC = UpstreamSettings(protocol="anthropic", base_url="https://a")
GEMINI = UpstreamSettings(protocol="gemini", base_url="https://g")
SECRET = "sk-1"


def encode_headers(settings: UpstreamSettings, proof: Proof, *sources: Pairs) -> list[tuple[bytes, bytes]]:
    return join(own_headers(settings, proof), *sources)


def named(pairs: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for key, value in pairs if key.lower() == name]


@pytest.mark.parametrize(
    ("settings", "auth", "name", "value"),
    [
        (ANTHROPIC, None, b"x-api-key", b"sk-1"),
        (GEMINI, None, b"x-goog-api-key", b"sk-1"),
        (ANTHROPIC, "bearer", b"authorization", b"Bearer sk-1"),
        (GEMINI, "x-api-key", b"x-api-key", b"sk-1"),
    ],
)
def test_a_credential_goes_the_protocols_way_unless_told_otherwise(
    settings: UpstreamSettings, auth: str | None, name: bytes, value: bytes
) -> None:
    chosen = UpstreamSettings(protocol=settings.protocol, base_url="https://a", auth=auth)  # pyright: ignore[reportArgumentType]  a parameter is a str
    pairs = encode_headers(chosen, Proof(SECRET))
    assert named(pairs, name) == [value]
    assert sum(value.count(b"sk-1") for _, value in pairs) == 1


@pytest.mark.parametrize(("auth", "name"), [(None, b"authorization"), ("x-goog-api-key", b"x-goog-api-key")])
def test_a_platform_has_a_way_of_its_own_for_credentials(auth: Any, name: bytes) -> None:
    settings = UpstreamSettings(protocol="gemini", base_url="https://g", platform="code-assist", auth=auth)
    assert len(named(encode_headers(settings, Proof(SECRET)), name)) == 1


def test_no_auth_sends_no_credential() -> None:
    settings = UpstreamSettings(protocol="anthropic", base_url="https://a", auth="none")
    assert b"sk-1" not in b"".join(value for _, value in encode_headers(settings, Proof(SECRET)))


@pytest.mark.parametrize(
    "name", ["Authorization", "x-api-key", "X-Goog-Api-Key", "Cookie", "Host", "Content-Length"]
)
def test_a_callers_keys_cookies_and_framing_never_go_on(name: str) -> None:
    pairs = encode_headers(ANTHROPIC, Proof(SECRET), ((name, "of-the-caller"),))
    assert b"of-the-caller" not in [value for _, value in pairs]


def test_what_a_caller_sent_goes_on_as_it_was_repeated_names_too() -> None:
    betas = (("anthropic-beta", "a"), ("anthropic-beta", "b"), ("User-Agent", "claude-cli/2"))
    pairs = encode_headers(ANTHROPIC, Proof(SECRET), betas)
    assert named(pairs, b"anthropic-beta") == [b"a", b"b"]
    assert (b"User-Agent", b"claude-cli/2") in pairs


def test_later_sources_and_the_operator_take_a_names_place() -> None:
    settings = UpstreamSettings(protocol="anthropic", base_url="https://a", headers={"X-Team": "ops"})
    pairs = encode_headers(settings, Proof(SECRET), (("x-team", "me"), ("x-a", "1")), (("X-A", "2"),))
    assert named(pairs, b"x-team") == [b"ops"]
    assert named(pairs, b"x-a") == [b"2"]


def test_an_operators_authorization_stands_where_we_send_none() -> None:
    headers = {"Authorization": "Basic abc"}
    settings = UpstreamSettings(protocol="anthropic", base_url="https://a", auth="none", headers=headers)
    assert named(encode_headers(settings, Proof()), b"authorization") == [b"Basic abc"]


def test_no_compression_is_asked_for_and_json_is_said_unless_something_else_was() -> None:
    pairs = encode_headers(ANTHROPIC, Proof(SECRET), (("Accept-Encoding", "br"),))
    assert named(pairs, b"accept-encoding") == [b"identity"]
    assert named(pairs, b"content-type") == [b"application/json"]
    pairs = encode_headers(ANTHROPIC, Proof(SECRET), (("Content-Type", "text/plain"),))
    assert named(pairs, b"content-type") == [b"text/plain"]


def test_no_user_agent_is_made_up() -> None:
    assert named(encode_headers(ANTHROPIC, Proof(SECRET)), b"user-agent") == []


def test_bytes_a_caller_sent_come_out_again_and_other_words_as_utf8() -> None:
    sent = "café".encode().decode("latin-1")
    pairs = encode_headers(ANTHROPIC, Proof(SECRET), (("x-a", sent), ("x-b", "日")))
    assert named(pairs, b"x-a") == ["café".encode()]
    assert named(pairs, b"x-b") == ["日".encode()]


def test_an_access_token_is_bearer_and_only_its_own_project_goes_along() -> None:
    client = (("X-Goog-User-Project", "of-the-caller"),)
    pairs = encode_headers(ANTHROPIC, Proof(SECRET, bearer=True), client)
    assert named(pairs, b"authorization") == [f"Bearer {SECRET}".encode()]
    assert named(pairs, b"x-api-key") == []
    assert named(pairs, b"x-goog-user-project") == []
    pairs = encode_headers(ANTHROPIC, Proof(SECRET, bearer=True, project="p-1"), client)
    assert named(pairs, b"x-goog-user-project") == [b"p-1"]
    assert SECRET not in repr(Proof(SECRET, bearer=True))
    pairs = encode_headers(ANTHROPIC, Proof(SECRET), client)  # a key is not bound to a project
    assert named(pairs, b"x-goog-user-project") == [b"of-the-caller"]


NAMES = ("x-a", "X-A", "x-b", "Content-Type", "content-type", "x-goog-user-project", "Authorization")
sources = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["1", "2", "é", "日"])), max_size=5)


@given(
    sources, sources, st.dictionaries(st.sampled_from(NAMES), st.just("ops")), st.booleans(), st.booleans()
)
def test_a_name_belongs_to_the_last_who_says_it(
    first: list[tuple[str, str]],
    second: list[tuple[str, str]],
    operator: dict[str, str],
    bearer: bool,  # noqa: FBT001
    project: bool,  # noqa: FBT001
) -> None:
    settings = UpstreamSettings(protocol="anthropic", base_url="https://a", headers=operator)
    proof = Proof(SECRET, bearer=bearer, project="p" * project)
    credential = ("authorization", f"Bearer {SECRET}") if bearer else ("x-api-key", SECRET)
    kept_here = {"authorization", "x-goog-user-project"} if bearer else {"authorization"}
    said = [
        [("content-type", "application/json")],
        *([pair for pair in source if pair[0].lower() not in kept_here] for source in (first, second)),
        [("x-goog-user-project", "p")] * project,
        list(operator.items()),
        [("accept-encoding", "identity"), credential],
    ]
    wanted = [
        (name.encode(), value.encode("utf-8" if value == "日" else "latin-1"))
        for place, source in enumerate(said)
        for name, value in source
        if name.lower() not in {later.lower() for after in said[place + 1 :] for later, _ in after}
    ]
    assert encode_headers(settings, proof, tuple(first), tuple(second)) == wanted


def test_what_a_request_has_of_ours_is_in_no_repr_and_stays_as_it_is() -> None:
    own = own_headers(ANTHROPIC, Proof(SECRET))
    assert SECRET not in repr(own)
    assert SECRET not in repr(own.said())
    before = [*own.pairs]
    join(own, (("content-type", "a"),)).clear()
    join(own).clear()
    assert own.pairs == before


@given(st.lists(sources, max_size=3 * KEPT))
def test_what_is_remembered_is_what_would_be_put_together(asked: list[list[tuple[str, str]]]) -> None:
    own = own_headers(ANTHROPIC, Proof(SECRET))
    for source in asked + asked:
        assert own.said(tuple(source), ()).pairs == join(own, tuple(source), ())


def test_of_the_many_ways_to_ask_only_some_are_remembered() -> None:
    own = own_headers(ANTHROPIC, Proof(SECRET))
    first = own.said((("x-a", "1"),))
    assert own.said((("x-a", "1"),)) is first
    for number in range(2, KEPT + 2):
        own.said((("x-a", str(number)),))
    assert own.said((("x-a", "1"),)) is not first
