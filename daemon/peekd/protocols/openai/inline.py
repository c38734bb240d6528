"""What stands in a request of OpenAI's languages as text: pictures and files as data URLs, calls as JSON."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from peekd.protocols.fields import Place
from peekd.vocabulary.conversation import Media
from peekd.vocabulary.errors import ClientError

_DATA: Final = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+*-]+)?(?:;[\w=.-]+)*;base64,(?P<data>.*)", re.DOTALL)

_IMAGE: Final = "image/*"
"""A picture by URL: the request does not say of which kind."""


def read_picture(url: Place) -> Media:
    """Give the picture at a data or http URL. Raises ClientError."""
    data = _DATA.fullmatch(url.string())
    if data is not None:
        return Media(data["type"] or _IMAGE, data=data["data"])
    if not url.string().startswith(("https://", "http://")):
        raise ClientError("invalid_request", f"{url.path}: expected an http or base64 data URL")
    return Media(_IMAGE, url=url.string())


def read_file(said: str | None, title: str, path: str) -> Media:
    """Give the file that `said` holds as a data URL. Raises ClientError, naming `path`."""
    data = _DATA.fullmatch(said) if said is not None else None
    if data is None or data["type"] is None:
        # A file id means something to the account that made it, and to no other upstream.
        raise ClientError("invalid_request", f"{path}: only base64 file_data can be translated")
    return Media(data["type"], data=data["data"], title=title)


def read_arguments(place: Place | None) -> dict[str, Any]:
    """Give a replayed call's arguments; none at all is an empty object. Raises ClientError."""
    if place is None or not place.string().strip():
        return {}
    try:
        return msgspec.json.decode(place.string(), type=dict[str, Any])
    except (ValueError, RecursionError) as fault:
        raise ClientError("invalid_request", f"{place.path}: no JSON object: {fault}") from fault
