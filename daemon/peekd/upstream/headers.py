"""The headers of a request as it leaves: the client's that may go on, the operator's, and the credential."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from typing_extensions import override

from peekd.upstream.parser import Headers
from peekd.upstream.seam import Said
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


JSON = (b"content-type", b"application/json")
"""Where nobody says something else."""

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


KEPT = 8
"""Of so many clients, or ways in which they ask, it is remembered what goes on for them."""


class Own:
    """What a request to one upstream has of its operator and of us, the credential among it. Has no repr."""

    __slots__ = ("_said", "names", "pairs")

    def __init__(self, names: frozenset[str], pairs: Headers) -> None:
        self.names = names
        """In lower case: no other header has one of these."""
        self.pairs = pairs
        self._said: dict[tuple[Pairs, ...], Said] = {}

    def said(self, *sources: Pairs) -> Said:
        """Give `encode_headers`; one client sends the same headers again and again."""
        said = self._said.get(sources)
        if said is None:
            if len(self._said) >= KEPT:
                self._said.clear()
            said = self._said[sources] = Said(encode_headers(self, *sources))
        return said


def own_headers(settings: UpstreamSettings, proof: Proof) -> Own:
    """Give the operator's headers and then ours: the credential, and no content-encoding please.

    A later one takes an earlier one's place. The project that a caller has for its own access tokens does not
    go along with one of the account's.
    """
    project = ((QUOTA_PROJECT, proof.project),) if proof.project else ()
    ours = (("accept-encoding", "identity"), *_credential(settings, proof))
    names, pairs = set[str](), list[tuple[str, str]]()
    for source in (ours, tuple(settings.headers.items()), project):
        pairs = [pair for pair in source if pair[0].lower() not in names] + pairs
        names |= {name.lower() for name, _ in source}
    if proof.bearer:
        names.add(QUOTA_PROJECT)
    return Own(frozenset(names), _encoded(pairs))


def encode_headers(own: Own, *sources: Pairs) -> Headers:
    """Join them. A later source's name takes an earlier's place; within one source a name may repeat.

    Of the sources only what may go on is taken: a caller's own key never is. Last come our own.
    """
    taken, pairs = own.names, own.pairs
    for source in reversed(sources):
        if source:
            going = pass_on(source, taken)
            taken = taken.union([name.lower() for name, _ in going])
            pairs = _encoded(going) + pairs
    return [*pairs] if "content-type" in taken else [JSON, *pairs]


def _credential(settings: UpstreamSettings, proof: Proof) -> Pairs:
    auth = "bearer" if proof.bearer else _auth_of(settings)
    if auth not in CREDENTIAL_HEADERS:
        return ()
    name, before = CREDENTIAL_HEADERS[auth]
    return ((name, before + proof.secret),)


def _auth_of(settings: UpstreamSettings) -> str:
    return settings.auth or AUTH_OF_PLATFORM.get(settings.platform or "", AUTH_OF_PROTOCOL[settings.protocol])


def _encoded(pairs: Sequence[tuple[str, str]]) -> Headers:
    """Give back the bytes a client sent (read as latin-1, RFC 9110 §5.5); other words become UTF-8."""
    try:
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    except UnicodeEncodeError:
        return [(_encode(name), _encode(value)) for name, value in pairs]


def _encode(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")
