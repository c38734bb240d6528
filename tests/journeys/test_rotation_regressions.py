"""What rotation, limits, locks and pools are known to get wrong elsewhere; each played once."""

from typing import Any

import msgspec
import pytest
import trio
from playhouse import open_playhouse
from townhouse import open_townhouse

from peekd.store.volatile import Volatile

Clock = trio.testing.MockClock

UP = {"up": {"protocol": "anthropic"}}
SESSION = {"session-id": "one"}
GEMINI = {"up": {"protocol": "gemini"}}


def accounts(*names: str, **settings: Any) -> list[dict[str, Any]]:
    return [{"name": name, "upstream": "up", **settings} for name in names]


@pytest.mark.parametrize("act", ["429", "401", "403"])
async def test_a_refusal_of_the_sessions_account_moves_it_at_once(autojump_clock: Clock, act: str) -> None:
    """A window in which the account used last is kept must not hold a request to one that refuses it."""
    async with open_playhouse({"alice": ["answer", act], "bob": ["answer"]}) as house:
        assert (await house.ask(headers=SESSION)).headers["x-account-email"] == "alice"
        moved = await house.ask(headers=SESSION)
        assert (moved.status, moved.headers["x-account-email"]) == (200, "bob")
        assert (await house.ask(headers=SESSION)).told == [("bob", "completed", "relay")]


@pytest.mark.parametrize("act", ["500", "529", "empty", "close", "cut"])
async def test_a_single_account_is_asked_again(autojump_clock: Clock, act: str) -> None:
    async with open_playhouse({"alice": [act, "answer"]}) as house:
        told = await house.ask(stream=False)
        assert (told.status, len(told.told)) == (200, 2)


async def test_waiting_for_an_account_is_bounded_and_the_client_hears_of_it(autojump_clock: Clock) -> None:
    """A minute of silence while an account was waited for closed clients' sockets."""
    plays = {"alice": ["answer", "429 retry-after=29", "answer"], "bob": ["answer"]}
    async with open_townhouse(
        UP, accounts=accounts("alice", "bob"), plays=plays, scheduling={"mode": "cache-first"}
    ) as house:
        await house.ask(headers=SESSION)
        waited = await house.ask(headers=SESSION)
        assert waited.headers["x-account-email"] == "alice"
        assert 29 <= (waited.record.seconds or 0) < 31
    plays = {"alice": ["answer", "429 retry-after=31"], "bob": ["answer"]}
    async with open_townhouse(
        UP, accounts=accounts("alice", "bob"), plays=plays, scheduling={"mode": "cache-first"}
    ) as house:
        await house.ask(headers=SESSION)
        moved = await house.ask(headers=SESSION)
        assert (moved.headers["x-account-email"], moved.record.waits) == ("bob", [])


async def test_a_404_of_the_model_is_asked_of_another_account(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["404"], "bob": ["answer"]}) as house:
        told = await house.ask()
        assert (told.status, told.told[0]) == (200, ("alice", "model_not_found", "rotate"))


async def test_a_403_of_every_account_is_a_503_for_the_client(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["403"], "bob": ["403"]}) as house:
        told = await house.ask()
        assert (told.status, told.headers["x-should-retry"]) == (503, "false")


async def test_a_lock_is_found_by_whoever_asks_for_the_same_model(autojump_clock: Clock) -> None:
    """One key by which locks are set, and another by which they are looked up, never lock."""
    async with open_townhouse(
        GEMINI,
        accounts=accounts("alice", "bob"),
        plays={"alice": ["429 retry-info=50s"], "bob": ["answer"]},
        routes=[{"match": "*", "to": ["up/gemini-3-pro-preview"]}],
    ) as house:
        for ask in (house.ask_gemini, house.ask, house.ask_gemini):
            await ask()
        asked = [entry.account for entry in house.entries if entry.phase == "attempt"]
        assert asked.count("alice") == 1


async def test_a_limit_in_milliseconds_is_read_as_milliseconds(autojump_clock: Clock) -> None:
    """`500ms` that was read as 500 minutes locked an account for the day."""
    async with open_playhouse(
        {"alice": ["429 quota-reset-delay=510.79ms", "answer"]}, protocol="gemini"
    ) as h:
        told = await h.ask()
        assert told.status == 200
        assert (told.record.seconds or 0) < 5


async def test_an_exhausted_account_that_reports_everything_left_is_not_asked(autojump_clock: Clock) -> None:
    full = {f"anthropic-ratelimit-tokens-{name}": value for name, value in
            {"limit": "50", "remaining": "50", "reset": "2031-01-01T00:00:00Z"}.items()}  # fmt: skip
    spent = {"do": "429", "retry-after": "3600", "headers": full}
    async with open_playhouse({"alice": [spent, "answer"], "bob": ["answer"]}) as house:
        assert [len((await house.ask(headers={"session-id": str(n)})).told) for n in range(6)] == [
            2,
            *[1] * 5,
        ]


async def test_an_account_below_its_reserve_is_left_in_the_middle_of_a_session(autojump_clock: Clock) -> None:
    """The protection of a quota must be known to the pool at once, not after the next reading of a file."""
    low = {f"anthropic-ratelimit-tokens-{name}": value for name, value in
           {"limit": "100", "remaining": "9", "reset": "1970-01-01T01:00:00Z"}.items()}  # fmt: skip
    plays = {"alice": [{"do": "answer", "headers": low}], "bob": ["answer"]}
    async with open_townhouse(UP, accounts=accounts("alice", "bob", reserve=0.1), plays=plays) as house:
        served = [(await house.ask(headers=SESSION)).headers["x-account-email"] for _ in range(3)]
        assert served == ["alice", "bob", "bob"]


async def test_where_all_are_below_their_reserve_the_last_resort_serves(autojump_clock: Clock) -> None:
    low = {"x-ratelimit-limit-tokens": "1000", "x-ratelimit-remaining-tokens": "1",
           "x-ratelimit-reset-tokens": "6m0s"}  # fmt: skip
    upstreams = {"up": {"protocol": "openai-chat"}}
    plays = {"alice": [{"do": "answer", "headers": low}]}
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": "Say hello."}]}
    async with open_townhouse(upstreams, accounts=accounts("alice", reserve=0.5), plays=plays) as house:
        first = await house.ask(body, path="/v1/chat/completions")
        again = await house.ask(body, path="/v1/chat/completions")
        assert (first.status, again.status) == (200, 200)


async def test_validation_blocks_one_account_and_shows_where_to_confirm(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["validation"], "bob": ["answer"]}, protocol="gemini") as house:
        told = await house.ask()
        assert (told.status, told.headers["x-account-email"]) == (200, "bob")
        alice, bob = house.house.roster.states()
        assert (alice.state, alice.cause) == ("to_mend", "validation_required")
        assert alice.url.startswith("https://")
        assert bob.state == "ready"
        again = await house.ask(headers={"session-id": "other"})
        assert len(again.told) == 1


async def test_a_limit_of_one_model_leaves_the_accounts_other_models(autojump_clock: Clock) -> None:
    limited = "429 retry-info=500s quota=PerDay"
    async with open_townhouse(
        GEMINI, accounts=accounts("alice"), plays={"alice": [limited, "answer"]}
    ) as house:
        assert (await house.ask_gemini(model="gemini-2.5-flash-lite")).status == 429
        assert (await house.ask_gemini(model="gemini-3-pro-preview")).status == 200


async def test_many_requests_at_once_spread_over_equal_accounts(autojump_clock: Clock) -> None:
    """What drawing two and taking the better is for; leases that are counted at once do it exactly."""
    names = [f"a{number}" for number in range(10)]
    plays = {name: ["answer delay=5"] for name in names}
    async with open_townhouse(
        UP, accounts=accounts(*names), plays=plays, scheduling={"mode": "performance-first"}
    ) as house:
        served: list[str] = []

        async def one(number: int) -> None:
            told = await house.ask(headers={"session-id": str(number)})
            served.append(told.headers["x-account-email"])

        async with trio.open_nursery() as nursery:
            for number in range(30):
                nursery.start_soon(one, number)
        assert {served.count(name) for name in names} == {3}


async def test_only_an_accounts_own_429_rotates(autojump_clock: Clock) -> None:
    """A lack of capacity is the model's: another account would find the same."""
    capacity = {
        "do": "429",
        "body": msgspec.json.encode({
            "error": {
                "code": 429,
                "status": "RESOURCE_EXHAUSTED",
                "message": "No capacity available",
                "details": [
                    {
                        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                        "reason": "MODEL_CAPACITY_EXHAUSTED",
                    }
                ],
            }
        }).decode(),
    }
    async with open_playhouse({"alice": [capacity, "answer"], "bob": ["answer"]}, protocol="gemini") as house:
        told = await house.ask()
        assert told.told == [("alice", "overloaded", "again"), ("alice", "completed", "relay")]


async def test_a_429_asks_no_other_address_of_the_same_account(autojump_clock: Clock) -> None:
    upstreams = {"up": {"protocol": "anthropic"}, "next": {"protocol": "anthropic"}}
    plays = {"alice": ["429"], "bob": ["answer"], "carol": ["answer"]}
    listed = [*accounts("alice", "bob"), {"name": "carol", "upstream": "next"}]
    routes = [{"match": "*", "to": ["up", "next"]}]
    async with open_townhouse(upstreams, accounts=listed, plays=plays, routes=routes) as house:
        told = await house.ask()
        assert [account for account, _, _ in told.told] == ["alice", "bob"]


async def test_what_was_disabled_by_hand_and_what_rests_is_so_after_a_restart(autojump_clock: Clock) -> None:
    store = Volatile()
    wall = lambda: 1e9 + trio.current_time()  # noqa: E731  a clock
    plays = {"alice": ["answer"], "bob": ["429 retry-after=100", "answer"], "carol": ["answer"]}
    settings: dict[str, Any] = {"plays": plays, "store": store, "wall": wall}
    async with open_townhouse(UP, accounts=accounts("alice", "bob", "carol"), **settings) as house:
        house.house.roster.disable("alice", "on leave")
        assert [account for account, _, _ in (await house.ask()).told] == ["bob", "carol"]
    await trio.sleep(50)
    async with open_townhouse(UP, accounts=accounts("alice", "bob", "carol"), **settings) as house:
        asked = [(await house.ask(headers={"session-id": str(n)})).told for n in range(4)]
        assert {account for told in asked for account, _, _ in told} == {"carol"}
        alice = house.house.roster.states()[0]
        assert (alice.state, alice.because) == ("disabled", "on leave")


async def test_a_limit_that_was_kept_and_is_over_is_no_limit(autojump_clock: Clock) -> None:
    """Stale limits that were read back from a file kept accounts out for good."""
    store = Volatile()
    wall = lambda: 1e9 + trio.current_time()  # noqa: E731  a clock
    settings: dict[str, Any] = {"plays": {"alice": ["429 retry-after=100"]}, "store": store, "wall": wall}
    async with open_townhouse(UP, accounts=accounts("alice"), **settings) as house:
        await house.ask(leave_after=5)
    await trio.sleep(100)
    settings["plays"] = {"alice": ["answer"]}
    async with open_townhouse(UP, accounts=accounts("alice"), **settings) as house:
        assert (await house.ask()).told == [("alice", "completed", "relay")]


async def test_an_account_whose_project_is_anothers_is_not_asked_first_again(autojump_clock: Clock) -> None:
    foreign = {"do": "403", "message": "Permission denied on resource project somebody-elses."}
    async with open_playhouse({"alice": [foreign], "bob": ["answer"]}, protocol="gemini") as house:
        assert [len((await house.ask(headers={"session-id": str(n)})).told) for n in range(3)] == [2, 1, 1]


async def test_while_all_rest_the_soonest_is_waited_for_and_no_lock_is_cleared(autojump_clock: Clock) -> None:
    plays = {"alice": ["429 retry-after=40", "answer"], "bob": ["429 retry-after=3600", "answer"]}
    async with open_playhouse(plays) as house:
        told = await house.ask()
        assert [account for account, _, _ in told.told] == ["alice", "bob", "alice"]
        assert house.house.roster.states()[1].state == "resting"


async def test_beyond_the_budget_the_client_is_told_the_true_time(autojump_clock: Clock) -> None:
    plays = {"alice": ["429 retry-after=900"], "bob": ["429 retry-after=3600"]}
    async with open_playhouse(plays) as house:
        told = await house.ask()
        assert (told.status, told.headers["retry-after"]) == (429, "900")
        states = house.house.roster.states()
        assert [state.state for state in states] == ["resting", "resting"]
