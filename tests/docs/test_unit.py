"""The unit file keeps what the documents say of it, and its patience outlasts the last words."""

from __future__ import annotations

from configparser import RawConfigParser
from pathlib import Path

import pytest

from peekd.service.main import FAREWELL_SECONDS
from peekd.service.status import PATIENCE_SECONDS


@pytest.fixture
def service(tree: Path) -> dict[str, str]:
    """The [Service] section."""
    unit = RawConfigParser(delimiters=("=",), comment_prefixes=("#",), strict=False)
    unit.optionxform = str  # type: ignore[assignment]  # the documented way to keep the case of keys
    unit.read(tree / "systemd/peekd.service")
    return dict(unit["Service"])


def test_systemd_learns_from_peekd_itself_when_it_is_ready(service: dict[str, str]) -> None:
    assert service["Type"] == "notify"
    assert service["ExecStart"].split() == ["/usr/bin/peekd", "serve"]


def test_a_fault_in_the_settings_is_not_tried_again(service: dict[str, str]) -> None:
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == "78"


def test_the_end_is_not_killed_in_the_time_for_which_peekd_does_not_ask(service: dict[str, str]) -> None:
    assert int(service["TimeoutStopSec"]) > FAREWELL_SECONDS + PATIENCE_SECONDS
    assert service["KillMode"] == "mixed"


def test_it_runs_as_nobody_in_particular_with_a_state_of_its_own(service: dict[str, str]) -> None:
    assert service["DynamicUser"] == "yes"
    assert service["StateDirectory"] == service["ConfigurationDirectory"] == "peekd"
    assert int(service["LimitNOFILE"]) >= 4096


def test_a_credential_is_shown_and_not_demanded(tree: Path, service: dict[str, str]) -> None:
    assert "LoadCredential" not in service
    assert "\n#LoadCredential=" in (tree / "systemd/peekd.service").read_text()
