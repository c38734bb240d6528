"""peekd as Debian's systemd runs it: the .deb installed on a throwaway machine that really boots."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from booted import Box, boot, why_not

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests/support/programs"

pytestmark = pytest.mark.skipif(bool(why_not()), reason=f"no systemd can be booted here: {why_not()}")

SETTINGS = """
[upstreams.sim]
protocol = "anthropic"
base_url = "simulator:/etc/peekd/script.toml"

[[accounts]]
name = "alice"
upstream = "sim"
credential = "credential:alice"

[healing]
max_attempts = 2
"""
SECOND = """
[[accounts]]
name = "bob"
upstream = "sim"
credential = "credential:alice"
"""
CREDENTIAL = "[Service]\nLoadCredential=alice:/etc/peekd/keys/alice\n"
SWIFT = 'default = "answer pace=0.02"\n'
FAILING = 'default = "500"\n'


@pytest.fixture(scope="module")
def deb() -> Path:
    """The package, built from this tree."""
    built = subprocess.run(
        [str(ROOT / "dev"), "package", "--no-try"], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    (package,) = (ROOT / "dist").glob("peekd_*.deb")
    return package


@pytest.fixture(scope="module")
def machine(deb: Path) -> Generator[Box]:
    """A machine with peekd installed, and one simulated account whose key only systemd hands out."""
    with boot({deb.parent: "/opt/dist", PROGRAMS: "/opt/programs"}) as box:
        box.put("/etc/peekd/keys/alice", "sim-alice", mode=0o600)
        box.put("/etc/peekd/script.toml", SWIFT)
        box.put("/etc/peekd/peekd.toml", SETTINGS)
        box.put("/etc/systemd/system/peekd.service.d/credential.conf", CREDENTIAL)
        box.put("/etc/systemd/system/peekd@.service.d/credential.conf", CREDENTIAL)
        box.run(f"dpkg --force-confold -i /opt/dist/{deb.name}")
        yield box


@pytest.fixture
def box(machine: Box) -> Generator[Box]:
    """The machine with peekd running well, and its tail where a test fails."""
    machine.put("/etc/peekd/script.toml", SWIFT)
    machine.put("/etc/peekd/peekd.toml", SETTINGS)
    machine.run("rm -rf /run/systemd/system/peekd.service.d; systemctl daemon-reload")
    machine.run("systemctl stop peekd.service peekd.socket; systemctl reset-failed")
    machine.run("systemctl start peekd.socket peekd.service")
    yield machine
    sys.stdout.write(machine.run("journalctl --no-pager -u peekd -n 20", check=False).stdout)


def prop(box: Box, name: str, unit: str = "peekd") -> str:
    """One property of a unit."""
    return box.says(f"systemctl show -P {name} {unit}")


def ends(box: Box, seconds: float, *more: int) -> dict[str, int]:
    """How streams ended that were asked for one after the other."""
    words = " ".join(map(str, more))
    told: dict[str, int] = json.loads(box.says(f"python3 /opt/programs/streams_for.py {seconds} {words}"))
    return told


def test_it_is_started_when_it_is_ready_and_says_how_it_stands(box: Box) -> None:
    assert prop(box, "ActiveState") == "active"
    assert prop(box, "StatusText").endswith("8045: 0 open requests; 1 of 1 account usable")
    assert ends(box, 0.5, 1)["whole"] > 0


def test_it_is_hardly_exposed(box: Box) -> None:
    told = box.says("systemd-analyze security peekd --no-pager | tail -1")
    assert float(told.split("peekd.service:")[1].split()[0]) <= 1.5


def test_its_files_are_its_own_and_it_is_nobody(box: Box) -> None:
    assert prop(box, "MainPID") != "0"
    uid = box.says("stat -c %u /proc/$(systemctl show -P MainPID peekd)")
    assert int(uid) >= 61184  # systemd's range for dynamic users
    assert box.says("stat -c %a /var/lib/private/peekd") == "700"
    assert set(box.says("stat -c %a /var/lib/private/peekd/*").split()) == {"600"}
    assert box.says("stat -c %u /var/lib/private/peekd/peekd.db") == uid


def test_its_key_is_known_to_it_alone(box: Box) -> None:
    assert ends(box, 0.3, 1)["whole"] > 0
    assert "sim-alice" not in box.says("journalctl --no-pager -u peekd -o json")
    assert "sim-alice" not in box.says("tr '\\0' '\\n' </proc/$(systemctl show -P MainPID peekd)/environ")


def test_one_that_is_stuck_is_killed_and_started_again(box: Box) -> None:
    box.put("/run/systemd/system/peekd.service.d/soon.conf", "[Service]\nWatchdogSec=1\n")
    box.run("systemctl daemon-reload; systemctl restart peekd")
    before = prop(box, "MainPID")
    box.run(f"kill -STOP {before}")
    box.wait(f"test $(systemctl show -P MainPID peekd) != {before} && systemctl is-active peekd")
    assert "watchdog" in box.says("journalctl --no-pager -u peekd").lower()
    assert ends(box, 0.3, 1)["whole"] > 0


def test_a_crash_is_followed_by_a_new_start(box: Box) -> None:
    before = prop(box, "MainPID")
    box.run(f"kill -SEGV {before}")
    box.wait(f"test $(systemctl show -P MainPID peekd) != {before} && systemctl is-active peekd")


def test_restarts_under_load_refuse_nobody_and_cut_nothing(box: Box) -> None:
    load = box.start("python3 /opt/programs/streams_for.py 6 6")
    for _ in range(3):
        box.run("sleep 1; systemctl restart peekd")
    said, _ = load.communicate(timeout=60)
    told = json.loads(said)
    assert set(told) == {"whole"}, told
    assert told["whole"] >= 10


def test_a_drain_has_the_time_it_asks_for(box: Box) -> None:
    box.put("/etc/peekd/script.toml", 'default = "answer pace=0.6"\n')
    box.put("/run/systemd/system/peekd.service.d/soon.conf", "[Service]\nTimeoutStopSec=1\n")
    box.run("systemctl daemon-reload; systemctl restart peekd")
    load = box.start("python3 /opt/programs/streams_for.py 0.2 2")
    box.wait("systemctl show -P StatusText peekd | grep -q '2 open requests'")
    box.run("systemctl stop peekd.socket peekd")
    said, _ = load.communicate(timeout=60)
    assert json.loads(said) == {"whole": 2}
    assert prop(box, "Result") == "success"


def test_wrong_settings_are_told_and_not_tried_again(box: Box) -> None:
    box.put("/etc/peekd/peekd.toml", "[server]\nbidn = []\n")
    assert box.run("systemctl restart peekd", check=False).returncode != 0
    box.run("sleep 1.5")
    ended = [prop(box, name) for name in ("ActiveState", "ExecMainStatus", "NRestarts")]
    assert ended == ["failed", "78", "0"]
    assert "bind" in box.says("journalctl --no-pager -u peekd -n 30")


def test_a_reload_takes_over_what_is_right_and_keeps_what_runs_where_it_is_not(box: Box) -> None:
    before = prop(box, "MainPID")
    load = box.start("python3 /opt/programs/streams_for.py 3 4")
    box.put("/etc/peekd/peekd.toml", SETTINGS + SECOND)
    box.run("systemctl reload peekd")
    box.wait("systemctl show -P StatusText peekd | grep -q '2 of 2 accounts usable'")
    box.put("/etc/peekd/peekd.toml", "[server]\nbidn = []\n")
    box.run("systemctl reload peekd")
    box.wait("journalctl -p err --no-pager -u peekd | grep -q bidn")
    said, _ = load.communicate(timeout=60)
    assert set(json.loads(said)) == {"whole"}
    assert (prop(box, "MainPID"), prop(box, "ActiveState")) == (before, "active")


def test_the_journal_is_asked_by_field(box: Box) -> None:
    box.put("/etc/peekd/script.toml", FAILING)
    box.run("systemctl restart peekd")
    assert ends(box, 0.1, 1) == {"told": 1}
    lines = box.says("journalctl --no-pager -o json PEEKD_OUTCOME=server_error").splitlines()
    entries = [json.loads(line) for line in lines]
    assert {entry["PEEKD_ACCOUNT"] for entry in entries} == {"alice"}
    assert all(entry["_SYSTEMD_UNIT"] == "peekd.service" for entry in entries)
    request = entries[0]["PEEKD_REQUEST"]
    story = box.says(f"journalctl --no-pager -o json PEEKD_REQUEST={request}").splitlines()
    phases = [json.loads(line)["PEEKD_PHASE"] for line in story]
    assert (phases[0], phases[-1]) == ("plan", "end")


def test_several_stand_behind_one_door(box: Box) -> None:
    box.run("systemctl stop peekd.service peekd.socket")
    try:
        box.run("systemctl start peekd-shared.socket peekd@1 peekd@2")
        load = box.start("python3 /opt/programs/streams_for.py 5 6")
        box.run("sleep 1; systemctl restart peekd@1; sleep 1; systemctl restart peekd@2")
        said, _ = load.communicate(timeout=60)
        assert set(json.loads(said)) == {"whole"}
        for number in (1, 2):
            assert prop(box, "ActiveState", f"peekd@{number}") == "active"
            assert f"peekd-{number}" in box.says("ls /var/lib/private")
            told = box.says(f"journalctl --no-pager -o json PEEKD_PHASE=end -u peekd@{number} | wc -l")
            assert int(told) > 0
        assert prop(box, "ActiveState") == "inactive"
    finally:
        box.run("systemctl stop peekd-shared.socket peekd@1 peekd@2")


def test_it_installs_itself_and_takes_itself_away(box: Box) -> None:
    box.run("systemctl disable --now peekd.socket peekd.service")
    told = box.says("peekd service install")
    assert "ran systemctl enable --now peekd.socket peekd.service" in told
    box.wait("systemctl is-active peekd")
    assert box.says("systemctl show -P FragmentPath peekd") == "/etc/systemd/system/peekd.service"
    box.run("peekd service uninstall")
    assert box.says("systemctl show -P FragmentPath peekd") == "/lib/systemd/system/peekd.service"
    assert "alice" in box.says("cat /etc/peekd/peekd.toml")


def test_removed_it_is_gone_and_purged_nothing_is_left(machine: Box, deb: Path) -> None:
    machine.run("dpkg -r peekd")
    assert machine.says("ls /usr/lib/peekd /usr/bin/peekd 2>/dev/null | wc -l") == "0"
    assert machine.says("ls /etc/peekd/peekd.toml")
    machine.run("dpkg -P peekd")
    assert machine.says("ls -d /etc/peekd /var/lib/peekd /var/lib/private/peekd 2>/dev/null | wc -l") == "0"
    assert machine.run("systemctl cat peekd.service", check=False).returncode != 0
