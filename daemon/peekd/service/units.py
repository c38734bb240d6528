"""Installing peekd as a systemd service: the files, and what systemctl is told. It does nothing."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import msgspec

from peekd.vocabulary.errors import OperatorError

PROGRAM = "/usr/bin/peekd"
"""What the units start as they are shipped; replaced by the peekd that installs them."""

SYSTEM_UNITS = ("peekd.service", "peekd.socket", "peekd@.service", "peekd-shared.socket")
SYSTEM_PLACE = "etc/systemd/system"
SYSTEM_SETTINGS = "etc/peekd/peekd.toml"

_HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108  nothing is put there
"""What ProtectHome= and PrivateTmp= hide from a system service: a program there ends with 203/EXEC."""


class Write(msgspec.Struct, frozen=True):
    """A file to write. `keep`: one that is there already stays as it is, since it is the operator's."""

    path: Path
    text: str
    mode: int = 0o644
    keep: bool = False


class Remove(msgspec.Struct, frozen=True):
    """A file to remove, where there is one."""

    path: Path


class Tell(msgspec.Struct, frozen=True):
    """A command to run. `needed`: the rest is pointless if it fails."""

    argv: tuple[str, ...]
    needed: bool = True


Step = Write | Remove | Tell


class Target(msgspec.Struct, frozen=True):
    """Where a service is installed.

    `root`: the machine's, or a directory that will be one (an image, a package): nothing is started there.
    `home` and `config_home`: of the user whose service it is; None: the system's. `program`: what to start.
    """

    program: Path
    root: Path = Path("/")
    home: Path | None = None
    config_home: Path | None = None

    @property
    def systemctl(self) -> tuple[str, ...]:
        """The command that speaks to the right systemd."""
        return ("systemctl",) if self.home is None else ("systemctl", "--user")

    @property
    def units(self) -> Path:
        """Where its units lie."""
        if self.home is None:
            return self.root / SYSTEM_PLACE
        return self._config / "systemd/user"

    @property
    def settings(self) -> Path:
        """Where its settings lie."""
        return self.root / SYSTEM_SETTINGS if self.home is None else self._config / "peekd/peekd.toml"

    @property
    def names(self) -> tuple[str, ...]:
        """The units that it has."""
        return SYSTEM_UNITS if self.home is None else ("peekd.service",)

    @property
    def _config(self) -> Path:
        if self.home is None:
            raise ValueError("the system has no home")
        return self.config_home or self.home / ".config"


def install(target: Target, *, start: bool) -> Iterator[Step]:
    """Give the steps that install the service. Raises OperatorError where it could not work."""
    _check_program(target)
    for name in target.names:
        text = shipped(name if target.home is None else f"user/{name}").replace(
            f"ExecStart={PROGRAM} ", f"ExecStart={_quoted(target.program)} "
        )
        yield Write(target.units / name, text)
    yield Write(target.settings, shipped("peekd.toml"), keep=True)
    if target.root == Path("/"):
        yield Tell((*target.systemctl, "daemon-reload"))
        enabled = ("peekd.service",) if target.home is not None else ("peekd.socket", "peekd.service")
        yield Tell((*target.systemctl, "enable", *(("--now",) if start else ()), *enabled))


def uninstall(target: Target) -> Iterator[Step]:
    """Give the steps that take the service away; settings and state stay."""
    if target.root == Path("/"):
        instances = ("peekd@*.service",) if target.home is None else ()
        yield Tell((*target.systemctl, "stop", *instances, *_plain(target)), needed=False)
        yield Tell((*target.systemctl, "disable", *_plain(target)), needed=False)
    for name in target.names:
        yield Remove(target.units / name)
    if target.root == Path("/"):
        yield Tell((*target.systemctl, "daemon-reload"))


def shipped(name: str) -> str:
    """Give the text of a unit, or of the settings that explain themselves.

    They lie beside the package where it is installed, and in folders of their own in a source tree.
    """
    package = files("peekd") / "units" / name
    if package.is_file():
        return package.read_text(encoding="utf-8")
    tree = Path(__file__).parents[3]
    return (tree / ("etc" if name.endswith(".toml") else "systemd") / name).read_text(encoding="utf-8")


def _plain(target: Target) -> tuple[str, ...]:
    return tuple(name for name in target.names if "@" not in name)


def _check_program(target: Target) -> None:
    """A system service cannot see homes: it is better told now than by systemd's 203/EXEC."""
    seen = {target.program, target.program.resolve()}
    hidden = [path for path in seen if any(path.is_relative_to(place) for place in _HIDDEN)]
    if target.home is None and hidden:
        raise OperatorError(
            f"a system service cannot see {hidden[0]}: systemd hides homes and /tmp from it; install peekd"
            " elsewhere, say with `python3 -m venv /opt/peekd`, or use `peekd service install --user`"
        )


def _quoted(program: Path) -> str:
    """Write a path as systemd.service(5) reads it: % is its own sign, spaces are quoted."""
    return shlex.quote(str(program).replace("%", "%%")) if " " in str(program) else str(program)
