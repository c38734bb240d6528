"""From references to secrets, and to fresh secrets. A secret stands in no message, repr or log."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import trio
from typing_extensions import override

from peekd.vocabulary.errors import OperatorError

WAYS = "env:NAME, file:PATH or credential:NAME (systemd)"
MAX_BYTES = 65536


def load_secret(reference: str, environ: Mapping[str, str]) -> str:
    """Fetch what a reference stands for. Raises OperatorError with one line that never holds a secret."""
    kind, colon, rest = reference.partition(":")
    if not colon or kind not in _LOADERS or not rest:
        # Not repeated: what is no reference may be a secret that someone pasted.
        raise OperatorError(f"a secret is never written here; name it: {WAYS}")
    secret = _LOADERS[kind](rest, environ)
    if not secret:
        raise OperatorError(f"{reference} is empty")
    if not (secret.isascii() and secret.isprintable()):
        raise OperatorError(f"{reference} holds characters that no key has (line breaks, or not ASCII)")
    return secret


def _load_env(name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise OperatorError(f"env:{name}: the environment has no {name}")
    return environ[name].strip()


def _load_file(path: str, environ: Mapping[str, str]) -> str:
    del environ
    return _read(Path(path).expanduser(), f"file:{path}", forbidden=0o077)


def _load_credential(name: str, environ: Mapping[str, str]) -> str:
    """systemd.exec(5), LoadCredential=: a file in a directory of the service's own.

    The group bits may be set there: they are the mask of the access list that lets the service's user in.
    """
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        raise OperatorError(f"credential:{name}: no $CREDENTIALS_DIRECTORY; only systemd gives credentials")
    if "/" in name or name in {".", ".."}:
        raise OperatorError(f"credential:{name}: not a credential's name")
    return _read(Path(directory) / name, f"credential:{name}", forbidden=0o007)


_LOADERS: dict[str, Callable[[str, Mapping[str, str]], str]] = {
    "env": _load_env,
    "file": _load_file,
    "credential": _load_credential,
}


def _read(path: Path, reference: str, *, forbidden: int) -> str:
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
    return data.decode("utf-8", "replace").rstrip("\r\n")


def _check(status: os.stat_result, reference: str, forbidden: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OperatorError(f"{reference} is not a regular file")
    if status.st_uid not in {0, os.geteuid()}:
        raise OperatorError(f"{reference} belongs to another user; it must be yours or root's")
    if status.st_mode & forbidden:
        raise OperatorError(f"{reference} can be read by others; chmod 600 it")


class _Flight:
    """One refresh under way, and those who wait for it."""

    def __init__(self) -> None:
        self.done = trio.Event()
        self.changed = False


class Credentials:
    """The secret of each account, by name; refreshed once for all who wait.

    `references`: account name to reference, "" for an account that needs none. `nursery`: refreshes run
    there, so that a waiter who is cancelled takes nobody's refresh along. It reads files, blocking: make it
    before serving. Raises OperatorError with a line for each reference that cannot be loaded.
    """

    def __init__(
        self, references: Mapping[str, str], environ: Mapping[str, str], nursery: trio.Nursery
    ) -> None:
        self._references = dict(references)
        self._environ = environ
        self._nursery = nursery
        self._secrets: dict[str, str] = {}
        self._faults: dict[str, str] = {}
        self._flights: dict[str, _Flight] = {}
        faults: list[str] = []
        for account, reference in self._references.items():
            try:
                self._secrets[account] = load_secret(reference, environ) if reference else ""
            except OperatorError as fault:
                faults.append(f"account {account}: {fault}")
        if faults:
            raise OperatorError(*faults)

    def adopt(self, references: Mapping[str, str]) -> Credentials:
        """Read everything anew, blocking, for other references; whoever works with these here is undisturbed.

        Raises OperatorError, and changes nothing, where one cannot be loaded.
        """
        return Credentials(references, self._environ, self._nursery)

    def renewed(self, before: Credentials) -> frozenset[str]:
        """Name the accounts that were there before and have another secret now."""
        return frozenset(
            name
            for name, secret in self._secrets.items()
            if name in before._secrets and before._secrets[name] != secret
        )

    @override
    def __repr__(self) -> str:
        return f"Credentials({', '.join(self._references)})"

    def secret(self, account: str) -> str:
        """Give the secret now in force; "" for an account that needs none. Raises KeyError for no account."""
        return self._secrets[account]

    def refreshable(self, account: str) -> bool:
        """Whether asking again can help: a file may have been replaced, an environment cannot."""
        return self._references[account].startswith(("file:", "credential:"))

    def fault(self, account: str) -> str:
        """Say why the last refresh failed, in one line; "" where it did not."""
        return self._faults.get(account, "")

    async def refresh(self, account: str, *, used: str | None = None) -> bool:
        """Read the secret anew; True where it is another now. The caller bounds the wait.

        `used`: the secret that was turned away; where another is in force already, nothing needs reading.
        """
        if used is not None and self._secrets[account] != used:
            return True
        if not self.refreshable(account):
            return False
        flight = self._flights.get(account)
        if flight is None:
            flight = self._flights[account] = _Flight()
            self._nursery.start_soon(self._fly, account, flight)
        await flight.done.wait()
        return flight.changed

    async def _fly(self, account: str, flight: _Flight) -> None:
        """Read in a thread that may be left behind: a read has no effect, and a dead mount never answers."""
        try:
            secret = await trio.to_thread.run_sync(
                load_secret, self._references[account], self._environ, abandon_on_cancel=True
            )
        except OperatorError as fault:
            self._faults[account] = str(fault)  # the old secret stays in force
        else:
            flight.changed = secret != self._secrets[account]
            self._secrets[account] = secret
            self._faults.pop(account, None)
        finally:
            del self._flights[account]
            flight.done.set()
