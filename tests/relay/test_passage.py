"""One answer, peeked at and carried: what is held, what decides, what a failure amounts to where."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
import trio

from peekd.healing.settings import HealingSettings
from peekd.protocols.registry import CLIENTS, UPSTREAMS
from peekd.records.entries import DEBUG, Entry, RequestRecord
from peekd.records.live import Live
from peekd.relay import reading, rendering
from peekd.relay.delivery import Delivery
from peekd.relay.passage import HELD_BYTES, Footing, Passage
from peekd.relay.rendering import ToBody, ToStream, Verbatim
from peekd.relay.scribe import Scribe
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import AnyOutcome

Clock = trio.testing.MockClock
ANTHROPIC = CLIENTS["anthropic"]
SETTINGS = HealingSettings(peek_seconds=5, idle_seconds=3, headers_seconds=4, reasoning_seconds=100)
SECRET = "key-of-alice"
Play = bytes | float | AnyOutcome


class Answer:
    """An upstream's answer as an attempt gives it: pieces of its body, pauses (numbers), what breaks it."""

    prompt = False
    """Its pieces are there before they are waited for."""

    def __init__(
        self,
        *play: Play,
        status: int = 200,
        content_type: str = "text/event-stream",
        failure: AnyOutcome | None = None,
    ) -> None:
        self.failure = failure
        self.status = status
        self.headers: Mapping[str, str] = {"content-type": content_type}
        self.sent = trio.current_time()
        self._play = list(play)
        self._due: float | None = None

    at_end = False

    def receive_nowait(self) -> bytes:
        here = self._play[0] if self._play and self.prompt else b""
        if not isinstance(here, bytes) or not here:
            return b""
        del self._play[0]
        return here

    async def receive(self) -> bytes | AnyOutcome:
        while self._play:
            step = self._play[0]
            if isinstance(step, bytes | o.Outcome):
                del self._play[0]
                return step
            self._due = trio.current_time() + step if self._due is None else self._due
            await trio.sleep_until(self._due)
            del self._play[0]
            self._due = None
        return b""

    async def read_refusal(self) -> bytes:
        return b"".join([piece for piece in self._play if isinstance(piece, bytes)])


@pytest.fixture(autouse=True, params=[False, True], ids=["waited for", "at hand"])
def prompt(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a piece is waited for or was there makes no difference."""
    monkeypatch.setattr(Answer, "prompt", request.param)


class Way:
    """A passage with what it writes down and whom it carries to."""

    def __init__(self, answer: Answer) -> None:
        self.entries: list[Entry] = []
        record = RequestRecord("req_1", 0.0, "POST", "/v1/messages", "anthropic")
        scribe = Scribe(record, Live(), self.entries.append, trio.current_time)
        ends = trio.current_time() + 300
        self.passage = Passage(answer, UPSTREAMS["anthropic"], scribe, SETTINGS, Footing(ends, SECRET))
        self.delivery = Delivery(ping=b"", ping_seconds=10)

    async def to_stream(self) -> AnyOutcome:
        return await self.passage.carry(
            ToStream(Verbatim(ANTHROPIC, ANTHROPIC.following("m", 0)), self.delivery)
        )

    async def to_body(self) -> tuple[AnyOutcome, ToBody]:
        sink = ToBody(Verbatim(ANTHROPIC, ANTHROPIC.following("m", 0)), ANTHROPIC.collector())
        return await self.passage.carry(sink), sink


def frame(**said: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (said["type"].encode(), msgspec.json.encode(said))


START = frame(type="message_start", message={"id": "msg_1", "content": [], "usage": {}})
TEXT = frame(type="content_block_start", index=0, content_block={"type": "text", "text": ""})
HI = frame(type="content_block_delta", index=0, delta={"type": "text_delta", "text": "Hi"})
REST = (
    frame(type="content_block_stop", index=0)
    + frame(type="message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 1})
    + frame(type="message_stop")
)
PING = frame(type="ping")


# ---- peek ----------------------------------------------------------------------------------------


async def test_an_attempt_that_has_no_status_is_what_it_failed_of(autojump_clock: Clock) -> None:
    failure = o.Unreachable(message="refused")
    assert await Way(Answer(failure=failure)).passage.peek() is failure


async def test_a_refusal_is_read_and_kept_for_the_client(autojump_clock: Clock) -> None:
    body = msgspec.json.encode({"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}})
    way = Way(Answer(body, status=429, content_type="application/json"))
    outcome = await way.passage.peek()
    assert isinstance(outcome, o.RateLimited)
    assert way.passage.refusal is not None
    assert way.passage.refusal.words == body


async def test_an_error_object_in_place_of_a_stream_is_judged_by_what_it_says(autojump_clock: Clock) -> None:
    body = msgspec.json.encode({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})
    way = Way(Answer(body, content_type="application/json; charset=utf-8"))
    assert isinstance(await way.passage.peek(), o.Overloaded)


async def test_the_first_meaning_ends_the_peek_and_what_came_before_follows_in_order(
    autojump_clock: Clock,
) -> None:
    way = Way(Answer(START, PING, TEXT, HI, REST))
    assert isinstance(await way.passage.peek(), o.Accepted)
    assert isinstance(await way.to_stream(), o.Completed)
    await way.delivery.give_last(b"")
    sent = b"".join([piece async for piece in way.delivery.chunks()])
    assert (START + PING + TEXT + HI + REST).startswith(sent)
    assert sent.startswith(START + PING + TEXT + HI)


async def test_comments_while_peeking_are_told_to_those_who_debug(autojump_clock: Clock) -> None:
    way = Way(Answer(START, b": still here\n\n", TEXT, HI, REST))
    await way.passage.peek()
    assert [entry.priority for entry in way.entries] == [DEBUG]


async def test_whoever_says_much_and_means_nothing_is_left(autojump_clock: Clock) -> None:
    comment = b": " + b"x" * (1 << 20) + b"\n\n"
    way = Way(Answer(*[comment] * (HELD_BYTES // len(comment) + 2)))
    outcome = await way.passage.peek()
    assert isinstance(outcome, o.Malformed)
    assert "meant nothing" in outcome.message


async def test_silence_after_the_headers_ends_at_the_peek_deadline(autojump_clock: Clock) -> None:
    began = trio.current_time()
    assert isinstance(await Way(Answer(START, 1000.0)).passage.peek(), o.Silent)
    assert trio.current_time() - began == SETTINGS.peek_seconds


async def test_a_refusal_that_repeats_the_credential_is_read_without_it(autojump_clock: Clock) -> None:
    error = {"type": "overloaded_error", "message": f"no room for {SECRET}"}
    body = msgspec.json.encode({"type": "error", "error": error})
    way = Way(Answer(body, status=529, content_type="application/json"))
    assert (await way.passage.peek()).message == "no room for [key]"
    assert way.passage.refusal is not None
    assert SECRET.encode() not in way.passage.refusal.words


# ---- carry ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "seen", "unseen"),
    [
        (o.ErrorInStream(type="reset"), o.Broken, o.ErrorInStream),
        (b"", o.Broken, o.Truncated),
        (1000.0, o.Stalled, o.Truncated),
    ],
)
async def test_what_breaks_is_named_by_whether_the_client_has_seen_of_it(
    autojump_clock: Clock, end: Play, seen: type[AnyOutcome], unseen: type[AnyOutcome]
) -> None:
    way = Way(Answer(START, TEXT, HI, end))
    assert isinstance(await way.passage.peek(), o.Accepted)
    assert isinstance(await way.to_stream(), seen)
    way = Way(Answer(START, TEXT, HI, end))
    assert isinstance(await way.passage.peek(), o.Accepted)
    assert isinstance((await way.to_body())[0], unseen)


async def test_an_error_that_comes_when_all_is_said_is_withheld_and_ends_the_answer(
    autojump_clock: Clock,
) -> None:
    said = REST.removesuffix(frame(type="message_stop"))
    late = frame(type="error", error={"type": "overloaded_error", "message": "too late"})
    way = Way(Answer(START, TEXT, HI, said + late, 1000.0))
    began = trio.current_time()
    await way.passage.peek()
    assert await way.to_stream() == o.Completed(note="last_frame_supplied")
    assert trio.current_time() == began
    await way.delivery.give_last(b"")
    assert b"too late" not in b"".join([piece async for piece in way.delivery.chunks()])


async def test_a_folded_answer_is_whole(autojump_clock: Clock) -> None:
    way = Way(Answer(START, PING, TEXT, HI, REST))
    await way.passage.peek()
    outcome, sink = await way.to_body()
    assert outcome == o.Completed()
    assert msgspec.json.decode(sink.body())["content"] == [{"type": "text", "text": "Hi"}]


async def test_a_call_that_is_no_json_is_malformed_where_nothing_was_shown(autojump_clock: Clock) -> None:
    call: dict[str, Any] = {"type": "tool_use", "id": "t", "name": "Bash", "input": {}}
    half = {"type": "input_json_delta", "partial_json": '{"a":'}
    opened = frame(type="content_block_start", index=0, content_block=call)
    way = Way(Answer(START, opened, frame(type="content_block_delta", index=0, delta=half), REST))
    assert isinstance(await way.passage.peek(), o.Accepted)
    assert isinstance((await way.to_body())[0], o.Malformed)


async def test_a_stream_that_cannot_be_folded_is_told_apart_from_a_bad_one(autojump_clock: Clock) -> None:
    way = Way(Answer(START, TEXT, HI, frame(type="future"), REST))
    assert isinstance(await way.passage.peek(), o.Accepted)
    outcome, _ = await way.to_body()
    assert (type(outcome), outcome.type) == (o.Malformed, o.UNFOLDABLE)


async def test_more_than_is_collected_is_no_answer_in_one_piece(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "WHOLE_BYTES", len(START + TEXT + HI))
    way = Way(Answer(START, TEXT, HI, REST))
    assert isinstance(await way.passage.peek(), o.Accepted)
    outcome, _ = await way.to_body()
    assert (type(outcome), outcome.type) == (o.Malformed, "")


# ---- answers in one piece ------------------------------------------------------------------------

MESSAGE = b'{"type": "message", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"}'


async def test_an_answer_in_one_piece_is_peeked_at_and_kept_as_it_came(autojump_clock: Clock) -> None:
    way = Way(Answer(MESSAGE[:9], 2.0, MESSAGE[9:], content_type="application/json"))
    assert isinstance(await way.passage.peek(), o.Accepted)
    assert way.passage.whole == MESSAGE
    assert isinstance(await way.to_stream(), o.Completed)


async def test_a_piece_that_says_nothing_is_blank(autojump_clock: Clock) -> None:
    body = b'{"type": "message", "content": [], "stop_reason": "end_turn"}'
    way = Way(Answer(body, content_type="application/json"))
    assert isinstance(await way.passage.peek(), o.Blank)


async def test_what_breaks_or_falls_silent_in_one_piece_is_named_so(autojump_clock: Clock) -> None:
    broken = o.ErrorInStream(type="cut")
    assert await Way(Answer(b"{", broken, content_type="application/json")).passage.peek() is broken
    began = trio.current_time()
    silent = Way(Answer(b"{", 1000.0, content_type="application/json"))
    assert isinstance(await silent.passage.peek(), o.Silent)
    assert trio.current_time() - began == SETTINGS.idle_seconds


async def test_a_piece_that_only_drips_ends_with_the_longest_thought(autojump_clock: Clock) -> None:
    began = trio.current_time()
    drips = [step for _ in range(200) for step in (b" ", 2.0)]
    assert isinstance(await Way(Answer(*drips, content_type="application/json")).passage.peek(), o.Silent)
    assert trio.current_time() - began == SETTINGS.reasoning_seconds


async def test_a_piece_that_never_ends_is_not_kept(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "WHOLE_BYTES", 100)
    way = Way(Answer(*[b" " * 10] * 50, content_type="application/json"))
    assert isinstance(await way.passage.peek(), o.Malformed)
