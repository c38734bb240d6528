"""A token endpoint as Google has one: refresh tokens and signed assertions become access tokens that expire.

https://developers.google.com/identity/protocols/oauth2. Who asks is its refresh token, or the e-mail address
of its service account; by that name the requests are known which the access token is shown with.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from peekd.simulator.acts import Act
from peekd.simulator.asked import Asked
from peekd.simulator.parts import Refusal

PATH: Final = "/token"
PREFIX: Final = "ya29.sim-"

_ROWS: Final[dict[str, tuple[int, str, str]]] = {
    "invalid-grant": (400, "invalid_grant", "Token has been expired or revoked."),
    "429": (429, "rate_limit_exceeded", "Rate limit exceeded."),
    "500": (500, "internal_failure", "Backend Error"),
    "503": (503, "temporarily_unavailable", "The service is unavailable."),
}
_FOREIGN: Final = Act("refuse", label="401", refusal="401", status=401)


def read_token_request(path: str, body: bytes, number: int) -> Asked:
    """Read a request for an access token; what names nobody has a `fault`."""
    form = dict(parse_qsl(body.decode("latin-1")))
    who = form.get("refresh_token") or _issuer(form.get("assertion", ""))
    return Asked("gemini", "token", path, who, number, fault="" if who else "invalid_request")


def _issuer(assertion: str) -> str:
    """Give whom a signed assertion (RFC 7523) is from. The signature is taken for granted."""
    try:
        payload = assertion.split(".")[1]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["iss"])
    except (LookupError, TypeError, ValueError, binascii.Error):
        return ""


class Desk:
    """The access tokens that were given out. Times are the caller's, in seconds."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[str, float]] = {}

    def issue(self, asked: Asked, act: Act, now: float) -> Asked:
        """Give out the token with which this request will be answered; it is the request's `text`."""
        if asked.verb != "token" or act.kind != "answer":
            return asked
        token = f"{PREFIX}{len(self._owners) + 1:06d}-{asked.number}"
        self._owners[token] = asked.key, now + act.delay + act.expires
        return msgspec.structs.replace(asked, text=token)

    def known(self, asked: Asked, now: float) -> tuple[Asked, Act | None]:
        """Put who it belongs to in the place of an access token; one that has ended is refused."""
        if asked.verb == "token" or not asked.key.startswith(PREFIX):
            return asked, None
        owner, ends = self._owners.get(asked.key, ("", 0.0))
        return msgspec.structs.replace(asked, key=owner or asked.key), None if now < ends else _FOREIGN


def encode_token(act: Act, asked: Asked) -> bytes:
    """Write the answer that holds an access token."""
    said: dict[str, Any] = {
        "access_token": asked.text,
        "expires_in": int(act.expires),
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "token_type": "Bearer",
    }
    return msgspec.json.encode(said)


def encode_token_refusal(act: Act, asked: Asked) -> Refusal:
    """Write an answer that is none (RFC 6749, section 5.2)."""
    row = _ROWS.get(act.refusal, (act.status or 400, asked.fault or "invalid_request", f"HTTP {act.status}"))
    body = {"error": act.type or row[1], "error_description": act.message or row[2]}
    return Refusal(act.status or row[0], "application/json; charset=utf-8", msgspec.json.encode(body))
