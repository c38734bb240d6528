"""Each act, written out as the bytes, pauses and breaks of one HTTP answer."""

from __future__ import annotations

import gzip
import itertools
import math
from typing import Any

import h11
import msgspec
import pytest

from peekd.simulator.acts import NAMES, Act, read_act
from peekd.simulator.asked import Asked
from peekd.simulator.stage import Break, Pause, Step, perform

ANTHROPIC = Asked(
    "anthropic", "generate", "/v1/messages", number=1, model="c", stream=True, text="Hello there"
)
GEMINI = Asked("gemini", "generate", "/v1beta/models/g", number=1, model="g", stream=True, text="Hello there")
CHAT = Asked(
    "openai-chat", "generate", "/v1/chat/completions", number=1, model="m", stream=True, text="Hello there"
)
RESPONSES = Asked(
    "openai-responses", "generate", "/v1/responses", number=1, model="m", stream=True, text="Hello there"
)
LANGUAGES = [ANTHROPIC, GEMINI, CHAT, RESPONSES]
NO_LAST_FRAME = [GEMINI, RESPONSES]
WAYS = [*LANGUAGES, *(msgspec.structs.replace(asked, stream=False) for asked in LANGUAGES)]
WAYS.append(msgspec.structs.replace(GEMINI, array=True))


def act_of(spec: object) -> Act:
    faults: list[str] = []
    act = read_act(spec, "", faults)
    assert act is not None, faults
    return act


def play(spec: object, asked: Asked = ANTHROPIC, *, limit: int = 100_000) -> list[Step]:
    return [*itertools.islice(perform(act_of(spec), asked), limit)]


def read(steps: list[Step]) -> tuple[int, dict[str, str], bytes, bool]:
    """Status, headers, body and whether it was whole, as an HTTP client reads them."""
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
    parser.send(h11.EndOfMessage())
    if sent := b"".join(step for step in steps if isinstance(step, bytes)):
        parser.receive_data(sent)  # nothing at all would mean the end to the parser
    status, headers, body = 0, dict[str, str](), b""
    while not isinstance(event := parser.next_event(), h11.EndOfMessage):
        match event:
            case h11.Response():
                status = event.status_code
                headers = {name.decode(): value.decode() for name, value in event.headers}
            case h11.Data():
                body += bytes(event.data)
            case _:
                return status, headers, body, False
    return status, headers, body, True


def body_of(spec: object, asked: Asked = ANTHROPIC) -> bytes:
    return read(play(spec, asked))[2]


def last_of(spec: object, asked: Asked = ANTHROPIC) -> Step:
    """What stands in place of the end."""
    return play(spec, asked)[-1]


FOR_EVER = Pause(math.inf)
FINITE = [name for name in NAMES if name not in {"silence", "hang", "stall"}]


@pytest.mark.parametrize("asked", WAYS)
@pytest.mark.parametrize("name", [*NAMES, "429", "500", "502", "503", "529"])
def test_each_act_is_an_http_answer_up_to_its_break(name: str, asked: Asked) -> None:
    steps = play(name, asked)
    status, headers, _, whole = read(steps)
    broken = any(isinstance(step, Break) for step in steps)
    if not broken or name not in {"reset", "close"}:
        assert status == (act_of(name).status or status) != 0
        assert "content-type" in headers
    assert whole is not broken


@pytest.mark.parametrize("asked", LANGUAGES)
@pytest.mark.parametrize("place", ["first", "start", "middle", "tool", "reason", "last", "17"])
def test_a_cut_leaves_the_head_of_the_answer_and_a_clean_end(place: str, asked: Asked) -> None:
    spec = {"do": "cut", "at": place, "text": "one two three four"}
    whole = body_of({"do": "stall", "at": place, "text": "one two three four", "seconds": 1}, asked)
    status, _, body, ended = read(play(spec, asked))
    assert (status, ended) == (200, True)
    assert whole.startswith(body)
    assert (len(body) < len(whole)) is not (place == "last" and asked in NO_LAST_FRAME)


def test_places_lie_where_they_say() -> None:
    def cut(at: str, **fields: Any) -> bytes:
        return body_of({"do": "cut", "at": at, "text": "one two", **fields})

    assert cut("first") == b""
    assert cut("start").count(b"event: ") == 1
    assert b"one " in cut("middle")
    assert b'"text":"two"' not in cut("middle")
    assert cut("reason").endswith(b'"index":0}\n\n')
    assert b"message_delta" in cut("last")
    assert b"message_stop" not in cut("last")
    tool = cut("tool", tool="Bash")
    assert b'"partial_json":"{' in tool
    assert b'"index":1}\n\n' not in tool
    assert body_of("cut-tool", GEMINI).endswith(b'"args": {"')


@pytest.mark.parametrize("asked", LANGUAGES)
def test_a_cut_falls_at_every_offset(asked: Asked) -> None:
    whole = body_of("answer text=Hi", asked)
    for offset in range(len(whole)):
        assert body_of(f"cut text=Hi at={offset}", asked) == whole[:offset]


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("reset at=middle", Break("reset")),
        ("reset", Break("reset")),
        ("drop", Break("drop")),
        ("close", Break("drop")),
        ("wrong-length", Break("drop")),
        ("pings then=reset", Break("reset")),
        ("cut", b"0\r\n\r\n"),
        ("pings", b"0\r\n\r\n"),
        ("error at=middle", b"0\r\n\r\n"),
    ],
)
def test_each_break_ends_in_its_own_way(name: str, end: Step) -> None:
    assert last_of(name) == end


def test_silence_comes_before_the_status_line_and_a_hang_after_it() -> None:
    assert play("silence")[0] == FOR_EVER
    head, pause, *_ = play("hang")
    assert isinstance(head, bytes)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert pause == FOR_EVER


def test_a_stall_ends_and_the_answer_goes_on() -> None:
    steps = play("stall seconds=30 text='one two three'")
    assert steps.count(Pause(30)) == 1
    assert read(steps)[2] == body_of("answer text='one two three'")


@pytest.mark.parametrize(
    ("act", "count"), [("pings count=4 every=2", 4), ("pings count=2 at=start", 2), ("pings count=0", 333)]
)
def test_pings_come_in_their_number_or_for_ever(act: str, count: int) -> None:
    steps = play(act, limit=667)
    assert (
        sum(isinstance(step, bytes) and step.endswith(b'data: {"type": "ping"}\n\n\r\n') for step in steps)
        == count
    )
    assert sum(isinstance(step, Pause) for step in steps) == count


@pytest.mark.parametrize("asked", LANGUAGES)
def test_pings_may_lead_to_the_answer_to_silence_or_to_an_error(asked: Asked) -> None:
    answer = body_of("answer", asked)
    assert body_of("pings then=answer", asked).endswith(answer)
    assert FOR_EVER in play("pings then=silence", asked)
    assert b'"error"' in body_of("pings then=error", asked)


@pytest.mark.parametrize("asked", LANGUAGES, ids=lambda asked: asked.language)
@pytest.mark.parametrize("act", ["pings count=1 every=1", "error"])
def test_what_an_upstream_says_in_between_stands_between_frames(act: str, asked: Asked) -> None:
    for at in ("middle", "60", "250"):
        body = body_of(f"{act} at={at} text=Hello", asked).replace(b"\r\n", b"\n")
        for frame in body.split(b"\n\n"):
            lines = [line.removeprefix(b"data:") for line in frame.split(b"\n") if line.startswith(b"data:")]
            assert len(lines) <= 1
            assert all(line == b" [DONE]" or msgspec.json.decode(line) for line in lines)


@pytest.mark.parametrize("asked", LANGUAGES)
def test_chunks_of_one_byte_split_every_character(asked: Asked) -> None:
    steps = play("split-utf8", asked)
    assert {len(step) for step in steps[1:] if isinstance(step, bytes)} == {
        len(b"1\r\nx\r\n"),
        len(b"0\r\n\r\n"),
    }
    assert all(word.encode() in read(steps)[2] for word in ("世界", "🌍", "👩\u200d💻", "\u2028"))


@pytest.mark.parametrize(("newline", "bytes_"), [("lf", b"\n"), ("crlf", b"\r\n"), ("cr", b"\r")])
@pytest.mark.parametrize("asked", LANGUAGES)
def test_line_ends_are_as_told(newline: str, bytes_: bytes, asked: Asked) -> None:
    body = body_of(f"answer newline={newline}", asked)
    assert body.endswith(bytes_ * 2)
    rest = body.replace(bytes_, b"")
    assert not {13, 10} & set(rest)


@pytest.mark.parametrize("asked", WAYS)
def test_gzip_is_gzip_and_the_same_answer(asked: Asked) -> None:
    _, headers, body, whole = read(play("gzip", asked))
    assert (headers["content-encoding"], whole) == ("gzip", True)
    assert gzip.decompress(body) == body_of("answer", asked)


def test_latency_and_pace_are_pauses() -> None:
    steps = play("answer delay=3 pace=0.1 text='one two'")
    assert steps[0] == Pause(3)
    assert steps.count(Pause(0.1)) == sum(isinstance(step, bytes) for step in steps) - 3


def test_a_huge_event_is_one_write() -> None:
    assert max(len(step) for step in play("huge") if isinstance(step, bytes)) > 1024 * 1024


@pytest.mark.parametrize("length", [-20, 100])
def test_a_wrong_length_is_wrong(length: int) -> None:
    _, headers, _, _ = read(play(f"wrong-length length={length}"))
    assert int(headers["content-length"]) == len(body_of("answer")) + length


def test_a_refusal_carries_its_hints_and_what_the_act_adds() -> None:
    spec = {"do": "429", "retry-after": 2, "should-retry": False, "headers": {"x-odd": "1"}}
    status, headers, _, whole = read(play(spec))
    assert (status, whole) == (429, True)
    assert (headers["retry-after"], headers["x-should-retry"], headers["x-odd"]) == ("2", "false", "1")
    status, headers, body, _ = read(play({"do": "503", "body": "busy", "content-type": "text/plain"}))
    assert (status, headers["content-type"], body) == (503, "text/plain", b"busy")


def test_a_bad_gateway_is_a_page_of_html() -> None:
    status, headers, body, _ = read(play("502", GEMINI))
    assert (status, headers["content-type"]) == (502, "text/html")
    assert body.startswith(b"<html>")


@pytest.mark.parametrize(
    ("verb", "fault", "status"),
    [("unknown", "", 404), ("websocket", "", 426), ("generate", "no JSON", 400), ("count", "no JSON", 400)],
)
def test_what_nobody_could_answer_is_refused(verb: Any, fault: str, status: int) -> None:
    asked = msgspec.structs.replace(ANTHROPIC, verb=verb, fault=fault, path="/x")
    assert read(play("answer", asked))[0] == status


@pytest.mark.parametrize("verb", ["count", "models", "model"])
@pytest.mark.parametrize("asked", LANGUAGES)
def test_side_paths_are_answered_with_json(verb: Any, asked: Asked) -> None:
    side = msgspec.structs.replace(asked, verb=verb, stream=False)
    _, headers, body, whole = read(play("answer", side))
    assert (headers["content-length"], whole) == (str(len(body)), True)
    assert msgspec.json.decode(body)
