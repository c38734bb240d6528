"""What each client protocol makes of each transcript, kept beside it as `client.<protocol>.sse`.

`python tests/support/golden.py` writes all of them anew; whoever does so reads the difference before it is
committed, since it is what clients get.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from answers import answering

from peekd.protocols.halves import Halves
from peekd.protocols.interface import BadArguments
from peekd.protocols.registry import CLIENTS, UPSTREAMS
from peekd.vocabulary.conversation import Conversation, Text, Turn
from peekd.vocabulary.events import Event

ROOT = Path(__file__).parents[1] / "transcripts"
BROKEN = b": a call whose arguments are no JSON object: the rest is an error\n\n"
"""Stands where encoding ends in BadArguments."""


class Telling(NamedTuple):
    """One transcript for clients of one protocol."""

    case: Path
    upstream: str
    client: str

    @property
    def file(self) -> Path:
        """Where the reviewed answer lies."""
        return self.case / f"client.{self.client}.sse"

    @property
    def name(self) -> str:
        """A short name for people."""
        return f"{self.case.parent.name}-{self.case.name}-{self.client}"


def tellings() -> Iterator[Telling]:
    """Give every transcript with every client protocol that is not the upstream's own."""
    for events in sorted(ROOT.glob("*/*/events.json")):
        upstream = events.parts[-3].replace("_", "-")
        yield from (Telling(events.parent, upstream, client) for client in CLIENTS if client != upstream)


def told(telling: Telling, *, stream: bool = True) -> bytes:
    """Encode a transcript's events for a client that asked for its thoughts.

    `stream` False: what is folded for a client that wants it in one piece.
    """
    events = msgspec.json.decode((telling.case / "events.json").read_bytes(), type=list[Event])
    family = UPSTREAMS[telling.upstream].family
    asked = Conversation("the-clients-model", (Turn("user", (Text("Hi"),)),), stream=stream)
    encoder = CLIENTS[telling.client].encoder(answering(asked=asked, family=family))
    said = b""
    try:
        for event in Halves().feed(events):
            said += encoder.feed(event)
        return said + encoder.close()
    except BadArguments:
        return said + BROKEN


if __name__ == "__main__":
    for each in tellings():
        each.file.write_bytes(told(each))
