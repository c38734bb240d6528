"""What is sent upstream for a request: its own bytes with a few splices, or what it means, translated."""

from __future__ import annotations

from functools import cached_property

import msgspec

from peekd.protocols.interface import Answering, Call, Following, Ids, UpstreamProtocol
from peekd.relay.asked import Asked
from peekd.relay.rendering import Rendering, Translated, Verbatim
from peekd.signatures.seal import Seal
from peekd.vocabulary.conversation import Conversation
from peekd.wire.headers import upstream_headers

Headers = tuple[tuple[str, str], ...]


class Calls:
    """Makes a request's calls; what can be read once is read once."""

    def __init__(self, asked: Asked, seal: Seal) -> None:
        self._asked = asked
        self._seal = seal
        self._made: tuple[object, tuple[Call, Headers]] | None = None

    @cached_property
    def conversation(self) -> Conversation:
        """The request in words of no protocol. Raises ClientError where they do not reach."""
        return self._asked.protocol.decode_request(self._asked.body, self._asked.path, self._seal)

    def _verbatim(self, protocol: UpstreamProtocol) -> bool:
        return protocol.name == self._asked.protocol.name

    def make(
        self, protocol: UpstreamProtocol, model: str, *, repaired: bool, stream: bool = True
    ) -> tuple[Call, Headers]:
        """The call for an upstream's protocol and model, and the client's headers that go with it.

        Raises ClientError where the protocol cannot say the request. The last one is kept: it is asked for
        before an account is taken, and once more when it is sent.
        """
        key = (protocol.name, model, repaired, stream)
        if self._made is None or self._made[0] != key:
            self._made = (key, self._make(protocol, model, repaired=repaired, stream=stream))
        return self._made[1]

    def _make(
        self, protocol: UpstreamProtocol, model: str, *, repaired: bool, stream: bool
    ) -> tuple[Call, Headers]:
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

    def rendering(self, protocol: UpstreamProtocol, model: str, ids: Ids) -> Rendering:
        """How the answer of such a call becomes the client's."""
        if self._verbatim(protocol):
            return Verbatim(self._asked.protocol, self.following(), counted=self._asked.head.counted)
        thought = self.conversation.thought
        thinks = thought is not None and thought.mode != "disabled"
        answering = Answering(
            self.conversation,
            ids,
            created=int(self._asked.came),
            seal=self._seal,
            family=protocol.family,
            model=model,
            thoughts=thinks,
            shown=thought is None or thought.shown,
        )
        return Translated(self._asked.protocol.encoder(answering), counted=self._asked.head.counted)

    def following(self) -> Following:
        """The client's stream, in which nothing was said yet."""
        return self._asked.protocol.following(self._asked.head.model, int(self._asked.came))
