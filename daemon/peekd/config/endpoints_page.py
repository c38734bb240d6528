"""Write docs/endpoints.md from the table of routes and from what the protocols themselves write, as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import get_args

import msgspec

from peekd.protocols.interface import ClientProtocol
from peekd.protocols.registry import CLIENTS
from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.relay.answers import answer_headers
from peekd.serving.routes import ROUTES, Route, plain_path
from peekd.vocabulary.errors import ErrorKind, Fault

_HEAD = """\
# Endpoints

<!-- Written by `./dev docs` from daemon/peekd/serving/routes.py and the protocols. -->

What is served, in which form, and what a client sees while it waits and when it fails. What all this means,
and what may be relied on, stands in [promises](promises.md).

## Paths

Who may ask: *anyone*; a *client* with a key, where keys are asked for; an *admin*, or anyone on loopback
where `admin_keys` is empty. A stream comes to whoever asks for one in its protocol's own way.

| method | path | protocol | who | a stream comes as | what |
|---|---|---|---|---|---|
"""

_FORMS = """
## Protocols

`\\n` and `\\r` are line ends. A keep-alive comes after `ping_seconds` of silence. An error takes one of two
forms: before the first byte a status with a body, after it the end of the stream.
"""

_KINDS = """
## Errors by kind

Status, and the word by which a program tells the kind. `retry-after` and `x-should-retry` stand beside them
where they say something.

"""

_HEADERS = """
## Headers back

On every answer `x-request-id`, and the same as `request-id`. On what is passed on also, as far as they are
known: {names}.
A count that is not an upstream's has `x-peekd-estimated: 1`. What each of them holds stands in
[promises](promises.md#headers).
"""

_WHO = {
    "open": "anyone",
    "client": "client",
    "admin": "admin",
    "page": "admin",
    "metrics": "admin, or anyone with `[metrics] open`",
}

_FAULT = Fault("overloaded", "no answer after 3 attempts with 2 accounts; try again in 7 s", retry_after=7)
_ID = "0b2f"
_MODEL = "claude-opus-4-5"


def encode_endpoints_page() -> str:
    """Write docs/endpoints.md: the routes in their order, then each protocol that one of them speaks."""
    spoken = {name: CLIENTS[name] for name in dict.fromkeys(route.protocol for route in ROUTES) if name}
    lines = [_HEAD + "".join(_row(route) for route in ROUTES), _FORMS]
    lines += [_section(protocol) for protocol in spoken.values()]
    lines += [_KINDS, *_kinds(list(spoken.values()))]
    names = ", ".join(f"`{name}`" for name in _header_names())
    return "".join(lines) + _HEADERS.format(names=names)


def _row(route: Route) -> str:
    cells = (
        ", ".join(route.methods),
        f"`{plain_path(route)}`",
        route.protocol or _kind(route),
        _WHO[route.entry],
        " or ".join(f"`{form}`" for form in _forms(route)),
        route.what,
    )
    return f"| {' | '.join(cells)} |\n"


def _kind(route: Route) -> str:
    if route.path.startswith("/monitor"):
        return "pages"
    return "the caller's" if route.entry == "client" else "JSON"


def _forms(route: Route) -> list[str]:
    """Give the content types that a stream may have; none where there is no stream."""
    if route.action == "watch":
        return ["text/event-stream"]
    if route.action != "converse" or not route.protocol:
        return []
    protocol = CLIENTS[route.protocol]
    paths = [query for query in ("?alt=sse", "") if _streams(protocol, plain_path(route) + query)]
    types = (protocol.framing(plain_path(route) + query).content_type for query in paths)
    return list(dict.fromkeys(kind.partition(";")[0] for kind in types))


def _streams(protocol: ClientProtocol, path: str) -> bool:
    """Whether a request at this path can be one for a stream: of Gemini, the path itself says so."""
    return protocol.name != "gemini" or "streamGenerateContent" in path


def _section(protocol: ClientProtocol) -> str:
    before = protocol.encode_error(_FAULT, _ID)
    headers = ", ".join(f"`{name}: {value}`" for name, value in before.headers)
    after = protocol.following(_MODEL, 0).fail(_FAULT, _ID)
    rows = (
        ("keep-alive", _shown(protocol.encode_ping())),
        ("comment", _shown(protocol.encode_note("peekd …")) if protocol.encode_note("x") else "none"),
        ("last frame", _shown(protocol.encode_last_frame()) if protocol.encode_last_frame() else "none"),
        ("error before the start", f"{before.status}, {headers}<br>{_shown(before.body)}"),
        ("error after it", _shown(after)),
    )
    table = "".join(f"| {name} | {form} |\n" for name, form in rows)
    return f"\n### {protocol.name}\n\n| | |\n|---|---|\n{table}"


def _shown(said: bytes) -> str:
    text = json.dumps(said.decode(), ensure_ascii=False)[1:-1].replace('\\"', '"')
    return f"`{text}`"


def _kinds(protocols: list[ClientProtocol]) -> Iterator[str]:
    yield f"| kind | {' | '.join(protocol.name for protocol in protocols)} |\n"
    yield f"|---|{'---|' * len(protocols)}\n"
    kinds: tuple[ErrorKind, ...] = get_args(ErrorKind)
    for kind in kinds:
        replies = (protocol.encode_error(Fault(kind, ""), _ID) for protocol in protocols)
        yield f"| {kind} | {' | '.join(f'{one.status} `{_word(one.body)}`' for one in replies)} |\n"


class _Said(msgspec.Struct):
    """The word: Google's status, OpenAI's code, else the type."""

    type: str | None = None
    code: str | int | None = None
    status: str | None = None


class _Error(msgspec.Struct):
    error: _Said


def _word(body: bytes) -> str:
    said = msgspec.json.decode(body, type=_Error).error
    code = said.code if isinstance(said.code, str) else None
    return said.status or code or said.type or ""


def _header_names() -> list[str]:
    """Give the names of the headers of an answer of which everything is known."""
    attempt = AttemptRecord(number=1, account="a", upstream="u", model="m", started=0.0)
    attempt.upstream_request_id = "r"
    record = RequestRecord(id="", came=0.0, method="", path="", protocol="", account="a", mapped_model="m")
    record.attempts.append(attempt)
    return [name for name, _ in answer_headers(record, early=False, expose_account=True)]
