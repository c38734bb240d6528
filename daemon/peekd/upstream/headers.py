"""The headers of a request as it leaves: the client's that may go on, the operator's, and the credential."""

from __future__ import annotations

import msgspec
from typing_extensions import override

from peekd.upstream.parser import Headers
from peekd.upstream.settings import UpstreamSettings
from peekd.wire.headers import upstream_headers as pass_on

Pairs = tuple[tuple[str, str], ...]

# How each protocol sends a credential unless the upstream is configured otherwise.
AUTH_OF_PROTOCOL = {
    "anthropic": "x-api-key",
    "gemini": "x-goog-api-key",
    "openai-chat": "bearer",
    "openai-responses": "bearer",
}

AUTH_OF_PLATFORM = {"code-assist": "bearer", "vertex": "bearer"}

# auth -> header, what stands before the secret
CREDENTIAL_HEADERS = {
    "x-api-key": ("x-api-key", ""),
    "x-goog-api-key": ("x-goog-api-key", ""),
    "bearer": ("authorization", "Bearer "),
}


QUOTA_PROJECT = "x-goog-user-project"
"""Whose quota a request is counted to (https://cloud.google.com/docs/quotas/set-quota-project)."""


class Proof(msgspec.Struct, frozen=True):
    """What an attempt proves its account with.

    `bearer`: it is an access token, and goes as one whatever the upstream's own way. `project`: the quota
    project that belongs to it, "" for none.
    """

    secret: str = ""
    bearer: bool = False
    project: str = ""

    @override
    def __repr__(self) -> str:
        return f"Proof(bearer={self.bearer})"


def encode_headers(settings: UpstreamSettings, proof: Proof, *sources: Pairs) -> Headers:
    """Join them. A later source's name takes an earlier's place; within one source a name may repeat.

    Of the sources only what may go on is taken: a caller's own key never is, nor the project that a caller
    has for its own access tokens, where the account has one of its own. Last come the operator's headers,
    then ours: the credential, and no content-encoding please.
    """
    asked = [pass_on(source) for source in sources]
    if proof.bearer:
        asked = [tuple(pair for pair in source if pair[0].lower() != QUOTA_PROJECT) for source in asked]
    project = ((QUOTA_PROJECT, proof.project),) if proof.project else ()
    ours = (("accept-encoding", "identity"), *_credential(settings, proof))
    joined: list[tuple[str, str]] = [("content-type", "application/json")]
    for source in (*asked, project, tuple(settings.headers.items()), ours):
        names = {name.lower() for name, _ in source}
        joined = [pair for pair in joined if pair[0].lower() not in names] + list(source)
    return [(_encode(name), _encode(value)) for name, value in joined]


def _credential(settings: UpstreamSettings, proof: Proof) -> Pairs:
    auth = "bearer" if proof.bearer else _auth_of(settings)
    if auth not in CREDENTIAL_HEADERS:
        return ()
    name, before = CREDENTIAL_HEADERS[auth]
    return ((name, before + proof.secret),)


def _auth_of(settings: UpstreamSettings) -> str:
    return settings.auth or AUTH_OF_PLATFORM.get(settings.platform or "", AUTH_OF_PROTOCOL[settings.protocol])


def _encode(text: str) -> bytes:
    """Give back the bytes a client sent (read as latin-1, RFC 9110 §5.5); other words become UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")
