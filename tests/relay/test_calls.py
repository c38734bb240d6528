"""What goes upstream: the client's own bytes with few splices, or what they mean in other words."""

from typing import Any

import msgspec
import pytest
from answers import SEAL, carried
from requested import HELLO, asked_of

from peekd.protocols.interface import Splices
from peekd.protocols.registry import UPSTREAMS
from peekd.relay.calls import Calls
from peekd.relay.reading import Seen
from peekd.relay.rendering import Translated, Verbatim
from peekd.signatures.proofs import proof_digest
from peekd.vocabulary.errors import ClientError
from peekd.wire.sse import Frame

ANTHROPIC, GEMINI = UPSTREAMS["anthropic"], UPSTREAMS["gemini"]
MODEL = HELLO["model"]


def test_the_same_language_gets_the_clients_own_bytes_and_headers() -> None:
    asked = asked_of(headers={"anthropic-beta": "new-1", "x-api-key": "the client's own"})
    call, headers = Calls(asked, SEAL).make(ANTHROPIC, MODEL, Splices())
    assert (call.body, call.path, call.spliced) == (asked.body, asked.path, ())
    assert headers == (("anthropic-beta", "new-1"),)


def test_a_mapped_model_and_an_answer_in_one_piece_are_the_only_changes() -> None:
    asked = asked_of({**HELLO, "stream": False})
    call, _ = Calls(asked, SEAL).make(ANTHROPIC, "claude-other", Splices())
    assert msgspec.json.decode(call.body) == {**HELLO, "model": "claude-other", "stream": True}
    assert call.spliced == ("model", "stream")


def test_another_language_gets_no_header_of_the_clients() -> None:
    asked = asked_of(headers={"anthropic-beta": "new-1"})
    call, headers = Calls(asked, SEAL).make(GEMINI, "gemini-3-pro-preview", Splices())
    assert headers == ()
    assert "gemini-3-pro-preview:streamGenerateContent" in call.path


def test_what_was_dropped_on_either_side_is_told_once() -> None:
    body: dict[str, Any] = {**HELLO, "context_management": {"edits": []}, "inference_geo": "eu"}
    calls = Calls(asked_of(body), SEAL)
    call, _ = calls.make(GEMINI, "gemini-3-pro-preview", Splices())
    assert set(calls.conversation.dropped) <= set(call.dropped)
    assert len(set(call.dropped)) == len(call.dropped)


def test_a_request_is_read_whole_only_where_it_must_be_and_only_once() -> None:
    unsayable = Calls(asked_of({**HELLO, "messages": [{"role": "user", "content": 7}]}), SEAL)
    unsayable.make(ANTHROPIC, MODEL, Splices())
    with pytest.raises(ClientError, match=r"messages\.0\.content"):
        unsayable.make(GEMINI, MODEL, Splices())
    calls = Calls(asked_of(), SEAL)
    assert calls.conversation is calls.conversation


def test_each_call_is_made_anew_for_an_envelope_names_each() -> None:
    calls = Calls(asked_of(), SEAL)
    first = calls.make(GEMINI, "gemini-3-pro", Splices())
    assert calls.make(GEMINI, "gemini-3-pro", Splices()) is not first


def test_a_count_is_asked_for_in_the_clients_own_bytes() -> None:
    asked = asked_of(path="/v1/messages/count_tokens?beta=true")
    call, _ = Calls(asked, SEAL).count(ANTHROPIC, MODEL)
    assert (call.body, call.path) == (asked.body, asked.path)
    mapped, _ = Calls(asked, SEAL).count(ANTHROPIC, "claude-other")
    assert msgspec.json.decode(mapped.body)["model"] == "claude-other"


def test_the_answer_is_rendered_as_it_came_or_in_the_clients_words() -> None:
    calls = Calls(asked_of(), SEAL)
    assert isinstance(calls.rendering(ANTHROPIC, "claude-x", lambda prefix: prefix), Verbatim)
    assert isinstance(calls.rendering(GEMINI, "gemini-x", lambda prefix: prefix), Translated)


def test_a_client_sees_thoughts_where_it_asked_for_them_or_the_frames_are_its_own() -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    unseen = Calls(asked_of(), SEAL)
    assert (unseen.thoughts(ANTHROPIC), unseen.thoughts(GEMINI)) == (True, False)
    assert Calls(asked_of({**HELLO, "thinking": thinking}), SEAL).thoughts(GEMINI)
    assert not Calls(asked_of({**HELLO, "thinking": {**thinking, "display": "omitted"}}), SEAL).thoughts(
        GEMINI
    )


@pytest.mark.parametrize("repaired", [True, False])
def test_a_repair_leaves_replayed_thoughts_out_in_either_language(*, repaired: bool) -> None:
    thought = {"type": "thinking", "thinking": "Hmm", "signature": "proof"}
    turns = [
        *HELLO["messages"],
        {"role": "assistant", "content": [thought, {"type": "text", "text": "Hello"}]},
        {"role": "user", "content": "Go on."},
    ]
    calls = Calls(asked_of({**HELLO, "messages": turns}), SEAL)
    call, _ = calls.make(ANTHROPIC, MODEL, Splices(repaired=repaired))
    assert (b"proof" in call.body) is not repaired


def test_frames_of_a_verbatim_answer_are_not_looked_into() -> None:
    rendering = Calls(asked_of(), SEAL).rendering(ANTHROPIC, "claude-x", lambda prefix: prefix)
    frame = Frame(raw=b"event: future\ndata: {not json}\n\n", event="future", data=b"{not json}")
    assert rendering.render(Seen(frame, ())) == frame.raw


def test_a_whole_answer_is_asked_for_in_either_language() -> None:
    calls = Calls(asked_of(), SEAL)
    call, _ = calls.make(ANTHROPIC, MODEL, Splices(stream=False))
    assert msgspec.json.decode(call.body) == {**HELLO, "stream": False}
    assert call.spliced == ("stream",)
    call, _ = calls.make(GEMINI, "gemini-3-pro-preview", Splices(stream=False))
    assert call.path.endswith(":generateContent")


def test_thoughts_that_the_account_cannot_read_are_left_out_of_a_translated_call_and_named() -> None:
    carrier = carried("thought", "theirs", "openai")
    thought = {"type": "thinking", "thinking": "Hmm", "signature": carrier}
    turns = [
        *HELLO["messages"],
        {"role": "assistant", "content": [thought, {"type": "text", "text": "Hello"}]},
        {"role": "user", "content": "Go on."},
    ]
    calls = Calls(asked_of({**HELLO, "messages": turns}), SEAL)
    call, _ = calls.make(GEMINI, "gemini-x", Splices(unreadable=frozenset({proof_digest("theirs")})))
    assert "thinking of another account" in call.dropped
