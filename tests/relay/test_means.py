"""Ids that nobody has had."""

from __future__ import annotations

from peekd.relay.means import fresh_id, request_id


def test_ids_are_fresh_and_keep_their_prefix() -> None:
    ids = {fresh_id("msg_") for _ in range(100)}
    assert len(ids) == 100
    assert all(one.startswith("msg_") and len(one) == 28 for one in ids)


def test_ids_of_requests_grow_with_time_and_are_fresh_within_a_moment() -> None:
    ids = [request_id(moment / 1000, fresh_id) for moment in (0, 1, 2, 1_700_000_000_000, 1_700_000_000_001)]
    assert ids == sorted(ids)
    assert {len(one) for one in ids} == {28}
    assert len({request_id(1.0, fresh_id) for _ in range(100)}) == 100
