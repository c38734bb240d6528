"""What a client is told where there is no answer: a true status, whose fault it is, when to come back."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
import trio
from playhouse import HELLO, QUICK, open_playhouse
from rawhouse import START, WHOLE, RawAnswer, frame, open_rawhouse
from townhouse import open_townhouse

Clock = trio.testing.MockClock

SIGNED: dict[str, Any] = {
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
ONE = [{"name": "alice", "upstream": "up"}]
TWO = [*ONE, {"name": "bob", "upstream": "up"}]
UP = {"up": {"protocol": "anthropic"}}


# ---- the first row that applies -------------------------------------------------------------------------

HISTORIES = [
    (["404"], ["429 retry-after=400"], 429, "rate_limit_error"),
    (["404"], ["404"], 404, "not_found_error"),
    (["404"], ["401"], 503, "overloaded_error"),
    (["401"], ["429 retry-after=400"], 429, "rate_limit_error"),
    (["401"], ["403"], 503, "overloaded_error"),
    (["429 retry-after=400"], ["500"], 503, "overloaded_error"),
    (["500"], ["413"], 413, "request_too_large"),
    (["500"], ["400"], 400, "invalid_request_error"),
    (["402"], ["empty"], 503, "overloaded_error"),
    (["signature", "529"], ["529"], 503, "overloaded_error"),
    (["signature", "signature"], ["answer"], 400, "invalid_request_error"),
    (["signature", "401"], ["429 retry-after=400"], 429, "rate_limit_error"),
]


@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
@pytest.mark.parametrize(("alice", "bob", "status", "kind"), HISTORIES)
async def test_the_final_status_is_the_first_row_that_applies(
    autojump_clock: Clock, alice: list[str], bob: list[str], status: int, kind: str, protocol: str
) -> None:
    async with open_playhouse({"alice": alice, "bob": bob}, protocol=protocol) as house:
        told = await house.ask(SIGNED)
        assert (told.status, told.json["type"], told.json["error"]["type"]) == (status, "error", kind)
        assert told.status not in {504, 529}
        if status == 429 or (status == 503 and "x-should-retry" not in told.headers):
            assert int(told.headers["retry-after"]) >= 1
        house.assert_nothing_left()


async def test_a_request_at_fault_is_told_in_the_words_of_the_upstream_that_said_so(
    autojump_clock: Clock,
) -> None:
    limited = RawAnswer(
        [b'{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}'], status=429
    )
    faulty = frame("error", error={"type": "invalid_request_error", "message": "no such field"})
    async with open_rawhouse(limited, [START, faulty], accounts=("alice", "bob")) as (house, _):
        told = await house.ask()
        assert told.status == 400
        assert told.json["error"] == {"type": "invalid_request_error", "message": "no such field"}


@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
async def test_a_limit_names_the_accounts_that_a_person_must_mend_too(
    autojump_clock: Clock, protocol: str
) -> None:
    async with open_playhouse({"alice": ["401"], "bob": ["429 retry-after=400"]}, protocol=protocol) as house:
        told = await house.ask()
        message = told.json["error"]["message"]
        assert "bob" in message
        assert "mended by a person: alice" in message


async def test_a_model_that_a_resting_account_may_have_is_not_called_missing(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["404"], "bob": ["429 retry-after=400"]}) as house:
        assert (await house.ask()).status == 429
        assert (await house.ask()).status == 429


@pytest.mark.parametrize(("told_seconds", "retry"), [("300", None), ("301", "false"), ("0.2", None)])
async def test_a_long_wait_is_told_truly_and_not_to_be_slept_out(
    autojump_clock: Clock, told_seconds: str, retry: str | None
) -> None:
    healing = msgspec.structs.replace(QUICK, budget_seconds=0.5)
    async with open_playhouse({"alice": [f"429 retry-after={told_seconds}"]}, healing=healing) as house:
        told = await house.ask()
        assert told.status == 429
        assert int(told.headers["retry-after"]) >= max(1, float(told_seconds))
        assert told.headers.get("x-should-retry") == retry


@pytest.mark.parametrize("seconds", ["inf", "1e999", "nan", "-5", "soon", "", "9" * 400])
async def test_an_absurd_retry_after_harms_nobody(autojump_clock: Clock, seconds: str) -> None:
    refused = RawAnswer([b"{}"], status=429, headers=(("retry-after", seconds),))
    async with open_rawhouse(refused) as (house, _):
        told = await house.ask(stream=False)
        assert told.status == 429
        assert int(told.headers["retry-after"]) >= 1
        house.assert_nothing_left()


@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
@pytest.mark.parametrize("act", ["empty", "503", "429 retry-after=400", "401", "error"])
async def test_words_of_our_own_end_with_the_command_that_explains(
    autojump_clock: Clock, act: str, protocol: str
) -> None:
    async with open_playhouse({"alice": [act]}, protocol=protocol) as house:
        told = await house.ask()
        assert told.json["error"]["message"].endswith(f"(peekd explain {told.record.id})")


@pytest.mark.parametrize(
    ("body", "protocol", "acts"),
    [
        ({**HELLO, "model": "gpt-9"}, "anthropic", ["answer"]),
        ({**HELLO, "messages": [{"role": "user", "content": 7}]}, "gemini", ["answer"]),
        (HELLO, "gemini", ["404"]),
    ],
)
async def test_what_we_ourselves_refuse_names_that_command_too(
    autojump_clock: Clock, body: dict[str, Any], protocol: str, acts: list[str]
) -> None:
    async with open_playhouse({"alice": acts}, protocol=protocol) as house:
        told = await house.ask(body)
        assert told.status in {400, 404}
        assert told.json["error"]["message"].endswith(f"(peekd explain {told.record.id})")


@pytest.mark.parametrize(
    ("alice", "bob", "seconds"),
    [
        ("503", "503 retry-after=200", 1),
        ("503 retry-after=200", "503", 1),
        ("503 retry-after=200", "503 retry-after=100", 100),
        ("429 retry-after=200", "500", 1),
        ("500", "429 retry-after=200", 1),
    ],
)
async def test_a_client_comes_back_when_the_first_account_is_worth_asking(
    autojump_clock: Clock, alice: str, bob: str, seconds: int
) -> None:
    healing = msgspec.structs.replace(QUICK, budget_seconds=50)
    async with open_playhouse({"alice": [alice], "bob": [bob]}, healing=healing) as house:
        told = await house.ask()
        assert (told.status, told.headers["retry-after"]) == (503, str(seconds))
        assert "x-should-retry" not in told.headers


# ---- an upstream's own word on trying again --------------------------------------------------------------


async def test_an_upstream_that_forbids_a_retry_is_not_asked_again_with_that_account(
    autojump_clock: Clock,
) -> None:
    plays = {"alice": ["529 should-retry=false", "answer"], "bob": ["answer text=Hello"]}
    async with open_playhouse(plays) as house:
        assert (await house.ask()).told[0] == ("alice", "overloaded", "rotate")
    async with open_playhouse({"alice": ["529 should-retry=false", "answer"]}) as house:
        told = await house.ask()
        assert told.status == 503
        assert len(told.record.attempts) == 1


@pytest.mark.parametrize("word", ["true", "false"])
async def test_an_upstreams_word_on_a_request_at_fault_is_handed_on(autojump_clock: Clock, word: str) -> None:
    async with open_playhouse({"alice": [f"400 should-retry={word}"]}) as house:
        assert (await house.ask()).headers["x-should-retry"] == word


# ---- headers ----------------------------------------------------------------------------------------------


async def test_headers_on_an_error_tell_of_the_last_account_and_never_of_its_limits(
    autojump_clock: Clock,
) -> None:
    async with open_playhouse({"alice": ["429 retry-after=400"], "bob": ["429 retry-after=500"]}) as house:
        told = await house.ask()
        assert told.headers["x-account-email"] == "bob"
        assert told.headers["x-mapped-model"] == HELLO["model"]
        assert told.headers["x-peekd-attempts"] == "2"
        assert told.headers["x-peekd-commit"] == "late"
        assert told.headers["x-upstream-request-id"] == "req_sim000002"
        assert not {"set-cookie", "server"} & told.headers.keys()
        assert not any("ratelimit" in name for name in told.headers)


@pytest.mark.parametrize("act", ["answer", "400", "empty"])
async def test_an_upstreams_cookies_limits_and_server_never_come_back(
    autojump_clock: Clock, act: str
) -> None:
    async with open_playhouse({"alice": [act]}) as house:
        for stream in (True, False):
            headers = (await house.ask(stream=stream)).headers
            assert not {"set-cookie", "server", "anthropic-organization-id"} & headers.keys()
            assert not any("ratelimit" in name for name in headers)


async def test_an_account_stays_unnamed_where_that_is_set(autojump_clock: Clock) -> None:
    healing = msgspec.structs.replace(QUICK, early_commit_seconds=1)
    async with open_playhouse({"alice": ["answer delay=5"]}, healing=healing) as house:
        house.house.tree.expose_account = False
        told = await house.ask()
        assert "x-account-email" not in told.headers
        assert b"alice" not in told.body


# ---- accounts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["400", "413", "422", "signature"])
async def test_the_requests_own_fault_touches_no_account(autojump_clock: Clock, act: str) -> None:
    async with open_playhouse({"alice": [act], "bob": ["answer"]}) as house:
        await house.ask()
        assert all(state.state == "ready" and not state.cause for state in house.house.roster.states())


async def test_one_request_touches_no_more_accounts_than_it_may(autojump_clock: Clock) -> None:
    healing = msgspec.structs.replace(QUICK, max_accounts=2)
    plays = {name: ["401"] for name in ("alice", "bob", "carol")}
    async with open_playhouse(plays, healing=healing) as house:
        told = await house.ask()
        assert [account for account, _, _ in told.told] == ["alice", "bob"]
        assert told.status == 503


async def test_waiting_does_not_open_the_way_to_more_accounts(autojump_clock: Clock) -> None:
    healing = msgspec.structs.replace(QUICK, max_accounts=1)
    plays = {
        "alice": ["answer", "429 retry-after=30", "answer text=Hello"],
        "bob": ["429 retry-after=9", "answer"],
    }
    async with open_playhouse(plays, healing=healing) as house:
        assert (await house.ask()).record.account == "alice"
        limited = await house.ask(headers={"x-claude-code-session-id": "s2"}, leave_after=0.5)
        assert limited.record.account == "bob"
        told = await house.ask()
        assert {account for account, _, _ in told.told} == {"alice"}
        assert told.text == "Hello"


async def test_attempts_stay_within_their_bound_whatever_the_upstream_does(autojump_clock: Clock) -> None:
    acts = ["signature", "429 retry-after=1", "529", "401", "empty", "blank", "malformed-call", "404", "403"]
    names = [f"a{number}" for number in range(12)]
    plays = {name: acts[at % len(acts) :] + acts for at, name in enumerate(names)}
    async with open_playhouse(plays) as house:
        for stream in (True, False):
            told = await house.ask(SIGNED, stream=stream)
            assert len(told.record.attempts) <= QUICK.max_attempts + QUICK.max_accounts + 1
            assert len(told.record.waits) <= len(told.record.attempts)
            house.assert_nothing_left()


async def test_a_disabled_account_is_never_asked(autojump_clock: Clock) -> None:
    accounts = [{**ONE[0], "disabled": True}, TWO[1]]
    async with open_townhouse(UP, accounts=accounts, plays={"bob": ["500"]}) as house:
        told = await house.ask()
        assert {account for account, _, _ in told.told} == {"bob"}


async def test_only_disabled_accounts_are_for_a_person_to_mend(autojump_clock: Clock) -> None:
    async with open_townhouse(UP, accounts=[{**ONE[0], "disabled": True}], plays={}) as house:
        told = await house.ask()
        assert told.status == 503
        assert told.headers["x-should-retry"] == "false"
        assert "alice" in told.json["error"]["message"]


async def test_requests_that_share_one_account_wait_for_their_turn(autojump_clock: Clock) -> None:
    accounts = [{**ONE[0], "max_concurrent": 1}]
    plays = {"alice": ["answer text=Hello delay=3"]}
    async with open_townhouse(UP, accounts=accounts, plays=plays) as house:
        outcomes: list[str] = []

        async def ask() -> None:
            outcomes.append((await house.ask()).record.outcome)

        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(ask)
        assert outcomes == ["completed"] * 4
        times = [seen.arrived_at for seen in house.simulator.requests]
        assert all(later - sooner >= 3 for sooner, later in pairwise(times))
        house.assert_nothing_left()


async def test_requests_at_once_share_the_accounts_and_a_limit_found_by_one_serves_all(
    autojump_clock: Clock,
) -> None:
    plays = {"alice": ["429 retry-after=200"], "bob": ["answer text=Hello delay=1"]}
    async with open_townhouse(UP, accounts=TWO, plays=plays) as house:
        texts: list[str] = []

        async def ask() -> None:
            texts.append((await house.ask()).text)

        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(ask)
        assert texts == ["Hello"] * 10
        asked = [seen.key for seen in house.simulator.requests]
        assert asked.count("alice") <= 10
        assert (await house.ask()).told == [("bob", "completed", "relay")]
        house.assert_nothing_left()


async def test_the_next_target_of_a_route_serves_when_the_first_has_no_account_left(
    autojump_clock: Clock,
) -> None:
    upstreams = {"google": {"protocol": "gemini"}, "anthropic": {"protocol": "anthropic"}}
    accounts = [{"name": "gina", "upstream": "google"}, {"name": "anna", "upstream": "anthropic"}]
    routes = [{"match": "claude-*", "to": ["google/gemini-3-pro-preview", "anthropic"]}]
    plays = {"gina": ["429 retry-info=400s"], "anna": ["answer text=Hello"]}
    async with open_townhouse(upstreams, accounts=accounts, plays=plays, routes=routes) as house:
        for stream in (True, False):
            told = await house.ask(stream=stream)
            assert told.text == "Hello"
            assert told.headers["x-account-email"] == "anna"
            assert told.headers["x-mapped-model"] == HELLO["model"]
            assert told.record.waits == []


async def test_a_connection_is_kept_for_the_next_turn(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as house:
        for stream in (True, False, True):
            await house.ask(stream=stream)
        assert house.simulator.connections == 1


async def test_an_answer_that_is_no_stream_is_retried(autojump_clock: Clock) -> None:
    page = RawAnswer([b"<html>sorry</html>"], headers=(("content-type", "text/html"),))
    async with open_rawhouse(page, WHOLE) as (house, _):
        assert (await house.ask()).text == "Hello"
