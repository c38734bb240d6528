"""Words are kept where they are wanted, without secrets."""

from __future__ import annotations

import msgspec
import pytest
from playhouse import HELLO, open_playhouse

from peekd.protocols.registry import CLIENTS
from peekd.relay.asked import Asked
from peekd.relay.bodies import MOST_ASKED, Bodies
from peekd.store.interface import Deed
from peekd.store.rows import BodyRow
from peekd.vocabulary.conversation import Head
from peekd.vocabulary.events import TextDelta

SECRET = "upstream-secret-that-no-rule-knows"


def bodies(body: bytes, wanted: str = "all") -> Bodies:
    asked = Asked("req_1", CLIENTS["anthropic"], Head("m", stream=True), body, "/", (), 0.0)
    return Bodies(asked, "failed" if wanted == "failed" else "all")


def test_request_and_answer_are_kept_without_credentials() -> None:
    kept = bodies(b'{"say":"my key is sk-ant-api03-abcdefghijklmnop"}')
    kept.begin(SECRET).see(TextDelta(0, f"you sent {SECRET}"))
    assert list(kept.rows("completed")) == [
        BodyRow("req_1", "request", '{"say":"my key is [key]"}'),
        BodyRow("req_1", "answer", "[text]\nyou sent [key]"),
    ]


def test_the_words_of_another_attempt_take_the_place_of_those_before() -> None:
    kept = bodies(b"")
    kept.begin("").see(TextDelta(0, "first"))
    kept.begin("").see(TextDelta(0, "second"))
    assert [row.text for row in kept.rows("broken")] == ["[text]\nsecond"]


@pytest.mark.parametrize(("outcome", "rows"), [("completed", 0), ("client_gone", 0), ("broken", 1)])
def test_of_failed_requests_alone(outcome: str, rows: int) -> None:
    assert len(list(bodies(b"{}", "failed").rows(outcome))) == rows


def test_a_long_request_is_cut() -> None:
    (row,) = bodies(b"word " * MOST_ASKED).rows("broken")
    assert len(row.text) <= MOST_ASKED + 3
    assert row.text.endswith("[…]")


async def test_a_journey_writes_them_before_the_last_byte(autojump_clock: object) -> None:
    async with open_playhouse({"alice": ["empty", "answer"]}) as house:
        rows: list[BodyRow] = []

        def write(deed: Deed) -> None:
            if isinstance(deed, BodyRow):
                rows.append(deed)

        house.house.store.write = write
        await house.ask()
        assert rows == []
        house.house.bodies = "all"
        told = await house.ask()
        assert [row.part for row in rows] == ["request", "answer"]
        assert msgspec.json.decode(rows[0].text)["messages"] == HELLO["messages"]
        assert told.text in rows[1].text
