"""The steps of an installation are shown, done whole, and lose nothing that was there."""

from __future__ import annotations

from pathlib import Path

import pytest

from peekd.cli import service
from peekd.cli.codes import CONFIGURATION, DONE, FAILED
from peekd.cli.main import main

PROGRAM = ("--program", "/opt/peekd/bin/peekd")


def test_a_dry_run_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["service", "install", "--dry-run", "--root", str(tmp_path), *PROGRAM]) == DONE
    assert not list(tmp_path.iterdir())
    assert f"would write  {tmp_path}/etc/systemd/system/peekd.service" in capsys.readouterr().out


def test_files_are_written_below_a_root_and_taken_away_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--root", str(tmp_path)]
    assert main(["service", "install", *place, *PROGRAM]) == DONE
    unit = tmp_path / "etc/systemd/system/peekd.service"
    assert "ExecStart=/opt/peekd/bin/peekd serve" in unit.read_text()
    assert f"wrote {unit}" in capsys.readouterr().out

    assert main(["service", "uninstall", *place]) == DONE
    assert not unit.exists()
    assert (tmp_path / "etc/peekd/peekd.toml").exists()
    assert "Settings stay in" in capsys.readouterr().out


def test_settings_stay_and_a_changed_unit_is_kept_beside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, unit = tmp_path / "etc/peekd/peekd.toml", tmp_path / "etc/systemd/system/peekd.service"
    for path in (settings, unit):
        path.parent.mkdir(parents=True)
        path.write_text("mine")
    assert main(["service", "install", "--root", str(tmp_path), *PROGRAM]) == DONE
    assert settings.read_text() == "mine"
    assert unit.with_name("peekd.service.old").read_text() == "mine"
    assert "replaced (the old one is peekd.service.old)" in capsys.readouterr().out

    assert main(["service", "install", "--root", str(tmp_path), *PROGRAM]) == DONE
    assert unit.with_name("peekd.service.old").read_text() == "mine"
    assert f"kept {unit}" in capsys.readouterr().out


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "etc").write_text("a file")
    assert main(["service", "install", "--root", str(tmp_path), *PROGRAM]) == FAILED
    assert str(tmp_path / "etc") in capsys.readouterr().err


def test_no_systemd_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service, "_SYSTEMD_RUNS", tmp_path / "nowhere")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert main(["service", "install", "--user", *PROGRAM]) == CONFIGURATION
    assert "systemd does not run here" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_systems_service_is_for_root(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert main(["service", "install", *PROGRAM]) == CONFIGURATION
    assert "--user" in capsys.readouterr().err


def test_a_command_that_fails_ends_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    systemctl = tmp_path / "bin/systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text("#!/bin/sh\nexit 1\n")
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(systemctl.parent), prepend=":")
    monkeypatch.setattr(service, "_SYSTEMD_RUNS", tmp_path)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert main(["service", "install", "--user", *PROGRAM]) == FAILED
    assert "systemctl --user daemon-reload" in capsys.readouterr().out
