"""What tokens cost, by our own list: US dollars for a million, as the vendors' pages had it on `AS_OF`.

An estimate for comparing accounts and models, and no bill: discounts, batches, long-context and regional
rates are left out. A model that is not in the list costs nobody knows what.
Sources: anthropic.com/pricing, ai.google.dev/gemini-api/docs/pricing, openai.com/api/pricing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

import msgspec

from peekd.vocabulary.events import Usage

AS_OF: Final = "2025-12-01"

_MILLION: Final = 1_000_000


class Price(msgspec.Struct, frozen=True):
    """Dollars for a million tokens. `cached` and `cache_written`: of the prompt, from and to a cache."""

    prompt: float
    output: float
    cached: float
    cache_written: float


def _anthropic(prompt: float, output: float) -> Price:
    """A cache read costs a tenth, a write a quarter more."""
    return Price(prompt, output, prompt * 0.1, prompt * 1.25)


def _plain(prompt: float, output: float, cached: float) -> Price:
    """A cache is written for nothing more than its prompt."""
    return Price(prompt, output, cached, prompt)


PRICES: Final[Mapping[str, Price]] = {
    "claude-opus-4-5": _anthropic(5, 25),
    "claude-opus-4-1": _anthropic(15, 75),
    "claude-opus-4": _anthropic(15, 75),
    "claude-sonnet-4": _anthropic(3, 15),
    "claude-haiku-4-5": _anthropic(1, 5),
    "claude-3-7-sonnet": _anthropic(3, 15),
    "claude-3-5-haiku": _anthropic(0.8, 4),
    "gemini-3-pro": _plain(2, 12, 0.2),
    "gemini-2.5-pro": _plain(1.25, 10, 0.125),
    "gemini-2.5-flash-lite": _plain(0.1, 0.4, 0.01),
    "gemini-2.5-flash": _plain(0.3, 2.5, 0.03),
    "gpt-5.1": _plain(1.25, 10, 0.125),
    "gpt-5-mini": _plain(0.25, 2, 0.025),
    "gpt-5-nano": _plain(0.05, 0.4, 0.005),
    "gpt-5": _plain(1.25, 10, 0.125),
    "gpt-4.1-mini": _plain(0.4, 1.6, 0.1),
    "gpt-4.1": _plain(2, 8, 0.5),
    "gpt-4o-mini": _plain(0.15, 0.6, 0.075),
    "gpt-4o": _plain(2.5, 10, 1.25),
}
"""By how a model's name begins; the longest beginning counts, at a dash or the name's end."""


@cache
def price_of(model: str) -> Price | None:
    """Find a model's price; a vendor's prefix ("anthropic/…") does not matter.

    >>> price_of("claude-sonnet-4-5-20250929").output, price_of("gpt-50"), price_of("models/gpt-5").output
    (15, None, 10)
    """
    name = model.rpartition("/")[2]
    fitting = [known for known in PRICES if name == known or name.startswith((f"{known}-", f"{known}@"))]
    return PRICES[max(fitting, key=len)] if fitting else None


def cost_of(model: str, usage: Usage) -> float | None:
    """Estimate what an attempt cost, in US dollars; None where price or tokens are unknown.

    >>> cost_of("gpt-5", Usage(prompt=1_000_000, cached=500_000, output=100_000))
    1.6875
    """
    price = price_of(model)
    if price is None or usage.prompt is None or usage.output is None:
        return None
    cached, written = usage.cached or 0, usage.cache_written or 0
    plain = max(0, usage.prompt - cached - written)
    spent = (
        plain * price.prompt
        + cached * price.cached
        + written * price.cache_written
        + usage.output * price.output
    )
    return round(spent / _MILLION, 9)
