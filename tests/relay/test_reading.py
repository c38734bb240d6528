"""Chunks become frames and events under the deadline of the moment."""

from collections.abc import Sequence
from itertools import takewhile

import pytest
import trio
from typing_extensions import override

from peekd.healing.peek import Watch
from peekd.healing.settings import HealingSettings
from peekd.relay.reading import Reading, Seen, SeenRun, erred
from peekd.relay.words import Words as Kept
from peekd.vocabulary import events as e
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.events import Event
from peekd.vocabulary.outcomes import AnyOutcome
from peekd.wire.sse import Frame


class Words:
    """A decoder of a tiny language: each data line is a text, "END" the terminal."""

    def feed(self, frame: Frame) -> Sequence[Event]:
        match frame.data:
            case b"":
                return (e.Beat(),)
            case b"{END}" | b'{"end":1}':
                return (e.Finished("end"), e.Ended())
            case b"{ERR}":
                return (e.Erred("overloaded", "busy"),)
            case b"{ERR sk-1}":
                return (e.Started(), e.Erred("overloaded", "busy: sk-1"))
            case data:
                return (e.TextDelta(0, data.decode()),)

    def run(self, blocks: Sequence[bytes]) -> e.Run | None:
        return None

    def close(self) -> Sequence[Event]:
        return ()


class Script:
    """A source that plays chunks, pauses (seconds) and an end."""

    prompt = False
    """Its pieces are there before they are waited for."""

    def __init__(self, *steps: bytes | float | AnyOutcome) -> None:
        self._steps = list(steps)
        self._due: float | None = None

    @property
    def at_end(self) -> bool:
        return self.prompt and not self._steps

    def receive_nowait(self) -> bytes:
        here = self._steps[0] if self._steps and self.prompt else b""
        if not isinstance(here, bytes) or not here:
            return b""
        del self._steps[0]
        return here

    async def receive(self) -> bytes | AnyOutcome:
        while self._steps:
            step = self._steps[0]
            if isinstance(step, (bytes, o.Outcome)):
                del self._steps[0]
                return step
            self._due = trio.current_time() + step if self._due is None else self._due
            await trio.sleep_until(self._due)
            self._steps.pop(0)
            self._due = None
        return b""


@pytest.fixture(autouse=True, params=[False, True], ids=["waited for", "at hand"])
def prompt(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a piece is waited for or was there makes no difference."""
    monkeypatch.setattr(Script, "prompt", request.param)


def reading(*steps: bytes | float | AnyOutcome) -> Reading:
    settings = HealingSettings(peek_seconds=5, idle_seconds=3, reasoning_seconds=100)
    return Reading(Script(*steps), Words(), Watch(settings, trio.current_time()))


async def test_an_error_is_read_without_the_credential(autojump_clock: trio.testing.MockClock) -> None:
    said = Script(b"data: {a sk-1}\n\ndata: {ERR sk-1}\n\n")
    watch = Watch(HealingSettings(), trio.current_time())
    stream = Reading(said, Words(), watch, secret="sk-1")
    await stream.fill()
    words, error = stream.take(), stream.take()
    assert words is not None
    assert error is not None
    assert words.frame.data == b"{a sk-1}"
    assert error.frame.raw == b"data: {ERR [key]}\n\n"
    assert error.frame.data == b"{ERR [key]}"
    assert error.events == [e.Started(), e.Erred("overloaded", "busy: [key]")]
    assert watch.error == e.Erred("overloaded", "busy: [key]")


def bare(data: bytes) -> bytes:
    return data.removeprefix(b"<").removesuffix(b">")


async def everything(stream: Reading) -> list[bytes]:
    datas: list[bytes] = []
    while True:
        while (seen := stream.take()) is not None:
            datas.append(seen.frame.data)
        if not await stream.fill():
            return datas


async def test_frames_come_whole_however_the_bytes_are_cut(autojump_clock: trio.testing.MockClock) -> None:
    stream = reading(b"data: {a}\n", b"\ndata: {b}\n\nda", b"ta: {END}\n\n")
    assert await everything(stream) == [b"{a}", b"{b}", b"{END}"]
    assert stream.outcome(shown=True) == o.Completed()


async def test_a_last_frame_without_its_blank_line_counts_if_it_is_whole(
    autojump_clock: trio.testing.MockClock,
) -> None:
    stream = reading(b'data: {a}\n\ndata: {"end":1}')
    assert await everything(stream) == [b"{a}", b'{"end":1}']
    assert isinstance(stream.outcome(shown=True), o.Completed)


async def test_half_a_last_frame_is_dropped_and_the_stream_is_cut(
    autojump_clock: trio.testing.MockClock,
) -> None:
    stream = reading(b"data: {a}\n\ndata: {EN")
    assert await everything(stream) == [b"{a}"]
    assert isinstance(stream.outcome(shown=True), o.Broken)
    assert isinstance(stream.outcome(shown=False), o.Truncated)


@pytest.mark.parametrize("rest", [b'{"\xff":1}', b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"])
async def test_a_last_frame_that_cannot_be_read_is_dropped_too(
    autojump_clock: trio.testing.MockClock, rest: bytes
) -> None:
    stream = reading(b"data: {a}\n\ndata: " + rest)
    assert await everything(stream) == [b"{a}"]
    assert isinstance(stream.outcome(shown=True), o.Broken)


async def test_silence_before_anything_ends_at_the_peek_deadline(
    autojump_clock: trio.testing.MockClock,
) -> None:
    began = trio.current_time()
    stream = reading(b": ping\n\n", 2.0, b": ping\n\n", 2.0, b": ping\n\n", 2.0, b"data: {late}\n\n")
    assert b"{late}" not in await everything(stream)
    assert trio.current_time() - began == pytest.approx(5.0)
    assert isinstance(stream.outcome(shown=False), o.Silent)


async def test_silence_in_the_middle_is_a_stall(autojump_clock: trio.testing.MockClock) -> None:
    stream = reading(b"data: {a}\n\n", 60.0, b"data: {END}\n\n")
    assert await everything(stream) == [b"{a}"]
    assert isinstance(stream.outcome(shown=True), o.Stalled)


async def test_silence_after_the_terminal_takes_nothing_from_the_answer(
    autojump_clock: trio.testing.MockClock,
) -> None:
    stream = reading(b"data: {a}\n\ndata: {END}\n\n", 60.0)
    await everything(stream)
    assert isinstance(stream.outcome(shown=True), o.Completed)


async def test_words_put_the_deadline_off_while_a_stream_flows(
    autojump_clock: trio.testing.MockClock,
) -> None:
    stream = reading(*[piece for _ in range(9) for piece in (2.9, b"data: x\n\n")], 4.0, b"data: late\n\n")
    began, words = trio.current_time(), list[bytes]()

    def go_on() -> bool:
        while (seen := stream.take()) is not None:
            words.append(seen.frame.data)
        return True

    assert not await stream.flow(go_on)
    assert words == [b"x"] * 9
    assert trio.current_time() - began == pytest.approx(9 * 2.9 + 3)
    assert isinstance(stream.outcome(shown=True), o.Stalled)


async def test_a_flow_stops_where_it_is_told_to(autojump_clock: trio.testing.MockClock) -> None:
    stream = reading(b"data: a\n\n", b"data: b\n\n", b"data: c\n\n")
    seen: list[Seen | None] = []

    def twice() -> bool:
        seen.append(stream.take())
        return len(seen) < 2

    assert await stream.flow(twice)
    assert [one.frame.data for one in seen if one is not None] == [b"a", b"b"]
    assert stream.take() is None
    assert await stream.fill()


async def test_what_broke_the_body_is_told_and_before_meaning_as_itself(
    autojump_clock: trio.testing.MockClock,
) -> None:
    reset = o.ErrorInStream(type="reset", message="gone")
    before, after = reading(b": ping\n\n", reset), reading(b"data: {a}\n\n", reset)
    await everything(before)
    await everything(after)
    assert before.outcome(shown=False) == reset
    assert after.outcome(shown=True) == o.Broken(type="reset", message="gone")


async def test_a_frame_without_end_is_malformed_and_not_kept(autojump_clock: trio.testing.MockClock) -> None:
    chunk = b"data: " + b"x" * (8 * 1024 * 1024)
    stream = reading(chunk, chunk, chunk, chunk, chunk)
    await everything(stream)
    assert isinstance(stream.outcome(shown=False), o.Malformed)


def test_an_error_object_is_found_among_a_frames_events() -> None:
    error = e.Erred("overloaded", "busy")
    assert erred((e.Beat(), error)) is error
    assert erred((e.Beat(),)) is None


async def test_what_lies_in_an_envelope_is_read_and_passed_on_without_it() -> None:
    script = Script(b"data: <Hi>\n\n", b"data: bare\n\n", b"")
    reading = Reading(script, Words(), Watch(HealingSettings(), trio.current_time()), bare)
    while await reading.fill():
        pass
    seen = [one for _ in range(2) if (one := reading.take()) is not None]
    assert [one.frame.data for one in seen] == [b"Hi", b"bare"]
    assert [one.frame.raw for one in seen] == [b"data: Hi\r\n\r\n", b"data: bare\n\n"]
    assert [one.events for one in seen] == [(e.TextDelta(0, "Hi"),), (e.TextDelta(0, "bare"),)]


# ---- words together -------------------------------------------------------------------------------


class Talk(Words):
    """The same language, of which frames that are not in braces can be read together."""

    @override
    def run(self, blocks: Sequence[bytes]) -> e.Run | None:
        words = list(takewhile(lambda block: not block.startswith(b"data: {"), blocks))
        return e.Run(0, [block[6:].decode() for block in words]) if words else None


async def talk(*steps: bytes) -> Reading:
    stream = Reading(Script(*steps), Talk(), Watch(HealingSettings(), trio.current_time()))
    await stream.fill()
    return stream


async def test_words_that_follow_words_are_seen_together_up_to_what_is_none() -> None:
    stream = await talk(b"data: a\n\ndata: b\n\ndata: c\n\ndata: {ERR}\n\ndata: d\n\n")
    assert stream.take_run() is None
    assert stream.take() is not None
    frame = Frame(b"data: c\n\n", "", b"c")
    assert stream.take_run() == SeenRun(b"data: b\n\ndata: c\n\n", frame, e.Run(0, ["b", "c"]))
    assert stream.watch.said == 3
    assert stream.take_run() is None
    assert stream.watch.error is None
    error = stream.take()
    assert error is not None
    assert erred(error.events)
    assert stream.take_run() is None


async def test_words_that_are_kept_are_seen_one_by_one() -> None:
    stream = await talk(b"data: a\n\ndata: b\n\n")
    stream.words = Kept()
    stream.take()
    assert stream.take_run() is None
    stream.take()
    assert stream.words.text() == "[text]\nab"


async def test_a_run_ends_with_what_has_come() -> None:
    stream = await talk(b"data: a\n\ndata: b\n\nda", b"ta: c\n\n")
    stream.take()
    run = stream.take_run()
    assert run is not None
    assert run.run.texts == ["b"]
    assert stream.take_run() is None
    await stream.fill()
    run = stream.take_run()
    assert run is not None
    assert run.raw == b"data: c\n\n"


async def test_what_lies_in_an_envelope_is_taken_one_by_one() -> None:
    script = Script(b"data: <a>\n\ndata: <b>\n\n")
    stream = Reading(script, Talk(), Watch(HealingSettings(), trio.current_time()), bare)
    await stream.fill()
    stream.take()
    assert stream.take_run() is None
    seen = stream.take()
    assert seen is not None
    assert seen.events == (e.TextDelta(0, "b"),)


async def test_whether_several_came_at_once_is_told_of_the_last_that_came() -> None:
    stream = await talk(b"data: a\n\ndata: b\n\nda", b"ta: c\n\n")
    assert stream.several
    await stream.fill()
    assert not stream.several
