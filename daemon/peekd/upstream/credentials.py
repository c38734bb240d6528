"""What each account proves itself with: a key that was read, or an access token; and how it stays fresh."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import trio
from typing_extensions import override

from peekd.upstream.google import GOOGLE, GoogleKey, files_of, load_google
from peekd.upstream.headers import Proof
from peekd.upstream.minting import Fetch, Mint, News, Refused, Terms
from peekd.upstream.secrets import Stamp, load_secret, stamp_of
from peekd.vocabulary.errors import OperatorError

__all__ = ["Credentials", "Proof", "Supply", "load_any", "load_secret"]

LOOK_SECONDS: Final = 10.0
"""How often the files of credentials are looked at."""


class Supply(msgspec.Struct, frozen=True):
    """What access tokens are had with: the way to a token endpoint, a deadline, wall clock and dice."""

    fetch: Fetch
    seconds: float
    wall: Callable[[], float]
    jitter: Callable[[], float]


def load_any(reference: str, environ: Mapping[str, str]) -> str | GoogleKey:
    """Load what an account's reference names. Raises OperatorError: one line that never holds a secret."""
    load = load_google if reference.startswith(GOOGLE) else load_secret
    return load(reference, environ)


class _Flight:
    """One reading under way, and those who wait for it."""

    def __init__(self) -> None:
        self.done = trio.Event()
        self.changed = False


Loaded = str | GoogleKey | OperatorError


class Credentials:
    """The credential of each account, by name; had anew once for all who wait.

    `references`: account name to reference, "" for an account that needs none. `nursery`: what is had anew is
    had there, so that a waiter who is cancelled takes nobody's along. It reads files, blocking: make it
    before serving. Raises OperatorError with a line for each reference that cannot be loaded.
    """

    def __init__(
        self,
        references: Mapping[str, str],
        environ: Mapping[str, str],
        nursery: trio.Nursery,
        supply: Supply | None = None,
    ) -> None:
        self._references = dict(references)
        self._environ = environ
        self._nursery = nursery
        self._secrets: dict[str, str] = {}
        self._faults: dict[str, str] = {}
        self._flights: dict[str, _Flight] = {}
        self._supply = supply
        self._tell: Callable[[News], None] = _nobody
        self._serves: Callable[[str], bool] = _always
        keys = self._load()
        self._stamps = self._look()
        self._mint = Mint(keys, self._terms(supply), nursery) if supply is not None else None
        if keys and supply is None:
            raise OperatorError("there is no way to a token endpoint here")

    def _load(self) -> dict[str, GoogleKey]:
        faults: list[str] = []
        keys: dict[str, GoogleKey] = {}
        for account, reference in self._references.items():
            try:
                found = load_any(reference, self._environ) if reference else ""
            except OperatorError as fault:
                faults.append(f"account {account}: {fault}")
                continue
            if isinstance(found, GoogleKey):
                keys[account] = found
            else:
                self._secrets[account] = found
        if faults:
            raise OperatorError(*faults)
        return keys

    def _terms(self, supply: Supply) -> Terms:
        return Terms(
            supply.fetch,
            supply.seconds,
            supply.wall,
            supply.jitter,
            serves=lambda account: self._serves(account),
            tell=lambda news: self._tell(news),
        )

    def adopt(self, references: Mapping[str, str], supply: Supply | None = None) -> Credentials:
        """Read everything anew, blocking, for other references; whoever works with these here is undisturbed.

        Access tokens go on where their credential is the same. Raises OperatorError, and changes nothing,
        where one cannot be loaded.
        """
        adopted = Credentials(references, self._environ, self._nursery, supply or self._supply)
        if adopted._mint is not None and self._mint is not None:
            adopted._mint.inherit(self._mint)
        return adopted

    def renewed(self, before: Credentials) -> frozenset[str]:
        """Name the accounts that were there before and have another secret now."""
        return frozenset(
            name
            for name, secret in self._secrets.items()
            if name in before._secrets and before._secrets[name] != secret
        ) | self._reminted(before)

    def _reminted(self, before: Credentials) -> frozenset[str]:
        mine, old = self._mint, before._mint
        if mine is None or old is None:
            return frozenset()
        return frozenset(
            name for name in self._references
            if name in mine and name in old and mine.key(name).mark != old.key(name).mark
        )  # fmt: skip

    @override
    def __repr__(self) -> str:
        return f"Credentials({', '.join(self._references)})"

    # ---- what is in force ----

    def secret(self, account: str) -> str:
        """Give the key that was read; "" for an account that needs none. Raises KeyError for no account."""
        return self._secrets[account]

    def proof(self, account: str) -> Proof | None:
        """Give what may be shown now; None where an access token must be waited for."""
        mint = self._minted(account)
        if mint is None:
            return Proof(self._secrets[account])
        token = mint.token(account)
        return None if token is None else _proof(token, mint.key(account))

    async def ready(self, account: str) -> Proof | Refused:
        """Give what may be shown, waiting for it only where there is nothing. The caller bounds the wait."""
        mint = self._minted(account)
        if mint is None:
            return Proof(self._secrets[account])
        token = await mint.ready(account)
        return _proof(token, mint.key(account)) if isinstance(token, str) else token

    def refreshable(self, account: str) -> bool:
        """Whether asking again can help: a file may have been replaced, an environment cannot."""
        mint = self._minted(account)
        if mint is not None:
            return not mint.is_dead(account)
        return self._references[account].startswith(("file:", "credential:"))

    def fault(self, account: str) -> str:
        """Say why the last reading failed, in one line; "" where it did not."""
        return self._faults.get(account, "")

    def _minted(self, account: str) -> Mint | None:
        return self._mint if self._mint is not None and account in self._mint else None

    # ---- had anew ----

    async def refresh(self, account: str, *, used: str | None = None) -> bool:
        """Have the secret anew; True where it is another now. The caller bounds the wait.

        `used`: the secret that was turned away; where another is in force already, nothing needs doing.
        """
        mint = self._minted(account)
        if mint is not None:
            return await mint.renew(account, used=used)
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
        try:
            flight.changed = self._take(account, await self._read(account))
        finally:
            del self._flights[account]
            flight.done.set()

    async def _read(self, account: str) -> Loaded:
        """Read in a thread that may be left behind: a read has no effect, and a dead mount never answers."""

        def read() -> Loaded:
            try:
                return load_any(self._references[account], self._environ)
            except OperatorError as fault:
                return fault

        return await trio.to_thread.run_sync(read, abandon_on_cancel=True)

    def _take(self, account: str, found: Loaded) -> bool:
        """Put what was read in force; where it cannot be, the old one stays."""
        if isinstance(found, OperatorError):
            self._faults[account] = str(found)
            return False
        self._faults.pop(account, None)
        if isinstance(found, GoogleKey):
            if self._mint is not None:
                self._mint.replace(account, found)
            return True
        changed = found != self._secrets[account]
        self._secrets[account] = found
        return changed

    def revive(self, account: str) -> None:
        """Try a credential again that was refused for good: somebody says that it is mended."""
        mint = self._minted(account)
        if mint is not None:
            mint.revive(account)

    # ---- kept fresh ----

    async def run(self, serves: Callable[[str], bool], tell: Callable[[News], None]) -> None:
        """Have access tokens ahead of time, until cancelled.

        `serves`: whether an account may be asked at all. `tell` hears of everything that becomes of one.
        """
        self._serves, self._tell = serves, tell
        if self._mint is not None:
            await self._mint.run()

    async def watch(self) -> None:
        """Take up files that are replaced, until cancelled."""
        while self._stamps:
            await trio.sleep(LOOK_SECONDS)
            with trio.move_on_after(LOOK_SECONDS):  # a dead mount never answers
                await self.look()

    async def look(self) -> None:
        """Take up what has been replaced since the last look: by a rename, by writing, or behind a link."""
        seen = await trio.to_thread.run_sync(self._look, abandon_on_cancel=True)
        changed = [
            name for name, stamp in seen.items() if stamp is not None and stamp != self._stamps.get(name)
        ]
        for account in changed:
            found = await self._read(account)
            self._stamps[account] = seen[account]
            if isinstance(found, OperatorError):
                self._take(account, found)
                self._tell(News(account, "unreadable", str(found)))
            elif self._take(account, found):
                self._tell(News(account, "replaced", self._references[account]))

    def _look(self) -> dict[str, Stamp | None]:
        paths = {
            account: path
            for account, reference in self._references.items()
            if reference and (path := files_of(reference, self._environ)) is not None
        }
        return {account: stamp_of(path) for account, path in paths.items()}


def _proof(token: str, key: GoogleKey) -> Proof:
    """Show a token, and whose quota it uses: only the project that the credential itself names."""
    return Proof(token, bearer=True, project=key.project)


def _nobody(news: News) -> None:
    """Nobody listens yet."""


def _always(account: str) -> bool:
    del account
    return True
