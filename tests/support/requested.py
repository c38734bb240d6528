"""A request as the HTTP face hands it over, without a house around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from peekd.protocols.registry import CLIENTS
from peekd.relay.asked import Asked

HELLO: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "max_tokens": 1024,
    "stream": True,
    "messages": [{"role": "user", "content": "Say hello."}],
}


def asked_of(
    body: Mapping[str, Any] = HELLO,
    *,
    headers: Mapping[str, str] = {},
    path: str = "/v1/messages?beta=true",
) -> Asked:
    """An Anthropic client's request; header names are in lower case."""
    protocol = CLIENTS["anthropic"]
    raw = msgspec.json.encode(body)
    return Asked(
        id="req_1",
        protocol=protocol,
        head=protocol.decode_head(raw, headers, path),
        body=raw,
        path=path,
        headers=tuple(headers.items()),
        came=0.0,
    )
