from __future__ import annotations

import pytest

from peekd.accounts.wanted import Target
from peekd.healing.plan import Places, plan
from peekd.protocols.registry import CLIENTS
from peekd.records.entries import ERROR, Entry
from peekd.service.demo import SECRETS, banner, demo_settings, tell
from peekd.serving.settings import ServerSettings
from peekd.simulator.script import load_script


def test_the_demo_has_three_accounts_whose_keys_it_brings_itself() -> None:
    settings = demo_settings(ServerSettings())
    assert [account.name for account in settings.accounts] == ["alice@demo", "bob@demo", "carol@demo"]
    assert {account.credential for account in settings.accounts} == {f"env:{name}" for name in SECRETS}


def test_its_script_knows_these_keys() -> None:
    assert set(load_script("demo").keys) == set(SECRETS.values())


def test_the_banner_can_be_pasted() -> None:
    told = banner("http://127.0.0.1:8045")
    assert "ANTHROPIC_BASE_URL=http://127.0.0.1:8045\n" in told
    assert "curl -N http://127.0.0.1:8045/v1/messages" in told


@pytest.mark.parametrize("protocol", sorted(CLIENTS))
def test_every_clients_language_and_any_model_is_served(protocol: str) -> None:
    settings = demo_settings(ServerSettings())
    spoken = {name: upstream.protocol for name, upstream in settings.upstreams.items()}
    planned = plan("some-model", protocol, Places(settings.routes, spoken, settings.healing))
    assert planned.targets == (Target("simulator", "some-model"),)


def test_each_healing_is_one_line_and_what_went_well_is_told_at_its_end() -> None:
    decided = Entry(
        "rotate: another",
        account="alice",
        request="req_123456",
        phase="decide",
        outcome="silent",
        move="rotate",
    )
    assert tell(decided, 0, 0.0) == b"  heals  123456  alice: silent -> rotate: another\n"
    relayed = Entry("relay: whole", account="alice", phase="decide", outcome="accepted", move="relay")
    assert tell(relayed, 4, 0.0) == b""
    ended = Entry("completed after 2 attempts", account="alice", request="req_123456", phase="end")
    assert tell(ended, 4, 0.0) == b"  done   123456  alice: completed after 2 attempts (4 lines lost)\n"
    assert tell(Entry("a fault", ERROR), 0, 0.0) == b"a fault\n"
