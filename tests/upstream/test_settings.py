"""Where an upstream is."""

from __future__ import annotations

import pytest

from peekd.upstream.settings import UpstreamSettings, vertex_address


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("global", "https://aiplatform.googleapis.com"),
        ("us", "https://aiplatform.us.rep.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
        ("us-east5", "https://us-east5-aiplatform.googleapis.com"),
    ],
)
def test_vertex_is_where_its_location_is_unless_an_address_is_set(location: str, address: str) -> None:
    assert vertex_address(location) == address
    assert UpstreamSettings("gemini", platform="vertex", project="p", location=location).address == address
    own = UpstreamSettings("gemini", "https://own", platform="vertex", project="p", location=location)
    assert own.address == "https://own"


def test_nobody_else_is_anywhere_without_an_address() -> None:
    assert UpstreamSettings("gemini").address == ""
    assert UpstreamSettings("gemini", platform="vertex").address == ""
