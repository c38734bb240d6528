"""Frames as the client gets them: themselves, or their meaning; into a stream, or into one body."""

from itertools import chain, count
from typing import Any

import msgspec
import pytest
import trio
from answers import answering, carried
from hypothesis import given
from hypothesis import strategies as st

from peekd.healing.resume import Shown
from peekd.protocols.anthropic.continuing import CONTINUES
from peekd.protocols.halves import Halves
from peekd.protocols.interface import BadArguments, Unfoldable
from peekd.protocols.mending import Mender
from peekd.protocols.registry import CLIENTS
from peekd.relay import rendering as rendering_module
from peekd.relay.atomic import Atomic
from peekd.relay.delivery import CHANNEL_FRAMES, Delivery
from peekd.relay.joint import Joint
from peekd.relay.reading import Seen, SeenRun
from peekd.relay.rendering import ACCOUNTS_OWN, ToBody, TooMuch, ToStream, Translated, Verbatim
from peekd.vocabulary import events as e
from peekd.vocabulary.conversation import Tool
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import Event
from peekd.wire.sse import Frame

ANTHROPIC = CLIENTS["anthropic"]
RESPONSES = CLIENTS["openai-responses"]


def seen(*events: Event, data: bytes = b'{"type":"ping"}', event: str = "") -> Seen:
    return Seen(Frame(raw=b"data: " + data + b"\n\n", event=event, data=data), events)


def translated(*, shown: bool = True) -> Translated:
    return Translated(ANTHROPIC.encoder(answering("m", ids=lambda prefix: f"{prefix}1", shown=shown)))


def verbatim() -> Verbatim:
    return Verbatim(ANTHROPIC, ANTHROPIC.following("m", 0))


def failed(rendering: Verbatim | Translated) -> bytes:
    return rendering.fail(Fault("overloaded", "Sorry."), "req_1")


# ---- verbatim ------------------------------------------------------------------------------------


def test_frames_go_as_they_came_and_the_last_is_supplied_once() -> None:
    rendering = verbatim()
    strange = seen(e.Unknown("future"), data=b'{"type":"future","x":1}')
    assert rendering.render(strange) == strange.frame.raw
    assert rendering.close() == ANTHROPIC.encode_last_frame()
    rendering.render(seen(e.Ended()))
    assert rendering.close() == b""


def test_an_upstreams_error_passes_and_none_of_ours_must_follow() -> None:
    rendering = verbatim()
    assert b"Sorry." in failed(rendering)
    error = seen(e.Erred("overloaded", "busy"), data=b'{"type":"error"}', event="error")
    assert rendering.render(error) == error.frame.raw
    assert failed(rendering) == b""


def test_an_error_inside_a_torn_frame_is_withheld_and_ours_follows() -> None:
    chat = CLIENTS["openai-chat"]
    rendering = Verbatim(chat, chat.following("m", 0))
    torn = b'{"id":"chatcmpl-1","created":17672256data: {"error":{"message":"broken"}}'
    assert rendering.render(seen(e.Erred("server_error", "undecodable"), data=torn)) == b""
    assert b"Sorry." in failed(rendering)


def test_an_error_without_the_name_that_clients_look_for_is_withheld() -> None:
    rendering = verbatim()
    assert rendering.render(seen(e.Erred("overloaded", "busy"), data=b'{"type":"error"}')) == b""
    assert b"Sorry." in failed(rendering)


@pytest.mark.parametrize("kind", sorted(ACCOUNTS_OWN))
def test_what_is_between_peekd_and_the_account_is_withheld(kind: str) -> None:
    rendering = verbatim()
    assert rendering.render(seen(e.Erred(kind, "your key"), event="error")) == b""
    assert b"Sorry." in failed(rendering)


def test_a_response_that_breaks_fails_with_its_own_id_and_the_next_number() -> None:
    rendering = Verbatim(RESPONSES, RESPONSES.following("m", 0))
    begun = b'{"type":"response.created","sequence_number":0,"response":{"id":"resp_theirs"}}'
    for said in (begun, b'{"type":"response.output_text.delta","sequence_number":7}'):
        rendering.render(seen(e.Unknown("any"), data=said))
    assert b'"sequence_number":8' in failed(rendering)
    assert b'"id":"resp_theirs"' in failed(rendering)
    assert b"response.created" not in failed(rendering)


def test_a_response_that_failed_upstream_passes_whatever_its_frame_is_named() -> None:
    rendering = Verbatim(RESPONSES, RESPONSES.following("m", 0))
    theirs = seen(e.Erred("overloaded", "busy"), data=b'{"type":"response.failed"}')
    assert rendering.render(theirs) == theirs.frame.raw
    assert failed(rendering) == b""


# ---- translated ----------------------------------------------------------------------------------


def test_an_error_of_another_language_is_never_rendered() -> None:
    rendering = translated()
    assert rendering.render(seen(e.Erred("overloaded", "busy"))) == b""
    assert b"Sorry." in failed(rendering)


@pytest.mark.parametrize("shown", [True, False])
def test_thoughts_go_empty_and_their_proof_along_where_they_are_not_shown(*, shown: bool) -> None:
    rendering = translated(shown=shown)
    thought = [e.Started("id", "m"), e.Opened(0, e.ThinkingBlock()), e.ThinkingDelta(0, "Hmm")]
    said = rendering.render(seen(*thought, e.SignatureDelta(0, "proof"), e.Closed(0)))
    assert (b"Hmm" in said) is shown
    assert carried("thought", "proof").encode() in said


HELD = (
    e.Opened(0, e.ToolCallBlock("t1", "f")),
    e.ArgumentsDelta(0, '{"a":'),
    e.Closed(0),
)


def test_words_do_not_overtake_the_end_of_a_call_that_waits() -> None:
    rendering, together = translated(), translated()
    rendering.render(seen(*HELD))
    opened = e.Opened(1, e.TextBlock())
    with pytest.raises(BadArguments):
        rendering.render(seen(e.TextDelta(1, "more")))
    with pytest.raises(BadArguments):
        together.render(seen(*HELD, opened, e.TextDelta(1, "more")))


def test_what_tells_usage_alone_is_rendered_where_the_client_takes_it() -> None:
    frames: list[bytes] = []
    for counted in (True, False):
        encoder = CLIENTS["openai-chat"].encoder(answering("m", ids=lambda prefix: f"{prefix}1"))
        rendering = Translated(encoder, counted=counted)
        rendering.render(seen(e.Started(), e.Opened(0, e.TextBlock())))
        rendering.render(seen(e.TextDelta(0, "Hi"), e.Counted(e.Usage(prompt=7, output=1))))
        rendering.render(seen(e.Closed(0), e.Finished("end")))
        frames.append(rendering.close())
    assert [b"usage" in said for said in frames] == [True, False]


INDEX = st.integers(0, 2)
BLOCKS = st.sampled_from([
    e.TextBlock(),
    e.TextBlock("Hi"),
    e.ThinkingBlock(),
    e.ThinkingBlock("Hm", "proof"),
    e.RedactedBlock("x"),
    e.ToolCallBlock("c", "f"),
    e.SearchBlock(),
    e.OtherBlock("code"),
])
EVENTS = st.one_of(
    st.builds(e.Opened, INDEX, BLOCKS),
    st.builds(e.TextDelta, INDEX, st.sampled_from(["", "a", "ä"])),
    st.builds(e.ThinkingDelta, INDEX, st.sampled_from(["", "a"])),
    st.builds(e.SignatureDelta, INDEX, st.just("proof")),
    st.builds(e.ArgumentsDelta, INDEX, st.sampled_from(["", "{}", '{"a": "1"}', '{"a"'])),
    st.builds(e.Closed, INDEX),
    st.builds(e.Finished, st.sampled_from(["end", "max_tokens", "refusal", "malformed"])),
    st.builds(e.Searched, INDEX, st.just(("x",))),
    st.builds(e.DataInline, INDEX, st.just("image/png"), st.just("AA==")),
    st.sampled_from([
        e.Started("id", "m"), e.Counted(e.Usage(prompt=7, output=1)), e.Beat(), e.Ended(), e.Kept("r"),
        e.Erred("overloaded", "busy"), e.OtherDelta(0, "new"),
    ]),
)  # fmt: skip
CALLS = st.sampled_from([
    (e.Opened(1, e.ToolCallBlock("c", "f")), e.ArgumentsDelta(1, said), e.Closed(1), end)
    for said in ('{"a": "1"}', '{"a"', "")
    for end in (e.Finished("end"), e.Finished("max_tokens"), e.Opened(2, e.OtherBlock("code")))
])
SAID = st.lists(st.one_of(st.tuples(EVENTS), CALLS), max_size=8).map(lambda said: [*chain(*said)])
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


def all_of(frames: list[list[Event]], *, whole: bool, counted: bool) -> list[object]:
    """What becomes of an answer: its bytes up to a call that is none, and what is told of it."""
    ids = count(1)
    answer = answering("m", ids=lambda prefix: f"{prefix}{next(ids)}", thoughts=True)
    mender = Mender((Tool("f", "", SCHEMA),), whole=whole)
    rendering = Translated(ANTHROPIC.encoder(answer), counted=counted, mender=mender)
    told: list[object] = []
    try:
        told += [rendering.render(seen(*events)) for events in frames]
        told.append(rendering.close())
    except BadArguments as fault:
        told.append(str(fault))
    return [*told, rendering.mute(), rendering.dropped(), rendering.repaired()]


@given(said=SAID, a_frame=st.integers(1, 4), whole=st.booleans(), counted=st.booleans())
def test_while_no_call_is_open_the_short_way_comes_to_the_same(
    *, said: list[Event], a_frame: int, whole: bool, counted: bool
) -> None:
    frames = [said[start : start + a_frame] for start in range(0, len(said), a_frame)]
    short = all_of(frames, whole=whole, counted=counted)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Halves, "idle", False)
        assert short == all_of(frames, whole=whole, counted=counted)


def test_a_whole_answer_is_closed_by_its_encoder() -> None:
    rendering = translated()
    rendering.render(seen(e.Started("id", "m"), e.Opened(0, e.TextBlock()), e.TextDelta(0, "Hi")))
    rendering.render(seen(e.Closed(0), e.Finished("end", "STOP")))
    assert rendering.close().endswith(ANTHROPIC.encode_last_frame())


# ---- nothing to say --------------------------------------------------------------------------------

PICTURE = (e.Opened(0, e.OtherBlock("inlineData")), e.DataInline(0, "image/png", "AA=="), e.Closed(0))
MUTE: list[tuple[tuple[Event, ...], str]] = [
    ((e.Opened(0, e.TextBlock()), e.TextDelta(0, "")), ""),
    (PICTURE, "inlineData, image/png"),
    ((*PICTURE, e.Finished("end")), "inlineData, image/png"),
    ((*PICTURE, e.Finished("max_tokens")), ""),
    ((*PICTURE, e.TextDelta(1, "Hi")), ""),
    ((*PICTURE, e.Opened(1, e.TextBlock("Hi"))), ""),
    ((*PICTURE, e.Opened(1, e.ThinkingBlock("Hm"))), "inlineData, image/png"),
    ((*PICTURE, e.Opened(1, e.ToolCallBlock("c", "f"))), ""),
    ((*PICTURE, e.Opened(1, e.SearchBlock()), e.Searched(1, ("x",)), e.Closed(1)), ""),
    ((e.Opened(0, e.SearchBlock()), e.Searched(0), e.Closed(0), e.Finished("end")), "web search"),
    ((e.Opened(0, e.OtherBlock("executableCode")), e.Closed(0)), "executableCode"),
]


@pytest.mark.parametrize(("events", "unsaid"), MUTE)
def test_an_answer_of_which_nothing_could_be_said_is_noticed(events: tuple[Event, ...], unsaid: str) -> None:
    rendering = translated()
    rendering.render(seen(*events))
    assert rendering.mute() == unsaid


def test_what_another_language_can_say_is_said() -> None:
    rendering = Translated(CLIENTS["gemini"].encoder(answering("m")))
    rendering.render(seen(*PICTURE))
    assert rendering.mute() == ""
    rendering = Translated(CLIENTS["openai-chat"].encoder(answering("m")))
    rendering.render(seen(e.Opened(0, e.SearchBlock()), e.Closed(0)))
    assert rendering.mute() == "web search"
    assert verbatim().mute() == ""


# ---- where to ------------------------------------------------------------------------------------


async def test_a_stream_gets_what_is_ready_in_one_piece(autojump_clock: trio.testing.MockClock) -> None:
    delivery = Delivery(ping=b"", ping_seconds=10)
    sink = ToStream(verbatim(), delivery)
    await sink.flush()
    assert not delivery.shown  # nothing to hand over is nothing shown
    sink.say(b": note\n\n")
    sink.take(seen(data=b"1"))
    sink.take(seen(data=b"2"))
    await sink.flush()
    assert delivery.shown
    assert sink.rest() == b""
    await delivery.give_last(b"")
    assert [piece async for piece in delivery.chunks()] == [b": note\n\ndata: 1\n\ndata: 2\n\n"]


def frame(**said: object) -> Seen:
    return seen(data=msgspec.json.encode(said))


START = frame(type="message_start", message={"id": "msg_1", "content": [], "usage": {}})
STOP = frame(type="message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 1})


def test_one_body_is_folded_from_the_frames_and_those_still_owed() -> None:
    sink = ToBody(verbatim(), ANTHROPIC.collector())
    assert not sink.shown
    for one in (
        START,
        frame(type="content_block_start", index=0, content_block={"type": "text", "text": ""}),
        frame(type="content_block_delta", index=0, delta={"type": "text_delta", "text": "Hi"}),
        frame(type="content_block_stop", index=0),
        STOP,
    ):
        sink.take(one)
    assert msgspec.json.decode(sink.body())["content"] == [{"type": "text", "text": "Hi"}]


def test_a_translated_answer_is_folded_from_our_own_frames() -> None:
    sink = ToBody(translated(), ANTHROPIC.collector())
    sink.take(seen(e.Started("id", "upstream-model"), e.Opened(0, e.TextBlock()), e.TextDelta(0, "Hi")))
    sink.take(seen(e.Closed(0), e.Finished("end", "STOP")))
    message = msgspec.json.decode(sink.body())
    assert (message["model"], message["content"]) == ("m", [{"type": "text", "text": "Hi"}])


def test_what_would_be_lost_in_folding_is_told() -> None:
    sink = ToBody(verbatim(), ANTHROPIC.collector())
    with pytest.raises(Unfoldable, match="future"):
        sink.take(frame(type="future"))


def test_a_call_whose_arguments_are_no_json_is_told() -> None:
    sink = ToBody(verbatim(), ANTHROPIC.collector())
    call: dict[str, Any] = {"type": "tool_use", "id": "t", "name": "Bash", "input": {}}
    sink.take(START)
    sink.take(frame(type="content_block_start", index=0, content_block=call))
    delta = {"type": "input_json_delta", "partial_json": '{"a":'}
    sink.take(frame(type="content_block_delta", index=0, delta=delta))
    sink.take(frame(type="content_block_stop", index=0))
    with pytest.raises(BadArguments):
        sink.take(frame(type="message_delta", delta={"stop_reason": "tool_use"}))


async def test_what_a_slow_client_was_not_given_before_a_cancel_is_still_there(
    autojump_clock: trio.testing.MockClock,
) -> None:
    delivery = Delivery(ping=b"", ping_seconds=10)
    sink = ToStream(verbatim(), delivery)
    for _ in range(CHANNEL_FRAMES):
        await delivery.give(b"x")
    sink.say(b"the last words")
    with trio.move_on_after(1):
        await sink.flush()
    assert sink.rest() == b"the last words"


# ---- words seen together -------------------------------------------------------------------------


def run(*texts: str, usage: e.Usage | None = None, index: int = 0) -> SeenRun:
    raws = [b'data: {"id":"c%d"}\n\n' % number for number in range(len(texts))]
    last = Frame(raws[-1], "", raws[-1][6:-2])
    return SeenRun(b"".join(raws), last, e.Run(index, texts, usage))


def test_words_of_ones_own_protocol_go_as_they_came_and_the_last_frame_is_noted() -> None:
    chat = CLIENTS["openai-chat"]
    rendering = Verbatim(chat, chat.following("m", 0))
    words = run("a", "b")
    assert rendering.render_run(words) == words.raw
    assert b'"id":"c1"' in rendering.end_at_call(e.Usage())


def test_words_of_another_are_written_one_by_one_and_something_was_said_then() -> None:
    together, single = translated(), translated()
    for one in (together, single):
        one.render(seen(e.Started("id", "m"), *PICTURE, e.Opened(1, e.TextBlock())))
    assert together.mute()
    said = [single.render(seen(e.TextDelta(1, text))) for text in ("a", "b")]
    assert together.render_run(run("a", "b", index=1)) == b"".join(said)
    assert together.mute() == ""


@pytest.mark.parametrize("counted", [True, False])
def test_usage_that_came_with_words_is_told_where_the_client_takes_it(*, counted: bool) -> None:
    rendering = Translated(CLIENTS["openai-chat"].encoder(answering("m")), counted=counted)
    rendering.render(seen(e.Started(), e.Opened(0, e.TextBlock())))
    rendering.render_run(run("a", "b", usage=e.Usage(prompt=7, output=2)))
    rendering.render(seen(e.Closed(0), e.Finished("end")))
    assert (b'"completion_tokens":2' in rendering.close()) is counted


def test_words_seen_together_do_not_overtake_the_end_of_a_call_either() -> None:
    rendering = translated()
    rendering.render(seen(*HELD))
    with pytest.raises(BadArguments):
        rendering.render_run(run("more", index=1))


async def test_words_are_taken_together_where_frames_wait_for_nothing_and_nobody_looks_at_each(
    autojump_clock: trio.testing.MockClock,
) -> None:
    delivery = Delivery(ping=b"", ping_seconds=10)
    sink = ToStream(verbatim(), delivery)
    await sink.flush()
    assert sink.together
    assert ToBody(verbatim(), ANTHROPIC.collector()).together
    assert not ToStream(verbatim(), delivery, told=Shown()).together
    assert not ToStream(verbatim(), delivery, atomic=Atomic(split=False, thoughts=True)).together
    sink.join(Joint("So far", CONTINUES))
    assert not sink.together


def test_a_body_too_large_is_told_of_words_seen_together_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering_module, "WHOLE_BYTES", 20)
    with pytest.raises(TooMuch):
        ToBody(verbatim(), ANTHROPIC.collector()).take_run(run("a", "b"))
