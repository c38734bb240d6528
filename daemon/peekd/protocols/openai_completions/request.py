"""A completions request as a head and as a `Conversation`: its prompt is the only turn.

https://platform.openai.com/docs/api-reference/completions/create
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec

from peekd.protocols.fields import Dropped, Fields, Place, decode_object
from peekd.protocols.openai.fields import decode_stop, refuse_choices, wants_usage
from peekd.protocols.openai.session import named_session
from peekd.vocabulary.conversation import Conversation, Head, Text, Turn
from peekd.vocabulary.errors import ClientError

_UNSAID: Final[Mapping[str, tuple[tuple[object, ...], str]]] = {
    "suffix": (("",), "text that goes on after the answer"),
    "echo": ((False,), "an answer that repeats the prompt"),
    "best_of": ((1,), "the best of several answers"),
    "logprobs": ((), "log probabilities"),
}
"""What no conversation can say, and the values that ask for none of it. The answer would be another one."""


def decode_head(body: bytes, headers: Mapping[str, str]) -> Head:
    """Read the head. `headers` are keyed in lower case. Raises ClientError naming what is wrong."""
    fields = Place(decode_object(body), "", "", {}).fields()
    model = fields.needed("model").string()
    prompt = _prompt(fields)
    stream = fields.flag("stream") or False
    named = named_session(fields, headers)
    return Head(
        model=model,
        stream=stream,
        session=named or hashlib.sha256(prompt.encode(errors="surrogatepass")).hexdigest()[:32],
        guessed=named is None,
        max_tokens=fields.integer("max_tokens"),
        counted=not stream or wants_usage(fields),
    )


def decode_request(body: bytes) -> Conversation:
    """Read everything. Raises ClientError naming the field that is wrong or cannot be said.

    A missing `max_tokens` stays missing: the API's own 16 would end a model that thinks before it has begun.
    """
    dropped: Dropped = {}
    fields = Place(decode_object(body), "", "", dropped).fields()
    model = fields.needed("model").string()
    prompt = _prompt(fields)
    refuse_choices(fields)
    _refuse_unsaid(fields)
    wants_usage(fields)  # the head has it
    conversation = Conversation(
        model=model,
        turns=(Turn("user", (Text(prompt),)),),
        max_tokens=fields.integer("max_tokens"),
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        stop=decode_stop(fields),
        stream=fields.flag("stream") or False,
    )
    fields.close()  # only now is it known what was left unread
    return msgspec.structs.replace(conversation, dropped=tuple(dropped))


def _prompt(fields: Fields) -> str:
    """Give the one prompt. Raises ClientError for several, for tokens, and for none."""
    place = fields.needed("prompt")
    if isinstance(place.value, str):
        prompt = place.value
    else:
        prompts = list(place.items())
        if any(not isinstance(one.value, str) for one in prompts):
            raise _refusal("prompt", "tokens in place of text cannot be translated: send a string")
        if len(prompts) > 1:
            raise _refusal("prompt", f"peekd gives one answer to a request, and {len(prompts)} are asked")
        prompt = prompts[0].string() if prompts else ""
    if not prompt:
        raise _refusal("prompt", "there is nothing in it that could be asked")
    return prompt


def _refuse_unsaid(fields: Fields) -> None:
    for name, (harmless, what) in _UNSAID.items():
        place = fields.place(name)
        if place is not None and place.value not in harmless:
            raise _refusal(name, f"{what} cannot be translated")


def _refusal(field: str, why: str) -> ClientError:
    return ClientError("invalid_request", f"{field}: {why}")
