"""Costs are estimated where price and tokens are known, and unknown otherwise."""

from __future__ import annotations

from datetime import date

import pytest

from peekd.records.prices import AS_OF, PRICES, cost_of, price_of
from peekd.vocabulary.events import Usage


def test_the_list_is_dated() -> None:
    assert date.fromisoformat(AS_OF)


@pytest.mark.parametrize("name", sorted(PRICES))
def test_a_price_is_found_under_its_name_and_longer_ones(name: str) -> None:
    price = PRICES[name]
    assert price_of(name) == price_of(f"{name}-20991231") == price_of(f"vendor/{name}") == price
    assert 0 < price.cached < price.prompt <= price.cache_written
    assert price.output > price.prompt


def test_the_longest_name_counts() -> None:
    assert price_of("gemini-2.5-flash-lite-001") == PRICES["gemini-2.5-flash-lite"]
    assert price_of("gpt-5-mini-2025-08-07") == PRICES["gpt-5-mini"]


@pytest.mark.parametrize("name", ["", "gpt", "gpt-50", "unheard-of", "claude"])
def test_an_unknown_model_has_no_price(name: str) -> None:
    assert price_of(name) is None
    assert cost_of(name, Usage(prompt=1, output=1)) is None


def test_cached_tokens_cost_less_and_written_ones_more() -> None:
    usage = Usage(prompt=1_000_000, cached=600_000, cache_written=100_000, output=10_000)
    assert cost_of("claude-sonnet-4-5", usage) == pytest.approx(0.3 * 3 + 0.6 * 0.3 + 0.1 * 3.75 + 0.15)


@pytest.mark.parametrize("usage", [Usage(), Usage(prompt=5), Usage(output=5)])
def test_unknown_tokens_cost_nobody_knows_what(usage: Usage) -> None:
    assert cost_of("gpt-5", usage) is None


def test_figures_that_do_not_add_up_cost_no_less_than_nothing() -> None:
    cost = cost_of("gpt-5", Usage(prompt=10, cached=50, output=0))
    assert cost is not None
    assert cost >= 0
