"""What news of credentials do to accounts, and what is written down of them."""

from __future__ import annotations

import pytest
import trio
from playhouse import Playhouse, open_playhouse

from peekd.records.entries import NOTICE, WARNING
from peekd.relay.vigil import Vigil
from peekd.upstream.minting import News

Clock = trio.testing.MockClock


def vigil_of(playhouse: Playhouse) -> Vigil:
    return playhouse.house.vigil


def state_of(playhouse: Playhouse) -> tuple[str, str]:
    (state,) = playhouse.house.roster.states()
    return state.state, state.because


async def test_dead_disables_with_the_reason_and_replaced_enables_again(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        vigil = vigil_of(playhouse)
        vigil.tell(News("alice", "dead", "invalid_grant: revoked"))
        assert state_of(playhouse) == ("disabled", "invalid_grant: revoked")
        vigil.tell(News("alice", "replaced", "google:/a"))
        assert state_of(playhouse) == ("ready", "")
        assert [(entry.priority, entry.account, entry.phase) for entry in playhouse.entries] == [
            (WARNING, "alice", "refresh"),
            (NOTICE, "alice", "refresh"),
        ]


async def test_who_was_disabled_by_hand_is_not_enabled(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        vigil = vigil_of(playhouse)
        playhouse.house.roster.disable("alice", "on holiday")
        for kind in ("replaced", "renewed", "late", "unreadable"):
            vigil.tell(News("alice", kind, "w"))
        assert state_of(playhouse) == ("disabled", "on holiday")


async def test_who_was_disabled_by_hand_since_is_not_enabled_by_a_file(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        vigil = vigil_of(playhouse)
        vigil.tell(News("alice", "dead", "invalid_grant: revoked"))
        playhouse.house.roster.disable("alice", "on holiday")
        vigil.tell(News("alice", "replaced", "google:/a"))
        assert state_of(playhouse) == ("disabled", "on holiday")


@pytest.mark.parametrize("kind", ["late", "unreadable", "renewed"])
async def test_what_passes_changes_nothing(autojump_clock: Clock, kind: str) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        vigil_of(playhouse).tell(News("alice", kind, "w"))  # pyright: ignore[reportArgumentType]  one of them
        assert state_of(playhouse) == ("ready", "")
        assert len(playhouse.entries) == 1


@pytest.mark.parametrize("dead", [True, False])
async def test_another_credential_ends_what_the_old_one_was_turned_away_for(
    autojump_clock: Clock, *, dead: bool
) -> None:
    async with open_playhouse({"alice": ["401", "answer"]}) as playhouse:
        vigil = vigil_of(playhouse)
        told = await playhouse.ask()
        assert isinstance(told.told[0][1], str)
        assert state_of(playhouse)[0] == "to_mend"
        if dead:
            vigil.tell(News("alice", "dead", "w"))
            playhouse.house.roster.enable("alice")
            vigil.tell(News("alice", "renewed", "for 3599 s"))
        else:
            vigil.tell(News("alice", "replaced", "w"))
        assert state_of(playhouse)[0] == "ready"


async def test_secrets_are_taken_out_of_what_is_told(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        secret = "ya29.a0AfH6SMBcanary0123456789"
        vigil_of(playhouse).tell(News("alice", "dead", f"invalid_grant: {secret}"))
        assert "canary" not in repr(playhouse.entries) + repr(playhouse.house.roster.states())
