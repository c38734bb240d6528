"""What upstreams send is kept as it came, of the requests that are wanted and no more than is allowed."""

from __future__ import annotations

import pytest
from taped import taped

from peekd.relay import taping
from peekd.relay.taping import Tapes


async def test_each_attempt_is_kept_with_its_bytes_and_times() -> None:
    (taken,) = await taped({"alice": ["429 retry-after=400"], "bob": ["answer text=Read"]})
    first, second = taken.capture.heard
    assert (first.account, first.status, first.end) == ("alice", 429, "whole")
    assert b"rate_limit" in first.body
    assert (second.account, second.status, second.end) == ("bob", 200, "")  # nobody waits past the terminal
    assert b"message_stop" in second.body
    assert [piece.at for piece in second.pieces] == sorted(piece.at for piece in second.pieces)
    assert taken.secrets == {"alice", "bob"}
    assert taken.capture.record.outcome == "completed"


async def test_of_failed_ones_alone_a_smooth_request_leaves_nothing() -> None:
    assert await taped({"alice": ["answer text=Read"]}, wanted="failed") == []
    assert len(await taped({"alice": ["401"], "bob": ["answer text=Read"]}, wanted="failed")) == 1


async def test_an_attempt_that_never_answered_is_kept_as_silence() -> None:
    (taken,) = await taped({"alice": ["silence"]}, leave_after=3)
    assert (taken.capture.heard[0].pieces, taken.capture.heard[0].end) == ([], "")
    assert taken.capture.record.outcome == "client_gone"


async def test_what_is_beyond_the_cap_is_not_kept_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taping, "MOST_BYTES", 200)
    (taken,) = await taped({"alice": ["answer text=Read"]})
    assert taken.capture.heard[0].cut
    assert len(taken.capture.heard[0].body) <= 200


def test_all_open_requests_together_hold_no_more_than_is_allowed() -> None:
    tapes = Tapes("all", lambda taken: None)
    assert tapes.hold(taping.MOST_HELD)
    assert not tapes.hold(1)


async def test_credentials_and_cookies_among_headers_are_not_kept() -> None:
    headers = {"authorization": "Bearer hush", "anthropic-beta": "b"}
    (taken,) = await taped({"alice": ["answer text=Read"]}, headers=headers)
    assert taken.capture.headers == (("anthropic-beta", "b"),)
