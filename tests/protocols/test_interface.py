"""What an encoder is told is enough to say whose a proof is."""

from __future__ import annotations

from answers import SEAL, UPSTREAM_MODEL, answering

from peekd.signatures.seal import Carried, model_hash


def test_a_carrier_names_the_family_and_the_model_that_answered() -> None:
    carrier = answering(family="gemini").carrier("call", "c2ln", "Hm")
    assert SEAL.unwrap(carrier) == Carried("gemini", model_hash(UPSTREAM_MODEL), "call", "c2ln", "Hm")
