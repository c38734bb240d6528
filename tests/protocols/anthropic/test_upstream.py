"""The verbs that face the upstream, under one name."""

from __future__ import annotations

from peekd.protocols.anthropic import UPSTREAM
from peekd.protocols.interface import Splices
from peekd.vocabulary.conversation import Conversation
from peekd.vocabulary.events import Beat
from peekd.wire.sse import Frame


def test_each_verb_is_there() -> None:
    assert (UPSTREAM.name, UPSTREAM.auth) == ("anthropic", "x-api-key")
    assert UPSTREAM.encode_request(Conversation("m", ()), model="m", repaired=False).path == "/v1/messages"
    spliced = UPSTREAM.splice_request(b"{}", "/v1/messages?a=b", Splices(None, stream=True, repaired=False))
    assert (spliced.path, spliced.body) == ("/v1/messages?a=b", b'{"stream":true}')
    assert UPSTREAM.decoder().feed(Frame(b"\n")) == [Beat()]
    assert UPSTREAM.decode_refusal(529, {}, b"").kind == "overloaded"


def test_answers_are_read_apart() -> None:
    assert UPSTREAM.decoder() is not UPSTREAM.decoder()
