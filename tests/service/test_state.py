"""What must outlive the process lies in one place, and a key is never half there."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from peekd.service.state import load_seal_key, state_directory
from peekd.signatures.seal import KEY_BYTES

PLACES: list[tuple[dict[str, str], str | None]] = [
    ({"STATE_DIRECTORY": "/var/lib/peekd", "HOME": "/home/u"}, "/var/lib/peekd"),
    ({"STATE_DIRECTORY": "/a:/b"}, "/a"),
    ({"XDG_STATE_HOME": "/s", "HOME": "/home/u"}, "/s/peekd"),
    ({"XDG_STATE_HOME": "s", "HOME": "/home/u"}, "/home/u/.local/state/peekd"),
    ({}, None),
]


@pytest.mark.parametrize(("environ", "place"), PLACES)
def test_the_place(environ: dict[str, str], place: str | None) -> None:
    assert state_directory(environ) == (None if place is None else Path(place))


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    place = tmp_path / "state/peekd"
    key = load_seal_key(place, {})
    assert len(key) == KEY_BYTES
    assert load_seal_key(place, {}) == key
    (file,) = place.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_seal_key(tmp_path / "other", {}) != key


def test_a_key_that_another_instance_made_first_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = load_seal_key(tmp_path, {})
    exists = iter([False, True])

    def seen(_path: Path) -> bool:
        return next(exists)

    monkeypatch.setattr(Path, "exists", seen)
    assert load_seal_key(tmp_path, {}) == key


def test_a_file_that_is_no_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "seal.key").write_bytes(b"short")
    with pytest.raises(OSError, match=r"seal\.key is no key: 5 bytes"):
        load_seal_key(tmp_path, {})


def test_a_place_that_cannot_be_written_raises(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        load_seal_key(tmp_path / "file" / "peekd", {})


def test_a_key_that_several_instances_share_comes_as_a_credential(tmp_path: Path) -> None:
    own = load_seal_key(tmp_path / "state", {})
    given = tmp_path / "credentials"
    given.mkdir()
    environ = {"CREDENTIALS_DIRECTORY": str(given)}
    assert load_seal_key(tmp_path / "state", environ) == own
    (given / "seal.key").write_bytes(bytes(range(KEY_BYTES)))
    assert load_seal_key(tmp_path / "state", environ) == bytes(range(KEY_BYTES))
    (given / "seal.key").write_bytes(b"short")
    with pytest.raises(OSError, match="is no key"):
        load_seal_key(tmp_path / "state", environ)
