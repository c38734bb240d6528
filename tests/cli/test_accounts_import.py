"""peekd accounts import: tables to add, secrets in files of their own, and nothing overwritten."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from credential_files import authorized_user, write_credential

from peekd.cli.main import main
from peekd.config.load import load_settings

SETTINGS = """\
[upstreams.google]
protocol = "gemini"
base_url = "https://generativelanguage.googleapis.com"
[upstreams.claude]
protocol = "anthropic"
base_url = "https://api.anthropic.com"
[[accounts]]
name = "here"
upstream = "claude"
credential = "env:HERE"
"""

LIST: list[dict[str, Any]] = [
    {"email": "a@example.com", "refresh_token": "1//canary-a", "client_id": "c", "client_secret": "canary-c"},
    {"name": "b", "api_key": "sk-canary-b", "upstream": "claude", "priority": 1},
]


class Desk:
    """A folder with settings and a list; `run` is the command."""

    def __init__(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = tmp_path
        self.config = tmp_path / "peekd.toml"
        self.config.write_text(SETTINGS)
        self._capsys = capsys
        self.err = ""

    def list(self, entries: object = LIST) -> str:
        path = self.path / "list.json"
        path.write_text(json.dumps(entries))
        return str(path)

    def run(self, *words: str) -> tuple[int, str]:
        code = main(["accounts", "import", "--config", str(self.config), *words])
        out, self.err = self._capsys.readouterr()
        assert "canary" not in out + self.err
        return code, out

    @property
    def files(self) -> dict[str, str]:
        folder = self.path / "accounts"
        return {path.name: path.read_text() for path in sorted(folder.iterdir())} if folder.exists() else {}


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def test_tables_are_printed_that_the_settings_can_take_and_secrets_are_kept_apart(desk: Desk) -> None:
    code, out = desk.run(desk.list())
    assert code == 0
    folder = desk.path / "accounts"
    assert tomllib.loads(out)["accounts"] == [
        {"name": "a@example.com", "upstream": "google", "credential": f"google:{folder}/a@example.com.json"},
        {"name": "b", "upstream": "claude", "credential": f"file:{folder}/b.key", "priority": 1},
    ]
    assert json.loads(desk.files["a@example.com.json"])["refresh_token"] == "1//canary-a"
    assert desk.files["b.key"] == "sk-canary-b\n"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    desk.config.write_text(SETTINGS + out)
    assert len(load_settings(str(desk.config), {"HERE": "x"}).settings.accounts) == 3
    code, out = desk.run(desk.list())  # a second time there is nothing to add
    assert (code, out) == (0, "")
    assert desk.err.count("skipped: ") == 2


def test_a_dry_run_writes_nothing(desk: Desk) -> None:
    code, out = desk.run("--dry-run", "--output", str(desk.path / "new.toml"), desk.list())
    assert (code, out, desk.files) == (0, "", {})
    code, out = desk.run("--dry-run", desk.list())
    assert code == 0
    assert "a@example.com" in out
    assert not (desk.path / "new.toml").exists()


def test_an_output_is_made_and_never_overwritten(desk: Desk) -> None:
    output = desk.path / "new.toml"
    assert desk.run("--output", str(output), "--secrets", str(desk.path / "s"), desk.list())[0] == 0
    assert [one["name"] for one in tomllib.loads(output.read_text())["accounts"]] == ["a@example.com", "b"]
    before = output.read_bytes()
    code, _ = desk.run("--output", str(output), desk.list())
    assert (code, output.read_bytes(), desk.files) == (1, before, {})
    assert "exists already" in desk.err


def test_a_secret_s_file_is_never_overwritten(desk: Desk) -> None:
    (desk.path / "accounts").mkdir()
    (desk.path / "accounts" / "b.key").write_text("mine")
    code, out = desk.run(desk.list())
    assert (code, out) == (1, "")
    assert desk.files == {"b.key": "mine"}
    assert "b.key exists already" in desk.err


def test_one_bad_entry_keeps_all_from_being_written(desk: Desk) -> None:
    code, out = desk.run(desk.list([*LIST, {"name": "c"}]))
    assert (code, out, desk.files) == (1, "", {})
    assert "list.json, entry 3: expected a refresh_token" in desk.err


def test_duplicates_are_noticed(desk: Desk) -> None:
    entries = [LIST[0], {**LIST[0], "email": "other@example.com"}, {"name": "here", "api_key": "canary-z"}]
    code, out = desk.run(desk.list(entries))
    assert code == 0
    assert out.count("[[accounts]]") == 1
    assert "other@example.com has the same credential as" in desk.err
    assert "an account here is in the settings already" in desk.err
    code, _ = desk.run(desk.list([LIST[1], {**LIST[1], "api_key": "sk-canary-other"}]))
    assert code == 1
    assert "entry 1 is named b, too" in desk.err


def test_names_that_make_the_same_file_get_one_each(desk: Desk) -> None:
    entries = [{"name": name, "api_key": f"canary-{name}", "upstream": "claude"} for name in ("x/y", "x:y")]
    assert desk.run(desk.list(entries))[0] == 0
    assert [*desk.files] == ["x_y-2.key", "x_y.key"]


def test_an_upstream_is_named_where_more_than_one_can_be_meant(desk: Desk) -> None:
    entries = [{"name": "k", "api_key": "canary-k"}]
    code, _ = desk.run(desk.list(entries))
    assert code == 1
    assert "of which upstream is it? Give --upstream (google, claude)" in desk.err
    assert desk.run("--upstream", "claude", desk.list(entries))[0] == 0
    code, _ = desk.run("--upstream", "none", desk.list([{"name": "l", "api_key": "canary-l"}]))
    assert code == 1
    assert "no upstream none" in desk.err


def test_json_tells_everything_but_secrets(desk: Desk) -> None:
    code, out = desk.run("--json", desk.list([*LIST, {"name": "here", "api_key": "canary"}]))
    told = json.loads(out)
    assert code == 0
    assert [one["name"] for one in told["accounts"]] == ["a@example.com", "b"]
    assert len(told["skipped"]) == 1
    assert len(told["written"]) == 2
    assert told["faults"] == []


def test_files_of_google_credentials_are_referred_to_where_they_are(desk: Desk) -> None:
    (desk.path / "keys").mkdir()
    file = write_credential(desk.path / "keys" / "person.json", authorized_user("1//canary-p"))
    code, out = desk.run(str(desk.path / "keys"))
    assert code == 0
    assert tomllib.loads(out)["accounts"] == [
        {"name": "person", "upstream": "google", "credential": f"google:{file}"}
    ]
    assert desk.files == {}


def test_what_was_written_is_taken_away_where_the_rest_cannot_be(desk: Desk) -> None:
    code, _ = desk.run("--output", str(desk.path / "no" / "such" / "new.toml"), desk.list())
    assert code == 78
    assert desk.files == {}
