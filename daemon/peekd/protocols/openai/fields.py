"""Fields of a request that mean the same in Chat Completions and in legacy completions."""

from __future__ import annotations

from peekd.protocols.fields import Fields
from peekd.vocabulary.errors import ClientError


def refuse_choices(fields: Fields) -> None:
    """Raise ClientError where more than one answer is asked for."""
    number = fields.integer("n")
    if number is not None and number != 1:
        raise ClientError(
            "invalid_request", f"n: peekd gives one answer to a request, and {number} are asked"
        )


def decode_stop(fields: Fields) -> tuple[str, ...]:
    """Give the stop sequences: one string, or an array of them."""
    place = fields.place("stop")
    if place is None:
        return ()
    if isinstance(place.value, str):
        return (place.value,)
    return tuple(item.string() for item in place.items())


def wants_usage(fields: Fields) -> bool:
    """Whether a stream shall end with a chunk that tells usage."""
    options = fields.fields("stream_options")
    if options is None:
        return False
    wanted = options.flag("include_usage") or False
    options.close()
    return wanted
