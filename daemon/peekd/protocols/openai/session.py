"""The session that a client of OpenAI's languages names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from peekd.protocols.fields import Fields

_HEADERS: Final = ("x-claude-code-session-id", "session-id", "thread-id")


def named_session(fields: Fields, headers: Mapping[str, str]) -> str | None:
    """Give the session that the client names; `user` is none, since one person has many conversations."""
    named = next((value for name in _HEADERS if (value := headers.get(name))), None)
    if named:
        return named
    key = fields.place("prompt_cache_key")
    if key is not None and isinstance(key.value, str) and key.value:
        return key.value
    metadata = fields.place("metadata")
    return _session_of_user(metadata.value) if metadata is not None else None


def _session_of_user(metadata: object) -> str | None:
    """Give the session_id inside a JSON user_id."""
    try:
        user = msgspec.convert(metadata, dict[str, Any]).get("user_id")
        said = msgspec.json.decode(user, type=dict[str, Any]) if isinstance(user, str) else {}
    except (ValueError, RecursionError):
        return None  # a plain user_id, or none
    session = said.get("session_id")
    return session if isinstance(session, str) and session else None
