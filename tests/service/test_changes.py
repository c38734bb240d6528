"""What a daemon that runs takes over, and what is told of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.config.schema import Settings
from peekd.service.changes import LIVE, WHOLE, take_over, tell_changes


def settings(**tables: Any) -> Settings:
    return msgspec.convert(tables, Settings)


UP = {"protocol": "anthropic", "base_url": "http://127.0.0.1:1"}
BASE = settings(
    upstreams={"up": UP},
    accounts=[{"name": name, "upstream": "up", "credential": "env:KEY"} for name in ("alice", "bob")],
)


def test_what_is_not_known_to_be_live_waits_for_a_restart_and_the_rest_is_taken() -> None:
    wanted = settings(
        server={"bind": ["127.0.0.1:1"], "auth": "strict", "write_stall_seconds": 5},
        signatures={"ttl_seconds": 9},
        logs={"level": "debug"},
        healing={"max_attempts": 7},
    )
    taken = take_over(Settings(), wanted)
    assert set(taken.restart) == {"server.bind", "server.write_stall_seconds", "signatures.ttl_seconds"}
    assert taken.settings.server.bind == Settings().server.bind
    assert (taken.settings.server.auth, taken.settings.logs.level) == ("strict", "debug")
    assert taken.settings.healing.max_attempts == 7
    again = take_over(taken.settings, wanted)
    assert set(again.restart) == set(taken.restart)
    assert take_over(taken.settings, Settings()).restart == ()


def test_every_live_key_is_a_setting() -> None:
    for path in LIVE:
        section, key = path.split(".")
        assert key in getattr(Settings(), section).__struct_fields__
    assert set(WHOLE) <= set(Settings.__struct_fields__)


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({}, "nothing has changed"),
        ({"accounts": [*BASE.accounts[:1]]}, "accounts -bob"),
        ({"upstreams": {"up": UP, "other": UP}}, "upstreams +other"),
        ({"upstreams": {"up": {**UP, "streams": False}}}, "upstreams up changed"),
        ({"routes": [{"match": "*", "to": ["up"]}]}, "routes changed"),
        ({"healing": {"max_attempts": 2}, "server": {"auth": "off"}}, "healing.max_attempts; server.auth"),
    ],
)
def test_changes_are_told_by_name_alone(tables: dict[str, Any], told: str) -> None:
    base = msgspec.to_builtins(BASE)
    parts = {"upstreams": base["upstreams"], "accounts": base["accounts"], **msgspec.to_builtins(tables)}
    words = tell_changes(BASE, settings(**parts))
    assert set(words.split("; ")) == set(told.split("; "))
