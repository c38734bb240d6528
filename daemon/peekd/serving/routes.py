"""The table of what is served. Quart's routes are registered from it, and the docs are printed from it."""

from __future__ import annotations

from typing import Literal

import msgspec

Entry = Literal["open", "client", "admin"]
"""Who may ask: anyone, whoever has a client key (where one is needed), or whoever may administer."""

Action = Literal[
    "converse",
    "count",
    "models",
    "model",
    "hello",
    "alive",
    "ready",
    "requests",
    "request",
    "accounts",
    "policy",
]


class Route(msgspec.Struct, frozen=True):
    """One path. `protocol` names the wire language of its answers and errors; "" is plain JSON."""

    path: str
    methods: tuple[str, ...]
    action: Action
    entry: Entry
    what: str
    protocol: str = ""


ROUTES: tuple[Route, ...] = (
    Route("/v1/messages", ("POST",), "converse", "client", "Anthropic Messages", "anthropic"),
    Route("/v1/messages/count_tokens", ("POST",), "count", "client", "Anthropic token counting", "anthropic"),
    Route("/v1/models", ("GET",), "models", "client", "the models that can be asked for"),
    Route("/v1/models/<path:name>", ("GET",), "model", "client", "one of them"),
    Route("/", ("GET", "HEAD"), "hello", "open", "says that this is peekd"),
    Route("/api/hello", ("HEAD",), "hello", "open", "the same, where Claude Code looks"),
    Route("/healthz", ("GET", "HEAD"), "alive", "open", "200 while the process lives"),
    Route(
        "/readyz",
        ("GET", "HEAD"),
        "ready",
        "open",
        "200 while an account is usable and peekd is not draining",
    ),
    Route("/api/requests", ("GET",), "requests", "admin", "the last requests; ?failed=1, ?limit=N"),
    Route("/api/requests/<name>", ("GET",), "request", "admin", "one request by id, or last, or last-failed"),
    Route("/api/accounts", ("GET",), "accounts", "admin", "accounts, their health and cooldowns"),
    Route("/api/policy", ("GET",), "policy", "admin", "the healing policy in force"),
)


def protocol_of(path: str, headers: dict[str, str]) -> str:
    """Name the protocol that a path or headers point to, "" where they point to none that is spoken here.

    >>> protocol_of("/v1/messages/batches", {}), protocol_of("/nowhere", {})
    ('anthropic', '')
    """
    if path == "/v1/messages" or path.startswith("/v1/messages/") or "anthropic-version" in headers:
        return "anthropic"
    return ""


def tell_served(routes: tuple[Route, ...] = ROUTES) -> str:
    """Say in one line what can be asked for, for whoever asked for something else."""
    return ", ".join(f"{'|'.join(route.methods)} {route.path}" for route in routes if route.entry != "admin")
