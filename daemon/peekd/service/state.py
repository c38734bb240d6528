"""The state directory: where peekd keeps what must outlive it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from peekd.signatures.seal import KEY_BYTES

DATABASE = "peekd.db"
"""The store's file, in the state directory."""

_KEY_FILE = "seal.key"
"""In the state directory; as a credential of systemd's, where several instances share one."""


def state_directory(environ: Mapping[str, str]) -> Path | None:
    """Give systemd's $STATE_DIRECTORY, else peekd's folder in $XDG_STATE_HOME; None where there is no home.

    systemd.exec(5): several directories are separated by colons; ours is the first.

    >>> str(state_directory({"STATE_DIRECTORY": "/var/lib/peekd:/var/lib/other"}))
    '/var/lib/peekd'
    """
    given = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    base = environ.get("XDG_STATE_HOME", "")
    if base.startswith("/"):  # the XDG base directory rules: a relative path is to be ignored
        return Path(base, "peekd")
    home = environ.get("HOME", "")
    return Path(home, ".local/state/peekd") if home else None


def load_seal_key(directory: Path, environ: Mapping[str, str]) -> bytes:
    """Give the key that carriers of signatures are sealed with, made at the first call.

    A credential of that name (systemd.exec(5), LoadCredential=) goes before the file. Two processes that
    begin at once end up with one key. Raises OSError where there is none to be had.
    """
    path = Path(environ.get("CREDENTIALS_DIRECTORY", "/nowhere"), _KEY_FILE)
    if not path.exists():
        path = directory / _KEY_FILE
    if not path.exists():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise OSError(f"{path} is no key: {len(key)} bytes; remove it, and a new one is made")
    return key


def _make(path: Path) -> None:
    """Write a fresh key whole or not at all, and never over another's."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another instance was quicker
            os.link(draft, path)
    finally:
        draft.unlink()
