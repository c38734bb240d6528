import pytest

from peekd.accounts.settings import AccountSettings
from peekd.config.schema import Settings
from peekd.config.secrecy import secrecy_faults
from peekd.serving.settings import ServerSettings
from peekd.upstream.settings import UpstreamSettings

URL = "https://api.example.com/v1"


def faults_of(settings: Settings) -> list[str]:
    return [fault.told() for fault in secrecy_faults(settings)]


def with_credential(credential: str, upstream: UpstreamSettings | None = None) -> Settings:
    return Settings(
        upstreams={"up": upstream or UpstreamSettings("anthropic", URL)},
        accounts=(AccountSettings("a", "up", credential),),
    )


@pytest.mark.parametrize(
    "reference", ["env:KEY_1", "file:/etc/peekd/keys/a", "file:~/a key", "credential:anthropic.key"]
)
def test_a_reference_is_no_secret(reference: str) -> None:
    assert faults_of(with_credential(reference)) == []
    assert faults_of(Settings(server=ServerSettings(client_keys=(reference,), admin_keys=(reference,)))) == []


@pytest.mark.parametrize(
    "literal", ["sk-canary", "canary", "ENV:canary", "env:", "env:a canary", "credential:a/canary"]
)
def test_a_literal_is_refused_and_not_repeated(literal: str) -> None:
    (told,) = faults_of(with_credential(literal))
    assert told.startswith("accounts[0].credential: expected env:NAME, file:PATH, credential:NAME, google:")
    assert "canary" not in told
    keys = faults_of(Settings(server=ServerSettings(client_keys=(literal,), admin_keys=(literal,))))
    assert [line.partition(":")[0] for line in keys] == ["server.client_keys[0]", "server.admin_keys[0]"]
    assert "canary" not in "".join(keys)


@pytest.mark.parametrize(
    "reference", ["google:adc", "google:/etc/a.json", "google:credential:a", "google:a b"]
)
def test_an_account_may_have_a_google_credential_and_a_key_may_not(reference: str) -> None:
    assert faults_of(with_credential(reference)) == []
    (told,) = faults_of(Settings(server=ServerSettings(client_keys=(reference,))))
    assert told.startswith("server.client_keys[0]: expected env:NAME, file:PATH or credential:NAME, found ")


@pytest.mark.parametrize(
    "reference", ["google:", "google:credential:", "google:credential:a/canary", "google: a"]
)
def test_a_google_credential_that_names_nothing_is_refused(reference: str) -> None:
    (told,) = faults_of(with_credential(reference))
    assert told.endswith("found google: without a valid name")


def test_an_account_without_credential_needs_an_upstream_that_asks_for_none() -> None:
    assert faults_of(with_credential("", UpstreamSettings("anthropic", URL, auth="none"))) == []
    (told,) = faults_of(with_credential(""))
    assert told.endswith("found nothing")


@pytest.mark.parametrize(
    "header",
    ["Authorization", "x-api-key", "X-Goog-Api-Key", "api-key", "Cookie", "Proxy-Authorization", "x-secret"],
)
def test_a_header_that_carries_a_secret_is_refused(header: str) -> None:
    (told,) = faults_of(
        Settings(upstreams={"up": UpstreamSettings("anthropic", URL, headers={header: "canary"})})
    )
    assert told.startswith(f"upstreams.up.headers.{header}: expected no secret")
    assert "canary" not in told


def test_a_header_with_what_looks_like_a_key_is_refused_and_others_pass() -> None:
    headers = {"x-team": "sk-canary-1", "anthropic-beta": "context-1m-2025-08-07"}
    (told,) = faults_of(Settings(upstreams={"up": UpstreamSettings("anthropic", URL, headers=headers)}))
    assert told.startswith("upstreams.up.headers.x-team:")
    assert "canary" not in told


@pytest.mark.parametrize(
    "url", ["https://canary@host", "https://u:canary@host/v1", "https://host/v1?key=canary"]
)
def test_a_url_with_a_secret_in_it_is_refused(url: str) -> None:
    upstream = UpstreamSettings("anthropic", url, auth="none", proxy=url)
    told = faults_of(Settings(upstreams={"up": upstream}, accounts=(AccountSettings("a", "up", proxy=url),)))
    assert [line.partition(":")[0] for line in told] == [
        "accounts[0].proxy",
        "upstreams.up.base_url",
        "upstreams.up.proxy",
    ]
    assert "canary" not in "".join(told)
