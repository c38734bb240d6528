"""What is written down of a request: its journal, its figures, its session; and what never is."""

from typing import Any

import msgspec
import pytest
import trio
from playhouse import HELLO, QUICK, Playhouse, Told, open_playhouse
from rawhouse import CLOSE, OPEN, PING, START, STOP, WHOLE, RawAnswer, frame, open_rawhouse, words
from townhouse import open_townhouse

DEBUG = 7
Clock = trio.testing.MockClock


def said(told: Told, phase: str) -> list[str]:
    return [entry.message for entry in told.entries if entry.phase == phase]


# ---- the journal -----------------------------------------------------------------------------------------

PHRASES = [
    ("error type=api_error", True, "Stream error during peek: api_error: "),
    ("reset at=first", True, "Stream error during peek: reset: "),
    ("empty", True, "Stream ended during peek (Empty Response), retrying..."),
    ("usage-only", True, "Stream ended during peek (Empty Response), retrying..."),
    ("blank", True, "Stream ended during peek (Empty Response), retrying..."),
    ("cut", False, "Stream ended during peek (Empty Response), retrying..."),
    ("hang seconds=0", True, "Timeout waiting for first data (20s), retrying..."),
    ("signature", True, "Unexpected thinking signature error (should have been filtered). Retrying with all"),
    ("529", True, "Retry with exponential backoff: status=529, attempt=1, delay=1.00s"),
    ("empty", True, "Retry with fixed delay: status=-, attempt=1, delay=0.10s"),
    ("pings count=2 then=answer", True, "Skipping peek heartbeat: "),
    ("answer", False, "Auto-converting non-stream request to stream for better quota"),
]


@pytest.mark.parametrize(("act", "stream", "phrase"), PHRASES)
async def test_the_phrases_that_people_search_for_come_when_it_happens(
    autojump_clock: Clock, act: str, phrase: str, *, stream: bool
) -> None:
    async with open_playhouse({"alice": [act, "answer"], "bob": ["answer"]}) as house:
        told = await house.ask(stream=stream)
        assert told.record.outcome == "completed"
        found = [entry for entry in told.entries if entry.message.startswith(phrase)]
        assert found
        assert all(entry.attempt == 1 for entry in found if entry.phase != "plan")
    async with open_playhouse({"alice": ["answer"]}) as house:
        quiet = await house.ask()
        quiet_ones = [entry.message for entry in quiet.entries if entry.priority < DEBUG]
        assert not any(message.startswith(phrase) for message in quiet_ones)


async def test_the_pause_before_the_same_upstream_is_asked_when_nobody_else_is_left_grows_in_a_line(
    autojump_clock: Clock,
) -> None:
    async with open_playhouse({"alice": ["500", "500", "answer"]}) as house:
        told = await house.ask()
        assert said(told, "wait") == [
            "Retry with linear backoff: status=500, attempt=1, delay=0.50s",
            "Retry with linear backoff: status=500, attempt=2, delay=1.00s",
        ]


async def test_every_step_is_an_entry_that_names_request_attempt_account_and_upstream(
    autojump_clock: Clock,
) -> None:
    async with open_playhouse({"alice": ["529"], "bob": ["answer"]}) as house:
        told = await house.ask()
        phases = [entry.phase for entry in told.entries if entry.phase != "peek" or entry.outcome]
        first = ["plan", "attempt", "peek", "decide", "wait"]
        again = ["attempt", "peek", "decide"]
        last = ["attempt", "peek", "decide", "commit", "relay", "decide", "end"]
        assert phases == [*first, *again, *last]
        assert {entry.request for entry in told.entries} == {told.record.id}
        attempted = [entry for entry in told.entries if entry.phase != "plan"]
        assert all(entry.attempt and entry.account and entry.upstream == "up" for entry in attempted)
        decided = [(entry.outcome, entry.move) for entry in told.entries if entry.phase == "decide"]
        assert decided == [
            ("overloaded", "again"),
            ("overloaded", "rotate"),
            ("accepted", "relay"),
            ("completed", "relay"),
        ]


async def test_a_credential_that_stays_the_same_is_told_and_then_another_account_is_asked(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_playhouse({"alice": ["401"], "bob": ["answer"]}) as house:

        async def refresh(account: str, *, used: str | None = None) -> bool:
            await trio.lowlevel.checkpoint()
            return False

        monkeypatch.setattr(house.house.tree.credentials, "refresh", refresh)
        monkeypatch.setattr(house.house.tree.credentials, "refreshable", bool)
        told = await house.ask()
        assert told.told == [("alice", "unauthorized", "rotate"), ("bob", "completed", "relay")]
        moves = [entry.move for entry in told.entries if entry.phase == "decide"]
        assert moves[:2] == ["refresh", "rotate"]


async def test_a_credential_is_not_waited_for_past_the_budget(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    healing = msgspec.structs.replace(QUICK, budget_seconds=5)
    async with open_playhouse({"alice": ["401"], "bob": ["answer"]}, healing=healing) as house:

        async def refresh(account: str, *, used: str | None = None) -> bool:
            await trio.sleep_forever()
            raise AssertionError

        monkeypatch.setattr(house.house.tree.credentials, "refresh", refresh)
        monkeypatch.setattr(house.house.tree.credentials, "refreshable", bool)
        told = await house.ask()
        assert told.record.seconds == pytest.approx(5, abs=0.01)
        assert told.status == 503


async def test_no_secret_address_or_long_quotation_of_an_upstream_is_written_down(
    autojump_clock: Clock,
) -> None:
    secret = "sk-ant-api03-" + "Ab1" * 12
    quoted = "the user asked to " + "rotate the prod keys " * 9
    words = f'key {secret} of bob@example.com: bad "{quoted}"'
    for status in (400, 401, 500):
        body = msgspec.json.encode({"type": "error", "error": {"type": "api_error", "message": words}})
        async with open_rawhouse(RawAnswer([body], status=status)) as (house, _):
            told = await house.ask()
            kept = msgspec.json.encode([told.entries, told.record])
            assert not [leak for leak in (secret, "bob@example.com", "prod keys") if leak.encode() in kept]
            errors = [entry.upstream_error for entry in told.entries if entry.upstream_error]
            assert errors
            assert all(len(error) <= 220 for error in errors)


async def test_no_word_of_the_prompt_and_no_key_is_written_down(autojump_clock: Clock) -> None:
    body = {**HELLO, "messages": [{"role": "user", "content": "my very private question"}]}
    headers = {"authorization": "Bearer private-client-key"}
    for act in ("answer", "400", "empty", "error", "signature"):
        async with open_playhouse({"upstream-key-1": [act]}, accounts=["upstream-key-1"]) as house:
            told = await house.ask(body, headers=headers)
            kept = msgspec.json.encode([told.entries, told.record])
            assert b"private" not in kept


async def test_an_attempts_row_tells_its_status_and_when_each_phase_was_reached(
    autojump_clock: Clock,
) -> None:
    plays = {"alice": ["empty", "429"], "bob": ["answer delay=2 pace=1", "answer"]}
    async with open_playhouse(plays) as house:
        for stream in (True, False):
            told = await house.ask(stream=stream)
            rows = told.record.attempts
            assert [row.status for row in rows] == ([200, 429, 200] if stream else [200])
            if stream:
                assert list(rows[0].marks) == ["queue", "connect", "sent", "headers"]
        last = (await house.ask()).record.attempts[-1]
        assert list(last.marks) == ["queue", "sent", "headers", "first_byte", "first_meaning", "last"]


# ---- usage -----------------------------------------------------------------------------------------------


async def test_cumulative_figures_replace_each_other_and_cached_ones_are_kept(autojump_clock: Clock) -> None:
    figures = {"input_tokens": 7, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20}
    start = frame(
        "message_start", message={"id": "m", "content": [], "usage": {**figures, "output_tokens": 1}}
    )
    counts = [
        frame("message_delta", delta={}, usage={"output_tokens": 5}),
        frame("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 9}),
    ]
    async with open_rawhouse([start, OPEN, words("Hi"), CLOSE, *counts, STOP]) as (house, _):
        for stream in (True, False):
            told = await house.ask(stream=stream)
            usage = told.record.usage
            assert (usage.prompt, usage.cached, usage.cache_written, usage.output) == (127, 100, 20, 9)
            if not stream:
                assert told.json["usage"] == {**figures, "output_tokens": 9}


@pytest.mark.parametrize("stream", [True, False])
async def test_geminis_figures_are_told_in_the_clients_terms_and_thoughts_are_counted_once(
    autojump_clock: Clock, *, stream: bool
) -> None:
    def chunk(output: int, **fields: Any) -> bytes:
        usage = {
            "promptTokenCount": 100,
            "cachedContentTokenCount": 60,
            "candidatesTokenCount": output,
            "thoughtsTokenCount": 40,
            "totalTokenCount": 140 + output,
        }
        content = {"role": "model", "parts": [{"text": "Hi"}]}
        candidate = {"content": content, "index": 0, **fields}
        return b"data: %b\r\n\r\n" % msgspec.json.encode({"candidates": [candidate], "usageMetadata": usage})

    async with open_rawhouse([chunk(1), chunk(2), chunk(3, finishReason="STOP")], protocol="gemini") as (
        house,
        _,
    ):
        told = await house.ask(stream=stream)
        if stream:
            usage = {**told.events[0]["message"]["usage"], **told.events[-2]["usage"]}
        else:
            usage = told.json["usage"]
        assert usage["input_tokens"] == 40
        assert usage["cache_read_input_tokens"] == 60
        assert usage["output_tokens"] == 43
        kept = told.record.usage
        assert (kept.prompt, kept.cached, kept.output, kept.thoughts) == (100, 60, 43, 40)
        assert told.record.note == ""


# ---- sessions --------------------------------------------------------------------------------------------


async def accounts_of(house: Playhouse, count: int, **asked: Any) -> set[str]:
    return {(await house.ask(**asked)).record.account for _ in range(count)}


async def test_two_clients_that_say_the_same_have_two_sessions(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"], "bob": ["answer"]}) as house:
        one = await accounts_of(house, 3, key="team-a")
        other = await accounts_of(house, 3, key="team-b")
        assert len(one) == len(other) == 1
        assert one != other


async def test_a_session_that_is_named_is_the_same_whoever_asks(autojump_clock: Clock) -> None:
    headers = {"x-claude-code-session-id": "s1"}
    async with open_playhouse({"alice": ["answer"], "bob": ["answer"]}) as house:
        told = await house.ask(headers=headers, key="team-a")
        assert told.record.session == "s1"
        assert (await house.ask(headers=headers, key="team-b")).record.account == told.record.account


# ---- settings of a route ----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["route", "upstream"])
async def test_the_rhythm_of_pings_can_be_set_for_a_route_or_an_upstream(
    autojump_clock: Clock, where: str
) -> None:
    healing = {"early_commit_seconds": 2.0, "ping_seconds": 1.0}
    up: dict[str, Any] = {"protocol": "anthropic", **({"healing": healing} if where == "upstream" else {})}
    route: dict[str, Any] = {"match": "*", "to": ["up"], **({"healing": healing} if where == "route" else {})}
    accounts = [{"name": "alice", "upstream": "up"}]
    plays = {"alice": ["answer text=Hello delay=9"]}
    async with open_townhouse({"up": up}, accounts=accounts, plays=plays, routes=[route]) as house:
        told = await house.ask()
        assert told.headers_at == 2
        assert [time for time, _ in told.pieces][:3] == [3, 4, 5]


# ---- odds and ends ----------------------------------------------------------------------------------------


async def test_an_upstreams_own_pings_while_peeking_are_told_in_the_journal(autojump_clock: Clock) -> None:
    async with open_rawhouse([START, PING, b": hello\n\n", *WHOLE[1:]]) as (house, _):
        beats = [entry for entry in (await house.ask()).entries if "heartbeat" in entry.message]
        assert len(beats) == 2
        assert all(entry.priority == DEBUG for entry in beats)
