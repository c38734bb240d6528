from __future__ import annotations

from ipaddress import ip_address
from itertools import count

import pytest

from peekd.serving.logins import GUESS_SECONDS, GUESSES, LASTS_SECONDS, Logins, cookie

KEYS = {"ops": "secret-of-ops", "dev": "secret-of-dev"}
HERE = ip_address("192.0.2.1")


@pytest.fixture
def logins() -> Logins:
    numbers = count(1)
    return Logins(lambda: f"token-{next(numbers)}")


def test_a_key_gives_a_token_that_holds_for_its_time(logins: Logins) -> None:
    token = logins.log_in("secret-of-ops", KEYS, HERE, 0.0)
    assert token == "token-1"
    assert logins.holds(token, KEYS, LASTS_SECONDS - 1)
    assert not logins.holds(token, KEYS, LASTS_SECONDS)
    assert not logins.holds(token, KEYS, 1.0)  # once over, it is forgotten


@pytest.mark.parametrize("key", ["", "secret", "secret-of-ops ", "ops", "é"])
def test_any_other_key_gives_none(logins: Logins, key: str) -> None:
    assert logins.log_in(key, KEYS, HERE, 0.0) is None


@pytest.mark.parametrize("token", ["", "token-2", "token-1 ", "\udcff"])
def test_any_other_token_is_nobodys(logins: Logins, token: str) -> None:
    logins.log_in("secret-of-ops", KEYS, HERE, 0.0)
    assert not logins.holds(token, KEYS, 0.0)


@pytest.mark.parametrize("keys", [{}, {"dev": "secret-of-dev"}, {"ops": "another by now"}])
def test_a_key_that_is_no_more_takes_its_logins_along(logins: Logins, keys: dict[str, str]) -> None:
    token = logins.log_in("secret-of-ops", KEYS, HERE, 0.0) or ""
    assert not logins.holds(token, keys, 1.0)


def test_who_logs_out_is_out(logins: Logins) -> None:
    token = logins.log_in("secret-of-ops", KEYS, HERE, 0.0) or ""
    logins.log_out("another's")
    assert logins.holds(token, KEYS, 1.0)
    logins.log_out(token)
    assert not logins.holds(token, KEYS, 1.0)


def test_after_some_wrong_keys_an_address_waits(logins: Logins) -> None:
    for turn in range(GUESSES):
        assert not logins.blocked(HERE, turn)
        logins.log_in("wrong", KEYS, HERE, turn)
    assert logins.blocked(HERE, 10.0) == GUESS_SECONDS - 10.0
    assert not logins.blocked(ip_address("192.0.2.2"), 10.0)
    assert not logins.blocked(HERE, GUESS_SECONDS)


def test_a_right_key_clears_the_count(logins: Logins) -> None:
    for _ in range(GUESSES - 1):
        logins.log_in("wrong", KEYS, HERE, 0.0)
    logins.log_in("secret-of-dev", KEYS, HERE, 0.0)
    logins.log_in("wrong", KEYS, HERE, 0.0)
    assert not logins.blocked(HERE, 0.0)


def test_a_network_of_ipv6_counts_as_one_address(logins: Logins) -> None:
    for turn in range(GUESSES):
        logins.log_in("wrong", KEYS, ip_address(f"2001:db8::{turn}"), 0.0)
    assert logins.blocked(ip_address("2001:db8::ffff"), 0.0)
    assert not logins.blocked(ip_address("2001:db8:0:1::1"), 0.0)


def test_what_is_remembered_is_bounded(logins: Logins) -> None:
    first = logins.log_in("secret-of-ops", KEYS, HERE, 0.0) or ""
    for number in range(1000):
        logins.log_in("secret-of-ops", KEYS, HERE, 0.0)
        logins.log_in("wrong", KEYS, ip_address(number), 0.0)
    assert not logins.holds(first, KEYS, 0.0)


@pytest.mark.parametrize("secure", [True, False])
def test_no_script_and_no_other_site_gets_the_cookie(secure: bool) -> None:  # noqa: FBT001
    parts = cookie("t", secure=secure).split("; ")
    assert parts[0] == "peekd_monitor=t"
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(parts)
    assert ("Secure" in parts) is secure
