"""The content of messages and results as parts.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-input
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from peekd.protocols.fields import Fields, Place
from peekd.protocols.openai.inline import read_file, read_picture
from peekd.vocabulary.conversation import Media, Text
from peekd.vocabulary.errors import ClientError

_PDF: Final = "application/pdf"
"""A file by URL: the request does not say of which kind, and no other is common."""


def read_content(content: Place) -> Iterator[Text | Media]:
    """Give the parts of a string or an array, but for empty words. Raises ClientError."""
    if isinstance(content.value, str):
        if content.value:
            yield Text(content.value)
        return
    for place in content.items():
        inside = place.fields()
        kind = inside.needed("type").string()
        read = _PARTS.get(kind)
        if read is None:
            raise ClientError("invalid_request", f"{place.path}.type: {kind!r} cannot be translated")
        part = read(inside, place)
        inside.close()
        if part != Text(""):
            yield part


def read_words(content: Place) -> list[Text]:
    """Give the parts of what holds words alone. Raises ClientError."""
    parts = list(read_content(content))
    words = [part for part in parts if isinstance(part, Text)]
    if len(words) < len(parts):
        raise ClientError("invalid_request", f"{content.path}: expected words alone")
    return words


def _text(inside: Fields, _place: Place) -> Text:
    for note in ("annotations", "logprobs"):  # what an upstream noted on its own words
        inside.place(note)
    return Text(inside.needed("text").string())


def _refusal(inside: Fields, _place: Place) -> Text:
    return Text(inside.needed("refusal").string())


def _image(inside: Fields, place: Place) -> Media:
    detail = inside.place("detail")
    if detail is not None and detail.value != "auto":  # what it is unless said otherwise
        detail.dropped[detail.shape] = None
    url = inside.place("image_url")
    if url is None:
        # A file id means something to the account that made it, and to no other upstream.
        raise ClientError("invalid_request", f"{place.path}: only an image_url can be translated")
    return read_picture(url)


def _file(inside: Fields, place: Place) -> Media:
    title = inside.string("filename") or ""
    url = inside.string("file_url")
    if url is not None:
        return Media(_PDF, url=url, title=title)
    return read_file(inside.string("file_data"), title, place.path)


def _audio(inside: Fields, _place: Place) -> Media:
    audio = inside.needed("input_audio").fields()
    media = Media(f"audio/{audio.needed('format').string()}", data=audio.needed("data").string())
    audio.close()
    return media


_PARTS: Final[dict[str, Callable[[Fields, Place], Text | Media]]] = {
    "input_text": _text,
    "output_text": _text,
    "refusal": _refusal,
    "input_image": _image,
    "input_file": _file,
    "input_audio": _audio,
}
