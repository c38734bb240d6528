from __future__ import annotations

import pytest

from peekd.serving.callers import find_caller, is_within, read_address, read_network
from peekd.serving.ingress import compile_access
from peekd.serving.settings import ServerSettings

TRUSTED = compile_access(ServerSettings(trusted_proxies=("10.0.0.0/8", "127.0.0.1")), bound=[]).trusted


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ('"[2001:db8::1]:4711"', "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        (" 192.0.2.1:80 ", "192.0.2.1"),
    ],
)
def test_addresses_are_read_in_every_way_they_are_written(text: str, address: str) -> None:
    assert str(read_address(text)) == address


@pytest.mark.parametrize(
    ("text", "address", "within"),
    [
        ("::ffff:10.0.0.0/104", "10.1.2.3", True),
        ("::ffff:10.0.0.0/104", "11.1.2.3", False),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7", True),
        ("192.0.2.0/24", "::ffff:192.0.2.7", True),
        ("::/0", "192.0.2.7", False),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("fe80::/10", "fe80::1%eth0", True),
        ("2001:db8::/32", "[2001:db8::7]:80", True),
    ],
)
def test_a_range_holds_an_address_however_either_is_written(text: str, address: str, *, within: bool) -> None:
    read = read_address(address)
    assert read is not None
    assert is_within(read, [read_network(text)]) == within


@pytest.mark.parametrize("text", ["", "unknown", "_hidden", "localhost", "1.2.3"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert read_address(text) is None


@pytest.mark.parametrize(
    ("peer", "headers", "address", "loopback"),
    [
        (None, [], "None", True),
        ("127.0.0.1", [], "127.0.0.1", True),
        ("::1", [], "::1", True),
        ("192.0.2.1", [], "192.0.2.1", False),
        # believed
        ("10.0.0.1", [("x-forwarded-for", "192.0.2.9")], "192.0.2.9", False),
        ("10.0.0.1", [("x-forwarded-for", "6.6.6.6, 192.0.2.9, 10.0.0.2")], "192.0.2.9", False),
        ("10.0.0.1", [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.9")], "192.0.2.9", False),
        (
            "10.0.0.1",
            [("forwarded", 'for="[2001:db8::1]:9";proto=https, for=10.0.0.3')],
            "2001:db8::1",
            False,
        ),
        ("10.0.0.1", [("x-forwarded-for", "::1")], "::1", True),
        # not believed, and no longer loopback
        ("127.0.0.2", [("x-forwarded-for", "192.0.2.9")], "127.0.0.2", False),
        ("127.0.0.2", [("forwarded", "for=127.0.0.1")], "127.0.0.2", False),
        ("127.0.0.2", [("x-forwarded-proto", "https")], "127.0.0.2", False),
        (None, [("x-forwarded-for", "127.0.0.1")], "None", False),
        ("127.0.0.2", [("x-forwarded-port", "443")], "127.0.0.2", False),
        ("127.0.0.2", [("x-forwarded", "for=127.0.0.1")], "127.0.0.2", False),
        ("127.0.0.2", [("via", "1.1 vegur")], "127.0.0.2", False),
        ("127.0.0.2", [("cf-connecting-ip", "127.0.0.1")], "127.0.0.2", False),
        ("127.0.0.2", [("x-forwarded-for", "")], "127.0.0.2", False),
        # odd things that trusted ones pass on
        ("10.0.0.1", [("x-forwarded-for", "127.0.0.1, 192.0.2.9")], "192.0.2.9", False),
        ("10.0.0.1", [("x-forwarded-for", "192.0.2.9:4711, [2001:db8::1]:80")], "2001:db8::1", False),
        ("10.0.0.1", [("x-forwarded-for", "192.0.2.9,")], "10.0.0.1", False),
        ("10.0.0.1", [("x-forwarded-for", "10.0.0.2, 10.0.0.3")], "10.0.0.2", False),
        ("10.0.0.1", [("forwarded", "proto=https;by=1.2.3.4")], "10.0.0.1", False),
        ("10.0.0.1", [("forwarded", 'For = "127.0.0.1')], "10.0.0.1", False),
        ("10.0.0.1", [("forwarded", "for=127.0.0.1, for=_hidden")], "10.0.0.1", False),
        ("::ffff:10.0.0.1", [("x-forwarded-for", "::ffff:192.0.2.9")], "192.0.2.9", False),
        ("10.0.0.1", [("x-real-ip", "127.0.0.1")], "10.0.0.1", False),
        # trusted, but what it says is no caller on loopback
        ("127.0.0.1", [("x-forwarded-proto", "https")], "127.0.0.1", False),
        ("10.0.0.1", [("x-forwarded-for", "unknown")], "10.0.0.1", False),
        ("10.0.0.1", [("x-forwarded-for", "::1"), ("forwarded", "for=192.0.2.9")], "::1", False),
    ],
)
def test_who_calls(peer: str | None, headers: list[tuple[str, str]], address: str, *, loopback: bool) -> None:
    caller = find_caller(peer, headers, TRUSTED)
    assert (str(caller.address), caller.loopback) == (address, loopback)
