"""Accounts with Google credentials, through the whole house: tokens that expire, endpoints that fail."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from credential_files import CANARY_CLIENT, authorized_user, private_key, service_account, write_credential
from playhouse import QUICK, STREAM, Playhouse, open_playhouse
from trio.testing import MockClock

from peekd.healing.settings import HealingSettings
from peekd.relay.tree import Ground
from peekd.simulator.script import Play, Script
from peekd.simulator.server import Seen
from peekd.simulator.tokens import PREFIX

LIFE = 3600
ROBOT = "robot@p-1.iam.gserviceaccount.com"
PATIENT = msgspec.structs.replace(QUICK, refresh_seconds=20.0)


def script(tokens: Mapping[str, Sequence[object]], answers: Mapping[str, Sequence[object]] = {}) -> Script:
    """Acts of the token endpoint and of the upstream, by account."""
    plays = [*Script.of(answers).plays]
    for key, acts in tokens.items():
        (play,) = Script.of({key: acts}).plays
        plays.append(msgspec.structs.replace(play, path="/token"))
    return Script(tuple(plays))


@asynccontextmanager
async def open_accounts(
    tmp_path: Path,
    tokens: Mapping[str, Sequence[object]],
    answers: Mapping[str, Sequence[object]] = {},
    *,
    healing: HealingSettings = PATIENT,
    **stage: Any,
) -> AsyncGenerator[Playhouse]:
    """A house whose accounts have a refresh token each, which is their name; `plain` has a key."""
    references = {
        name: f"google:{write_credential(tmp_path / f'{name}.json', authorized_user(name))}"
        for name in tokens
        if name != "plain"
    }
    staged: dict[str, Any] = {"protocol": "gemini", "models": "*"} | stage
    async with open_playhouse(
        script(tokens, answers), accounts=list(tokens), healing=healing, credentials=references, **staged
    ) as house:
        yield house


def sent(house: Playhouse, verb: str) -> list[Seen]:
    """What came to the simulator: "token", or "generate"."""
    return [seen for seen in house.simulator.requests if seen.asked.verb == verb]


def header(seen: Seen, name: str) -> str | None:
    return seen.header(name)


# ---- what goes out -------------------------------------------------------------------------------------


async def test_an_access_token_goes_as_bearer_whatever_the_upstreams_own_way(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with open_accounts(tmp_path, {"alice": ["answer"]}) as house:
        told = await house.ask_gemini()
        assert told.record.outcome == "completed"
        (asked,) = sent(house, "generate")
        assert (header(asked, "authorization") or "").startswith(f"Bearer {PREFIX}")
        assert header(asked, "x-goog-api-key") is None
        assert asked.key == "alice"  # the token is the one that was given out for it
        house.assert_nothing_left()


async def test_a_service_account_s_token_is_had_with_a_signed_assertion(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    file = write_credential(tmp_path / "robot.json", service_account())
    async with open_playhouse(
        Script(), accounts=["robot"], protocol="gemini", models="*", credentials={"robot": f"google:{file}"}
    ) as house:
        told = await house.ask_gemini()
        assert told.record.outcome == "completed"
        assert [seen.key for seen in house.simulator.requests] == [ROBOT, ROBOT]


async def test_a_project_is_named_only_where_the_credential_names_it(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """Regression: another account's project, or one that was made up, is answered with 403 or 404."""
    files = {
        name: f"google:{write_credential(tmp_path / name, authorized_user(name, **more))}"
        for name, more in (("alice", {"quota_project_id": "p-alice"}), ("bob", {"quota_project_id": ""}))
    }
    async with open_playhouse(
        Script.of({"alice": ["429", "answer"]}), accounts=["alice", "bob"], protocol="gemini", models="*",
        credentials=files,
    ) as house:  # fmt: skip
        body = json.dumps({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}).encode()
        foreign = {"x-goog-user-project": "p-of-the-client"}
        path = f"/v1beta/models/gemini-2.5-pro:{STREAM}"
        told = await house.ask(body, path=path, headers=foreign)
        assert [account for account, _, _ in told.told] == ["alice", "bob"]
        asked = sent(house, "generate")
        assert [header(one, "x-goog-user-project") for one in asked] == ["p-alice", None]


@pytest.mark.parametrize("project", ["", "p-7"])
async def test_code_assist_names_the_project_that_is_set_and_never_makes_one_up(
    autojump_clock: MockClock, tmp_path: Path, project: str
) -> None:
    """Regression: an empty project id was sent, or a random or foreign one, and answered with 403 or 404."""
    async with open_accounts(
        tmp_path, {"alice": ["answer"], "bob": ["answer"]}, platform="code-assist", project=project
    ) as house:
        for _ in range(3):
            told = await house.ask_gemini()
            assert told.record.outcome == "completed"
        for seen in sent(house, "generate"):
            envelope = json.loads(seen.body)
            assert envelope.get("project") == (project or None)
            assert header(seen, "x-goog-user-project") is None


@pytest.mark.parametrize("stream", [True, False])
async def test_vertex_serves_a_gemini_client_under_project_and_location(
    autojump_clock: MockClock, tmp_path: Path, *, stream: bool
) -> None:
    async with open_accounts(tmp_path, {"alice": ["answer"]}, platform="vertex") as house:
        verb = STREAM if stream else "generateContent"
        told = await house.ask_gemini(verb=verb)
        assert told.record.outcome == "completed"
        assert told.record.spliced[-1] == "envelope"
        (asked,) = sent(house, "generate")
        assert asked.path.startswith("/v1/projects/p-1/locations/global/publishers/google/models/")


@pytest.mark.parametrize("stream", [True, False])
async def test_vertex_serves_a_client_of_the_messages_api(
    autojump_clock: MockClock, tmp_path: Path, *, stream: bool
) -> None:
    async with open_accounts(
        tmp_path, {"alice": ["answer"]}, platform="vertex", protocol="anthropic", models="claude-*"
    ) as house:
        told = await house.ask(stream=stream, headers={"anthropic-beta": "context-1m-2025-08-07"})
        assert told.record.outcome == "completed"
        (asked,) = sent(house, "generate")
        where = "/v1/projects/p-1/locations/global/publishers/anthropic/models/claude-opus-5-5"
        assert asked.path == f"{where}:streamRawPredict"
        assert header(asked, "anthropic-beta") == "context-1m-2025-08-07"
        body = json.loads(asked.body)
        assert "model" not in body
        assert body["anthropic_version"] == "vertex-2023-10-16"


# ---- once for all, and bounded -------------------------------------------------------------------------


async def test_two_hundred_requests_at_expiry_cause_exactly_one_refresh(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    tokens = {"alice": ["answer expires=3600", *["503"] * 8, "answer delay=3"]}
    async with open_accounts(tmp_path, tokens) as house:
        await house.ask_gemini()
        # The endpoint has trouble in all the time ahead, so that the token ends without another.
        await trio.sleep(LIFE - 12)
        assert house.house.tree.credentials.proof("alice") is not None
        await trio.sleep(11)
        failed = len(sent(house, "token"))
        assert house.house.tree.credentials.proof("alice") is None
        told: list[str] = []

        async def ask() -> None:
            told.append((await house.ask_gemini()).record.outcome)

        async with trio.open_nursery() as nursery:
            for _ in range(200):
                nursery.start_soon(ask)
        assert told == ["completed"] * 200
        assert len(sent(house, "token")) == failed + 1
        house.assert_nothing_left()


async def test_a_hung_token_endpoint_delays_only_those_who_need_it_and_is_bounded(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    tokens: dict[str, list[object]] = {"alice": ["silence"], "bob": ["answer"], "plain": ["answer"]}
    async with open_accounts(tmp_path, tokens) as house:
        await trio.sleep(2)  # bob has a token, alice waits for hers
        took: dict[str, float] = {}

        async def ask(number: int) -> None:
            began = trio.current_time()
            told = await house.ask_gemini()
            assert told.record.outcome == "completed"
            took[f"{told.record.account}-{number}-{len(told.told)}"] = trio.current_time() - began

        async with trio.open_nursery() as nursery:
            for number in range(9):
                nursery.start_soon(ask, number)
        assert any("waiting for an access token of alice" in entry.message for entry in house.entries)
        waited = [seconds for name, seconds in took.items() if name.endswith("-2")]
        assert waited  # who came to alice first waited for the one exchange, then went elsewhere
        assert max(waited) <= PATIENT.refresh_seconds + 1
        assert all(seconds < 1 for name, seconds in took.items() if name.endswith("-1"))
        assert len([seen for seen in sent(house, "token") if seen.key == "alice"]) == 1
        states = {state.name: state for state in house.house.roster.states()}
        assert (states["alice"].state, states["alice"].cause) == ("tired", "headers_timeout")


async def test_in_the_time_ahead_of_the_end_a_token_that_holds_serves_though_none_can_be_had(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """Regression: within the grace window a failing refresh failed the request."""
    async with open_accounts(tmp_path, {"alice": ["answer expires=3600", "503"]}) as house:
        await house.ask_gemini()
        await trio.sleep(LIFE - 60)
        began = trio.current_time()
        told = await house.ask_gemini()
        assert (told.record.outcome, len(told.told)) == ("completed", 1)
        assert trio.current_time() - began < 1
        assert len(sent(house, "token")) > 1


async def test_a_waiter_that_gives_up_leaves_the_refresh_to_the_others(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """Regression: a short limit on acquiring an account cancelled its refresh half-way, again and again."""
    async with open_accounts(tmp_path, {"alice": ["answer delay=10"]}) as house:
        told = await house.ask_gemini(leave_after=5)
        assert told.record.outcome == "client_gone"
        told = await house.ask_gemini()
        assert told.record.outcome == "completed"
        assert len(sent(house, "token")) == 1


@pytest.mark.parametrize("act", ["503", "500", "close", "502"])
async def test_trouble_at_the_token_endpoint_rotates_and_disables_nobody(
    autojump_clock: MockClock, tmp_path: Path, act: str
) -> None:
    async with open_accounts(tmp_path, {"alice": [act], "plain": ["answer"]}) as house:
        told = await house.ask_gemini()
        assert told.record.outcome == "completed"
        assert told.record.account == "plain"
        assert [seen.key for seen in sent(house, "generate")] == ["plain"]
        states = {state.name: state for state in house.house.roster.states()}
        assert states["alice"].state == "tired"


async def test_where_nobody_else_is_left_the_client_is_told_to_come_back(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with open_accounts(tmp_path, {"alice": ["503"]}) as house:
        told = await house.ask_gemini(verb="generateContent")
        assert told.status == 503
        assert int(told.headers["retry-after"]) >= 1
        assert "credential_refresh" in told.json["error"]["message"]
        assert sent(house, "generate") == []


# ---- for good ------------------------------------------------------------------------------------------


async def test_invalid_grant_disables_the_account_with_its_reason(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """Regression: an account whose grant was revoked was asked again and again."""
    async with open_accounts(tmp_path, {"alice": ["invalid-grant"], "plain": ["answer"]}) as house:
        told = await house.ask_gemini()
        assert told.record.outcome == "completed"
        await trio.sleep(10_000)
        states = {state.name: state for state in house.house.roster.states()}
        assert states["alice"].state == "disabled"
        assert states["alice"].because == "invalid_grant: Token has been expired or revoked."
        assert len(sent(house, "token")) == 1
        (entry,) = [entry for entry in house.entries if "disabled" in entry.message]
        assert (entry.account, entry.phase) == ("alice", "refresh")


async def test_an_account_that_is_dead_alone_is_named_to_the_client(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with open_accounts(tmp_path, {"alice": ["invalid-grant"]}) as house:
        for _ in range(2):
            told = await house.ask_gemini(verb="generateContent")
            assert told.status == 503
            assert told.headers["x-should-retry"] == "false"
            assert "alice" in told.json["error"]["message"]


async def test_a_replaced_file_brings_the_account_back(tmp_path: Path) -> None:
    async with open_accounts(tmp_path, {"alice": ["invalid-grant"]}) as house:
        with trio.fail_after(30):
            told = await house.ask_gemini(verb="generateContent")
            assert told.status == 503
            fresh = write_credential(tmp_path / "new.json", authorized_user("anew"))
            fresh.rename(tmp_path / "alice.json")
            await house.house.tree.credentials.look()
            told = await house.ask_gemini()
        assert told.record.outcome == "completed"
        assert sent(house, "generate")[-1].key == "anew"
        (entry,) = [entry for entry in house.entries if "was replaced" in entry.message]
        assert entry.account == "alice"


async def test_who_was_disabled_by_hand_stays_so_when_its_file_is_replaced(tmp_path: Path) -> None:
    async with open_accounts(tmp_path, {"alice": ["answer"]}) as house:
        with trio.fail_after(30):
            house.house.roster.disable("alice", "on holiday")
            write_credential(tmp_path / "new.json", authorized_user("anew")).rename(tmp_path / "alice.json")
            await house.house.tree.credentials.look()
        assert [state.because for state in house.house.roster.states()] == ["on holiday"]


async def test_an_account_enabled_by_hand_is_tried_again(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with open_accounts(tmp_path, {"alice": ["invalid-grant", "answer"]}) as house:
        await house.ask_gemini(verb="generateContent")
        house.house.switch("alice", "enable")
        await trio.sleep(1)
        told = await house.ask_gemini()
        assert told.record.outcome == "completed"


async def test_a_token_that_is_turned_away_is_had_anew_once(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """A grant may be revoked and given again before its token has ended."""
    answers = {"alice": [*["401"] * 20, "answer"]}
    async with open_accounts(tmp_path, {"alice": ["answer"]}, answers) as house:
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(house.ask_gemini)
        assert len(sent(house, "token")) == 2
        assert [record.outcome for record in house.house.live.newest_first()] == ["completed"] * 20


@pytest.mark.parametrize("replaced", [True, False])
async def test_other_settings_keep_the_access_tokens_of_credentials_that_stay(
    tmp_path: Path, *, replaced: bool
) -> None:
    async with open_accounts(tmp_path, {"alice": ["answer"]}) as house:
        with trio.fail_after(30):
            await house.ask_gemini()
            if replaced:
                write_credential(tmp_path / "new", authorized_user("anew")).rename(tmp_path / "alice.json")
            tree, dials = house.house.tree, {"up": house.simulator.dial}
            ground = Ground(PATIENT, tree.settings, [*tree.accounts.values()], tree.places.routes)
            house.house.adopt(await house.house.grow(ground, dials))
            told = await house.ask_gemini()
        assert told.record.outcome == "completed"
        assert len(sent(house, "token")) == 1 + replaced
        assert sent(house, "generate")[-1].key == ("anew" if replaced else "alice")


# ---- secrets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["answer", "invalid-grant", "503", "502"])
async def test_no_secret_is_in_journal_record_error_or_state(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture, act: str
) -> None:
    caplog.set_level(logging.DEBUG)
    refresh = "1//canary-refresh"
    quoted = json.dumps({
        "error": "invalid_grant",
        "error_description": f"{refresh} of {CANARY_CLIENT} is bad",
    })
    acts: list[object] = [{"do": "400", "body": quoted}] if act == "invalid-grant" else [act]
    plays = script({refresh: acts}, {"*": [{"do": "401", "message": f"{PREFIX}000001-1 is no token"}]})
    files = {
        "alice": f"google:{write_credential(tmp_path / 'a', authorized_user(refresh))}",
        "robot": f"google:{write_credential(tmp_path / 'r', service_account())}",
    }
    async with open_playhouse(
        plays, accounts=["alice", "robot"], protocol="gemini", models="*", credentials=files
    ) as house:
        told = await house.ask_gemini(verb="generateContent")
        held = [house.entries, told.record, house.house.roster.states(), house.house.describe_accounts()]
        shown = " ".join([
            *map(repr, held),
            *(msgspec.json.encode(one).decode() for one in held),
            told.body.decode(),
            repr(told.headers),
            caplog.text,
            repr(house.house.tree.credentials),
        ])
        tokens = [seen.asked.text for seen in sent(house, "token") if seen.asked.text]
        for secret in (refresh, "canary-refresh", CANARY_CLIENT, private_key()[60:120], PREFIX, *tokens):
            assert secret not in shown


async def test_no_traceback_shows_a_secret(autojump_clock: MockClock, tmp_path: Path) -> None:
    """A crash dump shows what locals look like: none of them has its secret in its repr."""
    async with open_accounts(tmp_path, {"alice": ["answer"]}) as house:
        told = await house.ask_gemini()
        assert told.record.outcome == "completed"
        proof = await house.house.tree.credentials.ready("alice")
        crash = RuntimeError(f"{proof!r} {house.house.tree.credentials!r}")
        shown = "".join(traceback.TracebackException.from_exception(crash, capture_locals=True).format())
        assert PREFIX not in shown
        assert CANARY_CLIENT not in shown


def test_a_play_of_the_endpoint_is_for_its_path_alone() -> None:
    (play,) = script({"alice": ["503"]}).plays
    assert isinstance(play, Play)
    assert play.path == "/token"
