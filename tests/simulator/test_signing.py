"""A simulated signature tells whose it is and what it signs, and nothing else passes for one."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest

from peekd.simulator.signing import call_text, holds, is_own, sign

MADE = sign("anthropic", "claude-x", "hm", "hm")


def test_it_is_as_long_as_real_ones_and_differs_by_thoughts_and_model() -> None:
    assert len(MADE) >= 50
    others = {sign("anthropic", "claude-y", "hm", "hm"), sign("anthropic", "claude-x", "ho", "hm"), MADE}
    assert len(others) == 3


@pytest.mark.parametrize(
    "altered",
    ["", "x", "skip_thought_signature_validator", MADE[:-4], MADE + "AAAA", "peekd1.gemini.a.b.c"],
)
def test_what_was_cut_or_made_up_is_nobodys(altered: str) -> None:
    assert not is_own(altered, "anthropic")


def test_an_altered_byte_is_seen() -> None:
    raw = bytearray(b64decode(MADE))
    raw[-1] ^= 1
    assert not is_own(b64encode(raw).decode(), "anthropic")


def test_arguments_are_signed_however_they_are_written() -> None:
    made = sign("gemini", "gemini-3", "", call_text("f", {"a": 1, "b": 2}))
    assert holds(made, call_text("f", {"b": 2, "a": 1}))
    assert not holds(made, call_text("f", {"b": 2}))
