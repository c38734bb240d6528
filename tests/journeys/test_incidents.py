"""What `peekd explain`, or the monitor, alone tells: cause of a trouble, what was done, whether to act."""

from __future__ import annotations

import re
from datetime import UTC
from html import unescape

import msgspec
import pytest
from playhouse import open_playhouse

from peekd.cli.paint import Paint
from peekd.cli.story import tell
from peekd.monitor.detail import Beside, detail_of
from peekd.monitor.page import render
from peekd.records.entries import RequestRecord
from peekd.records.tale import CAME_TO, THEN

NOTHING = "nothing: all is well"
Plays = dict[str, list[object]]


class Incident(msgspec.Struct, frozen=True):
    """What upstreams do, and what must be told: outcomes with the moves that followed, and the advice."""

    plays: Plays
    told: tuple[tuple[str, str], ...]
    advice: str
    stream: bool = True
    leave_after: float | None = None
    path: str = "/v1/messages"


INCIDENTS = {
    "one account limited": Incident(
        {"alice": ["429"], "bob": ["answer"]}, (("rate_limited", "rotate"),), NOTHING
    ),
    "two limited and one dead": Incident(
        {"alice": ["429 retry-after=900"], "bob": ["429 retry-after=900"], "carol": ["401"]},
        (("quota_exhausted", "rotate"), ("unauthorized", "rotate")),
        "wait",
    ),
    "all accounts limited": Incident(
        {"alice": ["429 retry-after=900"], "bob": ["429 retry-after=900"]},
        (("quota_exhausted", "rotate"),),
        "add an account that has quota",
    ),
    "a credential that died": Incident(
        {"alice": ["401"], "bob": ["answer"]}, (("unauthorized", "rotate"),), "renew the credential of alice"
    ),
    "only dead credentials": Incident({"alice": ["401"]}, (("unauthorized", ""),), "mend the accounts"),
    "no credit": Incident(
        {"alice": ["402"], "bob": ["answer"]}, (("payment_required", "rotate"),), "add credit to alice"
    ),
    "an empty 200": Incident({"alice": ["empty", "answer"]}, (("empty", "again"),), NOTHING),
    "a storm over all": Incident(
        {"alice": ["529"], "bob": ["529"], "carol": ["529"]}, (("overloaded", "again"),), "second upstream"
    ),
    "a server that breaks": Incident(
        {"alice": ["500"], "bob": ["answer"]}, (("server_error", "rotate"),), NOTHING
    ),
    "a reset": Incident({"alice": ["reset", "answer"]}, (("unreachable", "again"),), NOTHING),
    "no status line": Incident({"alice": ["silence", "answer"]}, (("headers_timeout", "again"),), NOTHING),
    "pings and nothing else": Incident(
        {"alice": ["pings count=3 every=1 then=silence", "answer"]}, (("silent", "again"),), NOTHING
    ),
    "an error inside a 200": Incident(
        {"alice": ["error at=start", "answer"]}, (("overloaded", "again"),), NOTHING
    ),
    "thoughts and nothing else": Incident(
        {"alice": ["blank", "answer"], "bob": ["answer"]}, (("blank", ""),), NOTHING
    ),
    "a cut in the middle, streamed": Incident(
        {"alice": ["cut at=middle pace=0.01"]}, (("broken", "give_up"),), "ask again"
    ),
    "a cut in the middle, in one piece": Incident(
        {"alice": ["cut at=middle", "answer"]}, (("truncated", "again"),), NOTHING, stream=False
    ),
    "the request's own fault": Incident({"alice": ["400"]}, (("rejected", "give_up"),), "the request itself"),
    "a signature that does not hold": Incident(
        {"alice": ["signature", "answer"]}, (("signature", "repair"),), NOTHING
    ),
    "a client that leaves": Incident(
        {"alice": ["answer pace=1"]}, (("client_gone", ""),), NOTHING, leave_after=2.0
    ),
}


def story(record: RequestRecord) -> str:
    """Give what `peekd explain` prints, its lines joined."""
    return " ".join(tell(record, UTC, Paint()).split())


def page(record: RequestRecord) -> str:
    """Give the words of the monitor's page, its lines joined."""
    shown = render("story.html", detail=detail_of(record, Beside(), 0.0, UTC)).decode()
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", shown)).split())


@pytest.mark.parametrize("name", INCIDENTS)
async def test_cause_action_and_advice_are_told(autojump_clock: object, name: str) -> None:
    incident = INCIDENTS[name]
    async with open_playhouse(incident.plays) as house:
        asked = await house.ask(stream=incident.stream, leave_after=incident.leave_after)
        texts = (story(asked.record), page(asked.record))
        attempts = asked.record.attempts
    assert asked.record.state == "done"
    for outcome, move in incident.told:
        fitting = [one for one in attempts if one.outcome == outcome and move in {"", one.move}]
        assert fitting, [(one.outcome, one.move) for one in attempts]
        cause = CAME_TO[outcome].format(account=fitting[0].account, upstream=fitting[0].upstream)
        assert all(cause in text for text in texts)
        if move:
            assert all(THEN[move] in text for text in texts)
    assert all(incident.advice in text.partition("What you can do")[2] for text in texts)
