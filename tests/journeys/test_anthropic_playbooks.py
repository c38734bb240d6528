"""Dialogues between peekd and an Anthropic upstream: what it said, what was done, what the client got."""

from itertools import pairwise

import msgspec
import pytest
import trio
from playhouse import HELLO, QUICK, open_playhouse
from townhouse import open_townhouse

Clock = trio.testing.MockClock

WHOLE = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
]


def whole(kinds: list[str]) -> bool:
    """Whether a stream is one whole answer: a start, blocks, a reason, an end, once each."""
    once = [kind for n, kind in enumerate(kinds) if n == 0 or kinds[n - 1] != kind]
    return kinds.count("message_start") == 1 and once[0] == "message_start" and once[-2:] == WHOLE[-2:]


async def test_a_good_stream_goes_through_as_it_came(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer text=Hello"]}) as house:
        told = await house.ask()
        assert (told.status, told.text) == (200, "Hello")
        assert whole(told.kinds)
        assert told.headers["x-account-email"] == "alice"
        assert told.headers["x-peekd-commit"] == "late"
        assert told.record.outcome == "completed"
        house.assert_nothing_left()


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        ("429", "rate_limited"),
        ("401", "unauthorized"),
        ("402", "payment_required"),
        ("403", "forbidden"),
        ("404", "model_not_found"),
        ("500", "server_error"),
        ("silence seconds=0", "headers_timeout"),
    ],
)
async def test_a_cause_of_the_account_or_a_timeout_moves_to_another_account_without_a_pause(
    autojump_clock: Clock, act: str, outcome: str, *, stream: bool
) -> None:
    async with open_playhouse({"alice": [act], "bob": ["answer text=Hello"]}) as house:
        told = await house.ask(stream=stream)
        assert told.told == [("alice", outcome, "rotate"), ("bob", "completed", "relay")]
        assert told.text == "Hello"
        assert told.record.waits == []
        house.assert_nothing_left()


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("act", ["503", "529"])
async def test_an_overload_is_asked_again_once_then_another_account(
    autojump_clock: Clock, act: str, *, stream: bool
) -> None:
    async with open_playhouse({"alice": [act], "bob": ["answer text=Hello"]}) as house:
        told = await house.ask(stream=stream)
        assert [move for _, _, move in told.told] == ["again", "rotate", "relay"]
        assert [account for account, _, _ in told.told] == ["alice", "alice", "bob"]
        assert [seconds for _, seconds, _ in told.record.waits] == [1.0]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        ("empty", "empty"),
        ("usage-only", "empty"),
        ("pings count=3", "empty"),
        ("thinking-only thinking=''", "empty"),
        ("error type=api_error", "error_in_stream"),
        ("reset at=first", "error_in_stream"),
        ("reset at=status", "unreachable"),
        ("close", "unreachable"),
    ],
)
async def test_an_end_before_meaning_is_asked_again_at_once_then_rotated(
    autojump_clock: Clock, act: str, outcome: str, *, stream: bool
) -> None:
    async with open_playhouse({"alice": [act], "bob": ["answer text=Hello"]}) as house:
        told = await house.ask(stream=stream)
        assert told.told[-1] == ("bob", "completed", "relay")
        assert told.text == "Hello"
        assert {one.outcome for one in told.record.attempts[:-1]} == {outcome}
        house.assert_nothing_left()


async def test_exhausted_retries_are_a_true_status_and_never_an_empty_200(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["empty"], "bob": ["empty"]}) as house:
        told = await house.ask()
        assert told.status == 503
        assert int(told.headers["retry-after"]) >= 1
        assert told.json["error"]["type"] == "overloaded_error"
        assert f"(peekd explain {told.record.id})" in told.json["error"]["message"]
        assert len(told.record.attempts) == QUICK.max_attempts
        house.assert_nothing_left()


async def test_nothing_said_twice_is_passed_on_and_marked(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["blank"], "bob": ["answer"]}) as house:
        told = await house.ask()
        assert (told.status, told.text) == (200, "")
        assert told.kinds[-1] == "message_stop"
        assert told.record.note == "blank_accepted"
        assert len(told.record.attempts) == 2


async def test_nothing_said_once_is_asked_again(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["blank", "answer text=Hello"]}) as house:
        for stream in (True, False):
            told = await house.ask(stream=stream)
            assert told.text == "Hello"


async def test_thoughts_and_then_nothing_is_retried_for_a_client_that_has_seen_nothing(
    autojump_clock: Clock,
) -> None:
    async with open_playhouse({"alice": ["thinking-blank", "answer text=Hello"]}) as house:
        body = {**HELLO, "thinking": {"type": "enabled", "budget_tokens": 1024}}
        told = await house.ask(body, stream=False)
        assert told.text == "Hello"
        assert told.record.attempts[0].outcome == "blank"


async def test_nothing_said_once_is_asked_again_of_an_account_that_may_do_one_thing_at_a_time(
    autojump_clock: Clock,
) -> None:
    single = {"name": "alice", "upstream": "up", "max_concurrent": 1}
    opening = open_townhouse(
        {"up": {"protocol": "anthropic"}},
        accounts=[single],
        plays={"alice": ["blank", "answer text=Hello"]},
    )
    async with opening as house:
        told = await house.ask()
        assert told.text == "Hello"
        assert told.told == [("alice", "blank", "again"), ("alice", "completed", "relay")]


# ---- after the client has seen meaning ------------------------------------------------------------


@pytest.mark.parametrize("act", ["cut", "no-stop", "reset at=middle pace=0.1", "drop", "error at=middle"])
async def test_a_stream_that_breaks_in_front_of_the_client_ends_in_an_error_and_never_as_success(
    autojump_clock: Clock, act: str
) -> None:
    async with open_playhouse({"alice": [act], "bob": ["answer"]}) as house:
        told = await house.ask()
        assert told.status == 200
        assert told.kinds[-1] == "error"
        assert told.kinds.count("error") == 1
        assert "message_stop" not in told.kinds
        assert told.record.outcome == "broken"
        assert len(told.record.attempts) == 1
        house.assert_nothing_left()


async def test_a_stream_that_falls_silent_in_front_of_the_client_is_a_stall(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["stall at=middle seconds=0"]}) as house:
        told = await house.ask()
        assert told.record.outcome == "stalled"
        assert told.kinds[-1] == "error"
        times = [time for time, _ in told.pieces]
        assert all(later - sooner <= QUICK.ping_seconds for sooner, later in pairwise(times))


@pytest.mark.parametrize(
    "act", ["cut", "no-stop", "reset at=middle pace=0.1", "cut-tool tool=Bash", "stall at=middle seconds=0"]
)
async def test_what_breaks_midway_is_retried_whole_for_a_client_that_does_not_stream(
    autojump_clock: Clock, act: str
) -> None:
    async with open_playhouse({"alice": [act], "bob": ["answer text=Hello"]}) as house:
        told = await house.ask(stream=False)
        assert (told.status, told.text) == (200, "Hello")
        assert told.json["stop_reason"] == "end_turn"
        house.assert_nothing_left()


async def test_a_forgotten_last_frame_is_supplied_and_marked(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["no-last text=Hello"]}) as house:
        told = await house.ask()
        assert whole(told.kinds)
        assert told.record.note == "last_frame_supplied"


# ---- waiting, limits, money ------------------------------------------------------------------------


async def test_the_only_account_is_waited_for_while_pings_go_out(autojump_clock: Clock) -> None:
    healing = msgspec.structs.replace(QUICK, early_commit_seconds=15, ping_seconds=10)
    async with open_playhouse(
        {"alice": ["429 retry-after=40", "answer text=Hello"]}, healing=healing
    ) as house:
        told = await house.ask()
        assert told.text == "Hello"
        assert told.headers["x-peekd-commit"] == "early"
        times = [0.0, told.headers_at, *(time for time, _ in told.pieces)]
        assert all(later - sooner <= 15.0 for sooner, later in pairwise(times))
        assert b": peekd account=alice" in told.body
        assert told.kinds.count("message_start") == 1


async def test_no_account_is_waited_for_while_another_idles(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["429 retry-after=30"], "bob": ["answer"]}) as house:
        began = trio.current_time()
        await house.ask()
        assert trio.current_time() == began


async def test_limits_beyond_the_budget_are_a_429_with_the_true_time(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["429 retry-after=3600"], "bob": ["429 retry-after=1800"]}) as house:
        told = await house.ask()
        assert told.status == 429
        assert told.headers["retry-after"] == "1800"
        assert told.headers["x-should-retry"] == "false"


async def test_a_resting_account_is_not_asked_by_the_next_request(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["429 retry-after=60"], "bob": ["answer"]}) as house:
        await house.ask()
        told = await house.ask()
        assert told.told == [("bob", "completed", "relay")]


async def test_an_accounts_own_401_is_never_the_clients(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["401"], "bob": ["no-credit"]}) as house:
        told = await house.ask()
        assert told.status == 503
        assert told.headers["x-should-retry"] == "false"
        assert "alice, bob" in told.json["error"]["message"]


async def test_a_request_at_fault_passes_through_at_once_and_unchanged(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["400 message=no-such-field"], "bob": ["answer"]}) as house:
        for stream in (True, False):
            told = await house.ask(stream=stream)
            assert told.status == 400
            assert told.json["error"]["message"] == "no-such-field"
            assert len(told.record.attempts) == 1
        assert all(state.state == "ready" for state in house.house.roster.states())


async def test_no_account_at_all_names_the_file_to_edit(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}, accounts=[]) as house:
        told = await house.ask()
        assert told.status == 503
        assert told.headers["x-should-retry"] == "false"
        assert "/etc/peekd/peekd.toml" in told.json["error"]["message"]


async def test_a_model_that_no_account_has_is_not_found(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["404"], "bob": ["404"]}) as house:
        assert (await house.ask()).status == 404


# ---- deadlines ---------------------------------------------------------------------------------------


async def test_pings_do_not_move_the_peek_deadline(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["pings count=0 every=1"], "bob": ["answer text=Hello"]}) as house:
        began = trio.current_time()
        told = await house.ask()
        assert told.told[0] == ("alice", "silent", "rotate")
        assert trio.current_time() - began == pytest.approx(QUICK.peek_seconds)
        assert any("Timeout waiting for first data" in entry.message for entry in told.entries)


async def test_the_budget_ends_all_attempts(autojump_clock: Clock) -> None:
    healing = msgspec.structs.replace(QUICK, budget_seconds=25)
    plays = {"alice": ["silence seconds=0"], "bob": ["silence seconds=0"], "carol": ["silence seconds=0"]}
    async with open_playhouse(plays, healing=healing) as house:
        began = trio.current_time()
        told = await house.ask(stream=False)
        assert told.status == 503
        assert trio.current_time() - began <= 25


async def test_a_client_that_waits_for_a_body_hears_before_its_own_deadline(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["silence seconds=0"], "bob": ["silence seconds=0"]}) as house:
        began = trio.current_time()
        told = await house.ask(stream=False, headers={"x-stainless-timeout": "30"})
        assert told.status == 503
        assert trio.current_time() - began <= 25


# ---- leaving ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "act", ["silence seconds=0", "pings count=0", "stall at=middle seconds=0", "529 retry-after=9"]
)
async def test_a_client_that_leaves_closes_the_upstream_and_no_account_is_blamed(
    autojump_clock: Clock, act: str, *, stream: bool
) -> None:
    async with open_playhouse({"alice": [act]}) as house:
        began = trio.current_time()
        told = await house.ask(stream=stream, leave_after=5)
        await trio.testing.wait_all_tasks_blocked()
        assert trio.current_time() - began <= 5.1
        assert told.record.outcome == "client_gone"
        assert all(seen.over.is_set() for seen in house.simulator.requests)
        assert all(state.state in {"ready", "tired"} for state in house.house.roster.states())
        house.assert_nothing_left()


# ---- signatures ----------------------------------------------------------------------------------------

SIGNED = {
    **HELLO,
    "messages": [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm", "signature": "c2lnbmF0dXJl" * 8},
                {"type": "text", "text": "Hello"},
            ],
        },
        {"role": "user", "content": "Say hello."},
    ],
}


async def test_a_signature_error_is_repaired_once_with_the_same_account(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["signature", "answer text=Hello"], "bob": ["answer"]}) as house:
        told = await house.ask(SIGNED)
        assert told.text == "Hello"
        assert told.told == [("alice", "signature", "repair"), ("alice", "completed", "relay")]
        assert any("Retrying with all thinking blocks removed" in entry.message for entry in told.entries)
        repaired = house.simulator.requests[1].body
        assert b'"thinking"' not in repaired
        assert b"Hello" in repaired


async def test_a_signature_error_after_the_repair_is_the_clients(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["signature", "signature"]}) as house:
        told = await house.ask(SIGNED)
        assert told.status == 400
        assert len(told.record.attempts) == 2
        assert all(state.state == "ready" for state in house.house.roster.states())


# ---- verbatim -------------------------------------------------------------------------------------------


async def test_the_request_leaves_byte_for_byte_as_it_came(autojump_clock: Clock) -> None:
    raw = (
        b'{ "stream":true,\n "model" : "claude-opus-5-5","max_tokens":9,'
        b'"x_new":{"a":[1.0,2e3]},"messages":[{"role":"user","content":"h\\u00e9"}] }'
    )
    async with open_playhouse({"alice": ["answer"]}) as house:
        await house.ask(raw, path="/v1/messages?beta=true")
        assert house.simulator.requests[0].body == raw
        assert house.simulator.requests[0].target == "/v1/messages?beta=true"


async def test_headers_go_along_and_credentials_do_not(autojump_clock: Clock) -> None:
    headers = {
        "anthropic-beta": "new-beta-2030",
        "anthropic-version": "2026-10-21",
        "x-api-key": "client-key",
        "cookie": "a=b",
        "x-forwarded-for": "1.2.3.4",
    }
    async with open_playhouse({"alice": ["answer"]}) as house:
        await house.ask(headers=headers)
        seen = house.simulator.requests[0]
        assert seen.header("anthropic-beta") == "new-beta-2030"
        assert seen.header("anthropic-version") == "2026-10-21"
        assert seen.header("x-api-key") == "alice"
        assert seen.header("cookie") is None
        assert seen.header("x-forwarded-for") is None
        assert seen.header("accept-encoding") == "identity"


# ---- sessions -------------------------------------------------------------------------------------------


async def test_a_session_stays_with_its_account_and_moves_where_it_succeeded(autojump_clock: Clock) -> None:
    plays = {"alice": ["answer"], "bob": ["answer", "429 retry-after=600"], "carol": ["answer"]}
    async with open_playhouse(plays) as house:
        headers = {"x-claude-code-session-id": "s1"}
        first = (await house.ask(headers=headers)).record.account
        second = (await house.ask(headers=headers)).record.account
        assert first == second
        other = {"x-claude-code-session-id": "s2"}
        assert (await house.ask(headers=other)).record.account != first


async def test_a_model_that_all_accounts_lack_stays_not_found_for_the_next_request(
    autojump_clock: Clock,
) -> None:
    async with open_playhouse({"alice": ["404"], "bob": ["404"]}) as house:
        await house.ask()
        assert (await house.ask()).status == 404


async def test_a_credential_that_was_replaced_serves_the_same_request(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_playhouse({"alice": ["401", "answer text=Hello"], "bob": ["answer"]}) as house:
        credentials = house.house.tree.credentials

        async def refresh(account: str, *, used: str | None = None) -> bool:
            await trio.lowlevel.checkpoint()
            return account == "alice"

        monkeypatch.setattr(credentials, "refresh", refresh)
        monkeypatch.setattr(credentials, "refreshable", "alice".__eq__)
        told = await house.ask()
        assert told.told == [("alice", "unauthorized", "refresh"), ("alice", "completed", "relay")]
