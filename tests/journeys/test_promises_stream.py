"""What a streaming client may count on, byte by byte and second by second."""

from itertools import pairwise

import msgspec
import pytest
import trio
from playhouse import HELLO, QUICK, Told, open_playhouse
from rawhouse import CLOSE, OPEN, PING, REASON, START, STOP, WHOLE, RawAnswer, frame, open_rawhouse, words

from peekd.records.advice import advice

Clock = trio.testing.MockClock

PATIENT = msgspec.structs.replace(QUICK, early_commit_seconds=15, ping_seconds=10)
BROKEN = b"event: error\n"


def longest_silence(told: Told) -> float:
    """The longest wait of a client between two of the pieces it got, headers among them."""
    times = [told.headers_at, *(time for time, _ in told.pieces)]
    return max(later - sooner for sooner, later in pairwise(times))


# ---- verbatim -----------------------------------------------------------------------------------------

ODD = b"".join([
    b"\xef\xbb\xbf: hello\r\n\r\n",
    START.replace(b"\n", b"\r\n"),
    PING,
    b"\n",
    b"event: something_new\ndata: {\"type\":\"something_new\",\"x\":[1,2]}\n\n",
    b"id: 7\nretry: 10\n" + OPEN,
    b'event:content_block_delta\rdata:{"type":"content_block_delta",\r',
    b'data:"index":0,"delta":{"type":"text_delta","text":"\\u4e16 \xe4\xb8\x96 \xe2\x80\xa8"}}\r\r',
    b": between\n\n",
    words("Hello"),
    CLOSE,
    REASON.replace(b"\n", b"\r\n"),
    STOP,
])  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
async def test_an_answers_bytes_are_the_upstreams_in_any_chunking(autojump_clock: Clock, size: int) -> None:
    chunks = [ODD[start : start + size] for start in range(0, len(ODD), size)]
    async with open_rawhouse(chunks) as (house, _):
        told = await house.ask()
        assert told.body == ODD
        assert told.record.outcome == "completed"


async def test_frames_that_were_held_go_out_in_order_with_the_upstreams_own_pings(
    autojump_clock: Clock,
) -> None:
    async with open_rawhouse([START, PING, 2.0, PING, OPEN, 2.0, words("Hi"), CLOSE, REASON, STOP]) as (
        house,
        _,
    ):
        told = await house.ask()
        assert told.body == START + PING + PING + OPEN + words("Hi") + CLOSE + REASON + STOP


async def test_an_error_of_the_upstreams_in_mid_answer_is_passed_as_it_came_and_is_the_only_one(
    autojump_clock: Clock,
) -> None:
    error = frame("error", error={"type": "overloaded_error", "message": "Overloaded", "x_new": 1})
    async with open_rawhouse([START, OPEN, words("Hi"), error, STOP]) as (house, _):
        told = await house.ask()
        assert told.body == START + OPEN + words("Hi") + error
        assert told.record.outcome == "broken"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(
            b'data: {"type":"error","error":{"type":"api_error","message":"gone"}}\n\n', id="unnamed"
        ),
        pytest.param(b'data: {"error":{"type":"api_error","message":"gone"}}\n\n', id="bare"),
        pytest.param(b'event: content_block_delta\ndata: {"type":"content_blo\n\n', id="unreadable"),
        pytest.param(
            frame("error", error={"type": "authentication_error", "message": "x"}), id="accounts-own"
        ),
    ],
)
async def test_what_an_sdk_would_not_read_as_an_error_is_replaced_by_one_that_it_does(
    autojump_clock: Clock, error: bytes
) -> None:
    async with open_rawhouse([START, OPEN, words("Hi"), error]) as (house, _):
        told = await house.ask()
        assert error not in told.body
        assert told.body.startswith(START + OPEN + words("Hi") + BROKEN)
        assert told.events[-1]["error"]["type"] == "overloaded_error"
        assert told.kinds.count("error") == 1


@pytest.mark.parametrize(
    "tail",
    [
        pytest.param([CLOSE, STOP], id="no-reason"),
        pytest.param([REASON, STOP], id="open-block"),
        pytest.param([STOP], id="neither"),
    ],
)
async def test_a_last_frame_without_what_must_come_before_it_is_withheld(
    autojump_clock: Clock, tail: list[bytes]
) -> None:
    async with open_rawhouse([START, OPEN, words("Hi"), *tail]) as (house, _):
        told = await house.ask()
        assert "message_stop" not in told.kinds
        assert told.kinds[-1] == "error"
        assert told.record.outcome == "broken"


async def test_a_last_frame_before_anything_else_ends_the_peek_at_once(autojump_clock: Clock) -> None:
    async with open_rawhouse([START, STOP, 1000.0], WHOLE) as (house, _):
        began = trio.current_time()
        told = await house.ask()
        assert told.text == "Hello"
        assert told.record.attempts[0].outcome == "empty"
        assert trio.current_time() - began < 1


# ---- no silence ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
@pytest.mark.parametrize(
    "act",
    [
        "silence seconds=17",
        "hang seconds=18",
        "stall at=start seconds=18",
        "stall at=middle seconds=18",
        "stall at=reason seconds=18",
        "stall at=last seconds=18",
        "stall at=tool seconds=18 tool=Bash",
        "answer pace=6",
    ],
)
async def test_no_silence_is_longer_than_promised_wherever_the_upstream_pauses(
    autojump_clock: Clock, act: str, protocol: str
) -> None:
    async with open_playhouse({"alice": [act]}, healing=PATIENT, protocol=protocol) as house:
        told = await house.ask({**HELLO, "tools": [{"name": "Bash", "input_schema": {"type": "object"}}]})
        assert told.record.outcome == "completed"
        assert told.headers_at <= 15
        assert longest_silence(told) <= 10
        assert told.kinds.count("message_start") == 1
        assert told.kinds[-1] == "message_stop"


@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
@pytest.mark.parametrize(
    "act", ["503 retry-after=9", "429 retry-after=40", "silence seconds=0", "pings count=0"]
)
async def test_pings_go_on_through_pauses_and_retries_and_the_answer_begins_once(
    autojump_clock: Clock, act: str, protocol: str
) -> None:
    plays = {"alice": [act, act, "answer text=Hello"]}
    async with open_playhouse(plays, healing=PATIENT, protocol=protocol) as house:
        told = await house.ask()
        assert told.text == "Hello"
        assert (told.status, told.headers["x-peekd-commit"]) == (200, "early")
        assert told.headers_at == 15
        assert longest_silence(told) <= 10
        assert told.kinds.count("message_start") == 1
        assert b": peekd account=alice" in told.body
        assert told.body.index(b": peekd account=alice") < told.body.index(b"message_start")


async def test_an_upstream_that_thinks_mutely_is_waited_for_under_pings(autojump_clock: Clock) -> None:
    opened = frame("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""})
    mute = [START, opened, *[9.0, PING] * 5]
    said = [CLOSE, frame("content_block_start", index=1, content_block={"type": "text", "text": "Hi"})]
    async with open_rawhouse(
        [*mute, *said, frame("content_block_stop", index=1), REASON, STOP], healing=PATIENT
    ) as (house, _):
        told = await house.ask()
        assert told.record.outcome == "completed"
        assert longest_silence(told) <= 10


async def test_a_client_that_reads_slowly_is_no_silence_of_the_upstreams(autojump_clock: Clock) -> None:
    many = [words("x" * 1000)] * 200
    async with open_rawhouse([START, OPEN, *many, CLOSE, REASON, STOP]) as (house, _):
        house.reading_seconds = 30
        told = await house.ask()
        assert told.record.outcome == "completed"
        assert told.kinds[-1] == "message_stop"


# ---- the last word ------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
@pytest.mark.parametrize(
    ("act", "kind"),
    [
        ("400 message=no-such-field", "invalid_request_error"),
        ("401", "overloaded_error"),
        ("429 retry-after=3600", "rate_limit_error"),
        ("503 retry-after=9", "overloaded_error"),
        ("error type=overloaded_error", "overloaded_error"),
    ],
)
async def test_a_failure_after_an_early_commit_is_one_error_event_without_a_start(
    autojump_clock: Clock, act: str, kind: str, protocol: str
) -> None:
    plays = {"alice": [f"{act} delay=20"]}
    async with open_playhouse(plays, healing=PATIENT, protocol=protocol) as house:
        told = await house.ask()
        assert told.status == 200
        assert told.kinds == ["error"]
        assert told.body.endswith(b"\n\n")
        assert BROKEN in told.body
        assert told.events[0]["error"]["type"] == kind
        assert told.record.outcome != "completed"
        house.assert_nothing_left()


async def test_meaning_and_its_failure_in_one_piece_are_told_as_a_broken_answer(
    autojump_clock: Clock,
) -> None:
    error = frame("error", error={"type": "authentication_error", "message": "x"})
    async with open_rawhouse([START + OPEN + words("Hi") + error]) as (house, _):
        told = await house.ask()
        assert told.events[-1]["error"]["message"].startswith("the answer broke off")


# ---- the budget ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("act", ["silence seconds=0", "hang seconds=0", "500 delay=9"])
async def test_no_attempt_begins_when_the_time_is_spent(
    autojump_clock: Clock, act: str, *, stream: bool
) -> None:
    healing = msgspec.structs.replace(QUICK, budget_seconds=25, max_attempts=9)
    plays = {name: [act] for name in ("alice", "bob", "carol", "dave")}
    async with open_playhouse(plays, healing=healing) as house:
        told = await house.ask(stream=stream)
        assert told.status == 503
        assert all(attempt.started < 25 for attempt in told.record.attempts)
        assert told.record.seconds is not None
        assert told.record.seconds == pytest.approx(25, abs=0.01) or told.record.seconds < 25


@pytest.mark.parametrize(
    ("act", "outcome"),
    [("silence seconds=0", "headers_timeout"), ("hang seconds=0", "silent")],
)
async def test_an_attempt_that_the_end_of_the_budget_cuts_short_is_nobodys_fault(
    autojump_clock: Clock, act: str, outcome: str
) -> None:
    healing = msgspec.structs.replace(QUICK, budget_seconds=10)
    async with open_playhouse({"alice": ["429 delay=9.5"], "bob": [act]}, healing=healing) as house:
        told = await house.ask()
        last = told.record.attempts[-1]
        assert (told.status, last.account, last.outcome) == (503, "bob", outcome)
        assert last.upstream_error.startswith("budget_spent")
        assert advice(told.record).startswith("raise healing.budget_seconds")
        (bob,) = (state for state in house.house.roster.states() if state.name == "bob")
        assert {bob.cause, *(model.cause for model in bob.models)} == {""}
        assert "headers_timeout" not in {state.cause for state in house.house.roster.upstreams()}


async def test_an_attempt_that_had_half_of_the_budget_or_more_is_blamed_for_its_silence(
    autojump_clock: Clock,
) -> None:
    healing = msgspec.structs.replace(QUICK, budget_seconds=10)
    async with open_playhouse({"alice": ["hang seconds=0"]}, healing=healing) as house:
        told = await house.ask()
        assert (told.status, told.record.seconds) == (503, pytest.approx(10, abs=0.01))
        (alice,) = house.house.roster.states()
        assert "silent" in {alice.cause, *(model.cause for model in alice.models)}


async def test_no_wait_begins_that_would_end_after_the_time_is_spent(autojump_clock: Clock) -> None:
    healing = msgspec.structs.replace(QUICK, budget_seconds=25)
    async with open_playhouse({"alice": ["429 retry-after=26"]}, healing=healing) as house:
        told = await house.ask()
        assert (told.status, told.headers["retry-after"]) == (429, "26")
        assert told.record.waits == []
        assert told.record.seconds == 0


async def test_a_short_patience_of_the_client_still_lets_one_attempt_be_made(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer text=Hello delay=1"]}) as house:
        told = await house.ask(stream=False, headers={"x-stainless-timeout": "4"})
        assert (told.status, told.text) == (200, "Hello")


async def test_an_attempt_with_progress_is_not_cut_by_the_budget(autojump_clock: Clock) -> None:
    healing = msgspec.structs.replace(QUICK, budget_seconds=5)
    opened = frame("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""})
    thinks = [START, opened, *[9.0, PING] * 3, CLOSE]
    said = frame("content_block_start", index=1, content_block={"type": "text", "text": "Hi"})
    body = [*thinks, said, frame("content_block_stop", index=1), REASON, STOP]
    async with open_rawhouse(body, healing=healing) as (house, _):
        for stream in (True, False):
            assert (await house.ask(stream=stream)).record.outcome == "completed"


async def test_a_body_that_breaks_off_without_its_end_is_never_whole(autojump_clock: Clock) -> None:
    async with open_rawhouse(RawAnswer([START, OPEN, words("Hi")], ends=False)) as (house, _):
        told = await house.ask()
        assert told.kinds[-1] == "error"
        assert told.record.outcome == "broken"
