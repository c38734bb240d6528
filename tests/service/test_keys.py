from __future__ import annotations

import pytest

from peekd.service.keys import load_keys
from peekd.vocabulary.errors import OperatorError


def test_keys_are_named_by_where_they_come_from_and_no_name_comes_twice() -> None:
    environ = {"A": "k1", "B": "k2"}
    assert load_keys("server.client_keys", ("env:A", "env:B", "env:A"), environ) == {
        "A": "k1",
        "B": "k2",
        "A-2": "k1",
    }


def test_every_key_that_cannot_be_had_is_told_with_its_setting() -> None:
    with pytest.raises(OperatorError) as caught:
        load_keys("server.client_keys", ("env:NONE", "file:/nowhere/key", "env:A"), {"A": "k1"})
    assert len(caught.value.faults) == 2
    assert all(line.startswith("server.client_keys: ") for line in caught.value.faults)
