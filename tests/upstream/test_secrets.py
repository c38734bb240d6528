from __future__ import annotations

import os
from pathlib import Path

import pytest
from credential_files import Keep

from peekd.upstream.secrets import MAX_BYTES, load_secret
from peekd.vocabulary.errors import OperatorError

SECRET = "sk-very-secret-1"

# ---- references --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [SECRET, f"{SECRET}\n", f"{SECRET}\r\n"])
def test_each_way_gives_the_secret_without_its_line_end(keep: Keep, text: str) -> None:
    path = keep(text)
    assert load_secret("env:KEY", {"KEY": text}) == SECRET
    assert load_secret(f"file:{path}", {}) == SECRET
    assert load_secret("credential:key", {"CREDENTIALS_DIRECTORY": str(path.parent)}) == SECRET


@pytest.mark.parametrize(
    "literal", [SECRET, f"sk:{SECRET}", f"google:{SECRET}", "", "env:", "file:", ":x", f"ENV:{SECRET}"]
)
def test_what_is_no_reference_is_refused_with_the_ways_and_not_repeated(literal: str) -> None:
    with pytest.raises(OperatorError, match="env:NAME, file:PATH or credential:NAME") as caught:
        load_secret(literal, {})
    assert SECRET not in str(caught.value)
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o601, 0o660])
def test_a_file_others_can_reach_is_refused(keep: Keep, mode: int) -> None:
    with pytest.raises(OperatorError, match="chmod 600"):
        load_secret(f"file:{keep(SECRET, mode)}", {})


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_ones_own_is_read(keep: Keep, mode: int) -> None:
    assert load_secret(f"file:{keep(SECRET, mode)}", {}) == SECRET


@pytest.mark.parametrize(("mode", "read"), [(0o440, True), (0o400, True), (0o444, False)])
def test_systemds_own_modes_are_taken_for_a_credential(keep: Keep, mode: int, *, read: bool) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(keep(SECRET, mode).parent)}
    if read:
        assert load_secret("credential:key", environ) == SECRET
    else:
        with pytest.raises(OperatorError, match="chmod 600"):
            load_secret("credential:key", environ)


def test_a_file_of_another_user_is_refused(keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    path = keep(SECRET)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    if path.stat().st_uid == 0:
        assert load_secret(f"file:{path}", {}) == SECRET  # root's files serve everyone
        os.chown(path, 4242, -1)
    with pytest.raises(OperatorError, match="another user"):
        load_secret(f"file:{path}", {})


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(OperatorError, match=r"not a regular file|directory"):
            load_secret(f"file:{path}", {})


def test_a_link_is_judged_by_what_it_leads_to(keep: Keep, tmp_path: Path) -> None:
    (tmp_path / "good").symlink_to(keep(SECRET))
    (tmp_path / "bad").symlink_to(keep(SECRET, 0o644, "open"))
    assert load_secret(f"file:{tmp_path / 'good'}", {}) == SECRET
    with pytest.raises(OperatorError, match="chmod 600"):
        load_secret(f"file:{tmp_path / 'bad'}", {})


@pytest.mark.parametrize(
    "text", ["", "\n", f"{SECRET}\nsecond", f"{SECRET}\x00", f"{SECRET}é", "x" * (MAX_BYTES + 1)]
)
def test_what_can_be_no_key_is_refused_and_not_repeated(keep: Keep, text: str) -> None:
    for reference, environ in ((f"file:{keep(text)}", {}), ("env:KEY", {"KEY": text})):
        if len(text) > MAX_BYTES and environ:
            continue
        with pytest.raises(OperatorError) as caught:
            load_secret(reference, environ)
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "environ", "why"),
    [
        ("env:NO_SUCH", {}, "no NO_SUCH"),
        ("file:/no/such/file", {}, "No such file"),
        ("credential:key", {}, "CREDENTIALS_DIRECTORY"),
        ("credential:../key", {"CREDENTIALS_DIRECTORY": "/tmp"}, "not a credential's name"),  # noqa: S108
        ("credential:..", {"CREDENTIALS_DIRECTORY": "/tmp"}, "not a credential's name"),  # noqa: S108
        ("credential:none", {"CREDENTIALS_DIRECTORY": "/no/such"}, "No such file"),
    ],
)
def test_what_is_not_there_is_named(reference: str, environ: dict[str, str], why: str) -> None:
    with pytest.raises(OperatorError, match=why):
        load_secret(reference, environ)
