"""A carrier comes back, also from a client that reads base64 and writes it anew."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.gemini.carrier import armoured, bared, standard_base64

CARRIERS = st.text("abcdefghijklmnopqrstuvwxyz0123456789.-_", min_size=1).map(lambda rest: f"peekd1.{rest}")


@given(CARRIERS)
def test_a_carrier_survives_being_read_as_bytes_and_written_in_either_alphabet(carrier: str) -> None:
    signature = armoured(carrier)
    raw = base64.b64decode(signature, validate=True)
    for written in (signature, base64.urlsafe_b64encode(raw).decode(), signature.rstrip("=")):
        assert bared(written) == carrier


@given(st.binary().filter(lambda raw: not raw.startswith(b"peekd1.")))
def test_a_signature_of_geminis_own_is_none(raw: bytes) -> None:
    assert bared(base64.b64encode(raw).decode()) is None


def test_a_signature_that_is_no_base64_is_none() -> None:
    assert [bared(one) for one in ("skip_thought_signature_validator!", "é", "a")] == [None] * 3


@given(st.binary())
def test_both_alphabets_say_the_same(raw: bytes) -> None:
    assert standard_base64(base64.urlsafe_b64encode(raw).decode()) == base64.b64encode(raw).decode()
