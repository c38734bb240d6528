"""The session is the first that the client names, and a user is none."""

from __future__ import annotations

import pytest

from peekd.protocols.fields import Place
from peekd.protocols.openai.session import named_session

USER = {"user_id": '{"session_id":"in-user"}'}


def named(headers: dict[str, str] | None = None, **said: object) -> str | None:
    return named_session(Place(said, "", "", {}).fields(), headers or {})


def test_headers_go_before_the_cache_key_and_that_before_the_metadata() -> None:
    assert named({"thread-id": "t", "session-id": "s"}, prompt_cache_key="k", metadata=USER) == "s"
    assert named({"x-claude-code-session-id": "c", "session-id": "s"}) == "c"
    assert named(prompt_cache_key="k", metadata=USER) == "k"
    assert named(metadata=USER) == "in-user"


@pytest.mark.parametrize(
    "metadata", [None, 7, {"user_id": "bare"}, {"user_id": "[1]"}, {"user_id": '{"session_id":7}'}]
)
def test_a_user_is_no_session(metadata: object) -> None:
    assert named(metadata=metadata, prompt_cache_key="", user="me") is None
