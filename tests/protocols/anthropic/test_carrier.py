"""Carried signatures come back as they went."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.anthropic.carrier import Part, decode_carrier, encode_carrier


@given(st.sampled_from(get_args(Part)), st.text(min_size=1))
def test_what_goes_in_comes_out(part: Part, signature: str) -> None:
    assert decode_carrier(encode_carrier(part, signature)) == (part, signature)


@pytest.mark.parametrize(
    "signature", ["", "EqQBCgIYAhIM", "peekd1.gemini.", "peekd1.gemini.call.", "peekd1.gemini.new.x"]
)
def test_anything_else_is_not_ours(signature: str) -> None:
    assert decode_carrier(signature) is None
