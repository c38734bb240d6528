"""Real things, by protocol: what upstreams streamed and what agents asked, as the transcripts hold them.

No agent of those that were recorded speaks legacy completions; its requests are the API reference's.
"""

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


_COMPLETIONS: tuple[dict[str, Any], ...] = (
    {"model": "gpt-3.5-turbo-instruct", "prompt": "Say this is a test", "max_tokens": 7, "temperature": 0},
    {
        "model": "gpt-3.5-turbo-instruct",
        "prompt": ["def fib(n):"],
        "suffix": "",
        "stop": ["\n\n", "#"],
        "echo": False,
        "best_of": 1,
        "n": 1,
        "logprobs": None,
        "top_p": 0.9,
        "frequency_penalty": 0,
        "presence_penalty": 0,
        "logit_bias": {"50256": -100},
        "seed": 7,
        "user": "user-1234",
        "stream": True,
        "stream_options": {"include_usage": True},
    },
)
"""https://platform.openai.com/docs/api-reference/completions/create"""

UNRECORDED = {
    "openai-completions": tuple(Sample("/v1/completions", {}, said) for said in _COMPLETIONS),
}


@cache
def streams(protocol: str) -> tuple[bytes, ...]:
    """Every transcript's body, in order."""
    folder = TRANSCRIPTS / protocol.replace("-", "_")
    return tuple(body.read_bytes() for body in sorted(folder.glob("*/upstream.sse")))


@cache
def requests(protocol: str) -> tuple[Sample, ...]:
    """Every request that this protocol's clients sent; long words and long lists cut short."""
    found = [*UNRECORDED.get(protocol, ())]
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
