"""A completions request: what is read, what is listed as dropped, what is refused by name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.openai_completions.request import decode_head, decode_request
from peekd.vocabulary.conversation import Conversation, Head, Text, Turn
from peekd.vocabulary.errors import ClientError

HELLO: dict[str, Any] = {"model": "m", "prompt": "Once upon"}


def head(headers: dict[str, str] | None = None, **more: object) -> Head:
    return decode_head(msgspec.json.encode({**HELLO, **more}), headers or {})


def request(**more: object) -> Conversation:
    return decode_request(msgspec.json.encode({**HELLO, **more}))


@pytest.mark.parametrize("prompt", ["Once upon", ["Once upon"]])
def test_the_prompt_is_the_only_turn(prompt: object) -> None:
    assert request(prompt=prompt) == Conversation("m", (Turn("user", (Text("Once upon"),)),))


def test_what_is_read() -> None:
    read = request(
        max_tokens=9,
        temperature=0.5,
        top_p=0.9,
        stop=["a"],
        stream=True,
        stream_options={"include_usage": True},
    )
    assert (read.max_tokens, read.temperature, read.top_p, read.stop) == (9, 0.5, 0.9, ("a",))
    assert (read.stream, read.dropped) == (True, ())


def test_what_cannot_be_said_and_does_not_change_the_answer_is_listed() -> None:
    read = request(user="me", seed=7, presence_penalty=0.1, logit_bias={"50256": -100})
    assert read.dropped == ("user", "seed", "presence_penalty", "logit_bias")


def test_what_asks_for_nothing_is_taken() -> None:
    read = request(n=1, best_of=1, echo=False, suffix="", logprobs=None)
    assert (read.dropped, read.turns) == ((), request().turns)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"prompt": None}, "prompt: Field required"),
        ({"prompt": ""}, "prompt: there is nothing"),
        ({"prompt": []}, "prompt: there is nothing"),
        ({"prompt": ["a", "b"]}, "prompt: peekd gives one answer to a request, and 2 are asked"),
        ({"prompt": [1, 2]}, "prompt: tokens in place of text"),
        ({"prompt": [[1, 2]]}, "prompt: tokens in place of text"),
        ({"prompt": 7}, "prompt: expected an array"),
        ({"n": 2}, "n: "),
        ({"best_of": 2}, "best_of: "),
        ({"best_of": {}}, "best_of: "),
        ({"echo": True}, "echo: "),
        ({"suffix": " the end"}, "suffix: "),
        ({"logprobs": 0}, "logprobs: "),
        ({"logprobs": 5}, "logprobs: "),
        ({"max_tokens": "9"}, "max_tokens: expected a number"),
        ({"model": None}, "model: Field required"),
    ],
)
def test_a_fault_is_told_by_its_field(more: dict[str, Any], named: str) -> None:
    with pytest.raises(ClientError, match=named):
        request(**more)


def test_the_head() -> None:
    read = head(stream=True, max_tokens=9)
    assert (read.model, read.stream, read.max_tokens, read.counted) == ("m", True, 9, False)
    assert head(stream=True, stream_options={"include_usage": True}).counted
    assert head().counted


def test_the_session_is_named_or_guessed_from_the_prompt() -> None:
    assert head({"session-id": "s"}).session == "s"
    assert head(prompt_cache_key="k").session == "k"
    guessed = head()
    assert (guessed.guessed, guessed.session) == (True, head(prompt=["Once upon"]).session)
    assert guessed.session != head(prompt="Twice").session
