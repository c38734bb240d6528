"""The wire languages: how each asks, how its answers are read. A language more is a module and a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from simulation import tongue_anthropic, tongue_chat, tongue_gemini, tongue_responses
from simulation.asking import Wish
from simulation.heard import Heard, Json


class Tongue(msgspec.Struct, frozen=True):
    """One language.

    `path` and `headers` of a request for a wish and a key; `ask`: its body. `read`: a streamed body;
    `read_whole`: one in one piece. `error`: the words of an error body, "" where it is none of this language.
    `models`: what is asked for. `output`: the field of its usage that counts what was generated.
    `count_path`: where tokens are counted. `keys_in_query`: a key may stand in the query.
    """

    name: str
    models: tuple[str, ...]
    path: Callable[[Wish], str]
    headers: Callable[[Wish, str], list[tuple[str, str]]]
    ask: Callable[[Wish], Json]
    read: Callable[[bytes], Heard]
    read_whole: Callable[[bytes], Heard]
    error: Callable[[bytes], str]
    output: str
    count_path: Callable[[Wish], str] | None = None
    keys_in_query: bool = False


TONGUES: Mapping[str, Tongue] = {
    "anthropic": Tongue(
        name="anthropic",
        models=("claude-opus-5-5", "claude-sonnet-4-5"),
        path=tongue_anthropic.path,
        headers=tongue_anthropic.headers,
        ask=tongue_anthropic.ask,
        read=tongue_anthropic.read,
        read_whole=tongue_anthropic.read_whole,
        error=tongue_anthropic.error,
        output="output_tokens",
        count_path=tongue_anthropic.count_path,
    ),
    "gemini": Tongue(
        name="gemini",
        models=("gemini-3-pro-preview", "gemini-2.5-flash"),
        path=tongue_gemini.path,
        headers=tongue_gemini.headers,
        ask=tongue_gemini.ask,
        read=tongue_gemini.read,
        read_whole=tongue_gemini.read_whole,
        error=tongue_gemini.error,
        output="candidatesTokenCount",
        count_path=tongue_gemini.count_path,
        keys_in_query=True,
    ),
    "openai-chat": Tongue(
        name="openai-chat",
        models=("gpt-5", "gpt-5-mini"),
        path=tongue_chat.path,
        headers=tongue_chat.headers,
        ask=tongue_chat.ask,
        read=tongue_chat.read,
        read_whole=tongue_chat.read_whole,
        error=tongue_chat.error,
        output="completion_tokens",
    ),
    "openai-responses": Tongue(
        name="openai-responses",
        models=("gpt-5-codex", "gpt-5-codex-mini"),
        path=tongue_responses.path,
        headers=tongue_responses.headers,
        ask=tongue_responses.ask,
        read=tongue_responses.read,
        read_whole=tongue_responses.read_whole,
        error=tongue_responses.error,
        output="output_tokens",
    ),
}

MODEL_AT = {
    "anthropic": "claude-opus-5-5",
    "gemini": "gemini-3-pro-preview",
    "openai-chat": "gpt-5",
    "openai-responses": "gpt-5-codex",
}
"""What an upstream of another protocol is asked for."""
