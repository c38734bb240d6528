"""What is sent upstream for a request: its own bytes with a few splices, or what it means, translated."""

from __future__ import annotations

from functools import cached_property

import msgspec

from peekd.protocols.interface import Answering, Call, Following, Ids, Splices, UpstreamProtocol
from peekd.protocols.mending import Mender
from peekd.relay.asked import Asked
from peekd.relay.rendering import Rendering, Translated, Verbatim
from peekd.signatures.proofs import tied_proofs, without_proofs
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

    def proofs(self, protocol: UpstreamProtocol) -> tuple[str, ...]:
        """Digests of the replayed thoughts that this upstream would get and only some account can read."""
        if self._verbatim(protocol):
            return self._asked.head.proofs
        return tied_proofs(self.conversation, protocol.family)

    def make(self, protocol: UpstreamProtocol, model: str, splices: Splices) -> tuple[Call, Headers]:
        """The call for an upstream's protocol and model, and the client's headers that go with it.

        What the splices say of the model does not matter; all else holds for a translated call as well.
        Raises ClientError where the protocol cannot say the request. Each attempt asks twice, before it takes
        an account and when it sends: the second time it gets the same call, and nobody gets that again, since
        a platform's envelope names each call anew.
        """
        key = (protocol.name, model, splices)
        made, self._made = self._made, None
        if made is not None and made[0] == key:
            return made[1]
        call = self._make(protocol, model, splices)
        self._made = (key, call)
        return call

    def _make(self, protocol: UpstreamProtocol, model: str, splices: Splices) -> tuple[Call, Headers]:
        if self._verbatim(protocol):
            return self._spliced(protocol, model, splices), upstream_headers(self._asked.headers)
        readable = without_proofs(self.conversation, splices.unreadable)
        call = protocol.encode_request(
            readable, model=model, repaired=splices.repaired, stream=splices.stream
        )
        strange = ("thinking of another account",) if readable is not self.conversation else ()
        dropped = tuple(dict.fromkeys((*readable.dropped, *strange, *call.dropped)))
        return msgspec.structs.replace(call, dropped=dropped), ()

    def count(self, protocol: UpstreamProtocol, model: str) -> tuple[Call, Headers]:
        """The call that asks an upstream of the client's own protocol to count."""
        call = self._spliced(protocol, model, Splices(stream=False))
        return call, upstream_headers(self._asked.headers)

    def _spliced(self, protocol: UpstreamProtocol, model: str, splices: Splices) -> Call:
        mapped = None if model == self._asked.head.model else model
        named = msgspec.structs.replace(splices, model=mapped)
        return protocol.splice_request(self._asked.body, self._asked.path, named)

    def rendering(self, protocol: UpstreamProtocol, model: str, ids: Ids) -> Rendering:
        """How the answer of such a call becomes the client's."""
        if self._verbatim(protocol):
            return Verbatim(self._asked.protocol, self.following(), counted=self._asked.head.counted)
        answering = Answering(
            self.conversation,
            ids,
            created=int(self._asked.came),
            seal=self._seal,
            family=protocol.family,
            model=model,
            thoughts=self._thinks,
            shown=self._shown,
        )
        encoder = self._asked.protocol.encoder(answering)
        mender = Mender(self.conversation.tools, whole=not self._asked.head.stream)
        return Translated(encoder, counted=self._asked.head.counted, mender=mender)

    def following(self) -> Following:
        """The client's stream, in which nothing was said yet."""
        return self._asked.protocol.following(self._asked.head.model, int(self._asked.came))

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
