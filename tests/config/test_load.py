from collections.abc import Callable
from pathlib import Path

import pytest

from peekd.config import load
from peekd.config.load import Loaded, is_system_service, load_settings
from peekd.config.schema import Settings
from peekd.config.shapes import known_settings
from peekd.config.walk import SECRET
from peekd.vocabulary.errors import OperatorError

Load = Callable[..., Loaded]
Told = Callable[..., list[str]]

EVERY_FAULT = """\
[server]
bind = ["0.0.0.0:8045", "8045"]
auth = "atuo"
max_body_mb = 3
allow = ["10.0.0.1/8"]
admin_keys = ["CANARY-0"]

[upstreams.google]
protocol = "gemini"
base_url = "ftp://CANARY-1"
headers = { Authorization = "Bearer CANARY-2" }

[upstreams.Second]
protocol = "openai-response"
base_url = "https://user:CANARY-3@host"

[[accounts]]
name = "a"
upstream = "gogle"
credential = "sk-CANARY-4"

[[accounts]]
name = "a"
upstream = "google"

[[routes]]
match = "claude-*"
to = [
  "gogle/x",
  "google/",
]
[routes.healing]
peek_secs = 3

[healing]
early_commit_seconds = 70
[healing.policy.overloded]
ladder = ["again"]
[healing.policy.silent]
ladder = ["relay"]

[metrics]
opne = true
"""

ENVIRON = {
    "PEEKD_SERVR__BIND": "CANARY-5",
    "PEEKD_LOGS__LEVEL": "loud",
    "PEEKD_SERVER__CLIENT_KEYS": '"CANARY-6"',
    "PEEKD_ACCOUNTS": "1",
}

EVERY_LINE = """\
peekd.toml:2: server.bind[0]: expected server.client_keys for an address beyond loopback \
(or a loopback address), found "0.0.0.0:8045" without any client key
peekd.toml:2: server.bind[1]: expected HOST:PORT, [IPV6]:PORT, unix:/PATH or fd://NUMBER, found "8045"
peekd.toml:3: server.auth: expected "off", "strict", "all-except-health" or "auto", found "atuo"; \
nearest: auto
peekd.toml:4: server.max_body_mb: expected a known key, found an unknown one; nearest: server.max_body_mib
peekd.toml:5: server.allow[0]: expected an address or a network (CIDR), found "10.0.0.1/8"; \
nearest: 10.0.0.0/8
peekd.toml:6: server.admin_keys[0]: expected env:NAME, file:PATH or credential:NAME, found a literal: \
a secret is never written into settings
peekd.toml:10: upstreams.google.base_url: expected https://HOST, http://HOST or simulator:SCRIPT, \
found a URL of another form (ftp:…)
peekd.toml:11: upstreams.google.headers.Authorization: expected no secret; a key belongs in an account's \
credential, as env:NAME, file:PATH or credential:NAME, found what may be one
peekd.toml:14: upstreams.Second.protocol: expected "anthropic", "gemini", "openai-chat" or \
"openai-responses", found "openai-response"; nearest: openai-responses
peekd.toml:15: upstreams.Second.base_url: expected a URL without a user or password in it, \
found one with them
peekd.toml:19: accounts[0].upstream: expected the name of an upstream (google, Second), found "gogle"; \
nearest: google
peekd.toml:20: accounts[0].credential: expected env:NAME, file:PATH, credential:NAME, google:PATH, \
google:credential:NAME or google:adc, found a literal: \
a secret is never written into settings
peekd.toml:22: accounts[1].credential: expected env:NAME, file:PATH, credential:NAME, google:PATH, \
google:credential:NAME or google:adc, found nothing
peekd.toml:23: accounts[1].name: expected a name of its own, found "a" a second time
peekd.toml:28: routes[0].to[0]: expected the name of an upstream (google, Second), found "gogle"; \
nearest: google
peekd.toml:28: routes[0].to[1]: expected a model after the slash, found "google/"
peekd.toml:33: routes[0].healing.peek_secs: expected a known key, found an unknown one; \
nearest: routes[0].healing.peek_seconds
peekd.toml:36: healing.early_commit_seconds: expected a number of at least 0 and at most 60, found 70
peekd.toml:37: healing.policy.overloded: expected the name of an outcome, found an unknown one; \
nearest: overloaded
peekd.toml:40: healing.policy.silent.ladder[0]: expected one of the moves here: again, rotate, found "relay"
peekd.toml:43: metrics.opne: expected a known key, found an unknown one; nearest: metrics.open
$PEEKD_SERVER__CLIENT_KEYS: server.client_keys: expected a list of strings, found a string
$PEEKD_LOGS__LEVEL: logs.level: expected "debug", "info", "warning" or "error", found "loud"
$PEEKD_ACCOUNTS: [[accounts]] is a list of tables; those come from the file only
$PEEKD_SERVR__BIND: expected the name of a setting, found an unknown one; nearest: PEEKD_SERVER__BIND
"""


def test_every_fault_is_told_at_once_with_its_line_and_without_a_secret(told: Told) -> None:
    lines = told(EVERY_FAULT, ENVIRON)
    assert "\n".join(lines) + "\n" == EVERY_LINE
    assert "CANARY" not in EVERY_LINE


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in known_settings()])
def test_a_secret_in_the_wrong_place_is_not_printed(told: Told, pattern: str) -> None:
    """Whatever the setting and its type: a key pasted there is refused or, as mere text, kept quiet."""
    secret = "canary" if pattern in SECRET else "sk-ant-canary"
    table, _, key = pattern.replace("*", "x").rpartition(".")
    first, brackets, rest = table.partition("[]")
    headers = [f"[[{first}]]", f"[{first}{rest}]"] if brackets else [f"[{table}]"]
    lines = told("\n".join([*headers[: 2 if rest else 1], f'{key} = "{secret}"', "[metrics]"]))
    assert lines
    assert "canary" not in "\n".join(lines)


def test_no_file_at_all_is_fine(tmp_path: Path) -> None:
    loaded = load_settings(None, {"XDG_CONFIG_HOME": str(tmp_path)})
    assert loaded.settings == Settings()
    assert loaded.source_path is None
    assert loaded.searched == (tmp_path / "peekd/peekd.toml", load.SYSTEM_FILE)
    assert loaded.file_to_edit == tmp_path / "peekd/peekd.toml"


def test_the_first_file_of_the_order_is_read(tmp_path: Path) -> None:
    named, pointed, users = tmp_path / "named.toml", tmp_path / "pointed.toml", tmp_path / "peekd/peekd.toml"
    users.parent.mkdir()
    for path in (named, pointed, users, load.SYSTEM_FILE):
        path.write_text("")
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "PEEKD_CONFIG": str(pointed)}
    assert load_settings(str(named), environ).source_path == named
    assert load_settings(None, environ).source_path == pointed
    del environ["PEEKD_CONFIG"]
    assert load_settings(None, environ).source_path == users
    users.unlink()
    assert load_settings(None, environ).source_path == load.SYSTEM_FILE


def test_without_xdg_the_users_file_is_below_home(tmp_path: Path) -> None:
    for environ in ({"HOME": str(tmp_path)}, {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "relative"}):
        assert load_settings(None, environ).searched[0] == tmp_path / ".config/peekd/peekd.toml"


def test_who_has_no_home_has_no_file_of_their_own() -> None:
    assert load_settings(None, {}).searched == (load.SYSTEM_FILE,)


def test_a_system_service_reads_no_users_file(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "INVOCATION_ID": "1", "STATE_DIRECTORY": "/var/lib/peekd"}
    assert is_system_service(environ)
    assert load_settings(None, environ).searched == (load.SYSTEM_FILE,)
    assert not is_system_service({**environ, "MANAGERPID": "7"})
    assert not is_system_service({"INVOCATION_ID": "1"})


def test_a_home_that_is_no_folder_has_no_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    assert load_settings(None, {"HOME": str(tmp_path / "home")}).source_path is None


@pytest.mark.parametrize("by_variable", ["", "PEEKD_CONFIG"])
def test_a_file_that_is_named_must_exist(tmp_path: Path, by_variable: str) -> None:
    path = str(tmp_path / "none.toml")
    with pytest.raises(OperatorError, match=r"none\.toml: no such file$"):
        load_settings(None if by_variable else path, {by_variable: path} if by_variable else {})


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"expected a file, found a directory$"):
        load_settings(str(tmp_path), {})


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "loop.toml"
    path.symlink_to(path)
    with pytest.raises(OperatorError, match=r"loop\.toml: cannot be read: "):
        load_settings(str(path), {})


def test_other_bytes_than_text_are_told_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "peekd.toml"
    path.write_bytes(b"# fine\n# caf\xe9\n")
    with pytest.raises(OperatorError, match=r"peekd\.toml:2: expected UTF-8 text, found other bytes$"):
        load_settings(str(path), {})


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "peekd.toml"
    path.write_bytes(b"\xef\xbb\xbf[logs]\nlevel = 'debug'\n")
    assert load_settings(str(path), {}).settings.logs.level == "debug"


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("[server]\nbind = \n", "peekd.toml:2:8: expected TOML: "),
        ("[server]\n[server]\n", "peekd.toml:2:8: expected TOML: "),
        ('a = "CANARY', "peekd.toml: expected TOML: "),
        ("a = " + "[" * 5000, "peekd.toml: expected TOML, found values nested"),
    ],
)
def test_a_fault_of_syntax_is_told_with_its_place(told: Told, text: str, start: str) -> None:
    (line,) = told(text)
    assert line.startswith(start)
    assert "CANARY" not in line


def test_the_environment_goes_before_the_file(loaded: Load) -> None:
    result = loaded("[logs]\nlevel = 'debug'\n[healing]\npeek_seconds = 5\n", {"PEEKD_LOGS__LEVEL": "error"})
    assert result.settings.logs.level == "error"
    assert result.settings.healing.peek_seconds == 5
    assert result.variables == ("PEEKD_LOGS__LEVEL",)


def test_a_variable_that_a_credential_names_sets_nothing(loaded: Load) -> None:
    text = """
    [upstreams.up]
    protocol = "anthropic"
    base_url = "https://api.example.com"
    [[accounts]]
    name = "a"
    upstream = "up"
    credential = "env:PEEKD_KEY_A"
    """
    assert loaded(text, {"PEEKD_KEY_A": "canary"}).variables == ()


def test_a_proxys_password_may_come_from_the_environment_alone(loaded: Load, told: Told) -> None:
    head = '[upstreams.up]\nprotocol = "anthropic"\nbase_url = "https://api.example.com"\n'
    environ = {"PEEKD_UPSTREAMS__UP__PROXY": "http://me:canary@proxy:3128"}
    assert loaded(head, environ).settings.upstreams["up"].proxy == "http://me:canary@proxy:3128"
    (line,) = told(head + 'proxy = "http://me:canary@proxy:3128"')
    assert line.startswith(
        "peekd.toml:4: upstreams.up.proxy: expected a URL without a user or password in it"
    )
    assert "canary" not in line


def test_a_value_of_faulty_shape_is_told_once(told: Told) -> None:
    assert told("[[accounts]]\nname = 3\nupstream = 4\ncredential = 5\n") == [
        "peekd.toml:2: accounts[0].name: expected a string, found a whole number",
        "peekd.toml:3: accounts[0].upstream: expected a string, found a whole number",
        "peekd.toml:4: accounts[0].credential: expected a string, found a whole number",
    ]
