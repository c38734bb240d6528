"""Keep secrets out of the settings: what names one is fine, what is one is a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from peekd.config.faults import SECRET_LIKE, SettingsFault
from peekd.config.places import Path
from peekd.config.schema import Settings

WAYS = "env:NAME, file:PATH or credential:NAME"
"""How a setting names a secret."""

ACCOUNT_WAYS = "env:NAME, file:PATH, credential:NAME, google:PATH, google:credential:NAME or google:adc"
"""How an account names its own."""

_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\s].*|credential:[A-Za-z0-9_.@-]+")
_GOOGLE = re.compile(r"google:(adc|credential:[A-Za-z0-9_.@-]+|(?!credential:)[^\s].*)")
_SECRET_HEADERS = re.compile(r"(?i).*authorization|(x-)?(goog-)?(api-?key|auth-?token)|cookie|.*secret.*")


def secrecy_faults(settings: Settings) -> Iterator[SettingsFault]:
    """Give a fault for each secret that is written out, and each reference that is none."""
    for name in ("client_keys", "admin_keys"):
        references: tuple[str, ...] = getattr(settings.server, name)
        for at, reference in enumerate(references):
            yield from _reference(("server", name, at), reference)
    for at, account in enumerate(settings.accounts):
        upstream = settings.upstreams.get(account.upstream)
        if account.credential:
            yield from _reference(("accounts", at, "credential"), account.credential, google=True)
        elif upstream is not None and upstream.auth != "none":
            yield SettingsFault(("accounts", at, "credential"), ACCOUNT_WAYS, "nothing")
        yield from _without_userinfo(("accounts", at, "proxy"), account.proxy)
    for name, upstream in settings.upstreams.items():
        yield from _without_userinfo(("upstreams", name, "base_url"), upstream.base_url)
        for fault in _without_userinfo(("upstreams", name, "proxy"), upstream.proxy):
            yield msgspec.structs.replace(
                fault, expected=f"{fault.expected} (but in the environment)", in_file=True
            )
        for header, value in upstream.headers.items():
            if _SECRET_HEADERS.fullmatch(header.strip()) or SECRET_LIKE.search(value):
                expected = f"no secret; a key belongs in an account's credential, as {WAYS}"
                yield SettingsFault(("upstreams", name, "headers", header), expected, "what may be one")


def is_account_reference(text: str) -> bool:
    """Tell whether an account's credential may be named so."""
    return bool(_REFERENCE.fullmatch(text) or _GOOGLE.fullmatch(text))


def _reference(path: Path, text: str, *, google: bool = False) -> Iterator[SettingsFault]:
    if is_account_reference(text) if google else _REFERENCE.fullmatch(text):
        return
    ways = ("env:", "file:", "credential:", *(["google:"] if google else []))
    kind = next((way for way in ways if text.startswith(way)), "")
    found = f"{kind} without a valid name" if kind else "a literal: a secret is never written into settings"
    yield SettingsFault(path, ACCOUNT_WAYS if google else WAYS, found)


def _without_userinfo(path: Path, url: str) -> Iterator[SettingsFault]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return  # told where the URL itself is checked
    if "@" in parts.netloc:
        yield SettingsFault(path, "a URL without a user or password in it", "one with them")
    elif parts.query and parts.scheme != "simulator":
        yield SettingsFault(path, "a URL without a query", "one with it")
