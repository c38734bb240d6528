from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest
import trio
import trio.testing
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from peekd.relay.asked import Asked
from peekd.relay.delivery import Delivery, Final
from peekd.serving.app import Front
from peekd.serving.routes import ROUTES, Route

STREAMED = {"model": "m", "stream": True}
WHOLE = {"model": "m"}


def told(body: bytes) -> dict[str, Any]:
    return msgspec.json.decode(body, type=dict[str, Any])


async def test_a_whole_answer_goes_out_with_its_headers_and_the_request_id_under_both_names(
    bench: Callable[..., Any],
) -> None:
    toy = bench()
    reply = await toy.ask("POST", "/v1/messages?beta=true", json=WHOLE)
    assert (reply.status, reply.body) == (200, b'{"ok":true}')
    assert reply.headers["x-request-id"] == reply.headers["request-id"] == toy.asked[0].id
    assert "server" not in reply.headers
    assert toy.asked[0].path == "/v1/messages?beta=true"


async def test_a_stream_flows_as_an_event_stream_that_nobody_may_buffer(bench: Callable[..., Any]) -> None:
    async def script(_asked: Asked, delivery: Delivery) -> None:
        delivery.begin((("x-mapped-model", "other"),), early=False)
        await delivery.give(b"data: 1\n\n")
        await delivery.give_last(b"data: 2\n\n")

    toy = bench()
    toy.script = script
    reply = await toy.ask("POST", "/v1/messages", json=STREAMED)
    assert reply.body == b"data: 1\n\ndata: 2\n\n"
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.headers["x-accel-buffering"] == "no"
    assert reply.headers["x-mapped-model"] == "other"


async def test_a_streaming_client_gets_headers_when_a_true_status_takes_too_long(
    bench: Callable[..., Any], autojump_clock: trio.testing.MockClock
) -> None:
    async def script(_asked: Asked, delivery: Delivery) -> None:
        await trio.sleep(40)
        await delivery.give_last(b"data: late\n\n")

    toy = bench()
    toy.script = script
    reply = await toy.ask("POST", "/v1/messages", json=STREAMED)
    assert reply.status == 200
    assert reply.headers["x-peekd-commit"] == "early"
    assert reply.body == b"event: ping\n\n" * 2 + b"data: late\n\n"


async def test_a_streaming_client_gets_a_true_status_that_comes_in_time(
    bench: Callable[..., Any], autojump_clock: trio.testing.MockClock
) -> None:
    async def script(_asked: Asked, delivery: Delivery) -> None:
        await trio.sleep(14)
        delivery.answer(Final(503, (("retry-after", "3"),), b"{}"))

    toy = bench()
    toy.script = script
    reply = await toy.ask("POST", "/v1/messages", json=STREAMED)
    assert (reply.status, reply.headers["retry-after"]) == (503, "3")


async def test_a_client_that_does_not_stream_waits_for_the_whole_answer_however_long(
    bench: Callable[..., Any], autojump_clock: trio.testing.MockClock
) -> None:
    async def script(_asked: Asked, delivery: Delivery) -> None:
        await trio.sleep(4000)
        delivery.answer(Final(200, (), b"{}"))

    toy = bench()
    toy.script = script
    reply = await toy.ask("POST", "/v1/messages", json=WHOLE)
    assert (reply.status, reply.body) == (200, b"{}")


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_goes_while_nothing_was_sent_ends_the_journey(
    bench: Callable[..., Any],
    visit: Callable[..., Any],
    autojump_clock: trio.testing.MockClock,
    *,
    stream: bool,
) -> None:
    begun, ended = trio.Event(), trio.Event()

    async def script(_asked: Asked, _delivery: Delivery) -> None:
        begun.set()
        try:
            await trio.sleep_forever()
        finally:
            ended.set()

    toy = bench()
    toy.script = script
    client = visit(toy.front, msgspec.json.encode(STREAMED if stream else WHOLE))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.run)
        await begun.wait()
        left = trio.current_time()
        client.go()
        await ended.wait()
    assert trio.current_time() == left


async def test_a_client_that_goes_in_the_middle_of_a_stream_ends_the_journey(
    bench: Callable[..., Any], visit: Callable[..., Any], autojump_clock: trio.testing.MockClock
) -> None:
    ended = trio.Event()

    async def script(_asked: Asked, delivery: Delivery) -> None:
        delivery.begin((), early=False)
        try:
            await delivery.give(b"data: 1\n\n")
            await trio.sleep_forever()
        finally:
            ended.set()

    toy = bench()
    toy.script = script
    client = visit(toy.front, msgspec.json.encode(STREAMED))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.run)
        assert await client.receive() == b"data: 1\n\n"
        left = trio.current_time()
        client.go()
        await ended.wait()
    assert trio.current_time() == left


async def test_a_bug_in_a_journey_is_a_500_without_the_traceback_which_the_journal_keeps(
    bench: Callable[..., Any],
) -> None:
    async def script(_asked: Asked, _delivery: Delivery) -> None:
        await trio.lowlevel.checkpoint()
        raise ZeroDivisionError("a secret detail")

    toy = bench()
    toy.script = script
    reply = await toy.ask("POST", "/v1/messages", json=WHOLE)
    assert reply.status == 500
    assert told(reply.body)["error"]["type"] == "internal"
    assert b"secret detail" not in reply.body
    (entry,) = [entry for entry in toy.entries if entry.priority == 3]
    assert "ZeroDivisionError: a secret detail" in entry.message
    assert entry.request == toy.asked[0].id


async def test_a_bug_after_the_stream_began_ends_it_with_an_error_frame(bench: Callable[..., Any]) -> None:
    async def script(_asked: Asked, delivery: Delivery) -> None:
        delivery.begin((), early=False)
        await delivery.give(b"data: 1\n\n")
        raise ZeroDivisionError

    toy = bench()
    toy.script = script
    reply = await toy.ask("POST", "/v1/messages", json=STREAMED)
    assert reply.body == b"data: 1\n\nevent: error internal\n\n"


async def test_a_bug_while_answering_is_a_500_with_its_request_id(bench: Callable[..., Any]) -> None:
    toy = bench()
    toy.house.ready = None
    reply = await toy.ask("GET", "/readyz")
    assert reply.status == 500
    assert told(reply.body)["error"]["request_id"] == reply.headers["x-request-id"]
    assert any("TypeError" in entry.message for entry in toy.entries)


async def test_bugs_that_come_in_a_group_are_confessed_too(bench: Callable[..., Any]) -> None:
    async def script(_asked: Asked, _delivery: Delivery) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            raise KeyError("grouped")

    toy = bench()
    toy.script = script
    reply = await toy.ask("POST", "/v1/messages", json=WHOLE)
    assert reply.status == 500
    assert any("KeyError: 'grouped'" in entry.message for entry in toy.entries)


# ---- what is not served ------------------------------------------------------------------------------


async def test_an_unknown_path_names_what_is_served(bench: Callable[..., Any]) -> None:
    reply = await bench().ask("GET", "/v1/chat")
    assert reply.status == 404
    assert "POST /v1/messages" in told(reply.body)["error"]["message"]


async def test_errors_take_the_shape_that_path_or_headers_point_to(bench: Callable[..., Any]) -> None:
    toy = bench()
    by_path = await toy.ask("POST", "/v1/messages/batches")
    by_header = await toy.ask("GET", "/v1/elsewhere", headers={"anthropic-version": "2023-06-01"})
    plain = await toy.ask("GET", "/v1/elsewhere")
    assert told(by_path.body)["type"] == told(by_header.body)["type"] == "error"
    assert "type" not in told(plain.body)
    assert {by_path.status, by_header.status, plain.status} == {404}


async def test_a_wrong_method_is_a_405_that_names_the_right_ones(bench: Callable[..., Any]) -> None:
    toy = bench()
    reply = await toy.ask("GET", "/v1/messages")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    plain = await toy.ask("DELETE", "/api/requests")
    assert (plain.status, plain.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/v1//messages", "//v1/messages"])
async def test_a_double_slash_is_neither_redirected_nor_overlooked(
    bench: Callable[..., Any], path: str
) -> None:
    assert (await bench().ask("POST", path, json=WHOLE)).status == 404


PATHS = [route.path.replace("<path:name>", "a/b").replace("<name>", "a") for route in ROUTES]
ODD = ["", "/", "//", "/v1", "/v1/messages/", "/V1/messages", "/v1//messages", "/monitor//", "/x", "/<name>"]
METHODS = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "get", "X"]


@pytest.mark.parametrize("path", [*dict.fromkeys([*PATHS, *ODD]), "/v1/models/<path:name>"])
def test_a_route_is_found_as_the_map_of_urls_alone_would_find_it(lone_front: Front, path: str) -> None:
    paths = vars(lone_front)["_paths"]
    for method in METHODS:
        assert found(lone_front.find_route, path, method) == found(partial(by_map, paths), path, method)


def by_map(paths: MapAdapter, path: str, method: str) -> tuple[Route, str]:
    rule, values = paths.match(path, method, return_rule=True)
    return next(route for route in ROUTES if route.path == rule.rule), values.get("name", "")


def found(find: Callable[[str, str], tuple[Route, str]], path: str, method: str) -> object:
    try:
        return find(path, method)
    except HTTPException as error:
        return type(error), sorted(getattr(error, "valid_methods", None) or ())


async def test_an_upgrade_to_websocket_is_a_426_on_any_path(bench: Callable[..., Any]) -> None:
    toy = bench()
    for path in ("/v1/messages", "/v1/responses"):
        reply = await toy.ask("GET", path, headers={"Upgrade": "websocket", "Connection": "Upgrade"})
        assert reply.status == 426
        assert reply.headers["upgrade"]


async def test_options_are_refused_to_whoever_is_not_listed(bench: Callable[..., Any]) -> None:
    assert (await bench().ask("OPTIONS", "/v1/messages")).status == 403


async def test_a_preflight_of_a_listed_origin_is_answered_and_so_is_the_call_after_it(
    bench: Callable[..., Any],
) -> None:
    toy = bench(allowed_origins=("https://page.example",))
    asks = {"Origin": "https://page.example", "Access-Control-Request-Headers": "x-api-key"}
    preflight = await toy.ask("OPTIONS", "/v1/messages", headers=asks)
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "https://page.example"
    assert preflight.headers["access-control-allow-headers"] == "x-api-key"
    call = await toy.ask(
        "POST",
        "/v1/messages",
        json=WHOLE,
        headers={"Origin": "https://page.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert call.status == 200
    assert call.headers["access-control-allow-origin"] == "https://page.example"


# ---- who may call ------------------------------------------------------------------------------------


async def test_a_wrong_key_is_a_401_that_must_not_be_retried_and_is_not_passed_on(
    bench: Callable[..., Any],
) -> None:
    toy = bench(auth="strict", client_keys={"alice": "k1"})
    refused = await toy.ask("POST", "/v1/messages", json=WHOLE, headers={"x-api-key": "no"})
    assert (refused.status, refused.headers["x-should-retry"]) == (401, "false")
    assert told(refused.body)["type"] == "error"
    served = await toy.ask(
        "POST", "/v1/messages", json=WHOLE, headers={"x-api-key": "no", "Authorization": "Bearer k1"}
    )
    assert served.status == 200
    assert toy.asked[0].key == "alice"
    assert not {"x-api-key", "authorization"} & {name for name, _ in toy.asked[0].headers}


async def test_a_key_in_the_query_lets_in_and_is_seen_by_nobody_else(bench: Callable[..., Any]) -> None:
    toy = bench(auth="strict", client_keys={"alice": "k1"})
    reply = await toy.ask("POST", "/v1/messages?beta=true&key=k1", json=WHOLE)
    assert reply.status == 200
    assert toy.asked[0].path == "/v1/messages?beta=true"


async def test_foreign_pages_and_hosts_are_refused_even_where_no_key_is_needed(
    bench: Callable[..., Any],
) -> None:
    toy = bench(auth="off")
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    ):
        reply = await toy.ask("POST", "/v1/messages", json=WHOLE, headers=headers)
        assert reply.status == 403, headers
    assert (
        await toy.ask("POST", "/v1/messages", json=WHOLE, headers={"Sec-Fetch-Mode": "cors"})
    ).status == 200


@pytest.mark.parametrize(
    "host", ["a..b", "x" * 70 + ".example", "a b", "\N{LATIN SMALL LETTER E WITH ACUTE}.example"]
)
async def test_a_host_that_is_no_name_is_refused_and_no_bug(bench: Callable[..., Any], host: str) -> None:
    toy = bench(auth="off")
    assert (await toy.ask("GET", "/healthz", headers={"Host": host})).status == 403
    assert not [entry for entry in toy.entries if entry.priority == 3]


async def test_open_pages_never_need_a_key(bench: Callable[..., Any]) -> None:
    toy = bench(auth="strict", client_keys={"alice": "k1"})
    asks = [("GET", "/"), ("HEAD", "/"), ("HEAD", "/api/hello"), ("GET", "/healthz"), ("GET", "/readyz")]
    assert [(await toy.ask(method, path)).status for method, path in asks] == [200] * 5


async def test_a_key_may_not_have_more_requests_open_than_its_limit(bench: Callable[..., Any]) -> None:
    begun, finish = trio.Event(), trio.Event()

    async def script(_asked: Asked, delivery: Delivery) -> None:
        begun.set()
        await finish.wait()
        delivery.answer(Final(200, (), b"{}"))

    toy = bench(auth="strict", client_keys={"alice": "k1"}, max_requests_per_key=1)
    toy.script = script
    key = {"x-api-key": "k1"}
    async with trio.open_nursery() as nursery:

        async def first() -> None:
            assert (await toy.ask("POST", "/v1/messages", json=WHOLE, headers=key)).status == 200

        nursery.start_soon(first)
        await begun.wait()
        second = await toy.ask("POST", "/v1/messages", json=WHOLE, headers=key)
        assert told(second.body)["error"]["type"] == "rate_limit"
        finish.set()
    third = await toy.ask("POST", "/v1/messages", json=WHOLE, headers=key)
    assert third.status == 200


# ---- bodies ------------------------------------------------------------------------------------------


async def test_a_body_over_the_limit_is_a_413_in_the_shape_of_the_protocol(bench: Callable[..., Any]) -> None:
    reply = await bench(max_body_mib=1).ask("POST", "/v1/messages", data=b"x" * (1024 * 1024 + 1))
    assert reply.status == 413
    assert told(reply.body)["error"]["type"] == "too_large"
    assert reply.headers["connection"] == "close"


async def test_bodies_that_are_too_much_together_get_a_503_until_the_others_are_gone(
    bench: Callable[..., Any],
) -> None:
    begun, finish = trio.Event(), trio.Event()

    async def script(_asked: Asked, delivery: Delivery) -> None:
        begun.set()
        await finish.wait()
        delivery.answer(Final(200, (), b"{}"))

    toy = bench(max_bodies_mib=1)
    toy.script = script
    small, large = b'{"model":"m"}', msgspec.json.encode({**WHOLE, "words": "x" * 600_000})

    async def ask(body: bytes) -> Any:
        headers = {"Content-Length": str(len(body))}
        return await toy.ask("POST", "/v1/messages", data=body, headers=headers)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, large)
        await begun.wait()
        second = await ask(large)
        assert (second.status, second.headers["retry-after"]) == (503, "1")
        nursery.start_soon(ask, small)
        await trio.testing.wait_all_tasks_blocked()
        assert len(toy.asked) == 2
        finish.set()
    assert (await ask(large)).status == 200
    assert toy.front.gate.held == 0


async def test_a_body_that_does_not_arrive_is_a_408(
    bench: Callable[..., Any], autojump_clock: trio.testing.MockClock
) -> None:
    toy = bench(body_seconds=60.0)
    async with toy.client.request(
        "/v1/messages", method="POST", headers={"Host": "localhost"}, scope_base={"client": ("127.0.0.1", 1)}
    ) as connection:
        await connection.send(b'{"model"')
        began = trio.current_time()
        await connection.receive()
    assert (connection.status_code, trio.current_time() - began) == (408, pytest.approx(60))


async def test_a_request_that_cannot_be_read_is_refused_and_can_be_explained(
    bench: Callable[..., Any],
) -> None:
    toy = bench()
    reply = await toy.ask("POST", "/v1/messages", data=b"[")
    assert reply.status == 400
    record = toy.house.live.find("last-failed")
    assert record is not None
    assert (record.id, record.outcome, record.status) == (reply.headers["request-id"], "rejected", 400)
    assert f"(peekd explain {record.id})" in told(reply.body)["error"]["message"]


# ---- the other routes --------------------------------------------------------------------------------


async def test_tokens_are_counted_beside_the_journey(bench: Callable[..., Any]) -> None:
    toy = bench()
    reply = await toy.ask("POST", "/v1/messages/count_tokens?beta=true", json=WHOLE)
    assert reply.body == b'{"input_tokens":7}'
    assert not toy.asked


async def test_models_are_listed_in_the_shape_of_whoever_asks(bench: Callable[..., Any]) -> None:
    toy = bench()
    anthropic = await toy.ask("GET", "/v1/models?limit=1000", headers={"anthropic-version": "2023-06-01"})
    google = await toy.ask("GET", "/v1/models", headers={"x-goog-api-client": "genai"})
    openai = await toy.ask("GET", "/v1/models")
    assert [entry["id"] for entry in told(anthropic.body)["data"]] == ["claude-a", "vendor/b"]
    assert [entry["name"] for entry in told(google.body)["models"]] == ["models/claude-a", "models/vendor/b"]
    assert told(openai.body)["object"] == "list"
    one = await toy.ask("GET", "/v1/models/vendor/b")
    assert told(one.body)["id"] == "vendor/b"
    assert (await toy.ask("GET", "/v1/models/unheard-of")).status == 404


@pytest.mark.parametrize(
    ("headers", "path", "protocol"),
    [
        ({"anthropic-version": "2023-06-01"}, "/v1/models", "anthropic"),
        ({"x-goog-api-client": "genai"}, "/v1/models", "gemini"),
        ({}, "/v1beta/models", "gemini"),
        ({}, "/v1/models", ""),
    ],
)
async def test_models_are_asked_for_in_the_name_of_the_callers_protocol(
    bench: Callable[..., Any], headers: dict[str, str], path: str, protocol: str
) -> None:
    toy = bench()
    await toy.ask("GET", path, headers=headers)
    await toy.ask("GET", f"{path}/claude-a", headers=headers)
    assert toy.house.offers.asked == [protocol, protocol]


async def test_readiness_falls_with_the_accounts_and_while_draining(bench: Callable[..., Any]) -> None:
    toy = bench()
    assert (await toy.ask("GET", "/readyz")).status == 200
    toy.house.is_ready = False
    assert (await toy.ask("GET", "/readyz")).status == 503
    toy.house.is_ready = True
    toy.front.gate.draining = True
    assert (await toy.ask("GET", "/readyz")).status == 503
    assert (await toy.ask("GET", "/healthz")).status == 200
    assert told((await toy.ask("POST", "/v1/messages", json=WHOLE)).body)["error"]["type"] == "overloaded"


async def test_the_admin_api_lists_and_shows_requests_accounts_and_policy(bench: Callable[..., Any]) -> None:
    toy = bench()
    toy.keep("req_1", "completed")
    toy.keep("req_2", "broken")
    listed = told((await toy.ask("GET", "/api/requests")).body)["requests"]
    assert [record["id"] for record in listed] == ["req_2", "req_1"]
    only = told((await toy.ask("GET", "/api/requests?failed=1&limit=5")).body)["requests"]
    assert [record["id"] for record in only] == ["req_2"]
    assert told((await toy.ask("GET", "/api/requests/last-failed")).body)["id"] == "req_2"
    assert told((await toy.ask("GET", "/api/requests/req_1")).body)["id"] == "req_1"
    assert (await toy.ask("GET", "/api/requests/req_9")).status == 404
    assert (await toy.ask("GET", "/api/requests?limit=0")).status == 400
    accounts = told((await toy.ask("GET", "/api/accounts")).body)["accounts"]
    assert [account["name"] for account in accounts] == ["alice", "<b>bob</b>"]
    assert "blank" in told((await toy.ask("GET", "/api/policy")).body)["policy"]


async def test_metrics_are_for_whoever_may_administer_or_for_anyone(bench: Callable[..., Any]) -> None:
    closed, opened = bench(auth="off"), bench(auth="off", open_metrics=True)
    assert (await closed.ask("GET", "/metrics", peer="192.0.2.1")).status == 403
    assert (await closed.ask("GET", "/metrics")).body == b"peekd_ready 1.0\n"
    assert (await bench(admin_keys={"root": "a1"}).ask("GET", "/metrics")).status == 401
    reply = await opened.ask("GET", "/metrics", peer="192.0.2.1", headers={"Accept": "text/odd"})
    assert (reply.status, reply.headers["content-type"]) == (200, "text/odd")
    assert (await opened.ask("HEAD", "/metrics")).status == 200


async def test_the_admin_api_is_for_loopback_callers_unless_there_are_admin_keys(
    bench: Callable[..., Any],
) -> None:
    open_to_loopback = bench(auth="off")
    assert (await open_to_loopback.ask("GET", "/api/policy", peer="192.0.2.1")).status == 403
    proxied = await open_to_loopback.ask("GET", "/api/policy", headers={"X-Forwarded-For": "127.0.0.1"})
    assert proxied.status == 403
    keyed = bench(admin_keys={"root": "a1"})
    assert (await keyed.ask("GET", "/api/policy")).status == 401
    assert (await keyed.ask("GET", "/api/policy?key=a1")).status == 401
    assert (await keyed.ask("GET", "/api/policy", headers={"Authorization": "Bearer a1"})).status == 200
