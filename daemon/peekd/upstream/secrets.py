"""From references to secrets. A secret stands in no message, repr or log."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from peekd.vocabulary.errors import OperatorError

WAYS = "env:NAME, file:PATH or credential:NAME (systemd)"
FILE = "file:"
CREDENTIAL = "credential:"
MAX_BYTES = 65536


def load_secret(reference: str, environ: Mapping[str, str]) -> str:
    """Fetch what a reference stands for. Raises OperatorError with one line that never holds a secret."""
    kind, colon, rest = reference.partition(":")
    if not colon or kind not in _LOADERS or not rest:
        # Not repeated: what is no reference may be a secret that someone pasted.
        raise OperatorError(f"a secret is never written here; name it: {WAYS}")
    secret = _LOADERS[kind](reference, environ)
    if not secret:
        raise OperatorError(f"{reference} is empty")
    if not (secret.isascii() and secret.isprintable()):
        raise OperatorError(f"{reference} holds characters that no key has (line breaks, or not ASCII)")
    return secret


def _load_env(reference: str, environ: Mapping[str, str]) -> str:
    name = reference.removeprefix("env:")
    if name not in environ:
        raise OperatorError(f"env:{name}: the environment has no {name}")
    return environ[name].strip()


def _load_text(reference: str, environ: Mapping[str, str]) -> str:
    return load_file(reference, environ).decode("utf-8", "replace").rstrip("\r\n")


def load_file(reference: str, environ: Mapping[str, str]) -> bytes:
    """Read the file that a `file:` or `credential:` reference names. Raises OperatorError."""
    forbidden = 0o077 if reference.startswith(FILE) else 0o007
    return _read(path_of(reference, environ), reference, forbidden=forbidden)


def path_of(reference: str, environ: Mapping[str, str]) -> Path:
    """Give where the file of a `file:` or `credential:` reference lies. Raises OperatorError.

    systemd.exec(5), LoadCredential=: a file in a directory of the service's own. The group bits may be set
    there: they are the mask of the access list that lets the service's user in.
    """
    if reference.startswith(FILE):
        return Path(reference.removeprefix(FILE)).expanduser()
    name = reference.removeprefix(CREDENTIAL)
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        raise OperatorError(f"{reference}: no $CREDENTIALS_DIRECTORY; only systemd gives credentials")
    if "/" in name or name in {".", ".."}:
        raise OperatorError(f"{reference}: not a credential's name")
    return Path(directory) / name


class Stamp(NamedTuple):
    """What tells one state of a file from another: a new one in its place, other content, another mode."""

    device: int
    inode: int
    size: int
    changed: int


def stamp_of(path: Path) -> Stamp | None:
    """Look at what a path leads to, through every link; None where there is nothing to be seen."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return Stamp(seen.st_dev, seen.st_ino, seen.st_size, seen.st_ctime_ns)


_LOADERS: dict[str, Callable[[str, Mapping[str, str]], str]] = {
    "env": _load_env,
    "file": _load_text,
    "credential": _load_text,
}


def _read(path: Path, reference: str, *, forbidden: int) -> bytes:
    try:
        # One descriptor: what is judged is what is read. O_NONBLOCK: a pipe is refused, not waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            _check(os.fstat(descriptor), reference, forbidden)
            data = file.read(MAX_BYTES + 1)
    except OSError as fault:
        raise OperatorError(f"{reference}: {fault.strerror}") from fault
    if len(data) > MAX_BYTES:
        raise OperatorError(f"{reference} is longer than any key")
    return data


def _check(status: os.stat_result, reference: str, forbidden: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OperatorError(f"{reference} is not a regular file")
    if status.st_uid not in {0, os.geteuid()}:
        raise OperatorError(f"{reference} belongs to another user; it must be yours or root's")
    if status.st_mode & forbidden:
        raise OperatorError(f"{reference} can be read by others; chmod 600 it")
