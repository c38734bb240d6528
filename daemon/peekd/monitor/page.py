"""Writes pages from templates: what comes from elsewhere is escaped, and no page holds a script."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from peekd import __version__

if TYPE_CHECKING:
    from jinja2 import Environment

CONTENT_SECURITY_POLICY = "; ".join((
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
))
"""Nothing inline, nothing from elsewhere."""

SECURITY = (
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    # Not no-referrer: under it browsers send "Origin: null" with a form, which looks like a stranger's (Fetch
    # standard, "append a request Origin header"). Other sites learn nothing either way.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
)
"""Headers of everything below /monitor."""

PAGE_HEADERS = (("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store"), *SECURITY)

NAV = (
    ("Requests", "/monitor"),
    ("Accounts", "/monitor/accounts"),
    ("Charts", "/monitor/charts"),
    ("Policy", "/monitor/policy"),
    ("Settings", "/monitor/settings"),
)


def render(template: str, /, **context: object) -> bytes:
    """Write a page, or a part of one. What it is given must not change meanwhile: it may run in a thread."""
    text = _environment().get_template(template).render(nav=NAV, version=__version__, **context)
    return text.encode("utf-8", "replace")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("peekd.monitor"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
