"""The files that pages are dressed with, out of the package."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files

import msgspec

KINDS = {
    "htmx.min.js": "text/javascript; charset=utf-8",
    "sse.min.js": "text/javascript; charset=utf-8",
    "theme.js": "text/javascript; charset=utf-8",
    "monitor.js": "text/javascript; charset=utf-8",
    "monitor.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "LICENCES.txt": "text/plain; charset=utf-8",
}
"""All that is given out, and as what."""


class Asset(msgspec.Struct, frozen=True):
    """One file. `tag`: what it is known by while its bytes stay (RFC 9110 section 8.8.3)."""

    kind: str
    body: bytes
    tag: str


@cache
def load_asset(name: str) -> Asset | None:
    """Give a file by its name, None where there is none of that name."""
    kind = KINDS.get(name)
    if kind is None:
        return None
    body = files("peekd.monitor").joinpath("static", name).read_bytes()
    return Asset(kind, body, f'"{sha256(body).hexdigest()[:20]}"')
