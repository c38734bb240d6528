"""Ids that nobody has had."""

from __future__ import annotations

from peekd.relay.means import fresh_id


def test_ids_are_fresh_and_keep_their_prefix() -> None:
    ids = {fresh_id("msg_") for _ in range(100)}
    assert len(ids) == 100
    assert all(one.startswith("msg_") and len(one) == 28 for one in ids)
