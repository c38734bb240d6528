"""Which files a service is made of, for the system and for one user."""

from __future__ import annotations

from pathlib import Path

import pytest

from peekd.service.units import SYSTEM_UNITS, Remove, Target, Tell, Write, install, shipped, uninstall
from peekd.vocabulary.errors import OperatorError

PROGRAM = Path("/opt/peekd/bin/peekd")
SYSTEM = Target(PROGRAM)
USER = Target(Path("/home/u/.local/bin/peekd"), home=Path("/home/u"))


def test_the_systems_service_is_written_enabled_and_started_with_its_door() -> None:
    *files, reload, enable = install(SYSTEM, start=True)
    assert [step.path for step in files if isinstance(step, Write)] == [
        *(Path("/etc/systemd/system", name) for name in SYSTEM_UNITS),
        Path("/etc/peekd/peekd.toml"),
    ]
    assert reload == Tell(("systemctl", "daemon-reload"))
    assert enable == Tell(("systemctl", "enable", "--now", "peekd.socket", "peekd.service"))


def test_it_starts_the_program_that_installs_it() -> None:
    units = {step.path.name: step.text for step in install(SYSTEM, start=True) if isinstance(step, Write)}
    for name in ("peekd.service", "peekd@.service"):
        assert "\nExecStart=/opt/peekd/bin/peekd serve\n" in units[name]
        assert "/usr/bin/peekd serve" not in units[name]


def test_a_program_with_odd_letters_is_written_as_systemd_reads_it() -> None:
    odd = Target(Path("/opt/my 100%/peekd"))
    (unit,) = (step for step in install(odd, start=True) if _is(step, "peekd.service"))
    assert isinstance(unit, Write)
    assert "\nExecStart='/opt/my 100%%/peekd' serve\n" in unit.text


def _is(step: object, name: str) -> bool:
    return isinstance(step, Write) and step.path.name == name


def test_the_operators_settings_are_kept_and_units_are_not() -> None:
    kept = {step.path.name: step.keep for step in install(SYSTEM, start=False) if isinstance(step, Write)}
    assert kept == {**dict.fromkeys(SYSTEM_UNITS, False), "peekd.toml": True}


def test_a_users_service_lies_in_the_home_and_needs_no_root() -> None:
    *files, _, enable = install(USER, start=False)
    assert [step.path for step in files if isinstance(step, Write)] == [
        Path("/home/u/.config/systemd/user/peekd.service"),
        Path("/home/u/.config/peekd/peekd.toml"),
    ]
    assert enable == Tell(("systemctl", "--user", "enable", "peekd.service"))
    moved = Target(PROGRAM, home=Path("/home/u"), config_home=Path("/elsewhere"))
    assert moved.settings == Path("/elsewhere/peekd/peekd.toml")


@pytest.mark.parametrize("program", ["/home/u/venv/bin/peekd", "/run/user/1/peekd", "/tmp/x/peekd"])  # noqa: S108
def test_a_program_that_the_service_cannot_see_is_refused_with_the_way_out(program: str) -> None:
    with pytest.raises(OperatorError, match="--user"):
        list(install(Target(Path(program)), start=True))


def test_an_interpreter_in_a_home_is_seen_through_its_link(tmp_path: Path) -> None:
    link = tmp_path / "peekd"
    link.symlink_to("/home/u/peekd")
    with pytest.raises(OperatorError, match="cannot see"):
        list(install(Target(link), start=True))


def test_an_image_gets_files_and_no_commands(tmp_path: Path) -> None:
    steps = list(install(Target(PROGRAM, tmp_path), start=True))
    assert all(isinstance(step, Write) and step.path.is_relative_to(tmp_path) for step in steps)
    assert all(isinstance(step, Remove) for step in uninstall(Target(PROGRAM, tmp_path)))


def test_taking_away_stops_all_instances_and_leaves_settings() -> None:
    steps = list(uninstall(SYSTEM))
    assert steps[0] == Tell(
        ("systemctl", "stop", "peekd@*.service", "peekd.service", "peekd.socket", "peekd-shared.socket"),
        needed=False,
    )
    removed = [step.path for step in steps if isinstance(step, Remove)]
    assert removed == [Path("/etc/systemd/system", name) for name in SYSTEM_UNITS]
    assert steps[-1] == Tell(("systemctl", "daemon-reload"))


def test_instances_are_the_service_but_for_door_state_and_shared_key() -> None:
    def lines(name: str) -> set[str]:
        return {line for line in shipped(name).splitlines() if line and not line.startswith("#")}

    single, many = lines("peekd.service"), lines("peekd@.service")
    assert single - many == {
        "Description=peekd, one local endpoint that coding agents can trust",
        "After=network-online.target peekd.socket",
        "StateDirectory=peekd",
        "LogsDirectory=peekd",
    }
    assert many - single == {
        "Description=peekd, number %i behind one door",
        "After=network-online.target peekd-shared.socket",
        "Requires=peekd-shared.socket",
        "Sockets=peekd-shared.socket",
        "StateDirectory=peekd-%i",
        "LogsDirectory=peekd-%i",
    }


def test_what_is_shipped_in_a_package_is_found_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "units").mkdir()
    (tmp_path / "units/peekd.socket").write_text("packed")

    def packed(_package: str) -> Path:
        return tmp_path

    monkeypatch.setattr("peekd.service.units.files", packed)
    assert shipped("peekd.socket") == "packed"
    assert "[server]" in shipped("peekd.toml")
