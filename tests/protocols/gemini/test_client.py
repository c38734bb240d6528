"""The client's face as a whole: an Anthropic stream read by a Gemini client, and asked for by one."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest
from answers import SEAL, answering
from google.genai import types

from peekd.protocols.anthropic import UPSTREAM as ANTHROPIC
from peekd.protocols.gemini.client import CLIENT
from peekd.protocols.gemini.encode import GeminiEncoder
from peekd.protocols.halves import Halves
from peekd.protocols.interface import BadArguments
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import Event, Finished, TextDelta
from peekd.wire.sse import Frame, Splitter

SSE = "/v1beta/models/m:streamGenerateContent?alt=sse"
ARRAY = "/v1beta/models/m:streamGenerateContent"
_TRANSCRIPTS = Path(__file__).parents[2] / "transcripts" / "anthropic"


def events_of(chunks: list[bytes]) -> list[Event]:
    splitter, decoder = Splitter(), ANTHROPIC.decoder()
    frames = [frame for chunk in chunks for frame in splitter.feed(chunk)]
    return [event for frame in frames for event in decoder.feed(frame)]


def stream_of(events: list[Event]) -> bytes:
    encoder = GeminiEncoder(answering("m", family="anthropic"))
    return b"".join(encoder.feed(event) for event in Halves().feed(events)) + encoder.close()


@pytest.mark.parametrize("spoken", sorted(_TRANSCRIPTS.iterdir()), ids=lambda path: path.name)
def test_an_anthropic_stream_is_one_that_googles_sdk_reads_however_it_was_cut(spoken: Path) -> None:
    body = (spoken / "upstream.sse").read_bytes()
    dice = random.Random(len(body))  # noqa: S311 - the same cuts each time
    places = sorted(dice.randrange(len(body)) for _ in range(9))
    events = events_of([body])
    try:
        stream = stream_of(events)
    except BadArguments:
        assert spoken.name == "truncated"
        return
    assert stream_of(events_of([body[n : n + 1] for n in range(len(body))])) == stream
    cuts = [body[begin:end] for begin, end in zip([0, *places], [*places, len(body)], strict=True)]
    assert stream_of(events_of(cuts)) == stream
    collector = CLIENT.collector()
    for frame in Splitter().feed(stream):
        types.GenerateContentResponse.model_validate_json(frame.data)
        collector.feed(frame)
    whole = types.GenerateContentResponse.model_validate_json(collector.result())
    said = [part for one in whole.candidates or [] for part in (one.content and one.content.parts) or []]
    words = "".join(part.text or "" for part in said if not part.thought)
    assert words == "".join(event.text for event in events if isinstance(event, TextDelta))
    finished = any(isinstance(event, Finished) for event in events)
    assert any(one.finish_reason for one in whole.candidates or []) is finished


def test_the_form_of_a_stream_is_the_one_asked_for() -> None:
    assert CLIENT.framing(SSE).content_type.startswith("text/event-stream")
    assert CLIENT.framing(ARRAY).content_type.startswith("application/json")
    for path in (SSE, ARRAY):
        assert CLIENT.framing(path).wrap(CLIENT.encode_ping()) == b"\n"


def test_an_array_that_breaks_off_ends_with_its_error() -> None:
    framing = CLIENT.framing(ARRAY)
    error = CLIENT.following("m", 0).fail(Fault("overloaded", "Sorry."), "req_1")
    assert CLIENT.encoder(answering()).fail(Fault("overloaded", "Sorry."), "req_1") == error
    body = framing.wrap(b'data: {"a":1}\r\n\r\n') + framing.wrap(error) + framing.close()
    assert msgspec.json.decode(body) == [
        {"a": 1},
        {"error": {"code": 503, "message": "Sorry.", "status": "UNAVAILABLE"}},
    ]


def test_a_count_is_known_from_anything_else() -> None:
    assert CLIENT.encode_count(7) == b'{"totalTokens":7}'
    assert CLIENT.is_count(b'{"totalTokens": 7, "more": 1}')
    assert not any(
        CLIENT.is_count(body) for body in (b'{"input_tokens":7}', b"", b"[]", b'{"totalTokens":"x"}')
    )


def test_nothing_is_said_that_googles_clients_break_on() -> None:
    assert (CLIENT.encode_note("x"), CLIENT.encode_last_frame(), CLIENT.encode_ping()) == (b"", b"", b"\n")
    assert not CLIENT.shows_error(Frame(b"", data=b'{"error":{}}'))


def test_head_request_and_errors_are_its_modules() -> None:
    body = b'{"contents":[{"parts":[{"text":"Hi"}]}]}'
    assert CLIENT.decode_head(body, {}, SSE).model == CLIENT.decode_request(body, SSE, SEAL).model == "m"
    assert CLIENT.encode_error(Fault("not_found", "Gone."), "req_1").status == 404
    assert CLIENT.encoder(answering("m", thoughts=False)).close() == b""
