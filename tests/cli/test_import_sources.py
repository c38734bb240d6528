"""What can be imported is found, what cannot is named, and no secret is in either."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from credential_files import authorized_user, service_account, write_credential

from peekd.cli.import_sources import Client, read_client, read_sources
from peekd.vocabulary.errors import OperatorError

CLIENT = Client("peekd.apps.example.com", "canary-client")
REFRESH = "1//canary-refresh"


def source(tmp_path: Path, body: object) -> str:
    path = tmp_path / "list.json"
    path.write_text(body if isinstance(body, str) else json.dumps(body))
    return str(path)


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_list_gives_an_account_for_each_entry(tmp_path: Path, *, wrapped: bool) -> None:
    entries: list[dict[str, Any]] = [
        {"email": "a@example.com", "refresh_token": REFRESH, "weight": 2},
        {"name": "b", "api_key": "sk-canary", "upstream": "claude", "models": ["claude-*"]},
        {"name": "c", "credential": "env:KEY_C"},
        service_account("d@p.iam.gserviceaccount.com"),
    ]
    found, faults = read_sources(
        [source(tmp_path, {"accounts": entries} if wrapped else entries)], CLIENT, {}
    )
    assert faults == []
    assert [one.name for one in found] == ["a@example.com", "b", "c", "d@p.iam.gserviceaccount.com"]
    assert [one.credential for one in found] == ["", "", "env:KEY_C", ""]
    kept = json.loads(found[0].secret)
    assert kept == {
        "type": "authorized_user",
        "refresh_token": REFRESH,
        "client_id": CLIENT.client_id,
        "client_secret": CLIENT.client_secret,
    }
    assert (found[0].settings, found[1].settings) == (
        {"weight": 2},
        {"upstream": "claude", "models": ["claude-*"]},
    )
    assert found[1].secret == "sk-canary"
    assert json.loads(found[3].secret)["private_key"] == service_account()["private_key"]
    assert "canary" not in repr(found)


def test_a_folder_gives_its_files_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    robot = write_credential(folder / "robot.json", service_account("robot@p.iam.gserviceaccount.com"))
    person = write_credential(folder / "person.json", authorized_user(account=""))
    (folder / "notes.txt").write_text("not looked at")
    found, faults = read_sources([str(folder)], None, {})
    assert faults == []
    assert [(one.name, one.credential, one.secret) for one in found] == [
        ("person", f"google:{person}", ""),
        ("robot@p.iam.gserviceaccount.com", f"google:{robot}", ""),
    ]
    assert all(one.is_google for one in found)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({}, "expected a name"),
        (3, "expected a name"),
        ({"name": "é", "api_key": "canary"}, "expected a name of printable ASCII"),
        ({"name": "a"}, "expected a refresh_token, an api_key, a credential"),
        ({"name": "a", "refresh_token": 3}, "expected a refresh_token"),
        ({"name": "a", "refresh_token": REFRESH}, "is of no client"),
        ({"name": "a", "api_key": "canary two\n"}, "characters that no key has"),
        ({"name": "a", "credential": "sk-canary-literal"}, "is a literal"),
        ({"name": "a", "api_key": "canary", "weight": 0}, "weight"),
        ({"name": "a", "type": "external_account"}, "its type must be"),
        (service_account(private_key="canary"), "google-auth cannot use it"),
    ],
)
def test_each_bad_entry_is_named_and_not_quoted(tmp_path: Path, entry: object, why: str) -> None:
    path = source(tmp_path, [{"name": "good", "credential": "env:A"}, entry])
    found, (fault,) = read_sources([path], None, {})
    assert [one.name for one in found] == ["good"]
    assert fault.startswith(f"{path}, entry 2: ")
    assert why in fault
    assert "canary" not in fault


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("canary", "not JSON"),
        (3, "expected a list"),
        ({"a": 1}, "expected a list"),
        ({"accounts": 1}, "expected a"),
    ],
)
def test_a_source_that_is_none_is_named(tmp_path: Path, body: object, why: str) -> None:
    path = source(tmp_path, body)
    found, (fault,) = read_sources([path], None, {})
    assert found == []
    assert fault.startswith(f"{path}: ")
    assert why in fault


def test_what_is_missing_empty_or_open_to_others_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    unsafe = write_credential(tmp_path / "unsafe.json", authorized_user(), 0o644)
    _, faults = read_sources([str(tmp_path / "none"), str(tmp_path / "empty"), str(unsafe)], None, {})
    assert [fault.rpartition(": ")[2].rpartition("; ")[2] for fault in faults] == [
        "No such file or directory", "no .json file is in it", "chmod 600 it"
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["installed", "web", ""])
def test_a_client_is_read_from_google_s_own_file(tmp_path: Path, kind: str) -> None:
    said = {"client_id": CLIENT.client_id, "client_secret": CLIENT.client_secret, "auth_uri": "https://a"}
    path = source(tmp_path, {kind: said} if kind else said)
    assert read_client(path) == CLIENT
    assert "canary" not in repr(CLIENT)
    with pytest.raises(OperatorError, match="no OAuth client"):
        read_client(source(tmp_path, {"installed": {"client_id": "a"}}))
