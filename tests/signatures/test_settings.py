"""The bounds of what an operator may set."""

from __future__ import annotations

import msgspec
import pytest

from peekd.signatures.settings import MIN_SIGNATURE_LENGTH, SIGNATURE_TTL, SignatureSettings


def test_the_defaults_are_two_hours_fifty_characters_and_64_mib_without_a_note() -> None:
    assert SignatureSettings() == SignatureSettings(
        recovery_note=False, ttl_seconds=SIGNATURE_TTL, min_length=MIN_SIGNATURE_LENGTH, max_mib=64
    )
    assert (SIGNATURE_TTL, MIN_SIGNATURE_LENGTH) == (7200, 50)


@pytest.mark.parametrize("wrong", [{"ttl_seconds": 0}, {"min_length": -1}, {"max_mib": 0}, {"max": 1}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, SignatureSettings)
