"""What is carried comes back, also from a client that reads base64 and writes it anew."""

from __future__ import annotations

import base64
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.gemini.carrier import decode_carrier, encode_carrier, standard_base64

KINDS = st.sampled_from(["thought", "redacted"])
PROOFS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1)


@given(KINDS, PROOFS)
def test_a_carrier_survives_being_read_as_bytes_and_written_in_either_alphabet(
    kind: Literal["thought", "redacted"], proof: str
) -> None:
    carrier = encode_carrier(kind, proof)
    raw = base64.b64decode(carrier, validate=True)
    for written in (carrier, base64.urlsafe_b64encode(raw).decode(), carrier.rstrip("=")):
        assert decode_carrier(written) == (kind, proof)


@given(st.binary())
def test_a_signature_of_geminis_own_is_none(raw: bytes) -> None:
    assert decode_carrier(base64.b64encode(raw).decode()) is None


def test_a_signature_that_is_no_base64_or_of_an_unknown_kind_is_none() -> None:
    other = base64.b64encode(b"peekd1.thinking.other.x").decode()
    empty = base64.b64encode(b"peekd1.thinking.thought.").decode()
    assert [decode_carrier(one) for one in ("skip_thought_signature_validator!", "é", other, empty)] == [
        None
    ] * 4


@given(st.binary())
def test_both_alphabets_say_the_same(raw: bytes) -> None:
    assert standard_base64(base64.urlsafe_b64encode(raw).decode()) == base64.b64encode(raw).decode()
