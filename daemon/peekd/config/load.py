"""Find the file of settings, read it, lay the environment over it, and tell every fault at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from peekd.config.checks import cross_faults
from peekd.config.faults import Origins, SettingsFault
from peekd.config.lines import lines_by_path
from peekd.config.overrides import PREFIX, Overlaid, overlay, secret_variables
from peekd.config.schema import Settings
from peekd.config.walk import find_faults
from peekd.vocabulary.errors import OperatorError

SYSTEM_FILE = Path("/etc/peekd/peekd.toml")

_AT = re.compile(r"(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)", re.DOTALL)


class Loaded(msgspec.Struct, frozen=True):
    """Settings, and where they came from.

    `source_path` None: no file was found at any of `searched`. `variables`: what the environment set.
    """

    settings: Settings
    source_path: Path | None
    searched: tuple[Path, ...]
    variables: tuple[str, ...] = ()

    @property
    def file_to_edit(self) -> Path:
        """The file to name to a person who is to change a setting; it may have to be made first."""
        return self.source_path or self.searched[0]


def load_settings(path: str | None, environ: Mapping[str, str]) -> Loaded:
    """Load the settings: defaults, then the file, then the environment.

    The file is `path`, else $PEEKD_CONFIG, else the user's (unless peekd runs as a system service) or the
    system's, if there is one. Raises OperatorError with one line for each fault.
    """
    named = path or environ.get("PEEKD_CONFIG", "")
    searched = (Path(named),) if named else _usual_places(environ)
    source, text = _first_text(searched, must_exist=bool(named))
    raw = _decoded(source, text)
    values = [value for name, value in environ.items() if name.startswith(PREFIX)]
    overlaid = overlay(raw, environ, secret_variables([text, *values]))
    settings, faults = _checked(overlaid)
    if faults or overlaid.faults:
        origins = Origins(str(source or "the defaults"), lines_by_path(text), overlaid.variables)
        raise OperatorError(*origins.tell(faults), *overlaid.faults)
    return Loaded(settings, source, searched, tuple(overlaid.variables.values()))


def is_system_service(environ: Mapping[str, str]) -> bool:
    """Whether systemd's system manager runs us: a unit with a state directory, and not a user's manager.

    systemd.exec(5): INVOCATION_ID is set for every unit, MANAGERPID for those of a user's manager only.
    """
    return bool(
        environ.get("INVOCATION_ID") and environ.get("STATE_DIRECTORY") and not environ.get("MANAGERPID")
    )


def _usual_places(environ: Mapping[str, str]) -> tuple[Path, ...]:
    if is_system_service(environ):
        return (SYSTEM_FILE,)
    base = environ.get("XDG_CONFIG_HOME", "")
    if not base.startswith("/"):  # the XDG base directory rules: a relative path is to be ignored
        home = environ.get("HOME", "")
        if not home:
            return (SYSTEM_FILE,)
        base = f"{home}/.config"
    return (Path(base, "peekd", "peekd.toml"), SYSTEM_FILE)


def _first_text(paths: tuple[Path, ...], *, must_exist: bool) -> tuple[Path | None, str]:
    """Read the first file that is there."""
    for path in paths:
        try:
            return path, path.read_bytes().decode("utf-8-sig")
        except (FileNotFoundError, NotADirectoryError):
            if must_exist:
                raise OperatorError(f"{path}: no such file") from None
        except IsADirectoryError:
            raise OperatorError(f"{path}: expected a file, found a directory") from None
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise OperatorError(f"{path}:{line}: expected UTF-8 text, found other bytes") from None
        except OSError as error:
            raise OperatorError(f"{path}: cannot be read: {error.strerror}") from None
    return None, ""


def _decoded(source: Path | None, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise OperatorError(f"{source}: expected TOML, found values nested beyond reading") from None
    except ValueError as error:
        at = _AT.fullmatch(str(error))
        where = f"{source}:{at['line']}:{at['column']}" if at else f"{source}"
        raise OperatorError(f"{where}: expected TOML: {at['what'] if at else error}") from None


def _checked(overlaid: Overlaid) -> tuple[Settings, list[SettingsFault]]:
    """Check shape, then meaning; a value of faulty shape is not judged by its meaning too."""
    settings, faults = find_faults(overlaid.raw)
    faulty = [fault.path for fault in faults]
    for fault in cross_faults(settings):
        allowed = fault.in_file and fault.path in overlaid.variables
        if not allowed and not any(fault.path[: len(path)] == path for path in faulty):
            faults.append(fault)
    return settings, faults
