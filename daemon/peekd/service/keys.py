"""Client and admin keys: from the references in the settings to the secrets, each under a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from peekd.upstream.credentials import load_secret
from peekd.vocabulary.errors import OperatorError


def load_keys(setting: str, references: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Fetch the keys that a setting names. Raises OperatorError with one line for each that cannot be had."""
    keys: dict[str, str] = {}
    faults: list[str] = []
    for reference in references:
        try:
            secret = load_secret(reference, environ)
        except OperatorError as error:
            faults.extend(f"{setting}: {line}" for line in error.faults)
        else:
            keys[_unused(name_of_key(reference), keys)] = secret
    if faults:
        raise OperatorError(*faults)
    return keys


def name_of_key(reference: str) -> str:
    """Give what a key is called in records: the last part of its reference.

    >>> name_of_key("file:/etc/peekd/keys/alice"), name_of_key("env:TEAM_KEY")
    ('alice', 'TEAM_KEY')
    """
    return reference.partition(":")[2].rpartition("/")[2] or "key"


def _unused(name: str, taken: Mapping[str, str]) -> str:
    number, given = 1, name
    while given in taken:
        number += 1
        given = f"{name}-{number}"
    return given
