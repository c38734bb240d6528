"""What peekd answers by itself, as OpenAPI 3.1, made from its table of routes and its types: for fuzzers."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from peekd.healing.policy import Policy
from peekd.records.entries import RequestRecord
from peekd.records.live import KEPT
from peekd.relay.standing import SettingsState
from peekd.serving.routes import ROUTES, Route, plain_path

_REF = "#/components/schemas/{name}"
_PARTS, _SCHEMAS = msgspec.json.schema_components((RequestRecord, SettingsState, Policy), ref_template=_REF)
_RECORD, _SETTINGS, _POLICY = _PARTS


def _holds(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": [*fields]}


_ANY: dict[str, Any] = {"type": "object"}
_ACCOUNT = _holds(name={"type": "string"}, requests={"type": "integer"}, failed={"type": "integer"})
_GIVES: dict[str, dict[str, Any]] = {
    "requests": _holds(requests={"type": "array", "items": _RECORD}),
    "request": _RECORD,
    "accounts": _holds(accounts={"type": "array", "items": _ACCOUNT}, settings=_SETTINGS),
    "switch": _holds(account=_ACCOUNT),
    "policy": _holds(policy=_POLICY),
}
_QUERY: dict[str, list[dict[str, Any]]] = {
    "requests": [
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": KEPT}},
        {"name": "failed", "in": "query", "schema": {"type": "string"}},
    ]
}
_ACTIONS = {"models", "model", "hello", "alive", "ready", "bodies", *_GIVES}
_REFUSALS = {
    "400": "odd",
    "401": "no key",
    "403": "not from here",
    "404": "not there",
    "405": "no such method",
}


def routes() -> list[Route]:
    """The routes that answer without asking an upstream, and do so in JSON."""
    return [route for route in ROUTES if route.action in _ACTIONS]


def describe() -> dict[str, Any]:
    """Give the whole description."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes():
        paths.setdefault(plain_path(route), {}).update(_operations(route))
    return {
        "openapi": "3.1.0",
        "info": {"title": "peekd", "version": "0"},
        "paths": paths,
        "components": {"schemas": _SCHEMAS},
    }


def _operations(route: Route) -> dict[str, Any]:
    named = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{(\w+)\}", plain_path(route))
    ]
    parameters = [*named, *_QUERY.get(route.action, ())]
    error = _in_json(_holds(error=_ANY))
    return {
        method.lower(): {
            "summary": route.what,
            "parameters": parameters,
            "responses": {
                "200": {"description": "well", **_in_json(_GIVES.get(route.action, _ANY))},
                **{status: {"description": words, **error} for status, words in _REFUSALS.items()},
                **({"503": {"description": "not ready"}} if route.action == "ready" else {}),
            },
        }
        for method in route.methods
    }


def _in_json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
