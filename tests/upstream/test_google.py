"""What a credential file holds, and what must be sent to get an access token for it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from credential_files import CANARY_CLIENT, authorized_user, private_key, service_account, write_credential

from peekd.upstream.google import (
    ADC,
    Errand,
    GoogleKey,
    Minted,
    Reply,
    UnmintedError,
    files_of,
    google_key,
    load_google,
    place_of,
)
from peekd.vocabulary.errors import OperatorError

REFRESH = "1//refresh-canary-77e0"
ACCESS = "ya29.access-canary-55"


def good(**more: Any) -> Reply:
    said = {"access_token": ACCESS, "expires_in": 3599, "token_type": "Bearer"} | more
    return Reply(200, json.dumps(said).encode())


def errand_of(key: GoogleKey, answers: Mapping[str, Reply] | None = None) -> Errand:
    step = key.step(answers or {})
    assert isinstance(step, Errand)
    return step


# ---- an exchange ---------------------------------------------------------------------------------------


def test_a_person_s_refresh_token_is_exchanged_in_one_request_without_scopes() -> None:
    key = google_key(authorized_user(quota_project_id="q-1"), "google:a")
    errand = errand_of(key)
    assert (errand.method, errand.url) == ("POST", "http://simulator/token")
    form = parse_qs(errand.body.decode())
    assert form["grant_type"] == ["refresh_token"]
    assert form["refresh_token"] == [REFRESH]
    assert "scope" not in form  # other scopes than it was given would be refused
    assert key.step({errand.url: good()}) == Minted(ACCESS, 3599)
    assert (key.project, key.blocking) == ("q-1", False)


def test_a_service_account_signs_an_assertion_for_both_scopes() -> None:
    key = google_key(service_account(), "google:a")
    errand = errand_of(key)
    form = parse_qs(errand.body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    from google.auth import jwt

    claims = jwt.decode(form["assertion"][0], verify=False)  # pyright: ignore[reportUnknownMemberType]
    assert claims["iss"] == "robot@p-1.iam.gserviceaccount.com"
    assert (errand_of(key).url, claims["aud"]) == (
        "http://simulator/token",
        "https://oauth2.googleapis.com/token",
    )
    assert "auth/cloud-platform" in claims["scope"]
    assert "auth/generative-language" in claims["scope"]
    assert key.step({errand.url: good(expires_in="1800")}) == Minted(ACCESS, 1800)


def test_a_service_account_s_own_project_is_nobody_s_quota_project() -> None:
    assert google_key(service_account(), "google:a").project == ""


def test_an_exchange_can_be_made_again_and_again() -> None:
    key = google_key(authorized_user(), "google:a")
    for number in range(3):
        errand = errand_of(key)
        assert key.step({errand.url: good(access_token=f"t{number}")}) == Minted(f"t{number}", 3599)


def test_an_impersonated_account_takes_two_requests_and_may_block() -> None:
    url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/robot@p:generateAccessToken"
    info: dict[str, Any] = {
        "type": "impersonated_service_account",
        "service_account_impersonation_url": url,
        "source_credentials": authorized_user(),
        "delegates": [],
    }
    key = google_key(info, ADC, adc=True)
    assert key.blocking
    for _ in range(2):
        answers: dict[str, Reply] = {}
        step = key.step(answers)
        if isinstance(step, Errand) and step.url != url:
            answers[step.url] = good(access_token="source")
            step = key.step(answers)
        assert isinstance(step, Errand)
        assert step.url == url
        answers[url] = Reply(
            200, json.dumps({"accessToken": ACCESS, "expireTime": "2099-01-01T00:00:00Z"}).encode()
        )
        minted = key.step(answers)
        assert isinstance(minted, Minted)
        assert minted.token == ACCESS


def test_a_federated_account_exchanges_what_stands_in_its_own_file(tmp_path: Path) -> None:
    subject = tmp_path / "subject"
    subject.write_text("subject-token")
    info: dict[str, Any] = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": str(subject)},
    }
    key = google_key(info, ADC, adc=True)
    errand = errand_of(key)
    assert errand.url == "https://sts.googleapis.com/v1/token"
    assert b"subject-token" in errand.body
    assert key.step({errand.url: good()}) == Minted(ACCESS, 3599)


def test_the_machine_s_own_account_is_asked_of_the_metadata_server(tmp_path: Path) -> None:
    key = load_google(ADC, {"HOME": str(tmp_path)})
    errand = errand_of(key)
    assert errand.method == "GET"
    assert errand.url.startswith("http://metadata.google.internal/computeMetadata/v1/")
    assert ("Metadata-Flavor", "Google") in errand.headers
    assert key.step({errand.url: good()}) == Minted(ACCESS, 3599)
    with pytest.raises(UnmintedError):
        key.step({errand.url: Reply(200, b"<html>")})


@pytest.mark.parametrize(
    "body", [b"{}", b"<html>", b"[]", b'{"access_token": ""}', b'{"access_token": "a\\u0000b"}']
)
@pytest.mark.parametrize("info", [authorized_user(), service_account()], ids=["person", "service"])
def test_a_good_answer_without_an_access_token_is_none_and_not_repeated(
    info: dict[str, Any], body: bytes
) -> None:
    key = google_key(info, "google:a")
    errand = errand_of(key)
    with pytest.raises(UnmintedError) as caught:
        key.step({errand.url: Reply(200, body)})
    assert caught.value.__cause__ is None


def test_an_exchange_without_end_is_given_up() -> None:
    key = google_key(authorized_user(), "google:a")
    with pytest.raises(UnmintedError):
        key.step({f"https://a/{number}": good() for number in range(20)})


# ---- reading one ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("info", "why"),
    [
        ({}, "its type must be authorized_user or service_account"),
        ({"type": "external_account"}, "its type must be authorized_user or service_account"),
        ({"type": ["service_account"]}, "its type must be"),
        (authorized_user(refresh_token=""), "needs refresh_token"),
        (authorized_user(client_id=None, client_secret=3), "needs client_id, client_secret"),
        (service_account(private_key="canary"), "google-auth cannot use it"),
        (service_account(token_uri="http://tokens.example.com/token"), "token_uri is not https"),
        (service_account(token_uri="https://["), "token_uri is not https"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line_that_holds_nothing_of_it(
    tmp_path: Path, info: dict[str, Any], why: str
) -> None:
    path = write_credential(tmp_path / "a.json", info)
    with pytest.raises(OperatorError, match=why) as caught:
        load_google(f"google:{path}", {})
    assert len(caught.value.faults) == 1
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.touch(mode=0o600)
    path.write_text("refresh-canary")
    with pytest.raises(OperatorError, match="not a JSON object") as caught:
        load_google(f"google:{path}", {})
    assert "canary" not in str(caught.value)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = write_credential(tmp_path / "a.json", authorized_user(), 0o644)
    with pytest.raises(OperatorError, match="chmod 600"):
        load_google(f"google:{path}", {})


def test_a_credential_of_systemd_s_is_read_with_its_own_modes(tmp_path: Path) -> None:
    write_credential(tmp_path / "alice", authorized_user(), 0o440)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert load_google("google:credential:alice", environ).kind == "authorized_user"
    assert files_of("google:credential:alice", environ) == tmp_path / "alice"


def test_application_default_credentials_are_looked_for_in_google_s_order(tmp_path: Path) -> None:
    gcloud = tmp_path / "gcloud"
    gcloud.mkdir()
    environ = {"HOME": str(tmp_path), "CLOUDSDK_CONFIG": str(gcloud)}
    assert place_of(ADC, environ) is None
    assert files_of(ADC, environ) is None
    kept = write_credential(gcloud / "application_default_credentials.json", authorized_user())
    assert place_of(ADC, environ) == f"file:{kept}"
    assert place_of(ADC, environ | {"GOOGLE_APPLICATION_CREDENTIALS": "/a"}) == "file:/a"
    assert load_google(ADC, environ).kind == "authorized_user"


def test_every_kind_of_reference_says_which_file_to_watch() -> None:
    assert files_of("google:/a", {}) == Path("/a")
    assert files_of("file:/a", {}) == Path("/a")
    assert files_of("env:A", {}) is None


# ---- secrets -------------------------------------------------------------------------------------------


def test_no_repr_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for info in (authorized_user(), service_account()):
        key = google_key(info, "google:a")
        errand = errand_of(key)
        minted = key.step({errand.url: good()})
        shown = " ".join(map(repr, (key, errand, good(), minted))) + caplog.text
        for secret in (REFRESH, CANARY_CLIENT, ACCESS, private_key()[60:100], "assertion"):
            assert secret not in shown


def test_google_auth_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, peekd.service.main; print('google.auth' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
