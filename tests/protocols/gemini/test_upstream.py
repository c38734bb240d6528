"""The verbs of Gemini as an upstream, reached through the one name that others use."""

from __future__ import annotations

from peekd.protocols.gemini import UPSTREAM
from peekd.protocols.interface import Splices, UpstreamProtocol
from peekd.vocabulary.conversation import Conversation, Text, Turn
from peekd.vocabulary.events import Beat
from peekd.wire.sse import Frame


def test_it_has_every_verb_of_an_upstream() -> None:
    upstream: UpstreamProtocol = UPSTREAM
    said = Conversation("m", (Turn("user", (Text("a"),)),))
    call = upstream.encode_request(said, model="gemini-3-pro", repaired=False)
    assert (
        upstream.splice_request(call.body, call.path, Splices(None, stream=True, repaired=False)).body
        == call.body
    )
    assert upstream.decode_refusal(429, {}, b"").kind == "rate_limited"
    assert (upstream.name, upstream.auth) == ("gemini", "x-goog-api-key")


def test_an_answer_can_be_asked_for_in_one_piece() -> None:
    said = Conversation("m", (Turn("user", (Text("a"),)),))
    call = UPSTREAM.encode_request(said, model="gemini-3-pro", repaired=False, stream=False)
    assert call.path == "/v1beta/models/gemini-3-pro:generateContent"
    streamed = "/v1beta/models/m:streamGenerateContent?key=k&alt=sse"
    spliced = UPSTREAM.splice_request(b"{}", streamed, Splices(None, stream=False, repaired=False))
    assert (spliced.path, spliced.spliced) == ("/v1beta/models/m:generateContent?key=k", ("stream",))


def test_each_answer_has_a_decoder_of_its_own() -> None:
    first, second = UPSTREAM.decoder(), UPSTREAM.decoder()
    assert first is not second
    assert list(first.feed(Frame(raw=b": hi\n\n"))) == [Beat()]
