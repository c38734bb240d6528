"""Messages of a Chat Completions request as turns and parts.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from peekd.protocols.fields import Fields, Place
from peekd.protocols.openai.inline import read_arguments, read_file, read_picture
from peekd.protocols.openai_chat.usual import usual_turn
from peekd.vocabulary.conversation import Media, Part, Text, Thinking, ToolCall, ToolResult, Turn
from peekd.vocabulary.errors import ClientError


def decode_messages(messages: Place) -> tuple[tuple[str, ...], tuple[Turn, ...]]:
    """Give the instructions that stand first, and the turns. Raises ClientError.

    Results that follow each other answer one turn's calls and make one turn. Empty words are left out, and
    so is a turn of which nothing is left.
    """
    system: list[str] = []
    turns: list[Turn] = []
    answering = False
    for message in messages.items():
        turn, answers = _turn(message)
        if not turn.parts:
            continue
        if turn.role == "system" and not turns:
            system += [part.text for part in turn.parts if isinstance(part, Text)]
        elif answers and answering:
            turns[-1] = Turn("user", turns[-1].parts + turn.parts)
        else:
            turns.append(turn)
        answering = answers
    return tuple(system), tuple(turns)


def _turn(message: Place) -> tuple[Turn, bool]:
    """Give a message's turn, and whether it holds a tool's result."""
    usual = usual_turn(message.value)
    if usual is not None:
        return usual, usual.role == "user" and isinstance(usual.parts[0] if usual.parts else None, ToolResult)
    return _read(message)


def _read(message: Place) -> tuple[Turn, bool]:
    """Read a message field by field, of whatever shape it is."""
    fields = message.fields()
    role = fields.needed("role")
    match role.value:
        case "user":
            turn = Turn("user", tuple(_content(fields.needed("content"))))
        case "system" | "developer":
            turn = Turn("system", tuple(_words(fields.needed("content"))))
        case "assistant":
            turn = Turn("assistant", tuple(_replayed(fields)))
        case "tool":
            turn = Turn("user", (_result(fields),))
        case _:
            raise ClientError(
                "invalid_request", f"{role.path}: expected user, assistant, tool, system or developer"
            )
    fields.close()
    return turn, role.value == "tool"


def _content(content: Place) -> Iterator[Text | Media]:
    """Give the parts of a string or an array."""
    if isinstance(content.value, str):
        if content.value:
            yield Text(content.value)
        return
    for place in content.items():
        inside = place.fields()
        kind = inside.needed("type").string()
        decode = _PARTS.get(kind)
        if decode is None:
            raise ClientError("invalid_request", f"{place.path}.type: {kind!r} cannot be translated")
        part = decode(inside, place)
        inside.close()
        if part != Text(""):
            yield part


def _words(content: Place) -> Iterator[Text]:
    for part in _content(content):
        if not isinstance(part, Text):
            raise ClientError("invalid_request", f"{content.path}: expected words alone")
        yield part


def _replayed(fields: Fields) -> Iterator[Part]:
    """Give what the model said: thoughts, words, calls."""
    thoughts = fields.string("reasoning_content")
    if thoughts:
        yield Thinking(thoughts)
    content = fields.place("content")
    if content is not None:
        yield from _words(content)
    refusal = fields.string("refusal")
    if refusal:
        yield Text(refusal)
    for call in fields.items("tool_calls"):
        yield _call(call)


def _call(place: Place) -> ToolCall:
    inside = place.fields()
    kind = inside.string("type") or "function"
    if kind != "function":
        raise ClientError("invalid_request", f"{place.path}.type: {kind!r} cannot be translated")
    identity = inside.needed("id").string()
    function = inside.needed("function").fields()
    name = function.needed("name").string()
    arguments = read_arguments(function.place("arguments"))
    inside.place("index")  # left over from the stream by clients that replay its deltas
    signature = _signature(inside)
    function.close()
    inside.close()
    return ToolCall(identity, name, arguments, signature, "gemini" if signature else "")


def _signature(inside: Fields) -> str:
    """Give a thought signature where Google's own compatible API has it.

    https://ai.google.dev/gemini-api/docs/thought-signatures#openai
    """
    extra = inside.fields("extra_content")
    google = extra.fields("google") if extra is not None else None
    signature = google.string("thought_signature") if google is not None else None
    for fields in (google, extra):
        if fields is not None:
            fields.close()
    return signature or ""


def _result(fields: Fields) -> ToolResult:
    identity = fields.needed("tool_call_id").string()
    content = fields.place("content")
    return ToolResult(identity, () if content is None else tuple(_content(content)))


# ---- one kind each --------------------------------------------------------------------------------


def _text(inside: Fields, _place: Place) -> Text:
    return Text(inside.needed("text").string())


def _refusal(inside: Fields, _place: Place) -> Text:
    return Text(inside.needed("refusal").string())


def _image(inside: Fields, _place: Place) -> Media:
    picture = inside.needed("image_url")
    fields = picture.fields()
    url = fields.needed("url")
    fields.close()
    return read_picture(url)


def _file(inside: Fields, place: Place) -> Media:
    file = inside.needed("file").fields()
    media = read_file(file.string("file_data"), file.string("filename") or "", f"{place.path}.file")
    file.close()
    return media


def _audio(inside: Fields, _place: Place) -> Media:
    audio = inside.needed("input_audio").fields()
    media = Media(f"audio/{audio.needed('format').string()}", data=audio.needed("data").string())
    audio.close()
    return media


_PARTS: Final[dict[str, Callable[[Fields, Place], Text | Media]]] = {
    "text": _text,
    "refusal": _refusal,
    "image_url": _image,
    "file": _file,
    "input_audio": _audio,
}
