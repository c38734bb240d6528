"""Google's paths: told apart from all others, with names that hold slashes and colons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from peekd.serving.routes import protocol_of


@pytest.mark.parametrize(
    ("path", "headers", "protocol"),
    [
        ("/v1beta/models/m:streamGenerateContent", {"anthropic-version": "1"}, "gemini"),
        ("/v1beta/files", {}, "gemini"),
        ("/v1/models/a/b:free:generateContent", {}, "gemini"),
        ("/v1/models/m:countTokens", {}, "gemini"),
        ("/v1/models/m:embedContent", {}, "gemini"),
        ("/v1/models/m", {"x-goog-api-key": "k"}, "gemini"),
        ("/v1/models/vendor:m", {}, "openai-chat"),
        ("/v1/models", {"anthropic-version": "1"}, "anthropic"),
    ],
)
def test_a_path_or_headers_name_the_protocol(path: str, headers: dict[str, str], protocol: str) -> None:
    assert protocol_of(path, headers) == protocol


@pytest.mark.parametrize("version", ["v1", "v1beta"])
@pytest.mark.parametrize("model", ["gemini-2.5-pro", "vendor/m:free", "models/x"])
@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent"])
async def test_names_with_slashes_and_colons_are_served(
    bench: Callable[..., Any], version: str, model: str, verb: str
) -> None:
    toy = bench()
    assert (await toy.ask("POST", f"/{version}/models/{model}:{verb}", json={"model": "m"})).status == 200
    assert toy.asked[0].path == f"/{version}/models/{model}:{verb}"


async def test_the_models_have_googles_shape_where_google_has_them(bench: Callable[..., Any]) -> None:
    toy = bench()
    listed = await toy.ask("GET", "/v1beta/models")
    assert b'"models/claude-a"' in listed.body
    one = await toy.ask("GET", "/v1beta/models/vendor/b")
    assert b'"name":"models/vendor/b"' in one.body
    assert (await toy.ask("GET", "/v1beta/models/nobody")).status != 200


async def test_a_verb_that_is_not_served_is_told_with_what_is_allowed(bench: Callable[..., Any]) -> None:
    toy = bench()
    reply = await toy.ask("POST", "/v1/models/m:embedContent", json={})
    assert (reply.status, "GET" in reply.headers["allow"]) == (405, True)
