"""A captured request, asked again, is decided as it was; under other settings as those say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from playhouse import GREETING, QUICK, STREAM
from taped import taped_once

from peekd.healing.settings import HedgingSettings
from peekd.records.captures import Capture, decode_capture, encode_capture
from peekd.service.playback import Unplayable, play

PLAYS: Mapping[str, tuple[Mapping[str, Sequence[object]], Mapping[str, Any]]] = {
    "smooth": ({"alice": ["answer text=Read"]}, {}),
    "limited": ({"alice": ["429 retry-after=400"], "bob": ["answer text=Read"]}, {}),
    "two limited, one dead": ({"alice": ["429"], "bob": ["429"], "carol": ["401"]}, {}),
    "rested": ({"alice": ["429 retry-after=2", "answer text=Read"]}, {}),
    "overloaded": ({"alice": ["529", "529"], "bob": ["answer text=Read"]}, {}),
    "silent": ({"alice": ["silence"], "bob": ["answer text=Read"]}, {}),
    "closed": ({"alice": ["close"], "bob": ["answer text=Read"]}, {}),
    "reset": ({"alice": ["reset"], "bob": ["answer text=Read"]}, {}),
    "cut": ({"alice": ["cut"], "bob": ["answer text=Read"]}, {}),
    "stalled": ({"alice": ["hang"], "bob": ["answer text=Read"]}, {}),
    "drop in the middle": ({"alice": ["drop"], "bob": ["answer text=Read"]}, {}),
    "longer than silence may last": ({"alice": ["answer pace=4 text='" + "slow " * 12 + "'"]}, {}),
    "pings alone": ({"alice": ["pings every=5"], "bob": ["answer text=Read"]}, {}),
    "compressed": ({"alice": ["empty"], "bob": ["gzip"]}, {}),
    "gave up with one left": ({"alice": ["400"], "bob": ["answer text=Read"]}, {}),
    "hedged": (
        {"alice": ["answer text=slow delay=15"], "bob": ["answer text=fast"]},
        {"hedging": HedgingSettings(min_seconds=4, max_seconds=4, max_share=1)},
    ),
    "in one piece": ({"alice": ["500"], "bob": ["answer text=Read"]}, {"stream": False}),
    "client left": ({"alice": ["silence"]}, {"leave_after": 3}),
}

GEMINI = {"body": GREETING, "path": f"/v1beta/models/gemini-2.5-pro:{STREAM}"}
ASSIST = {"staged": {"platform": "code-assist"}}
VERTEX = {"staged": {"platform": "vertex"}}
WHERE: Mapping[str, Mapping[str, Any]] = {
    "anthropic": {},
    "gemini": {"protocol": "gemini"},
    "gemini, verbatim": {"protocol": "gemini", **GEMINI},
    "openai-chat": {"protocol": "openai-chat", "staged": {"target": "gpt-5"}},
    "openai-responses": {"protocol": "openai-responses", "staged": {"target": "gpt-5"}},
    "code-assist": {"protocol": "gemini", **ASSIST},
    "code-assist, verbatim": {"protocol": "gemini", **ASSIST, **GEMINI},
    "gemini on vertex": {"protocol": "gemini", **VERTEX},
    "gemini on vertex, verbatim": {"protocol": "gemini", **VERTEX, **GEMINI},
    "anthropic on vertex": VERTEX,
    "anthropic on vertex, named otherwise": {
        "staged": {"platform": "vertex", "target": "claude-opus-4@20250514"}
    },
}
FATES: Mapping[str, Mapping[str, Sequence[object]]] = {
    "limited, then cut, then well": {
        "alice": ["429 retry-after=400"],
        "bob": ["cut"],
        "carol": ["answer text=Read"],
    },
    "refused": {"alice": ["401"], "bob": ["400"]},
    "broken, then well": {"alice": ["500"], "bob": ["empty", "answer text=Read"]},
    "pings alone": {"alice": ["pings every=5"], "bob": ["answer text=Read"]},
}


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("where", WHERE)
def test_so_it_is_in_every_protocol_and_on_every_platform(where: str, fate: str, *, stream: bool) -> None:
    capture = taped_once(FATES[fate], stream=stream, **WHERE[where])
    assert {(one.protocol, one.platform) for one in capture.heard} == {
        (WHERE[where].get("protocol", "anthropic"), WHERE[where].get("staged", {}).get("platform"))
    }
    played = play(capture)
    assert played.same, played


@pytest.mark.parametrize("name", PLAYS)
def test_the_same_bytes_at_the_same_times_are_decided_on_in_the_same_way(name: str) -> None:
    plays, more = PLAYS[name]
    capture = taped_once(plays, **more)
    played = play(capture)
    assert played.same, played
    assert [one.number for one in played.attempts] == [one.number for one in capture.record.attempts]


def test_other_settings_decide_otherwise_and_that_is_told() -> None:
    capture = taped_once({"alice": ["529"], "bob": ["answer text=Read"]})
    played = play(capture, msgspec.structs.replace(QUICK, max_attempts=1, max_accounts=1, policy={}))
    assert not played.same
    assert (played.then, played.now) == ("completed", "overloaded")


def kept_without(capture: Capture, secret: str) -> Capture:
    """The capture as it would have been kept had this been a secret."""
    return decode_capture(encode_capture(capture, [secret]))


@pytest.mark.parametrize("where", ["anthropic", "gemini", "gemini, verbatim", "code-assist"])
def test_a_request_that_is_no_json_any_more_is_not_played(where: str) -> None:
    capture = kept_without(taped_once({"alice": ["529"], "bob": ["answer text=Read"]}, **WHERE[where]), "{")
    with pytest.raises(Unplayable, match=r"cannot be read any more, most likely since what looked like a"):
        play(capture)


def test_a_translated_request_that_lost_its_words_to_a_mask_is_not_called_the_clients_fault() -> None:
    capture = taped_once({"alice": ["answer text=Read"]}, protocol="gemini")
    with pytest.raises(Unplayable, match="messages"):
        play(kept_without(capture, "content"))


def test_a_body_that_was_altered_by_hand_says_so() -> None:
    capture = taped_once({"alice": ["answer text=Read"]})
    with pytest.raises(Unplayable, match="it was altered since"):
        play(msgspec.structs.replace(capture, body=b"{"))


def test_an_answer_that_a_mask_has_altered_is_told_beside_what_it_came_to() -> None:
    capture = kept_without(taped_once({"alice": ["500"], "bob": ["answer text=Read"]}), "message_stop")
    assert [one.masked for one in play(capture).attempts] == [False, True]


def test_an_attempt_that_was_never_sent_cannot_be_played() -> None:
    capture = taped_once({"alice": ["529"], "bob": ["answer text=Read"]})
    with pytest.raises(Unplayable, match=r"attempt 1 \(overloaded\) came to nothing before it was sent"):
        play(msgspec.structs.replace(capture, heard=capture.heard[1:]))
