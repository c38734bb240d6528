from __future__ import annotations

import errno

import httpx
import pytest
import trio

from peekd.upstream.timeouts import Timeouts, bounded, reason, told_as


async def test_a_block_past_its_time_raises_the_named_error(autojump_clock: trio.testing.MockClock) -> None:
    with (
        pytest.raises(httpx.ReadTimeout, match=r"waiting: not done in 3 s"),
        bounded(3, httpx.ReadTimeout, "waiting"),
    ):
        await trio.sleep(4)
    assert trio.current_time() == pytest.approx(3)


async def test_a_block_in_time_passes_its_result_and_its_own_errors(
    autojump_clock: trio.testing.MockClock,
) -> None:
    with bounded(3, httpx.ReadTimeout, "waiting"):
        await trio.sleep(1)
    with pytest.raises(ValueError, match="own"), bounded(3, httpx.ReadTimeout, "waiting"):
        raise ValueError("own")


async def test_a_cancellation_from_outside_is_no_timeout() -> None:
    with trio.CancelScope() as outer:
        outer.cancel()
        with bounded(3, httpx.ReadTimeout, "waiting"):
            await trio.sleep_forever()
    assert outer.cancelled_caught


@pytest.mark.parametrize(
    "fault",
    [trio.BrokenResourceError("gone"), trio.ClosedResourceError("gone"), OSError(errno.EPIPE, "gone")],
)
def test_what_a_stream_raises_is_told_in_httpx_words(fault: Exception) -> None:
    with pytest.raises(httpx.WriteError, match=r"^sending: gone$"), told_as(httpx.WriteError, "sending"):
        raise fault


def test_the_reason_is_the_innermost_and_each_is_said_once() -> None:
    refused = OSError(errno.ECONNREFUSED, "Connection refused")
    outer = OSError("all attempts failed")
    outer.__cause__ = ExceptionGroup("all", [refused, OSError(errno.ECONNREFUSED, "Connection refused")])
    assert reason(outer) == "Connection refused"
    assert reason(trio.BrokenResourceError()) == "BrokenResourceError"


def test_deadlines_are_read_off_the_request_and_none_is_for_ever() -> None:
    request = httpx.Request("GET", "http://x/", extensions={"timeout": {"connect": 1.0, "read": None}})
    assert Timeouts.of(request) == Timeouts(connect=1.0)
