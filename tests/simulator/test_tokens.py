"""A token endpoint: who asks is known, tokens end, and refusals are in OAuth's words."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from urllib.parse import urlencode

import pytest

from peekd.simulator.acts import Act, read_act
from peekd.simulator.asked import Asked
from peekd.simulator.tokens import Desk, encode_token, encode_token_refusal, read_token_request

ANSWER = Act("answer", expires=60.0)


def asked_with(**form: str) -> Asked:
    return read_token_request("/token", urlencode(form).encode(), 7)


def test_who_asks_is_its_refresh_token_or_its_service_account() -> None:
    assert asked_with(refresh_token="1//alice").key == "1//alice"
    claims = urlsafe_b64encode(json.dumps({"iss": "r@p"}).encode()).decode().rstrip("=")
    assert asked_with(assertion=f"e30.{claims}.c2ln").key == "r@p"


@pytest.mark.parametrize("form", [{}, {"assertion": "a.b.c"}, {"assertion": "x"}, {"assertion": "a.e30.c"}])
def test_nobody_is_told_so(form: dict[str, str]) -> None:
    asked = asked_with(**form)
    assert (asked.key, asked.fault) == ("", "invalid_request")


def test_a_token_stands_for_whom_it_was_given_to_until_it_ends() -> None:
    desk = Desk()
    issued = desk.issue(asked_with(refresh_token="alice"), ANSWER, 100.0)
    said = json.loads(encode_token(ANSWER, issued))
    assert (said["access_token"], said["expires_in"]) == (issued.text, 60)
    shown = Asked("gemini", "generate", "/x", issued.text)
    for now, refused in ((100.0, False), (159.9, False), (160.0, True)):
        asked, refusal = desk.known(shown, now)
        assert (asked.key, refusal is not None) == ("alice", refused)


def test_a_token_that_nobody_gave_out_is_refused_and_a_key_is_none() -> None:
    desk = Desk()
    _, refusal = desk.known(Asked("gemini", "generate", "/x", "ya29.sim-1"), 0.0)
    assert refusal is not None
    plain = Asked("gemini", "generate", "/x", "sk-1")
    assert desk.known(plain, 0.0) == (plain, None)
    assert desk.issue(plain, ANSWER, 0.0) is plain


@pytest.mark.parametrize(
    ("line", "status", "error"),
    [
        ("invalid-grant", 400, "invalid_grant"),
        ("503", 503, "temporarily_unavailable"),
        ("418", 418, "invalid_request"),
        ("400 type=invalid_client", 400, "invalid_client"),
    ],
)
def test_refusals_are_in_oauth_s_words(line: str, status: int, error: str) -> None:
    faults: list[str] = []
    act = read_act(line, "act", faults)
    assert act is not None, faults
    refusal = encode_token_refusal(act, asked_with(refresh_token="alice"))
    assert (refusal.status, json.loads(refusal.body)["error"]) == (status, error)
