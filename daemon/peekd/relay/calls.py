"""What is sent upstream for a request: its own bytes with a few splices, or what it means, translated."""

from __future__ import annotations

from functools import cached_property

import msgspec

from peekd.protocols.interface import Call, Ids, UpstreamProtocol
from peekd.relay.asked import Asked
from peekd.relay.rendering import Rendering, Translated, Verbatim
from peekd.vocabulary.conversation import Conversation
from peekd.wire.headers import upstream_headers

Headers = tuple[tuple[str, str], ...]


class Calls:
    """Makes a request's calls; what can be read once is read once."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    @cached_property
    def conversation(self) -> Conversation:
        """The request in words of no protocol. Raises ClientError where they do not reach."""
        return self._asked.protocol.decode_request(self._asked.body, self._asked.path)

    def _verbatim(self, protocol: UpstreamProtocol) -> bool:
        return protocol.name == self._asked.protocol.name

    def make(
        self, protocol: UpstreamProtocol, model: str, *, repaired: bool, stream: bool = True
    ) -> tuple[Call, Headers]:
        """The call for an upstream's protocol and model, and the client's headers that go with it."""
        if not self._verbatim(protocol):
            call = protocol.encode_request(self.conversation, model=model, repaired=repaired, stream=stream)
            dropped = tuple(dict.fromkeys((*self.conversation.dropped, *call.dropped)))
            return msgspec.structs.replace(call, dropped=dropped), ()
        mapped = None if model == self._asked.head.model else model
        call = protocol.splice_request(
            self._asked.body, self._asked.path, model=mapped, stream=stream, repaired=repaired
        )
        return call, upstream_headers(self._asked.headers)

    def count(self, protocol: UpstreamProtocol, model: str) -> tuple[Call, Headers]:
        """The call that asks an upstream of the client's own protocol to count."""
        mapped = None if model == self._asked.head.model else model
        call = protocol.splice_request(
            self._asked.body, self._asked.path, model=mapped, stream=False, repaired=False
        )
        return call, upstream_headers(self._asked.headers)

    def rendering(self, protocol: UpstreamProtocol, ids: Ids) -> Rendering:
        """How the answer of such a call becomes the client's."""
        if self._verbatim(protocol):
            return Verbatim(self._asked.protocol, counted=self._asked.head.counted)
        encoder = self._asked.protocol.encoder(model=self._asked.head.model, ids=ids, thoughts=self._thinks)
        return Translated(encoder, shown=self._shown, counted=self._asked.head.counted)

    def thoughts(self, protocol: UpstreamProtocol) -> bool:
        """Whether the client sees the words of thoughts in the answer of such a call."""
        return self._verbatim(protocol) or (self._thinks and self._shown)

    @property
    def _thinks(self) -> bool:
        thought = self.conversation.thought
        return thought is not None and thought.mode != "disabled"

    @property
    def _shown(self) -> bool:
        thought = self.conversation.thought
        return thought is None or thought.shown
