"""The operator's file of settings: what it says, what is wrong with it, and what was in force when."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

import msgspec

from peekd.accounts.settings import AccountSettings, Mode, SchedulingSettings
from peekd.config.load import Loaded
from peekd.config.schema import Settings
from peekd.service.watching import Stamp
from peekd.vocabulary.errors import OperatorError
from simulation.dice import Dice
from simulation.settings import Plan, draw_healing, draw_routes

MODES: tuple[Mode, ...] = get_args(Mode)
PATH = Path("/etc/peekd/peekd.toml")


class OperatorFile:
    """`refused`: how often a daemon said that it does not take it. Times are trio's."""

    def __init__(self, settings: Settings, files: dict[str, str]) -> None:
        self.settings = settings
        self.refused = 0
        self.taken = 0
        self._files = files
        self._fault = ""
        self._writes = 0
        self._read = settings
        self._versions: list[tuple[float, Settings]] = []
        self._write()

    @property
    def in_force(self) -> Settings:
        """What the daemon works with."""
        return self._versions[-1][1]

    @property
    def spoilt(self) -> bool:
        """Whether something is wrong with it now."""
        return bool(self._fault)

    def write(self, settings: Settings) -> None:
        """Say something else, and that rightly."""
        self.settings, self._fault = settings, ""
        self._write()

    def spoil(self, fault: str) -> None:
        """Be wrong until it is written anew."""
        self._fault = fault
        self._write()

    def _write(self) -> None:
        self._writes += 1  # a file that is written has another time, whatever it says
        self._files[str(PATH)] = f"{self._writes} {self._fault}{msgspec.json.encode(self.settings)}"

    def load(self) -> Loaded:
        """Be read by a daemon. Raises OperatorError while it is wrong."""
        if self._fault:
            raise OperatorError(self._fault, f"{PATH}:7: expected something else")
        self._read = self.settings
        return Loaded(self._read, PATH, (PATH,))

    def stamps(self, paths: Sequence[Path]) -> tuple[Stamp, ...]:
        """Be watched."""
        texts = (self._files.get(str(path)) for path in paths)
        return tuple(None if text is None else (0, 0, zlib.crc32(text.encode()), len(text)) for text in texts)

    def take(self, now: float) -> None:
        """What was read last is in force from now on."""
        self.taken += 1
        self._versions.append((now, self._read))

    @property
    def steady(self) -> list[AccountSettings]:
        """Accounts that were listed all the time, with the same limits."""
        found = {one.name: one for one in self._versions[0][1].accounts}
        for _, settings in self._versions:
            now = {one.name: _limited(one) for one in settings.accounts}
            found = {name: one for name, one in found.items() if now.get(name) == _limited(one)}
        return list(found.values())

    def between(self, first: float, last: float) -> list[Settings]:
        """Give what was in force then: more than one, where it changed in between, or at that very moment."""
        before = [settings for since, settings in self._versions if since < first]
        return [*before[-1:], *(settings for since, settings in self._versions if first <= since <= last)]


def _limited(account: AccountSettings) -> tuple[int, int]:
    return account.max_concurrent, account.requests_per_minute


def changed(dice: Dice, plan: Plan, settings: Settings) -> Settings:
    """Draw other settings, near those that there are."""
    for change in dice.sample(_CHANGES, dice.randint(1, 3)):
        settings = change(dice, plan, settings)
    return settings


def _accounts(dice: Dice, plan: Plan, settings: Settings) -> Settings:
    """Let accounts go, come and change places; each upstream keeps one at least."""
    kept = [account for account in plan.accounts if dice.chance(0.6)]
    for name in settings.upstreams:
        if not any(account.upstream == name for account in kept):
            kept.append(next(account for account in plan.accounts if account.upstream == name))
    return msgspec.structs.replace(settings, accounts=tuple(dice.sample(kept, len(kept))))


def _limits(dice: Dice, plan: Plan, settings: Settings) -> Settings:
    """Change what an account may do."""
    del plan
    accounts = list(settings.accounts)
    at = dice.randrange(len(accounts))
    accounts[at] = msgspec.structs.replace(
        accounts[at],
        priority=dice.choice((0, 1)),
        weight=dice.choice((1, 2)),
        max_concurrent=dice.choice((0, 1, 2)),
    )
    return msgspec.structs.replace(settings, accounts=tuple(accounts))


def _healing(dice: Dice, plan: Plan, settings: Settings) -> Settings:
    del plan
    return msgspec.structs.replace(settings, healing=draw_healing(dice))


def _routes(dice: Dice, plan: Plan, settings: Settings) -> Settings:
    del plan
    return msgspec.structs.replace(settings, routes=draw_routes(dice))


def _upstreams(dice: Dice, plan: Plan, settings: Settings) -> Settings:
    """Reach an upstream over other connections."""
    del plan
    name = dice.choice(sorted(settings.upstreams))
    other = msgspec.structs.replace(settings.upstreams[name], max_connections=dice.choice((2, 64, 256)))
    return msgspec.structs.replace(settings, upstreams={**settings.upstreams, name: other})


def _face(dice: Dice, plan: Plan, settings: Settings) -> Settings:
    del plan
    server = msgspec.structs.replace(
        settings.server,
        expose_account=dice.chance(0.8),
        drain_seconds=dice.choice((2, 30)),
        max_requests_per_key=dice.choice((0, 4)),
        watch_seconds=dice.choice((0, 1)),
    )
    return msgspec.structs.replace(settings, server=server)


def _modes(dice: Dice, plan: Plan, settings: Settings) -> Settings:
    """Choose among accounts in another way."""
    del plan
    mode = dice.choice(MODES)
    return msgspec.structs.replace(settings, scheduling=SchedulingSettings(mode, dice.choice((2, 10, 30))))


_CHANGES: tuple[Callable[[Dice, Plan, Settings], Settings], ...] = (
    _accounts,
    _accounts,
    _limits,
    _healing,
    _routes,
    _upstreams,
    _face,
    _modes,
)
