"""What upstreams in the wild do to clients, and what peekd makes of it: never a success that is none."""

from typing import Any

import msgspec
import pytest
import trio
from playhouse import HELLO, QUICK, open_playhouse
from rawhouse import CLOSE, OPEN, PING, REASON, START, STOP, WHOLE, RawAnswer, frame, open_rawhouse, words
from townhouse import open_townhouse

from peekd.healing.settings import HealingSettings
from peekd.relay.house import House

Clock = trio.testing.MockClock

THINKS: dict[str, Any] = {**HELLO, "thinking": {"type": "enabled", "budget_tokens": 1024}}
TOOLS: dict[str, Any] = {**THINKS, "tools": [{"name": "Bash", "input_schema": {"type": "object"}}]}
DOCUMENTED = {
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "ping",
    "error",
}


def gemini(*parts: dict[str, Any], **fields: Any) -> bytes:
    """A chunk of Gemini's as its API writes it."""
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0, **fields}
    return b"data: %b\r\n\r\n" % msgspec.json.encode({"candidates": [candidate]})


# ---- empty, dead, cut -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
async def test_every_account_is_tried_before_an_empty_stream_is_given_up(
    autojump_clock: Clock, *, stream: bool
) -> None:
    healing = msgspec.structs.replace(QUICK, max_attempts=5)
    plays = {"alice": ["empty"], "bob": ["empty"], "carol": ["answer text=Hello"]}
    async with open_playhouse(plays, healing=healing) as house:
        told = await house.ask(stream=stream)
        assert told.text == "Hello"
        assert [account for account, _, _ in told.told] == ["alice", "alice", "bob", "bob", "carol"]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "model", ["gemini-2.5-flash", "gemini-3-pro-preview", "some-private-tune", "claude-9"]
)
async def test_a_models_name_decides_nothing(autojump_clock: Clock, model: str, *, stream: bool) -> None:
    plays = {"alice": ["thinking-only thinking=''", "blank", "answer text=Hello"]}
    accounts = [{"name": "alice", "upstream": "up"}]
    route = {"match": "*", "to": [f"up/{model}"]}
    for protocol in ("gemini", "anthropic"):
        upstreams = {"up": {"protocol": protocol}}
        async with open_townhouse(upstreams, accounts=accounts, plays=plays, routes=[route]) as house:
            told = await house.ask(stream=stream)
            assert [outcome for _, outcome, _ in told.told] == ["empty", "blank", "completed"]
            assert told.headers["x-mapped-model"] == model


@pytest.mark.parametrize("stream", [True, False])
async def test_a_call_alone_is_an_answer_and_words_without_a_reason_are_none(
    autojump_clock: Clock, *, stream: bool
) -> None:
    call = {"functionCall": {"name": "Bash", "args": {"command": "ls"}}, "thoughtSignature": "c2ln"}
    async with open_rawhouse([gemini(call, finishReason="STOP")], protocol="gemini") as (house, _):
        told = await house.ask(TOOLS, stream=stream)
        assert told.record.outcome == "completed"
        assert len(told.record.attempts) == 1
    for parts in ([{"text": "Hi"}], [call]):
        async with open_rawhouse([gemini(*parts)], protocol="gemini") as (house, _):
            told = await house.ask(TOOLS, stream=stream)
            assert told.record.outcome in {"broken", "truncated"}
            assert told.kinds[-1] == "error" if stream else told.status == 503


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "kind", ["overloaded_error", "api_error", "rate_limit_error", "authentication_error"]
)
@pytest.mark.parametrize("before", [[], [START], [START, PING], [START, OPEN], [PING, b": hi\n\n"]])
async def test_an_error_before_any_word_is_healed_wherever_it_comes(
    autojump_clock: Clock, before: list[bytes], kind: str, *, stream: bool
) -> None:
    error = frame("error", error={"type": kind, "message": "no"})
    async with open_rawhouse([*before, error], WHOLE, accounts=("alice", "bob")) as (house, _):
        told = await house.ask(stream=stream)
        assert told.text == "Hello"
        assert b"error" not in told.body


async def test_what_cannot_be_read_is_told_and_never_dropped_in_silence(autojump_clock: Clock) -> None:
    garbage = b'event: content_block_delta\ndata: {"type":"content_block_delta",\n\n'
    async with open_rawhouse([START, OPEN, words("Hi"), garbage, words("there"), CLOSE, REASON, STOP]) as (
        house,
        _,
    ):
        told = await house.ask()
        assert told.kinds[-1] == "error"
        assert "undecodable" in told.record.attempts[0].upstream_error


@pytest.mark.parametrize("act", ["stall at=tool tool=Bash", "stall at=middle", "stall at=reason"])
@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
async def test_a_stall_anywhere_ends_in_an_error_in_time(
    autojump_clock: Clock, act: str, protocol: str
) -> None:
    async with open_playhouse({"alice": [f"{act} seconds=0"]}, protocol=protocol) as house:
        told = await house.ask(TOOLS)
        assert told.kinds[-1] == "error"
        assert told.record.outcome == "stalled"
        assert told.record.seconds == pytest.approx(QUICK.idle_seconds, abs=0.1)


async def test_a_last_event_without_its_blank_line_counts_if_it_is_whole(autojump_clock: Clock) -> None:
    async with open_rawhouse([*WHOLE[:-1], STOP.rstrip(b"\n")]) as (house, _):
        told = await house.ask()
        assert told.body == b"".join(WHOLE)
        assert told.record.note == ""
    cut = REASON.rstrip(b"\n")[:-4]
    async with open_rawhouse([*WHOLE[:-2], cut]) as (house, _):
        assert (await house.ask()).kinds[-1] == "error"


# ---- time -------------------------------------------------------------------------------------------------


async def test_a_model_that_shows_that_it_thinks_is_not_cut_for_minutes(autojump_clock: Clock) -> None:
    opened = frame("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""})
    said = frame("content_block_start", index=1, content_block={"type": "text", "text": "Hi"})
    thinks = [START, opened, *[31.0, PING] * 23, CLOSE, said, frame("content_block_stop", index=1)]
    async with open_rawhouse([*thinks, REASON, STOP], healing=HealingSettings()) as (house, _):
        told = await house.ask()
        assert told.record.outcome == "completed"
        assert told.record.seconds is not None
        assert told.record.seconds > 700


async def test_a_model_that_only_pings_is_left_at_the_peek_deadline(autojump_clock: Clock) -> None:
    mute = [START, *[31.0, PING] * 23, *WHOLE[1:]]
    async with open_rawhouse(mute, WHOLE, healing=HealingSettings(), accounts=("alice", "bob")) as (house, _):
        told = await house.ask()
        assert [outcome for _, outcome, _ in told.told] == ["silent", "completed"]
        assert told.record.seconds == pytest.approx(HealingSettings().peek_seconds, abs=0.1)


async def test_a_mute_stretch_before_meaning_ends_in_another_attempt_and_not_in_an_endless_wait(
    autojump_clock: Clock,
) -> None:
    opened = frame("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""})
    mute = [START, opened, *[9.0, PING] * 200]
    async with open_rawhouse(mute, WHOLE, accounts=("alice", "bob")) as (house, _):
        told = await house.ask()
        assert [outcome for _, outcome, _ in told.told] == ["silent", "completed"]
        assert told.record.seconds == pytest.approx(QUICK.reasoning_seconds, abs=0.1)


@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
async def test_each_piece_goes_on_the_moment_it_comes(autojump_clock: Clock, protocol: str) -> None:
    act = {"do": "answer", "text": "one two three four five", "pace": 3}
    async with open_playhouse({"alice": [act]}, protocol=protocol) as house:
        told = await house.ask()
        spoken = [time for time, piece in told.pieces if b"text_delta" in piece]
        assert len(spoken) >= 4
        assert {time % 3 for time in spoken} == {0}


async def test_a_ping_never_stands_inside_a_frame_that_comes_in_halves(autojump_clock: Clock) -> None:
    text = words("Hello")
    halves = [START + OPEN + words("Oh") + text[:20], 15.0, text[20:60], 15.0, text[60:], CLOSE, REASON, STOP]
    healing = msgspec.structs.replace(QUICK, ping_seconds=5)
    async with open_rawhouse(halves, healing=healing) as (house, _):
        told = await house.ask()
        pinged = [piece for _, piece in told.pieces if piece.startswith(b"event: ping")]
        assert len(pinged) >= 4
        rest = b"".join(piece for _, piece in told.pieces if piece not in pinged)
        assert rest == START + OPEN + words("Oh") + text + CLOSE + REASON + STOP


# ---- bytes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
@pytest.mark.parametrize("act", ["split-utf8", "gzip", "crlf", "huge", "answer newline=cr", "answer chunk=3"])
async def test_odd_bytes_lose_nothing(
    autojump_clock: Clock, act: str, protocol: str, *, stream: bool
) -> None:
    async with open_playhouse({"alice": [act]}, protocol=protocol) as house:
        told = await house.ask(stream=stream)
        assert told.record.outcome == "completed"
        assert len(told.record.attempts) == 1
        played = house.simulator.requests[0].act.text
        assert told.text == played if played is not None else told.text
        assert "\ufffd" not in told.text
        assert "content-encoding" not in told.headers
        assert house.simulator.requests[0].header("accept-encoding") == "identity"


async def test_only_documented_frames_leave_a_translation(autojump_clock: Clock) -> None:
    chunks = [
        b'data: {"__meta":{"vendor":1},"traceId":"x"}\r\n\r\n',
        b": comment\r\n\r\n",
        gemini({"text": "Hm", "thought": True}),
        gemini({"newKind": {"x": 1}}),
        gemini({"text": "Hi"}, groundingMetadata={"x": 1}),
        gemini(finishReason="STOP"),
        b'data: {"usageMetadata":{"promptTokenCount":3}}\r\n\r\n',
    ]
    async with open_rawhouse(chunks, protocol="gemini") as (house, _):
        told = await house.ask(THINKS)
        assert set(told.kinds) <= DOCUMENTED
        assert told.text == "Hi"
        assert b"__meta" not in told.body
        assert b"vendor" not in told.body
        names = [line[7:].decode() for line in told.body.split(b"\n") if line.startswith(b"event: ")]
        assert names == told.kinds


# ---- accounts ---------------------------------------------------------------------------------------------

BLAME = [
    ("400", "", ""),
    ("413", "", ""),
    ("signature", "", ""),
    ("blank", "", ""),
    ("429 retry-after=200", "alice resting", "rate_limited"),
    ("401", "alice to_mend", "unauthorized"),
    ("402", "alice to_mend", "payment_required"),
    ("no-credit", "alice to_mend", "payment_required"),
    ("500", "up tired", "server_error"),
    ("empty", "alice/model tired", "empty"),
    ("reset at=first", "alice/model tired", "error_in_stream"),
    ("hang seconds=0", "alice/model tired", "silent"),
]


def records(house: House) -> list[tuple[str, str]]:
    """Give whose record is not clean, each with its state and cause."""
    found: list[tuple[str, str]] = []
    for one in (*house.roster.states(), *house.roster.upstreams()):
        if one.state != "ready":
            found.append((f"{one.name} {one.state}", one.cause))
        found += [(f"{one.name}/model {model.state}", model.cause) for model in one.models]
    return found


@pytest.mark.parametrize(("act", "state", "cause"), BLAME)
async def test_one_record_moves_and_it_is_that_of_whose_doing_it_was(
    autojump_clock: Clock, act: str, state: str, cause: str
) -> None:
    async with open_playhouse({"alice": [act], "bob": ["answer"]}) as house:
        await house.ask()
        assert records(house.house) == ([(state, cause)] if cause else [])


@pytest.mark.parametrize(
    ("act", "state", "cause"),
    [
        ("529", "up/model tired", "overloaded"),
        ("close", "up tired", "unreachable"),
        ("silence seconds=0", "up tired", "headers_timeout"),
    ],
)
async def test_what_is_no_accounts_fault_is_the_upstreams_until_anybody_has_an_answer(
    autojump_clock: Clock, act: str, state: str, cause: str
) -> None:
    async with open_playhouse({"alice": [act]}) as house:
        await house.ask()
        assert records(house.house) == [(state, cause)]
    async with open_playhouse({"alice": [act, act], "bob": ["answer"]}) as house:
        await house.ask()
        assert records(house.house) == []


@pytest.mark.parametrize("act", ["403", "404"])
async def test_what_holds_for_one_model_does_not_keep_an_account_from_others(
    autojump_clock: Clock, act: str
) -> None:
    async with open_playhouse({"alice": [act, act, "answer"], "bob": ["answer"]}) as house:
        await house.ask()
        alice = house.house.roster.states()[0]
        assert alice.state == "ready"
        assert [one.model for one in alice.models] == [HELLO["model"]]
        other = await house.ask({**HELLO, "model": "claude-haiku-4-5", "system": "Be brief."})
        assert other.record.outcome == "completed"


async def test_a_forbidden_account_is_not_asked_first_for_ever(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["403"], "bob": ["answer"]}) as house:
        asked = [(await house.ask(headers={"session-id": str(number)})).told for number in range(5)]
        assert [len(one) for one in asked] == [2, 1, 1, 1, 1]


async def test_there_is_no_pause_after_the_last_attempt(autojump_clock: Clock) -> None:
    for act in ("529", "500", "empty", "close"):
        async with open_playhouse({"alice": [act]}) as house:
            told = await house.ask()
            assert told.status == 503
            assert len(told.record.waits) == len(told.record.attempts) - 1


async def test_each_attempt_leaves_a_whole_row_whatever_became_of_it(autojump_clock: Clock) -> None:
    plays = {"alice": ["429", "answer"], "bob": ["empty"], "carol": ["stall at=middle seconds=0"]}
    async with open_playhouse(plays) as house:
        told = await house.ask(leave_after=5)
        assert told.record.outcome == "client_gone"
        assert [attempt.number for attempt in told.record.attempts] == [1, 2, 3, 4]
        for attempt in told.record.attempts:
            assert attempt.outcome
            assert attempt.ended is not None
            assert attempt.upstream_request_id
        assert told.record.usage.prompt
        assert house.house.live.opened() == 0


async def test_many_streams_leave_nothing_open(autojump_clock: Clock) -> None:
    acts = ["answer", "empty", "429", "cut", "529", "error at=middle", "close", "blank", "hang seconds=0"]
    plays = {name: acts[at:] + acts[:at] for at, name in enumerate(("alice", "bob", "carol"))}
    async with open_playhouse(plays) as house:
        for number in range(200):
            await house.ask(stream=bool(number % 2), leave_after=[None, 0.05, 1.0][number % 3])
            house.house.roster.pool = type(house.house.roster.pool)(
                house.house.roster.pool.accounts, house.house.roster.pool.health
            )
            house.assert_nothing_left()
        await trio.testing.wait_all_tasks_blocked()
        assert house.simulator.open_connections <= 3


async def test_a_refusal_with_a_page_for_a_body_is_judged_by_its_status(autojump_clock: Clock) -> None:
    page = RawAnswer([b"<html>502 Bad Gateway</html>"], status=502, headers=(("content-type", "text/html"),))
    async with open_rawhouse(page, WHOLE) as (house, _):
        told = await house.ask()
        assert told.text == "Hello"
        assert told.record.attempts[0].outcome == "server_error"
