import pytest

from peekd.accounts.settings import AccountSettings
from peekd.config.cautions import cautions
from peekd.config.schema import Settings
from peekd.healing.settings import RouteSettings
from peekd.serving.settings import ServerSettings
from peekd.upstream.settings import UpstreamSettings

UP = UpstreamSettings("anthropic", "https://api.example.com")
GOOD = Settings(
    upstreams={"up": UP},
    accounts=(AccountSettings("a", "up", "env:A"),),
    routes=(RouteSettings("*", ("up/m",)),),
)


def test_settings_that_are_wise_call_for_no_caution() -> None:
    assert list(cautions(GOOD)) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(), ["no upstream is configured"]),
        (Settings(upstreams={"up": UP}), ["no account is configured"]),
        (
            Settings(upstreams={"up": UP}, accounts=(AccountSettings("a", "up", disabled=True),)),
            ["upstreams.up has no account that is enabled"],
        ),
        (
            Settings(
                upstreams={"up": UP, "b": UP},
                accounts=(AccountSettings("a", "up"), AccountSettings("b", "b")),
                routes=(RouteSettings("x", ("up",)), RouteSettings("x", ("up",))),
            ),
            ["upstreams.b is in no route", 'routes[1] ("x") is never reached'],
        ),
        (
            Settings(
                upstreams={"up": UpstreamSettings("gemini", "http://gpu.lan:8000")},
                accounts=(AccountSettings("a", "up"),),
            ),
            ["upstreams.up.base_url is http"],
        ),
        (
            Settings(
                upstreams={"up": UpstreamSettings("gemini", "http://127.0.0.1:8000")},
                accounts=(AccountSettings("a", "up"),),
            ),
            [],
        ),
        (
            Settings(
                upstreams={"up": UpstreamSettings("anthropic", "https://api.anthropic.com")},
                accounts=(AccountSettings("a", "up", "google:adc"),),
            ),
            ["account a: a Google access token goes to api.anthropic.com, which is not Google's"],
        ),
        (
            Settings(
                upstreams={"up": UpstreamSettings("gemini", platform="vertex", project="p", location="eu")},
                accounts=(AccountSettings("a", "up", "google:adc"),),
            ),
            [],
        ),
    ],
)
def test_each_caution_is_said(settings: Settings, words: list[str]) -> None:
    said = list(cautions(settings))
    assert len(said) == len(words)
    assert all(line.startswith(start) for line, start in zip(said, words, strict=True))


def test_an_open_face_calls_for_caution() -> None:
    server = ServerSettings(bind=("0.0.0.0:1",), client_keys=("env:A",), auth="off")
    said = list(cautions(Settings(server=server, upstreams=GOOD.upstreams, accounts=GOOD.accounts)))
    assert said == [
        "server.bind: other machines reach 0.0.0.0:1, unencrypted: put a TLS proxy before it",
        "server.auth is off: whoever reaches 0.0.0.0:1 uses your accounts",
    ]


def test_a_face_that_lets_nobody_in_calls_for_caution() -> None:
    server = ServerSettings(auth="strict")
    (said,) = cautions(Settings(server=server, upstreams=GOOD.upstreams, accounts=GOOD.accounts))
    assert said.startswith('server.auth is "strict" and there is no client key')
