"""One request as the HTTP side hands it over: who asks, in which protocol, and the bytes."""

from __future__ import annotations

import hashlib
from functools import cached_property

import msgspec

from peekd.protocols.interface import ClientProtocol
from peekd.vocabulary.conversation import Head


class Asked(msgspec.Struct, frozen=True, dict=True):
    """`path` has its query, without `key`; `headers` are the client's, names in lower case.

    `client` is the user agent, `key` the client key's name ("" without one), `came` wall time in seconds.
    """

    id: str
    protocol: ClientProtocol
    head: Head
    body: bytes
    path: str
    headers: tuple[tuple[str, str], ...]
    came: float
    method: str = "POST"
    client: str = ""
    key: str = ""

    @cached_property
    def session(self) -> str | None:
        """What ties this request to others of one conversation; a guessed one is each client key's own."""
        if self.head.session is None or not (self.head.guessed and self.key):
            return self.head.session
        return hashlib.sha256(f"{self.key}\0{self.head.session}".encode()).hexdigest()[:32]

    def header(self, name: str) -> str:
        """The first header of this name (lower case), "" if there is none."""
        for key, value in self.headers:
            if key == name:
                return value
        return ""
