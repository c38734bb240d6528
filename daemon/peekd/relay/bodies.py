"""What a request asked and was answered, in words, where an operator wants that kept: redacted and capped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from peekd.records.redact import scrubbed
from peekd.relay.asked import Asked
from peekd.relay.reading import without
from peekd.relay.words import MOST_CHARACTERS, Words
from peekd.store import settings
from peekd.store.rows import BodyRow

MOST_ASKED: Final = 256 * 1024
"""Characters of a request's body that are kept."""

_WELL: Final = frozenset({"completed", "client_gone"})


class Bodies:
    """One request's words. `wanted`: whether they are kept of all requests, or of failed ones alone."""

    def __init__(self, asked: Asked, wanted: settings.Bodies) -> None:
        self._asked = asked
        self._wanted = wanted
        self._words = Words()
        self._secrets: set[str] = set()

    def begin(self, secret: str) -> Words:
        """Take the words of another attempt, in place of the one before; `secret`: its credential."""
        self._secrets.add(secret)
        self._words = Words()
        return self._words

    def rows(self, outcome: str) -> Iterator[BodyRow]:
        """Give what is kept of a request that came to this."""
        if self._wanted == "failed" and outcome in _WELL:
            return
        parts = (
            ("request", self._asked.body[: 4 * MOST_ASKED].decode(errors="replace"), MOST_ASKED),
            ("answer", self._words.text(), MOST_CHARACTERS),
        )
        for part, words, most in parts:
            if words:
                yield BodyRow(self._asked.id, part, self._redacted(words, most))

    def _redacted(self, words: str, most: int) -> str:
        said = words.encode(errors="replace")
        for secret in self._secrets:
            said = without(secret, said)
        return scrubbed(said.decode(), most)
