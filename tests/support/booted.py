"""A real systemd in a throwaway copy of this machine: an overlay of its root, in namespaces of its own.

Nothing outside is touched, and nothing of it is left. It wants root, overlayfs, cgroup2 and util-linux.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

BOOT_SECONDS = 60.0
COMMAND_SECONDS = 90.0

_POWER_OFF = signal.SIGRTMIN + 4  # systemd(1), SIGNALS
_MASKED = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "man-db.timer", "fstrim.timer", "e2scrub_all.timer"),
    *("dpkg-db-backup.timer", "e2scrub_reap.service", "systemd-timesyncd.service", "systemd-logind.service"),
    *("getty@tty1.service", "console-getty.service", "nginx.service", "postgresql.service"),
    *("redis-server.service", "haproxy.service", "ssh.service", "cron.service"),
)
"""What this machine may bring along and the box has no use for."""


def why_not() -> str:
    """Say what is missing to boot one here, "" where nothing is."""
    if os.geteuid() != 0:
        return "not root"
    missing = [tool for tool in ("unshare", "nsenter", "mount", "ip", "dpkg") if shutil.which(tool) is None]
    if missing:
        return f"no {', '.join(missing)}"
    if not Path("/lib/systemd/systemd").exists():
        return "no systemd"
    if "overlay" not in Path("/proc/filesystems").read_text(encoding="utf-8"):
        return "no overlayfs"
    with tempfile.TemporaryDirectory() as place:
        tried = _quietly(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", place])
    return "" if tried.returncode == 0 else f"no mounts: {tried.stderr.strip()}"


class Box:
    """A machine that runs. `root`: its files, as they are seen from outside."""

    def __init__(self, root: Path, leader: int) -> None:
        self.root = root
        self._leader = leader

    def run(
        self, command: str, *, check: bool = True, seconds: float = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command in it. Raises AssertionError with all that it said where it failed."""
        done = _quietly([*self._inside(), "bash", "-c", command], seconds=seconds)
        if check and done.returncode:
            raise AssertionError(f"{command!r} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def says(self, command: str) -> str:
        """Give what a command prints, without the last newline."""
        return self.run(command).stdout.rstrip("\n")

    def start(self, command: str) -> subprocess.Popen[str]:
        """Start a shell command in it, and go on; its output is read with `communicate`."""
        return subprocess.Popen(
            [*self._inside(), "bash", "-c", command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def put(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file, from inside, so that it goes where the box sees it."""
        where = shlex.quote(path)
        self.run(f"mkdir -p $(dirname {where}); cat >{where} <<'END_OF_FILE'\n{text}\nEND_OF_FILE\n")
        self.run(f"chmod {mode:o} {where}")

    def wait(self, command: str, *, seconds: float = 30.0) -> None:
        """Wait until a command succeeds. Raises AssertionError where it never does."""
        end = time.monotonic() + seconds
        while self.run(command, check=False).returncode:
            if time.monotonic() > end:
                self.run(command)
                return
            time.sleep(0.1)

    def _inside(self) -> list[str]:
        target = str(self._leader)
        return ["nsenter", "-t", target, "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"]


@contextmanager
def boot(shown: Mapping[Path, str]) -> Generator[Box]:
    """Boot one; `shown`: folders of this machine, and where the box sees them, read-only."""
    place = Path(tempfile.mkdtemp(prefix="booted-"))
    _must(["mount", "-t", "tmpfs", "tmpfs", str(place)])
    try:
        root = _lay_out(place)
        script = place / "init.sh"
        script.write_text(_init(root, shown), encoding="utf-8")
        with (place / "console").open("w", encoding="utf-8") as console:
            outer = subprocess.Popen(
                ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc", "--net",
                 "--cgroup", "bash", str(script)],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
            )  # fmt: skip
        try:
            leader = _wait_for_leader(outer, place / "console")
            box = Box(root, leader)
            box.wait("systemctl is-system-running | grep -qE 'running|degraded'", seconds=BOOT_SECONDS)
            yield box
        finally:
            _stop(outer)
    finally:
        for mounted in (place / "root", place):
            _quietly(["umount", "-l", str(mounted)])
        place.rmdir()


def _lay_out(place: Path) -> Path:
    """Lay the machine's root under a writable layer that is forgotten."""
    for name in ("upper", "work", "root"):
        (place / name).mkdir()
    root = place / "root"
    layers = f"lowerdir=/,upperdir={place}/upper,workdir={place}/work"
    _must(["mount", "-t", "overlay", "overlay", "-o", layers, str(root)])
    (root / "etc/machine-id").write_text("", encoding="utf-8")
    units = root / "etc/systemd/system"
    for name in _MASKED:
        (units / name).unlink(missing_ok=True)
        (units / name).symlink_to("/dev/null")
    return root


def _init(root: Path, shown: Mapping[Path, str]) -> str:
    """What the first process of the box does before it becomes systemd."""
    shows = "".join(
        f"mkdir -p .{inside}; mount --bind {shlex.quote(str(path))} .{inside};"
        f" mount -o remount,bind,ro .{inside}\n"
        for path, inside in shown.items()
    )
    return f"""set -e
mount --make-rprivate /
cd {shlex.quote(str(root))}
mount --bind . .
cd {shlex.quote(str(root))}
{shows}
ip link set lo up
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs tmpfs dev
for node in null zero full random urandom tty; do touch dev/$node; mount --bind /dev/$node dev/$node; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mkdir -p .before
pivot_root . .before
umount -l .before
mount --make-rshared /
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
    /lib/systemd/systemd --system --unit=multi-user.target
"""


def _wait_for_leader(outer: subprocess.Popen[bytes], console: Path) -> int:
    """Find the box's first process, seen from outside, once it is systemd."""
    end = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < end and outer.poll() is None:
        for child in _children(outer.pid):
            with suppress(OSError):
                if Path(f"/proc/{child}/cmdline").read_bytes().startswith(b"/lib/systemd/systemd\0"):
                    return child
        time.sleep(0.05)
    _stop(outer)
    raise AssertionError(f"it did not boot: {console.read_text(encoding='utf-8', errors='replace')}")


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()]
    return []


def _stop(outer: subprocess.Popen[bytes]) -> None:
    for child in _children(outer.pid):
        with suppress(ProcessLookupError):
            os.kill(child, _POWER_OFF)
    try:
        outer.wait(20)
    except subprocess.TimeoutExpired:
        outer.kill()  # and with it, its child
        outer.wait()


def _quietly(command: list[str], *, seconds: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False,
        stdin=subprocess.DEVNULL, timeout=seconds,
    )  # fmt: skip


def _must(command: list[str]) -> None:
    done = _quietly(command)
    if done.returncode:
        raise AssertionError(f"{shlex.join(command)}: {done.stderr}")
