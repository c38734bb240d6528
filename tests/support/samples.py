"""Real things, by protocol: what upstreams streamed and what agents asked, as the transcripts hold them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

import msgspec

from peekd.serving.routes import protocol_of

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"
LONGEST_TEXT = 200
LONGEST_LIST = 6


class Sample(msgspec.Struct, frozen=True):
    """One request: its path with the query, headers by lower-case name, and what its body says."""

    path: str
    headers: Mapping[str, str]
    said: Mapping[str, Any]


@cache
def streams(protocol: str) -> tuple[bytes, ...]:
    """Every transcript's body, in order."""
    folder = TRANSCRIPTS / protocol.replace("-", "_")
    return tuple(body.read_bytes() for body in sorted(folder.glob("*/upstream.sse")))


@cache
def requests(protocol: str) -> tuple[Sample, ...]:
    """Every request of the corpus that this protocol's clients sent; long words and long lists cut short."""
    found: list[Sample] = []
    for path in sorted((TRANSCRIPTS / "corpus").glob("*/*.json")):
        sent = json.loads(path.read_bytes())
        if sent["body"] and protocol_of(sent["path"].partition("?")[0], {}) == protocol:
            headers = {name.lower(): value for name, value in sent["headers"].items()}
            found.append(Sample(sent["path"], headers, shortened(sent["body"])))
    return tuple(found)


def shortened(value: Any) -> Any:
    """The same with no long text and no long list: as much of it as its shape needs."""
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if is_list(value):
        return [shortened(item) for item in value[:LONGEST_LIST]]
    if is_object(value):
        return {key: shortened(item) for key, item in value.items()}
    return value


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Tell a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Tell a JSON array."""
    return isinstance(value, list)
