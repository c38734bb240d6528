from __future__ import annotations

from peekd.serving.routes import ROUTES, protocol_of, tell_served


def test_no_path_and_method_stands_twice() -> None:
    pairs = [(route.path, method) for route in ROUTES for method in route.methods]
    assert len(pairs) == len(set(pairs))


def test_what_is_served_is_told_without_the_admin_api() -> None:
    told = tell_served()
    assert "POST /v1/messages" in told
    assert "/api/requests" not in told


def test_a_path_that_only_begins_alike_points_to_no_protocol() -> None:
    assert protocol_of("/v1/messagesX", {}) == ""
    assert protocol_of("/", {"anthropic-version": "2023-06-01"}) == "anthropic"


def test_openais_two_languages_are_told_apart_by_their_paths() -> None:
    for path in ("/v1/responses", "/responses", "/v1/responses/resp_1", "/responses/compact"):
        assert protocol_of(path, {}) == "openai-responses"
    assert protocol_of("/v1/chat/completions", {}) == "openai-chat"
    assert protocol_of("/v1/responsesX", {}) == ""
