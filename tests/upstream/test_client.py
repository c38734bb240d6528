from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from peekd.accounts.settings import AccountSettings
from peekd.healing.settings import HealingSettings
from peekd.protocols.interface import Call
from peekd.upstream.attempt import Attempt
from peekd.upstream.client import Upstreams
from peekd.upstream.google import Errand, Reply
from peekd.upstream.headers import Proof
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.errors import OperatorError
from peekd.vocabulary.outcomes import Rejected, Unreachable

if TYPE_CHECKING:
    from conftest import Net

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CALL = Call(path="/v1/messages?beta=true", body=b'{"a":1}')
SECRET = "sk-very-secret"


def opening(upstreams: Upstreams, *, proxy: str = "", upstream: str = "one") -> Attempt:
    account = AccountSettings(name="alice", upstream=upstream, proxy=proxy)
    return upstreams.attempt(
        upstream=upstream, account=account, proof=Proof(SECRET), call=CALL, deadlines=HealingSettings()
    )


async def finish(attempt: Attempt) -> None:
    async with attempt:
        assert attempt.status == 200
        while await attempt.receive():
            pass


def reaching(net: Net, **settings: object) -> Upstreams:
    given = {"protocol": "anthropic", "base_url": "http://upstream/base/", **settings}
    return Upstreams({"one": UpstreamSettings(**given)}, dials={"one": net.dial})  # pyright: ignore[reportArgumentType]  given by name


async def test_a_call_goes_under_the_base_url_with_the_secret(net: Net) -> None:
    net.saying(OK)
    upstreams = reaching(net)
    await finish(opening(upstreams))
    asked = net.asked[0]
    assert asked.line == b"POST /base/v1/messages?beta=true HTTP/1.1"
    assert asked.body == CALL.body
    assert asked.headers["x-api-key"] == SECRET
    assert asked.headers["accept-encoding"] == "identity"
    assert "user-agent" not in asked.headers
    await upstreams.aclose()
    assert net.open_wires == 0


async def test_a_simulated_upstream_is_dialled_as_given_and_past_any_proxy(net: Net) -> None:
    upstreams = reaching(net, base_url="simulator:demo", proxy="http://proxy:1")
    await finish(opening(upstreams, proxy="socks5://other:2"))
    assert net.dialled == [("simulator", 80)]


async def test_attempts_share_connections_but_not_across_proxies(net: Net) -> None:
    upstreams = reaching(net)
    await finish(opening(upstreams))
    await finish(opening(upstreams))
    await finish(opening(upstreams, proxy="http://proxy:3128"))
    assert net.dialled == [("upstream", 80), ("proxy", 3128)]
    assert upstreams.idle_count() == 2


async def test_an_accounts_proxy_goes_before_its_upstreams(net: Net) -> None:
    upstreams = reaching(net, proxy="http://common:1")
    await finish(opening(upstreams))
    await finish(opening(upstreams, proxy="http://own:2"))
    assert net.dialled == [("common", 1), ("own", 2)]


async def test_the_environments_proxy_means_nothing(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://elsewhere:9")
    await finish(opening(reaching(net)))
    assert net.dialled == [("upstream", 80)]


async def test_no_cookie_of_one_account_reaches_another(net: Net) -> None:
    sets = b"HTTP/1.1 200 OK\r\nSet-Cookie: who=alice; Path=/\r\nContent-Length: 2\r\n\r\n{}"
    net.saying(sets, OK)
    upstreams = reaching(net)
    for _ in range(2):
        await finish(opening(upstreams))
    assert "cookie" not in net.asked[1].headers


async def test_connections_are_limited_for_each_upstream(net: Net) -> None:
    upstreams = reaching(net, max_connections=2)
    release = trio.Event()
    most = 0

    async def hold() -> None:
        nonlocal most
        async with opening(upstreams) as attempt:
            assert attempt.status == 200
            most = max(most, upstreams.busy_count())
            await release.wait()

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(hold)
        await trio.testing.wait_all_tasks_blocked()
        assert upstreams.open_count() == 5
        assert upstreams.busy_count() == 2
        release.set()
    assert most == 2
    assert (upstreams.open_count(), upstreams.busy_count()) == (0, 0)


def test_a_missing_simulator_and_an_unreadable_proxy_are_told_together() -> None:
    settings = {
        "sim": UpstreamSettings(protocol="gemini", base_url="simulator:demo"),
        "odd": UpstreamSettings(protocol="gemini", base_url="https://g", proxy="ftp://u:hush@p"),
    }
    with pytest.raises(OperatorError) as caught:
        Upstreams(settings)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["upstream sim", "upstream odd"]
    assert "hush" not in str(caught.value)


async def test_a_secret_is_in_no_repr(net: Net) -> None:
    async with opening(reaching(net)) as attempt:
        assert SECRET not in repr(attempt)
        assert SECRET not in repr(vars(attempt))


# ---- what access tokens cost ---------------------------------------------------------------------------

ERRAND = Errand("http://tokens/token?a=1", "POST", b"refresh_token=x", (("Content-Type", "text/x"),))


async def fetched(upstreams: Upstreams, errand: Errand = ERRAND, *, proxy: str = "") -> object:
    account = AccountSettings(name="alice", upstream="one", proxy=proxy)
    return await upstreams.fetch("one", account, errand, HealingSettings())


async def test_an_errand_goes_where_it_says_with_its_own_headers(net: Net) -> None:
    net.saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}")
    upstreams = reaching(net)
    assert await fetched(upstreams) == Reply(400, b"{}")
    asked = net.asked[0]
    assert (asked.line, asked.body) == (b"POST /token?a=1 HTTP/1.1", b"refresh_token=x")
    assert asked.headers["host"] == "tokens"
    assert asked.headers["content-type"] == "text/x"
    assert not asked.headers.keys() & {"x-api-key", "authorization"}
    assert (upstreams.open_count(), upstreams.errand_count()) == (0, 0)


async def test_an_errand_takes_the_way_of_its_account_and_the_machine_s_own_is_straight(net: Net) -> None:
    net.saying(OK)
    upstreams = reaching(net)
    assert await fetched(upstreams, proxy="http://proxy:3128") == Reply(200, b"{}")
    assert net.asked[-1].line == b"POST http://tokens:80/token?a=1 HTTP/1.1"
    metadata = Errand("http://metadata.google.internal/token", "GET")
    await fetched(upstreams, metadata, proxy="http://proxy:3128")
    assert net.asked[-1].line == b"GET /token HTTP/1.1"


async def test_an_errand_that_cannot_be_sent_is_an_outcome(net: Net) -> None:
    net.saying(b"nonsense\r\n\r\n")
    upstreams = reaching(net)
    assert isinstance(await fetched(upstreams), Unreachable)
    assert isinstance(await fetched(upstreams, Errand("http://a:x")), Rejected)


async def test_an_errand_waits_for_no_connection_of_another_accounts(net: Net) -> None:
    net.on_dial = trio.sleep_forever
    upstreams = reaching(net, max_connections=1)
    async with trio.open_nursery() as nursery:
        for start in (fetched, fetched):
            nursery.start_soon(start, upstreams)
        await trio.testing.wait_all_tasks_blocked()
        assert (upstreams.errand_count(), upstreams.busy_count()) == (2, 2)
        nursery.cancel_scope.cancel()


async def test_what_an_account_shows_is_what_it_shows_now_and_no_other_accounts(net: Net) -> None:
    settings = UpstreamSettings(protocol="anthropic", base_url="http://upstream", headers={"x-team": "ops"})
    upstreams = Upstreams({"one": settings}, dials={"one": net.dial})
    shown = [
        ("a", Proof("1")),
        ("b", Proof("2")),
        ("a", Proof("1")),
        ("a", Proof("3")),
        ("a", Proof("3", bearer=True)),
    ]
    net.saying(*[OK] * len(shown))
    for name, proof in shown:
        account = AccountSettings(name=name, upstream="one")
        await finish(
            upstreams.attempt(
                upstream="one", account=account, proof=proof, call=CALL, deadlines=HealingSettings()
            )
        )
    assert [asked.headers.get("x-api-key") for asked in net.asked] == ["1", "2", "1", "3", None]
    assert net.asked[-1].headers["authorization"] == "Bearer 3"
    assert {asked.headers["x-team"] for asked in net.asked} == {"ops"}
