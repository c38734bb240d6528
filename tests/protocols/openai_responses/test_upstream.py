"""What faces the upstream, under one name."""

from __future__ import annotations

from peekd.protocols.interface import Splices
from peekd.protocols.openai_responses import UPSTREAM
from peekd.vocabulary.conversation import Conversation, Text, Turn
from peekd.vocabulary.events import Ended


def test_its_verbs() -> None:
    assert (UPSTREAM.name, UPSTREAM.auth, UPSTREAM.family) == ("openai-responses", "bearer", "openai")
    call = UPSTREAM.encode_request(
        Conversation("m", (Turn("user", (Text("x"),)),)), model="n", repaired=False
    )
    assert b'"model":"n"' in call.body
    spliced = UPSTREAM.splice_request(b'{"model":"m"}', "/p", Splices("n", stream=False, repaired=False))
    assert spliced.body == b'{"model":"n"}'
    frames = UPSTREAM.decode_whole(b'{"output":[],"status":"completed"}')
    decoder = UPSTREAM.decoder()
    assert [event for frame in frames for event in decoder.feed(frame)][-1] == Ended()
    assert decoder.close() == []
    assert UPSTREAM.decode_refusal(401, {}, b"").kind == "unauthorized"
