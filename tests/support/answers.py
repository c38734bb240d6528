"""What encoders are told in tests: a seal of a known key, ids that count up, some upstream."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from peekd.protocols.interface import Answering
from peekd.signatures.seal import Carried, Kind, Seal, model_hash
from peekd.vocabulary.conversation import Conversation, Family, Text, Turn

SEAL = Seal(b"a key for tests" + bytes(17))
CREATED = 1_795_000_000
UPSTREAM_MODEL = "upstream-model"


def answering(  # noqa: PLR0913  what an encoder may be told, each by its name
    model: str = "claude-x",
    *,
    asked: Conversation | None = None,
    ids: Callable[[str], str] | None = None,
    family: Family = "gemini",
    upstream_model: str = UPSTREAM_MODEL,
    thoughts: bool = True,
    shown: bool = True,
) -> Answering:
    """An answer to a client that asked for `model`, by an upstream of `family`."""
    asked = asked or Conversation(model, (Turn("user", (Text("Hi"),)),))
    return Answering(asked, ids or counting(), CREATED, SEAL, family, upstream_model, thoughts, shown)


def counting() -> Callable[[str], str]:
    """Ids that count up from 1."""
    numbers = count(1)
    return lambda prefix: f"{prefix}{next(numbers)}"


def carried(kind: Kind, proof: str, family: Family = "gemini", text: str = "") -> str:
    """The carrier of such an answer for a proof."""
    return SEAL.wrap(Carried(family, model_hash(UPSTREAM_MODEL), kind, proof, text))
