from __future__ import annotations

from datetime import UTC

import msgspec

from peekd.accounts.settings import AccountSettings
from peekd.config.schema import Settings
from peekd.healing.settings import HealingSettings, RouteSettings
from peekd.monitor.configured import HIDDEN, Setting, notes_of, settings_of, standing_of
from peekd.serving.settings import ServerSettings
from peekd.upstream.settings import UpstreamSettings

SECRET = "sk-ant-api03-abcdefghijklmnop"

SET = Settings(
    server=ServerSettings(max_body_mib=8, admin_keys=("env:ADMIN",)),
    upstreams={
        "google": UpstreamSettings(
            protocol="gemini",
            base_url="https://user:pass@example.com/x",
            proxy="socks5://me:word@127.0.0.1:1080",
            headers={"x-team": "blue", "x-api-key": SECRET, "x-note": f"see {SECRET}"},
        )
    },
    accounts=(AccountSettings("alice", "google", credential="env:GEMINI_API_KEY"),),
    routes=(RouteSettings("claude-*", ("google/gemini-3-pro",)),),
    healing=HealingSettings(peek_seconds=5.0),
)


def shown(table: str, key: str) -> Setting:
    return next(one for one in settings_of(SET) if (one.table, one.key) == (table, key))


def test_what_is_set_is_told_from_defaults() -> None:
    assert shown("server", "max_body_mib") == Setting("server", "max_body_mib", "8", set=True)
    assert not shown("server", "max_requests_per_key").set
    assert shown("healing", "peek_seconds").set
    assert not shown("healing", "idle_seconds").set
    assert not any(one.set for one in settings_of(Settings()))


def test_tables_of_tables_are_told_one_by_one() -> None:
    assert shown("accounts 1", "name").value == "alice"
    assert shown("routes 1", "to").value == '["google/gemini-3-pro"]'
    assert shown("upstreams.google.headers", "x-team").value == "blue"


def test_where_a_secret_is_may_be_known_and_a_secret_not() -> None:
    assert shown("accounts 1", "credential").value == "env:GEMINI_API_KEY"
    assert shown("server", "admin_keys").value == '["env:ADMIN"]'
    assert shown("upstreams.google", "base_url").value == f"https://{HIDDEN}@example.com/x"
    assert shown("upstreams.google", "proxy").value == f"socks5://{HIDDEN}@127.0.0.1:1080"
    every = msgspec.json.encode(settings_of(SET))
    assert SECRET.encode() not in every
    assert b"pass@" not in every


def test_how_the_settings_were_read_is_told() -> None:
    described: dict[str, object] = {
        "accounts": [],
        "settings": {"file": "p.toml", "at": 0.0, "faults": ["x"], "restart": ["y"]},
    }
    assert notes_of(standing_of(described), UTC) == [
        "Read from p.toml at 1970-01-01 00:00:00.",
        "Not taken over, for a fault: x",
        "What you can do: mend p.toml; `peekd check` tells what and where.",
        "Changed, and waits for a restart: y",
    ]
    assert notes_of(standing_of({"accounts": []}), UTC) == []
