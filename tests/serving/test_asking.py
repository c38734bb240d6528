from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trio

from peekd.relay.asked import Asked
from peekd.relay.delivery import Delivery, Final


async def test_what_is_passed_on_is_the_request_without_its_keys(bench: Callable[..., Any]) -> None:
    toy = bench(auth="off")
    headers = {
        "X-Api-Key": "secret",
        "X-Goog-Api-Key": "secret",
        "Authorization": "Bearer secret",
        "Anthropic-Beta": "a,b",
        "User-Agent": "agent/1",
    }
    await toy.ask("POST", "/v1/messages?key=secret&beta=true", json={"model": "m"}, headers=headers)
    (asked,) = toy.asked
    assert asked.path == "/v1/messages?beta=true"
    assert (asked.method, asked.client, asked.came) == ("POST", "agent/1", 1000.0)
    assert asked.header("anthropic-beta") == "a,b"
    assert "secret" not in repr((asked.path, asked.headers))
    assert asked.body == b'{"model": "m"}'


async def test_work_in_the_requests_nursery_outlives_the_view_but_not_the_answer(
    bench: Callable[..., Any],
) -> None:
    cancelled = trio.Event()

    async def script(_asked: Asked, delivery: Delivery) -> None:
        delivery.answer(Final(200, (), b"{}"))
        try:
            await trio.sleep_forever()
        finally:
            cancelled.set()

    toy = bench()
    toy.script = script
    with trio.fail_after(5):
        assert (await toy.ask("POST", "/v1/messages", json={"model": "m"})).status == 200
        await cancelled.wait()
