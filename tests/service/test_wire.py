"""A wire says and hears what a real h11.Connection says and hears, whatever comes, in whatever pieces."""

from __future__ import annotations

from collections.abc import Callable

import h11
import pytest
from hypercorn.utils import build_and_validate_headers
from hypothesis import given
from hypothesis import strategies as st
from oddities import ODD_ANSWERS, ODDITIES, Headers, answers_headers, cut, head_of, said

from peekd.service.usual import Head
from peekd.service.wire import Heard, Piece, State, Wire

LIMIT = 300
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
HEAD_OF_FIVE = b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n"
HEAD_IN_CHUNKS = b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n"

Told = tuple[object, ...]


def plain(event: Heard) -> list[Told]:
    """An event in words that do not tell who parsed it."""
    match event:
        case Head():
            return [("request", event.method, event.target, event.headers, b"1.1")]
        case h11.Request():
            return [("request", event.method, event.target, list(event.headers), event.http_version)]
        case Piece(data=data, more=more):
            told: list[Told] = [("data", data)] if data else []
            return told if more else [*told, ("end", [])]
        case h11.Data():
            return [("data", bytes(event.data))]
        case h11.EndOfMessage():
            return [("end", list(event.headers))]
        case _:
            return [(event,)]


def heard(side: Wire | h11.Connection) -> list[Told]:
    """All that there is to hear now, up to where it stops."""
    told: list[Told] = []
    while True:
        try:
            event = side.next_event()
        except h11.RemoteProtocolError as error:
            return [*told, ("error", error.error_status_hint)]
        told += plain(event)
        if event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
            return told


def tried(attempt: Callable[[], object]) -> object:
    """What comes of it, or the kind of its failure."""
    try:
        return attempt()
    except (h11.LocalProtocolError, RuntimeError) as error:
        return type(error)


class Both:
    """A wire, and the h11 that it is measured by."""

    def __init__(self) -> None:
        self.wire = Wire(LIMIT)
        self.real = h11.Connection(h11.SERVER, max_incomplete_event_size=LIMIT)

    def hear(self, data: bytes) -> None:
        assert tried(lambda: self.wire.receive_data(data)) == tried(lambda: self.real.receive_data(data))
        assert heard(self.wire) == heard(self.real)

    def begin(self, status: int, headers: Headers) -> None:
        def make() -> h11.Response:
            return h11.Response(status_code=status, headers=build_and_validate_headers(headers))

        self._say(lambda: self.wire.begin(status, headers), make)

    def piece(self, data: bytes) -> None:
        self._say(lambda: self.wire.piece(data), lambda: h11.Data(data=data))

    def end(self) -> None:
        self._say(self.wire.end, h11.EndOfMessage)

    def go_on(self) -> None:
        self._say(lambda: None, lambda: h11.InformationalResponse(status_code=100, headers=[]))

    def recycle(self) -> None:
        assert tried(self.wire.start_next_cycle) == tried(self.real.start_next_cycle)
        assert heard(self.wire) == heard(self.real)

    def _say(self, shortly: Callable[[], bytes | None], make: Callable[[], h11.Event]) -> None:
        """As whoever has a wire does it: where it does not write this itself, h11 is to."""
        if self.real.their_state is h11.IDLE:
            return  # nobody answers who was asked nothing; h11 itself would stumble over what comes then
        sent = shortly()
        meant = tried(lambda: self.real.send(make()))
        assert (tried(lambda: self.wire.send(make())) if sent is None else sent) == meant

    def compare(self) -> None:
        for name in ("our_state", "their_state", "their_http_version", "they_are_waiting_for_100_continue"):
            assert getattr(self.wire, name) == getattr(self.real, name), name
        assert self.wire.trailing_data == self.real.trailing_data


Act = Callable[[Both], None]


def begin(status: int, headers: Headers) -> Act:
    return lambda both: both.begin(status, headers)


def piece(data: bytes) -> Act:
    return lambda both: both.piece(data)


def hear(data: bytes) -> Act:
    return lambda both: both.hear(data)


WHOLE: list[Act] = [begin(200, [(b"Content-Length", b"5")]), piece(b"12345"), Both.end, Both.recycle]
"""An answer as it ought to be, and the next request after it."""
CHUNKS: list[Act] = [begin(200, []), *WHOLE[1:]]


def answers() -> st.SearchStrategy[Act]:
    """Something that a server does, at a fit time or not."""
    begins = st.builds(begin, st.sampled_from([200, 200, 200, 404, 204, 304, 150]), answers_headers())
    pieces = st.sampled_from([b"12345", b"12345", b"", b"123", b"x" * 20]).map(piece)
    others: list[Act] = [Both.end, Both.end, Both.recycle, Both.recycle, Both.go_on]
    return begins | pieces | st.sampled_from(others)


def whole_answers() -> st.SearchStrategy[list[Act]]:
    """An answer as it ought to be."""
    return st.sampled_from([WHOLE, CHUNKS])


@given(cut(said()), st.data())
def test_it_hears_and_says_what_h11_does(pieces: list[bytes], data: st.DataObject) -> None:
    both = Both()
    for piece in [*pieces, b""]:
        both.hear(piece)
        both.compare()
        doing = data.draw(whole_answers() | whole_answers() | st.lists(answers(), max_size=4))
        for do in doing:
            do(both)
            both.compare()


@given(st.lists(st.sampled_from([GET, POST + b"12345", CHUNKED + b"0\r\n\r\n"]), min_size=1), st.data())
def test_requests_one_behind_the_other_come_in_turn(requests: list[bytes], data: st.DataObject) -> None:
    both = Both()
    for piece in data.draw(cut(st.just(b"".join(requests)))):
        both.hear(piece)
        both.compare()
    for _ in requests:
        for do in data.draw(whole_answers()):
            do(both)
            both.compare()
    assert both.wire.their_state is h11.IDLE


@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("line", [b"X: usual", b"Content-Length: 5", b"Connection: keep-alive"])
@pytest.mark.parametrize("pipelined", [False, True])
def test_one_oddity_between_usual_requests_is_h11s(
    oddity: tuple[str, bytes], line: bytes, *, pipelined: bool
) -> None:
    for lines in ([line, b"Y: z"], [b"Y: z", line]):
        head = head_of(lines, [oddity])
        pieces = [GET + head + b"12345" + GET, b"", b""] if pipelined else [GET, head, b"12345" + GET]
        both = Both()
        for piece in pieces:
            if piece:
                both.hear(piece)
            both.compare()
            for do in WHOLE:
                do(both)
                both.compare()


@pytest.mark.parametrize("header", ODD_ANSWERS)
@pytest.mark.parametrize("status", [200, 204, 304, 404, 150, 1000])
@pytest.mark.parametrize("heard", [GET, GET[:-2] + b"Connection: close\r\n\r\n", POST, POST + b"123"])
def test_one_oddity_of_an_answer_is_h11s(header: tuple[bytes, bytes], status: int, heard: bytes) -> None:
    for headers in ([header], [(b"X", b"usual"), header], [header, (b"Content-Length", b"5")], []):
        both = Both()
        both.hear(heard)
        both.begin(status, headers)
        for do in (*WHOLE[1:], hear(b"45" + GET), *WHOLE):
            both.compare()
            do(both)


@pytest.mark.parametrize("said", [GET, GET + GET, POST, POST + b"123"])
@pytest.mark.parametrize("done", range(4))
@pytest.mark.parametrize("odd", range(7))
def test_what_is_done_at_an_odd_time_is_h11s_to_judge(said: bytes, done: int, odd: int) -> None:
    acts: list[Act] = [
        piece(b"123456"),
        piece(b""),
        Both.end,
        Both.go_on,
        Both.recycle,
        begin(200, []),
        hear(b"\0"),
    ]
    for whole in (WHOLE, CHUNKS):
        both = Both()
        both.hear(said)
        for do in (*whole[:done], acts[odd], *whole[done:], hear(b"12345" + GET), *WHOLE):
            do(both)
            both.compare()


# ---- when h11 is asked -------------------------------------------------------------------------------


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[State]:
    """Notes each h11.Connection that is made."""
    notes: list[State] = []

    class Noted(h11.Connection):
        def __init__(self, our_role: State, max_incomplete_event_size: int) -> None:
            notes.append(our_role)
            super().__init__(our_role, max_incomplete_event_size)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(h11, "Connection", Noted)
    return notes


def exchange(wire: Wire) -> None:
    """A request that has come, and its answer in chunks."""
    heard(wire)
    assert wire.begin(200, []) == HEAD_IN_CHUNKS
    assert wire.chunked
    assert wire.piece(b"12345") == b"5\r\n12345\r\n"
    assert wire.end() == b"0\r\n\r\n"
    wire.start_next_cycle()


def test_usual_requests_and_answers_never_need_h11(made: list[State]) -> None:
    wire = Wire(LIMIT)
    for _ in range(3):
        wire.receive_data(GET + POST + b"12345")
        exchange(wire)
        exchange(wire)
    assert made == []


def test_h11_has_one_unusual_request_and_not_the_next(made: list[State]) -> None:
    wire = Wire(LIMIT)
    wire.receive_data(GET)
    exchange(wire)
    wire.receive_data(CHUNKED + b"2\r\nab\r\n0\r\n\r\n" + GET)
    assert [told[0] for told in heard(wire)] == ["request", "data", "end", h11.PAUSED]
    assert wire.begin(200, []) is None
    assert wire.send(h11.Response(status_code=200, headers=[(b"Content-Length", b"5")])) == HEAD_OF_FIVE
    assert wire.piece(b"12345") is None
    assert wire.send(h11.Data(data=b"12345")) == b"12345"
    assert wire.end() is None
    assert wire.send(h11.EndOfMessage()) == b""
    wire.start_next_cycle()
    assert len(made) == 1
    exchange(wire)
    assert len(made) == 1


def test_a_body_is_handed_on_as_it_came() -> None:
    wire = Wire(LIMIT)
    wire.receive_data(POST.replace(b"5", b"7"))
    assert isinstance(wire.next_event(), Head)
    for piece, more in ((b"abc", True), (b"defg", False)):
        wire.receive_data(piece)
        event = wire.next_event()
        assert event == Piece(piece, more)
        assert isinstance(event, Piece)
        assert event.data is piece


def test_a_usual_answer_is_neither_longer_nor_shorter_than_it_said() -> None:
    wire = Wire(LIMIT)
    wire.receive_data(GET)
    heard(wire)
    assert wire.begin(200, [(b"Content-Length", b"5")]) == HEAD_OF_FIVE
    assert not wire.chunked
    assert wire.piece(b"123") == b"123"
    assert wire.end() is None
    assert wire.piece(b"456") is None
    assert wire.piece(b"45") == b"45"
    assert wire.end() == b""


def test_what_is_odd_in_the_middle_of_an_answer_is_h11s_to_refuse() -> None:
    wire = Wire(LIMIT)
    wire.receive_data(GET)
    heard(wire)
    assert wire.begin(200, [(b"Content-Length", b"5")]) == HEAD_OF_FIVE
    with pytest.raises(h11.LocalProtocolError, match="Too much data"):
        wire.send(h11.Data(data=b"123456"))
    assert wire.our_state is h11.ERROR
