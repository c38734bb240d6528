"""Protocols are found by name, and by the platform that serves them."""

from __future__ import annotations

import pytest

from peekd.protocols.registry import CLIENTS, PLATFORMS, UPSTREAMS, Site, upstream_of


def fresh(prefix: str) -> str:
    return f"{prefix}1"


def test_every_upstream_protocol_has_a_client_of_its_name() -> None:
    assert all(name == protocol.name for name, protocol in (*UPSTREAMS.items(), *CLIENTS.items()))
    assert UPSTREAMS.keys() <= CLIENTS.keys()


@pytest.mark.parametrize("name", sorted(UPSTREAMS))
def test_without_a_platform_a_protocol_is_its_own_and_has_no_envelope(name: str) -> None:
    protocol = upstream_of(name)
    assert protocol is UPSTREAMS[name]
    body = b'{"response":{}}'
    assert protocol.unwrap(body) is body
    assert not protocol.enveloped


def test_a_platform_takes_the_place_of_its_protocol() -> None:
    protocol = upstream_of("gemini", "code-assist", Site("p", "", fresh))
    assert protocol.name == "gemini"
    assert protocol.unwrap(b'{"response":{}}') == b"{}"
    assert protocol.enveloped


def test_a_platform_serves_its_own_protocol_only() -> None:
    with pytest.raises(KeyError):
        upstream_of("anthropic", "code-assist")


@pytest.mark.parametrize(("name", "platform"), sorted(PLATFORMS))
def test_a_platform_speaks_the_protocol_and_carries_its_signatures(name: str, platform: str) -> None:
    protocol = upstream_of(name, platform, Site("p", "global", fresh))
    assert (protocol.name, protocol.family) == (name, UPSTREAMS[name].family)
    assert protocol.auth == "bearer"
