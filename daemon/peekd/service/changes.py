"""What sets two configurations apart: in words, and which of it can be taken over by a daemon that runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from peekd.config.schema import Settings

WHOLE = ("upstreams", "accounts", "routes", "healing", "hedging")
"""Sections that are taken over as they are."""

LIVE = frozenset({
    *(f"server.{name}" for name in (
        "auth", "client_keys", "admin_keys", "trusted_proxies", "allowed_hosts", "allowed_origins",
        "expose_account", "allow", "deny", "max_connections_per_address", "max_requests_per_key",
        "max_body_mib", "body_seconds", "keep_alive_seconds", "drain_seconds", "watch_seconds",
    )),
    "logs.level",
})  # fmt: skip
"""Keys of other sections that are taken over. Whatever is not named here waits for a restart."""


class Taken(msgspec.Struct, frozen=True):
    """`settings`: what is in force once it is taken over. `restart`: the changes that are not part of it."""

    settings: Settings
    restart: tuple[str, ...]


def take_over(running: Settings, wanted: Settings) -> Taken:
    """Tell what of the settings that are wanted a daemon that runs can take over."""
    kept = {section: getattr(wanted, section) for section in WHOLE}
    restart: list[str] = []
    for section in Settings.__struct_fields__:
        if section in kept:
            continue
        old, new = getattr(running, section), getattr(wanted, section)
        waits = [key for key in _changed(old, new) if f"{section}.{key}" not in LIVE]
        restart += [f"{section}.{key}" for key in waits]
        kept[section] = msgspec.structs.replace(new, **{key: getattr(old, key) for key in waits})
    return Taken(Settings(**kept), tuple(restart))


def tell_changes(old: Settings, new: Settings) -> str:
    """Say in one line what has changed; no value is told, for it may be a secret's place."""
    told = [f"{section} {words}" for section, tell in _TOLD.items() if (words := tell(old, new))]
    for section in Settings.__struct_fields__:
        if section not in _TOLD:
            told += [f"{section}.{key}" for key in _changed(getattr(old, section), getattr(new, section))]
    return "; ".join(told) or "nothing has changed"


def _changed(old: msgspec.Struct, new: msgspec.Struct) -> Iterator[str]:
    for key in old.__struct_fields__:
        if getattr(old, key) != getattr(new, key):
            yield key


def _named(old: Mapping[str, object], new: Mapping[str, object]) -> str:
    """Tell the entries that came (+), went (-) or changed, by name."""
    words = [f"+{name}" for name in new if name not in old]
    words += [f"-{name}" for name in old if name not in new]
    words += [f"{name} changed" for name in new if name in old and old[name] != new[name]]
    return ", ".join(words)


def _upstreams(old: Settings, new: Settings) -> str:
    return _named(old.upstreams, new.upstreams)


def _accounts(old: Settings, new: Settings) -> str:
    return _named({one.name: one for one in old.accounts}, {one.name: one for one in new.accounts})


def _routes(old: Settings, new: Settings) -> str:
    return "changed" if old.routes != new.routes else ""


_TOLD: Mapping[str, Callable[[Settings, Settings], str]] = {
    "upstreams": _upstreams,
    "accounts": _accounts,
    "routes": _routes,
}
