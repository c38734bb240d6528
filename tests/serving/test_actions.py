from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peekd.serving.routes import ROUTES


async def test_every_route_has_an_action_that_answers(bench: Callable[..., Any]) -> None:
    toy = bench()
    toy.keep("one", "completed")
    for route in ROUTES:
        if route.action == "watch" or route.path.startswith("/monitor"):
            continue  # a stream without an end, and what is no API: see test_monitoring.py
        path = route.path.replace("<path:name>", "claude-a").replace("<name>", "one")
        for method in route.methods:
            content: dict[str, Any] = {"json": {"model": "m"}} if method == "POST" else {}
            reply = await toy.ask(method, path, **content)
            assert reply.status == 200, (method, path, reply.body)


async def test_counting_counts_against_the_keys_limit_only_while_it_lasts(bench: Callable[..., Any]) -> None:
    toy = bench(client_keys={"alice": "k1"}, max_requests_per_key=1)
    for _ in range(3):
        reply = await toy.ask(
            "POST", "/v1/messages/count_tokens", json={"model": "m"}, headers={"x-api-key": "k1"}
        )
        assert reply.status == 200


async def test_a_count_that_cannot_be_read_is_refused_and_not_kept(bench: Callable[..., Any]) -> None:
    toy = bench()
    assert (await toy.ask("POST", "/v1/messages/count_tokens", data=b"{")).status == 400
    assert toy.house.live.find("last") is None
