import pytest

from peekd.accounts.settings import AccountSettings
from peekd.config.checks import cross_faults
from peekd.config.schema import Settings
from peekd.healing.settings import RouteSettings
from peekd.serving.settings import ServerSettings
from peekd.upstream.settings import UpstreamSettings

UP = UpstreamSettings("anthropic", "https://api.example.com", auth="none")


def faults_of(settings: Settings) -> list[str]:
    return [fault.told() for fault in cross_faults(settings)]


def test_the_defaults_are_without_fault() -> None:
    assert faults_of(Settings()) == []


def test_settings_that_mean_something_are_without_fault() -> None:
    settings = Settings(
        server=ServerSettings(
            bind=("0.0.0.0:8045", "[::1]:8045", "unix:/run/peekd.sock", "fd://3"),
            client_keys=("env:A",),
            allow=("10.0.0.0/8", "::1"),
            allowed_hosts=("peekd.lan", "[fd00::1]"),
            allowed_origins=("https://app.example.com:8443",),
        ),
        upstreams={
            "up": UP,
            "sim": UpstreamSettings("gemini", "simulator:demo", auth="none", headers={"x-team": "blue"}),
        },
        accounts=(
            AccountSettings("a@example.com", "up"),
            AccountSettings("b", "sim", proxy="socks5://host:1080"),
        ),
        routes=(RouteSettings("claude-*[1m]", ("up/a/b", "sim")),),
    )
    assert faults_of(settings) == []


@pytest.mark.parametrize(
    ("server", "told"),
    [
        (ServerSettings(bind=()), "server.bind: expected at least one of HOST:PORT"),
        (ServerSettings(bind=("8045",)), "server.bind[0]: expected HOST:PORT"),
        (ServerSettings(bind=("0.0.0.0:1",)), "server.bind[0]: expected server.client_keys"),
        (
            ServerSettings(bind=("a:1",) * 2, client_keys=("env:A",)),
            "server.bind[1]: expected each address once",
        ),
        (ServerSettings(allow=("10.0.0.1/8",)), "server.allow[0]: expected an address or a network (CIDR)"),
        (ServerSettings(deny=("x",)), "server.deny[0]: expected an address or a network (CIDR)"),
        (ServerSettings(trusted_proxies=("",)), "server.trusted_proxies[0]: expected an address"),
        (ServerSettings(allowed_hosts=("http://a",)), "server.allowed_hosts[0]: expected a host name"),
        (ServerSettings(allowed_origins=("a.com",)), "server.allowed_origins[0]: expected an origin"),
        (ServerSettings(allowed_origins=("https://a/",)), "server.allowed_origins[0]: expected an origin"),
    ],
)
def test_a_face_that_means_nothing_or_is_unguarded_is_told(server: ServerSettings, told: str) -> None:
    (line,) = faults_of(Settings(server=server))
    assert line.startswith(told)


def test_the_network_that_was_meant_is_named() -> None:
    (line,) = faults_of(Settings(server=ServerSettings(allow=("10.0.0.1/8",))))
    assert line.endswith("nearest: 10.0.0.0/8")


@pytest.mark.parametrize(
    ("upstream", "told"),
    [
        (UpstreamSettings("gemini", "ftp://a"), "upstreams.up.base_url: expected https://HOST"),
        (UpstreamSettings("gemini", "api.example.com"), "upstreams.up.base_url: expected https://HOST"),
        (UpstreamSettings("gemini", "https://"), "upstreams.up.base_url: expected https://HOST"),
        (UpstreamSettings("gemini", "https://a:x"), "upstreams.up.base_url: expected https://HOST"),
        (UpstreamSettings("gemini", "https://["), "upstreams.up.base_url: expected https://HOST"),
        (UpstreamSettings("gemini", "simulator:"), "upstreams.up.base_url: expected simulator:SCRIPT"),
        (
            UpstreamSettings("anthropic", "https://a", platform="code-assist"),
            'upstreams.up.platform: expected protocol = "gemini" where platform is "code-assist"',
        ),
        (
            UpstreamSettings("gemini", "https://a", project="p"),
            "upstreams.up.project: expected a platform that it belongs to",
        ),
        (UpstreamSettings("gemini"), "upstreams.up.base_url: expected https://HOST"),
        (
            UpstreamSettings("openai-chat", platform="vertex", project="p", location="us"),
            'upstreams.up.platform: expected protocol = "anthropic" or "gemini" where platform is "vertex"',
        ),
        (
            UpstreamSettings("gemini", platform="vertex", location="us"),
            "upstreams.up.project: expected the project of Google Cloud to ask, where platform is",
        ),
        (
            UpstreamSettings("anthropic", platform="vertex", project="p"),
            "upstreams.up.location: expected the location of Google Cloud to ask, where platform is",
        ),
        (
            UpstreamSettings("gemini", platform="vertex", project="p/../q", location="us"),
            "upstreams.up.project: expected letters, digits, hyphens, dots and colons",
        ),
        (
            UpstreamSettings("gemini", "https://a", location="us"),
            "upstreams.up.location: expected a platform that it belongs to",
        ),
        (
            UpstreamSettings("gemini", "http://a", proxy="socks9://a"),
            "upstreams.up.proxy: expected http://HOST or",
        ),
        (
            UpstreamSettings("gemini", "http://a", headers={"a b": "c"}),
            'upstreams.up.headers."a b": expected a',
        ),
        (
            UpstreamSettings("gemini", "http://a", headers={"a": "b\r\nc: d"}),
            "upstreams.up.headers.a: expected a",
        ),
        (
            UpstreamSettings("gemini", "http://a", headers={"Host": "b"}),
            "upstreams.up.headers.Host: expected a",
        ),
    ],
)
def test_an_upstream_that_cannot_be_asked_is_told(upstream: UpstreamSettings, told: str) -> None:
    (line,) = faults_of(Settings(upstreams={"up": upstream}))
    assert line.startswith(told)


@pytest.mark.parametrize("name", ["", "a/b", "a\nb"])
def test_an_upstreams_name_can_stand_in_a_route(name: str) -> None:
    (line,) = faults_of(Settings(upstreams={name: UP}))
    assert 'expected a name without "/"' in line


@pytest.mark.parametrize(
    ("accounts", "told"),
    [
        ((AccountSettings("", "up"),), "accounts[0].name: expected a name of printable ASCII"),
        ((AccountSettings("a\r\nb", "up"),), "accounts[0].name: expected a name of printable ASCII"),
        ((AccountSettings("ü", "up"),), "accounts[0].name: expected a name of printable ASCII"),
        ((AccountSettings("a", "up"),) * 2, "accounts[1].name: expected a name of its own"),
        ((AccountSettings("a", "pu"),), "accounts[0].upstream: expected the name of an upstream (up)"),
        ((AccountSettings("a", "up", proxy="nonsense"),), "accounts[0].proxy: expected http://HOST or"),
    ],
)
def test_an_account_that_cannot_be_used_is_told(accounts: tuple[AccountSettings, ...], told: str) -> None:
    (line,) = faults_of(Settings(upstreams={"up": UP}, accounts=accounts))
    assert line.startswith(told)


@pytest.mark.parametrize(
    ("route", "told"),
    [
        (RouteSettings("", ("up",)), "routes[0].match: expected a pattern"),
        (RouteSettings("*", ()), "routes[0].to: expected at least one"),
        (RouteSettings("*", ("up/",)), "routes[0].to[0]: expected a model after the slash"),
        (RouteSettings("*", ("up", "upp/m")), "routes[0].to[1]: expected the name of an upstream (up)"),
    ],
)
def test_a_route_that_leads_nowhere_is_told(route: RouteSettings, told: str) -> None:
    (line,) = faults_of(Settings(upstreams={"up": UP}, routes=(route,)))
    assert line.startswith(told)
