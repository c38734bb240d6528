"""Steps, turns and conversations of few words."""

from __future__ import annotations

from typing import Any

from peekd.signatures.steps import Origin, Piece, Step, call_digest, digest, digest_of_words
from peekd.vocabulary.conversation import Conversation, Family, Part, Text, ToolCall, ToolResult, Turn

SESSION = "session"
NOW = 1000.0


def proof(name: str) -> str:
    return f"{name}-".ljust(60, "x")


def thought(text: str, name: str = "") -> Piece:
    return Piece("thought", digest(text), proof(name or text), text)


def words(text: str) -> Piece:
    return Piece("words", digest_of_words([text]))


def call(tool: str, name: str = "", **arguments: Any) -> Piece:
    return Piece("call", call_digest("f", arguments), proof(name) if name else "", tool=tool)


def step(
    *pieces: Piece,
    family: Family = "anthropic",
    session: str = SESSION,
    number: int = 0,
    account: str = "",
    before: str = "",
) -> Step:
    origin = Origin(family, session, number, "up", "model", account, before)
    return Step(origin, pieces, NOW)


def called(tool: str, **arguments: Any) -> ToolCall:
    return ToolCall(tool, "f", arguments)


def answered(tool: str) -> Turn:
    return Turn("user", (ToolResult(tool, (Text("done"),)),))


def user(text: str = "go") -> Turn:
    return Turn("user", (Text(text),))


def assistant(*parts: Part) -> Turn:
    return Turn("assistant", parts)


def conversation(*turns: Turn) -> Conversation:
    return Conversation("model", turns)
