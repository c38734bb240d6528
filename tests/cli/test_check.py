import io
import json
from pathlib import Path

import pytest
from typing_extensions import override

from peekd.cli.check import progress_on
from peekd.cli.main import main

GOOD = """\
[upstreams.google]
protocol = "gemini"
base_url = "simulator:demo"
[[accounts]]
name = "alice@example.com"
upstream = "google"
credential = "env:KEY_ALICE"
[[accounts]]
name = "bob"
upstream = "google"
credential = "file:/etc/peekd/keys/bob"
disabled = true
[[routes]]
match = "claude-*"
to = ["google/gemini-3-pro"]
[[routes]]
match = "claude-*"
to = ["google"]
"""

TOLD = """\
settings from {path}
and from $PEEKD_LOGS__LEVEL
listens on 127.0.0.1:8045

upstreams
  google  gemini  simulator:demo
accounts
  alice@example.com  at google  env:KEY_ALICE
  bob                at google  file:/etc/peekd/keys/bob  disabled
routes
  claude-*  → google/gemini-3-pro
  claude-*  → google

caution: routes[1] ("claude-*") is never reached: an earlier route takes it all
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.toml"
    path.write_text(GOOD)
    return path


def test_settings_in_order_are_told(
    good: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEEKD_LOGS__LEVEL", "debug")
    assert main(["check", "--config", str(good)]) == 0
    assert capsys.readouterr().out == TOLD.format(path=good)


def test_without_a_file_it_names_the_one_to_make(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    told = capsys.readouterr().out
    assert f"the file to make is {tmp_path}/peekd/peekd.toml\n" in told
    assert "caution: no upstream is configured" in told


def test_faults_go_to_stderr_and_end_in_78(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('[logs]\nlevel = "loud"\n[server]\nclient_keys = ["canary"]\n')
    assert main(["check", "--config", str(path)]) == 78
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.partition(": expected")[0] for line in err.splitlines()] == [
        f"peekd: {path}:2: logs.level",
        f"peekd: {path}:4: server.client_keys[0]",
    ]
    assert "canary" not in err
    assert main(["check", "--json", "--config", str(path)]) == 78
    assert len(json.loads(capsys.readouterr().out)["faults"]) == 2


def test_json_holds_the_same(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", "--config", str(good)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == str(good)
    assert told["accounts"] == [
        {"name": "alice@example.com", "upstream": "google", "credential": "env:KEY_ALICE", "disabled": False},
        {"name": "bob", "upstream": "google", "credential": "file:/etc/peekd/keys/bob", "disabled": True},
    ]
    assert [route["match"] for route in told["routes"]] == ["claude-*", "claude-*"]
    assert len(told["cautions"]) == 1


@pytest.mark.parametrize(("key", "code"), [("sim-alice", 0), ("canary", 1), (None, 1)])
def test_connect_loads_credentials_and_fails_where_one_is_missing(
    key: str | None,
    code: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "one.toml"
    path.write_text(GOOD.partition('[[accounts]]\nname = "bob"')[0])
    if key:
        monkeypatch.setenv("KEY_ALICE", key)
    assert main(["check", "--connect", "--config", str(path)]) == code
    told = capsys.readouterr().out
    assert f"account alice@example.com  {'failed' if code else 'ok'}" in told
    assert ("google answers 200: the credential is good" in told) == (not code)
    assert ("→ mend what is named there" in told) == (not key)
    assert ("→ renew the credential of alice@example.com: env:KEY_ALICE" in told) == (key == "canary")
    assert "canary" not in told


@pytest.mark.parametrize("option", ["--json", "--connect"])
def test_a_proxys_password_is_not_told(
    option: str, good: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEEKD_UPSTREAMS__GOOGLE__PROXY", "http://me:canary@127.0.0.1:1")
    monkeypatch.setenv("PEEKD_UPSTREAMS__GOOGLE__BASE_URL", "https://api.example.invalid")
    main(["check", option, "--config", str(good)])
    out, err = capsys.readouterr()
    assert "google" in out
    assert "canary" not in out + err


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


def test_progress_is_for_a_terminal_and_leaves_no_line() -> None:
    pipe, terminal = io.StringIO(), Terminal()
    for stream in (pipe, terminal):
        tell = progress_on(stream)
        for done in range(3):
            tell(done, 2)
    assert pipe.getvalue() == ""
    assert "tried 1 of 2" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")
