"""The table of what is served. Quart's routes are registered from it, and the docs are printed from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

Entry = Literal["open", "client", "admin", "page", "metrics"]
"""Who may ask: anyone, whoever has a client key (where one is needed), or whoever may administer.

A "page" is for the last too, and leads a browser that may not see it to the login. "metrics": whoever may
administer, unless `[metrics] open` lets anyone.
"""

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
    "bodies",
    "accounts",
    "switch",
    "policy",
    "watch",
    "page",
    "asset",
    "login",
    "logout",
    "metrics",
]


SWITCHES: Mapping[str, str] = {
    "enable": "let an account serve",
    "disable": "keep an account from serving until it is enabled; what it does now goes on",
    "reset": "forget an account's cooldowns and failures",
}
"""What can be done to an account by hand."""


class Route(msgspec.Struct, frozen=True):
    """One path. `protocol` names the wire language of its answers and errors; "" is plain JSON."""

    path: str
    methods: tuple[str, ...]
    action: Action
    entry: Entry
    what: str
    protocol: str = ""


def _gemini(version: str) -> tuple[Route, ...]:
    """The paths of Google's API under one of its versions; a model's name may hold slashes and colons."""
    model = f"{version}/models/<path:name>"
    rows: tuple[tuple[str, Action, str], ...] = (
        ("streamGenerateContent", "converse", "Gemini, streamed: events with alt=sse, else a JSON array"),
        ("generateContent", "converse", "Gemini, in one piece"),
        ("countTokens", "count", "Gemini token counting"),
    )
    return tuple(
        Route(f"{model}:{verb}", ("POST",), act, "client", what, "gemini") for verb, act, what in rows
    )


ROUTES: tuple[Route, ...] = (
    Route("/v1/messages", ("POST",), "converse", "client", "Anthropic Messages", "anthropic"),
    Route("/v1/messages/count_tokens", ("POST",), "count", "client", "Anthropic token counting", "anthropic"),
    Route(
        "/v1/chat/completions",
        ("POST",),
        "converse",
        "client",
        "OpenAI Chat Completions",
        "openai-chat",
    ),
    Route(
        "/v1/completions",
        ("POST",),
        "converse",
        "client",
        "OpenAI's legacy completions",
        "openai-completions",
    ),
    Route("/v1/responses", ("POST",), "converse", "client", "OpenAI Responses", "openai-responses"),
    Route("/responses", ("POST",), "converse", "client", "the same", "openai-responses"),
    Route("/v1/models", ("GET",), "models", "client", "the models that can be asked for"),
    Route("/v1/models/<path:name>", ("GET",), "model", "client", "one of them"),
    *_gemini("/v1"),
    *_gemini("/v1beta"),
    Route("/v1beta/models", ("GET",), "models", "client", "the models, for Google's clients", "gemini"),
    Route("/v1beta/models/<path:name>", ("GET",), "model", "client", "one of them", "gemini"),
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
    Route("/metrics", ("GET", "HEAD"), "metrics", "metrics", "metrics, as Prometheus reads them"),
    Route(
        "/api/requests",
        ("GET",),
        "requests",
        "admin",
        "the last requests; ?failed=1, ?healed=1, ?since=T, ?account=A, ?model=M, ?text=T, ?limit=N …",
    ),
    Route("/api/requests/live", ("GET",), "watch", "admin", "requests as they change (server-sent events)"),
    Route("/api/requests/<name>", ("GET",), "request", "admin", "one request by id, or last, or last-failed"),
    Route("/api/requests/<name>/bodies", ("GET",), "bodies", "admin", "its words, where they are kept"),
    Route("/api/accounts", ("GET",), "accounts", "admin", "accounts, how they stand; the settings' state"),
    *(
        Route(f"/api/accounts/<path:name>/{verb}", ("POST",), "switch", "admin", what)
        for verb, what in SWITCHES.items()
    ),
    Route("/api/policy", ("GET",), "policy", "admin", "the healing policy in force"),
    Route("/monitor", ("GET",), "page", "page", "the Proxy Monitor: requests"),
    Route("/monitor/", ("GET",), "page", "page", "leads to /monitor"),
    Route("/monitor/list", ("GET",), "page", "page", "its list alone"),
    Route("/monitor/requests/<name>", ("GET",), "page", "page", "one request, drawn"),
    Route("/monitor/accounts", ("GET", "POST"), "page", "page", "accounts; its forms change them"),
    Route("/monitor/charts", ("GET",), "page", "page", "what happened over time; ?range=1h"),
    Route("/monitor/policy", ("GET",), "page", "page", "the healing policy in force"),
    Route("/monitor/settings", ("GET",), "page", "page", "the configuration in force, without secrets"),
    Route("/monitor/export/<name>", ("GET",), "page", "page", "requests.csv or requests.json"),
    Route("/monitor/login", ("GET", "POST"), "login", "open", "takes an admin key, gives a cookie"),
    Route("/monitor/logout", ("POST",), "logout", "open", "ends the login"),
    Route("/monitor/static/<name>", ("GET",), "asset", "open", "style and scripts of the pages"),
)


_OF_PATHS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("anthropic", re.compile(r"/v1/messages(/.*)?")),
    ("openai-chat", re.compile(r"/v1/chat/.*")),
    ("openai-completions", re.compile(r"/v1/completions")),
    ("openai-responses", re.compile(r"(/v1)?/responses(/.*)?")),
    ("gemini", re.compile(r"/v1beta(/.*)?|/v1/models/.+:\w*(Content|Tokens)")),
)


_OF_MODELS = re.compile(r"/v1/models(/.*)?")
"""Three vendors' clients ask here; those that no header tells are OpenAI's."""


def protocol_of(path: str, headers: Mapping[str, str]) -> str:
    """Name the protocol that a path or headers point to, "" where they point to none that is spoken here.

    >>> protocol_of("/v1/messages/batches", {}), protocol_of("/v1beta/files", {}), protocol_of("/nowhere", {})
    ('anthropic', 'gemini', '')
    """
    for protocol, paths in _OF_PATHS:
        if paths.fullmatch(path):
            return protocol
    if "anthropic-version" in headers:
        return "anthropic"
    if any(name.startswith("x-goog-") for name in headers):
        return "gemini"
    return "openai-chat" if _OF_MODELS.fullmatch(path) else ""


def plain_path(route: Route) -> str:
    """Give the path as people write it.

    >>> plain_path(Route("/v1/models/<path:name>", ("GET",), "model", "client", ""))
    '/v1/models/{name}'
    """
    return re.sub(r"<(?:path:)?(\w+)>", r"{\1}", route.path)


def tell_served(routes: tuple[Route, ...] = ROUTES) -> str:
    """Say in one line what can be asked for, for whoever asked for something else."""
    return ", ".join(f"{'|'.join(route.methods)} {route.path}" for route in routes if _is_api(route))


def _is_api(route: Route) -> bool:
    return route.entry in {"open", "client"} and route.action not in {"login", "logout", "asset"}
