"""Access tokens under the virtual clock: one exchange for all who wait, and ahead of the end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from peekd.upstream.google import Errand, GoogleKey, Minted, Reply, UnmintedError
from peekd.upstream.minting import (
    AHEAD_SECONDS,
    DEAD_ERRORS,
    LOOK_SECONDS,
    RETRY_SECONDS,
    SPREAD,
    AccessToken,
    Failed,
    Mint,
    News,
    Terms,
    refused,
)
from peekd.vocabulary import outcomes as o

URL = "https://tokens/token"
SECONDS = 20.0
LIFE = 3600.0
GRANT = Reply(400, b'{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}')
BUSY = Reply(503, b"<html>")


class Endpoint:
    """A token endpoint: what comes next, how long it takes, and when it was asked."""

    def __init__(self) -> None:
        self.replies: list[Reply | Failed] = []
        self.delay = 1.0
        self.life = LIFE
        self.asked: list[float] = []

    async def fetch(self, account: str, errand: Errand) -> Reply | Failed:
        assert (account, errand.url) == ("alice", URL)
        self.asked.append(trio.current_time())
        number = len(self.asked)
        await trio.sleep(self.delay)
        return self.replies.pop(0) if self.replies else Reply(200, b"t%d" % number)

    def key(self) -> GoogleKey:
        def steps(answers: Mapping[str, Reply]) -> Errand | Minted:
            if URL not in answers:
                return Errand(URL, body=b"refresh_token=refresh-canary-1")
            if not answers[URL].body:
                raise UnmintedError("the answer holds no access token")
            return Minted(answers[URL].body.decode(), self.life)

        return GoogleKey("fake", "", steps)


class Room:
    """A mint with its endpoint, and what it told."""

    def __init__(self, mint: Mint, endpoint: Endpoint, news: list[News]) -> None:
        self.mint = mint
        self.endpoint = endpoint
        self.news = news

    @property
    def kinds(self) -> list[str]:
        return [one.kind for one in self.news]


@asynccontextmanager
async def open_mint(
    *, keeping: bool = False, serves: Callable[[str], bool] = lambda _: True, **terms: Any
) -> AsyncGenerator[Room]:
    endpoint, news = Endpoint(), list[News]()
    made = {"wall": trio.current_time, "jitter": lambda: 0.0} | terms
    async with trio.open_nursery() as nursery:
        mint = Mint(
            {"alice": endpoint.key()},
            Terms(endpoint.fetch, SECONDS, serves=serves, tell=news.append, **made),
            nursery,
        )
        if keeping:
            nursery.start_soon(mint.run)
        try:
            yield Room(mint, endpoint, news)
        finally:
            nursery.cancel_scope.cancel()


async def wait(mint: Mint) -> str | o.AnyOutcome:
    return await mint.ready("alice")


# ---- one for all ---------------------------------------------------------------------------------------


async def test_two_hundred_who_wait_cause_one_exchange(autojump_clock: MockClock) -> None:
    got: list[object] = []

    async def ask(mint: Mint) -> None:
        got.append(await wait(mint))

    async with open_mint() as room:
        for _ in range(2):  # at the beginning, and when the first has ended
            async with trio.open_nursery() as nursery:
                for _ in range(200):
                    nursery.start_soon(ask, room.mint)
            await trio.sleep(LIFE)
    assert got == ["t1"] * 200 + ["t2"] * 200
    assert len(room.endpoint.asked) == 2


async def test_one_who_leaves_takes_the_exchange_from_nobody(autojump_clock: MockClock) -> None:
    async with open_mint() as room:
        with trio.move_on_after(0.5) as leaving:
            await wait(room.mint)
        assert leaving.cancelled_caught
        assert await wait(room.mint) == "t1"
    assert room.endpoint.asked == [0.0]


async def test_a_token_that_holds_is_waited_for_by_nobody(autojump_clock: MockClock) -> None:
    async with open_mint(keeping=True) as room:
        await wait(room.mint)
        room.endpoint.delay = 100.0  # nobody answers any more
        await trio.sleep(LIFE - 60)
        began = trio.current_time()
        assert await wait(room.mint) == "t1"
        assert trio.current_time() == began
        assert room.mint.token("alice") == "t1"
    assert len(room.endpoint.asked) > 1


async def test_one_that_hangs_is_given_up_for_all_at_once(autojump_clock: MockClock) -> None:
    async with open_mint() as room:
        room.endpoint.delay = 1e9
        got: list[object] = []

        async def ask(later: float) -> None:
            await trio.sleep(later)
            got.append((await wait(room.mint), trio.current_time()))

        async with trio.open_nursery() as nursery:
            for later in (0, 5, 19):
                nursery.start_soon(ask, later)
    words = f"the token endpoint did not answer within {SECONDS:g} s"
    assert got == [(o.HeadersTimeout(type=o.CREDENTIAL_REFRESH, message=words), SECONDS)] * 3


# ---- ahead of time -------------------------------------------------------------------------------------


async def test_the_first_token_is_there_before_anybody_asks(autojump_clock: MockClock) -> None:
    async with open_mint(keeping=True) as room:
        await trio.sleep(2)
        assert room.mint.token("alice") == "t1"
    assert room.kinds == ["renewed"]


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
async def test_each_is_renewed_before_it_ends_and_not_all_at_once(
    autojump_clock: MockClock, jitter: float
) -> None:
    async with open_mint(keeping=True, jitter=lambda: jitter) as room:
        await trio.sleep(LIFE + 10)
    first, second = room.endpoint.asked
    ahead = AHEAD_SECONDS * (1 - SPREAD * jitter)
    assert (first, second) == (jitter, pytest.approx(jitter + 1 + LIFE - ahead))


async def test_a_short_life_is_not_spent_on_renewing(autojump_clock: MockClock) -> None:
    async with open_mint(keeping=True) as room:
        room.endpoint.life, room.endpoint.delay = 100.0, 0.0
        await trio.sleep(1000)
    assert 10 <= len(room.endpoint.asked) <= 14  # at four fifths of each life


@pytest.mark.parametrize("life", [0.0, -5.0, 1.0])
async def test_a_token_with_hardly_a_life_is_sent_once_and_no_endpoint_is_hammered(
    autojump_clock: MockClock, life: float
) -> None:
    async with open_mint(keeping=True) as room:
        room.endpoint.life, room.endpoint.delay = life, 0.0
        assert await wait(room.mint) == "t1"
        await trio.sleep(60)
    assert len(room.endpoint.asked) <= 60 / RETRY_SECONDS[0] + 2


async def test_a_renewal_that_fails_is_tried_again_and_the_old_token_holds_meanwhile(
    autojump_clock: MockClock,
) -> None:
    async with open_mint(keeping=True) as room:
        await wait(room.mint)
        room.endpoint.replies = [BUSY, BUSY, o.Unreachable(type="connect_error")]
        await trio.sleep(LIFE - 10)
        assert room.mint.token("alice") == "t5"
    asked = room.endpoint.asked
    pauses = [b - a - 1 for a, b in pairwise(asked[1:])]
    assert pauses == pytest.approx(list(RETRY_SECONDS[:3]))
    assert room.kinds == ["renewed", "late", "late", "late", "renewed"]


async def test_an_account_that_does_not_serve_is_left_alone(autojump_clock: MockClock) -> None:
    serving = False
    async with open_mint(keeping=True, serves=lambda _: serving) as room:
        await trio.sleep(10 * LIFE)
        assert room.endpoint.asked == []
        serving = True
        await trio.sleep(LOOK_SECONDS + 2)
        assert room.mint.token("alice") == "t1"


async def test_a_machine_that_slept_does_not_send_what_ended_meanwhile(autojump_clock: MockClock) -> None:
    slept = 0.0
    async with open_mint(wall=lambda: trio.current_time() + slept) as room:
        await wait(room.mint)
        slept = LIFE
        assert room.mint.token("alice") is None
        assert await wait(room.mint) == "t2"


# ---- refused for good, or for now ----------------------------------------------------------------------


async def test_a_dead_credential_is_told_at_once_and_asked_for_never_again(autojump_clock: MockClock) -> None:
    async with open_mint(keeping=True) as room:
        room.endpoint.replies = [GRANT]
        dead = await wait(room.mint)
        words = "invalid_grant: Token has been expired or revoked."
        assert dead == o.Unauthorized(type="invalid_grant", message=words)
        await trio.sleep(10 * LIFE)
        assert await wait(room.mint) == dead
        assert not await room.mint.renew("alice")
    assert len(room.endpoint.asked) == 1
    assert room.news == [News("alice", "dead", words)]


async def test_another_credential_in_its_place_is_asked_at_once(autojump_clock: MockClock) -> None:
    async with open_mint(keeping=True) as room:
        room.endpoint.replies = [GRANT]
        await wait(room.mint)
        room.mint.replace("alice", room.endpoint.key())
        assert not room.mint.is_dead("alice")
        assert await wait(room.mint) == "t2"


async def test_a_credential_replaced_in_the_middle_of_an_exchange_is_the_one_that_counts(
    autojump_clock: MockClock,
) -> None:
    async with open_mint() as room:
        room.endpoint.replies = [GRANT]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, room.mint)
            await trio.sleep(0.5)
            room.mint.replace("alice", room.endpoint.key())
        assert room.mint.token("alice") == "t2"
    assert room.kinds == ["renewed"]


async def test_who_is_enabled_by_hand_is_asked_for_again(autojump_clock: MockClock) -> None:
    async with open_mint(keeping=True) as room:
        room.endpoint.replies = [GRANT]
        await wait(room.mint)
        room.mint.revive("alice")
        await trio.sleep(5)
        assert room.mint.token("alice") == "t2"


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (BUSY, o.ServerError),
        (Reply(500, b'{"error": "internal_failure"}'), o.ServerError),
        (Reply(429, b'{"error": "invalid_grant"}'), o.ServerError),
        (Reply(503, b'{"error": "invalid_grant"}'), o.ServerError),
        (Reply(400, b'{"error": "slow_down"}'), o.ServerError),
        (Reply(404, b""), o.ServerError),
        (
            Reply(403, b'{"error": {"code": 403, "status": "PERMISSION_DENIED"}}'),
            o.ServerError,
        ),
        (Reply(200, b""), o.ServerError),
        (o.Unreachable(type="connect_error", message="refused"), o.Unreachable),
        (o.HeadersTimeout(type="read_timeout"), o.HeadersTimeout),
        (o.Rejected(type="unsendable"), o.Unreachable),
    ],
)
async def test_trouble_that_passes_is_none_of_the_credential_s(
    autojump_clock: MockClock, reply: Reply | Failed, outcome: type[o.Outcome]
) -> None:
    async with open_mint() as room:
        room.endpoint.replies = [reply]
        found = await wait(room.mint)
        assert isinstance(found, outcome)
        assert isinstance(found, o.Outcome)
        assert (found.type, found.status) == (o.CREDENTIAL_REFRESH, None)
        assert not room.mint.is_dead("alice")
        assert await wait(room.mint) == "t2"


@pytest.mark.parametrize("error", sorted(DEAD_ERRORS))
def test_each_error_for_good_is_unauthorized(error: str) -> None:
    for status in (400, 401, 403):
        found = refused(Reply(status, b'{"error": "%b"}' % error.encode()), Errand(URL))
        assert found == o.Unauthorized(type=error, message=error)


def test_an_endpoint_that_repeats_what_was_sent_is_not_quoted_with_it() -> None:
    errand = Errand(URL, body=b"refresh_token=1%2F%2Frefresh-canary-77&client_secret=canary-client&x=a")
    body = b'{"error": "invalid_grant", "error_description": "Bad 1//refresh-canary-77 of canary-client"}'
    assert "canary" not in refused(Reply(400, body), errand).message
    body = b'{"error": "refresh-canary-77 was bad"}'
    assert "canary" not in refused(Reply(400, body), errand).message


# ---- another than the one turned away ------------------------------------------------------------------


async def test_a_token_turned_away_is_had_anew_once_for_all(autojump_clock: MockClock) -> None:
    fresh: list[bool] = []

    async def renew(mint: Mint, later: float) -> None:
        await trio.sleep(later)
        fresh.append(await mint.renew("alice", used="t1"))

    async with open_mint() as room:
        await wait(room.mint)
        async with trio.open_nursery() as nursery:
            for later in (0, 0.5, 3):  # the last one comes when another is in force already
                nursery.start_soon(renew, room.mint, later)
        assert room.mint.token("alice") == "t2"
    assert fresh == [True] * 3
    assert len(room.endpoint.asked) == 2


async def test_one_that_comes_back_the_same_is_not_fresh(autojump_clock: MockClock) -> None:
    async with open_mint() as room:
        await wait(room.mint)
        room.endpoint.replies = [Reply(200, b"t1"), BUSY]
        assert not await room.mint.renew("alice", used="t1")
        assert not await room.mint.renew("alice", used="t1")


async def test_a_step_that_may_block_is_taken_in_a_thread() -> None:
    async with open_mint() as room:
        room.endpoint.delay = 0.0
        room.mint.key("alice").blocking = True
        with trio.fail_after(10):
            assert await wait(room.mint) == "t1"


async def test_no_repr_shows_a_token(autojump_clock: MockClock) -> None:
    await trio.lowlevel.checkpoint()
    token = AccessToken(Minted("access-canary", 60), 0.0, 0.0)
    assert "canary" not in repr(token)
    assert (token.holds(50, 50), token.holds(58, 50), token.holds(50, 58)) == (True, False, False)
