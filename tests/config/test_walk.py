import tomllib

import pytest

from peekd.config.schema import Settings
from peekd.config.walk import find_faults


def faults_of(text: str) -> list[str]:
    return [fault.told() for fault in find_faults(tomllib.loads(text))[1]]


def test_what_is_right_is_read_as_it_stands() -> None:
    raw = {"healing": {"peek_seconds": 7, "policy": {"silent": {"ladder": ["rotate"]}}}}
    settings, faults = find_faults(raw)
    assert faults == []
    assert settings.healing.peek_seconds == 7
    assert settings.healing.policy["silent"].ladder == ("rotate",)
    assert find_faults({})[0] == Settings()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("logs = 3", "logs: expected a table, found a whole number"),
        ("upstreams = []", "upstreams: expected a table of tables, found a list"),
        ("accounts = {}", "accounts: expected a list of tables, found a table"),
        ('server.bind = "x"', "server.bind: expected a list of strings, found a string"),
        ("server.bind = [2020-01-01]", "server.bind[0]: expected a string, found a date"),
        ("server.expose_account = 1", "server.expose_account: expected true or false, found a whole number"),
        ("server.body_seconds = 0", "server.body_seconds: expected a number of more than 0, found 0"),
        ("server.body_seconds = nan", "server.body_seconds: expected a number of more than 0, found nan"),
        ("healing.idle_seconds = inf", "healing.idle_seconds: expected a number of at least 0, found inf"),
        (
            "healing.max_attempts = 1.5",
            "healing.max_attempts: expected a whole number of at least 1, found 1.5",
        ),
        (
            "healing.max_attempts = true",
            "healing.max_attempts: expected a whole number of at least 1, found true",
        ),
        (
            "healing.early_commit_seconds = 61",
            "healing.early_commit_seconds: expected a number of at least 0 and at most 60, found 61",
        ),
        (
            'logs.level = "warn"',
            'logs.level: expected "debug", "info", "warning" or "error", found "warn"; nearest: warning',
        ),
    ],
)
def test_a_value_of_another_shape_is_told(text: str, told: str) -> None:
    assert faults_of(text) == [told]


def test_a_missing_key_is_told_with_what_it_takes() -> None:
    assert faults_of("[upstreams.a]\n[[accounts]]\nname = 'a'\nupstream = 'a'\n[[routes]]\nmatch = '*'") == [
        'upstreams.a.protocol: expected "anthropic", "gemini", "openai-chat" or "openai-responses", '
        "found nothing",
        "routes[0].to: expected a list of strings, found nothing",
    ]


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("server.max_body_mb = 1", "; nearest: server.max_body_mib"),
        ("peek_seconds = 1", "; nearest: healing.peek_seconds"),
        ("server.credential = 'x'", "; nearest: accounts[].credential"),
        ("healing.zzz = 1", ""),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest(text: str, near: str) -> None:
    key = text.partition(" ")[0]
    assert faults_of(text) == [f"{key}: expected a known key, found an unknown one{near}"]


def test_every_fault_of_shape_leaves_settings_that_can_be_checked_further() -> None:
    settings, faults = find_faults({
        "accounts": [3, {"name": 1}],
        "routes": 1,
        "healing": {"policy": {"x": 1}},
    })
    assert len(settings.accounts) == 2
    assert len(faults) == 5
