"""What is sent upstream for a request: its own bytes with a few splices, or what it means, translated."""

from __future__ import annotations

import re
from functools import cached_property, partial
from typing import Final

import msgspec

from peekd.accounts.wanted import Lease
from peekd.protocols.estimate import estimate_prompt
from peekd.protocols.interface import Answering, Call, Following, Ids, Splices, UpstreamProtocol
from peekd.protocols.mending import Mender
from peekd.relay.archive import Archive, empty_archive
from peekd.relay.asked import Asked
from peekd.relay.learning import Learning
from peekd.relay.rendering import Rendering, Translated, Verbatim
from peekd.signatures.note import CLOSING, NOTE, with_note
from peekd.signatures.proofs import proof_digest, proofs_in, tied_proofs, without_proofs
from peekd.signatures.restore import Restored, Wanted, call_proofs, number_of_steps, proofs_of
from peekd.signatures.seal import Seal
from peekd.signatures.steps import Origin, digest_of_turns
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.conversation import Conversation, Text, Turn
from peekd.vocabulary.errors import ClientError
from peekd.vocabulary.outcomes import AnyOutcome
from peekd.wire.headers import upstream_headers

_PREFIXES: Final = {"anthropic": "toolu_"}
"""How ids of calls begin that are made up for clients of a protocol."""

_ROLE: Final = re.compile(rb'"role"\s*:\s*"(?:assistant|model)"')
"""A step in a request's bytes; quotes inside the client's own words are escaped."""

BYTES_A_TOKEN: Final = 4
"""Of a request that our words do not reach."""

Headers = tuple[tuple[str, str], ...]


class Calls:
    """Makes a request's calls; what can be read once is read once."""

    def __init__(self, asked: Asked, seal: Seal, archive: Archive | None = None) -> None:
        self._asked = asked
        self._seal = seal
        self._archive = archive or empty_archive()
        self._session = asked.session or ""
        self._put_back: tuple[str, ...] = ()
        """Proofs in the call made last that the client had lost."""
        self._lacking = False

    @cached_property
    def conversation(self) -> Conversation:
        """The request in words of no protocol. Raises ClientError where they do not reach."""
        read = self._asked.protocol.decode_request(self._asked.body, self._asked.path, self._seal)
        return self._archive.review(read, self._session)

    @cached_property
    def _readable(self) -> Conversation | None:
        """The same of a request that goes as it came: None where our words do not reach."""
        try:
            return self.conversation
        except ClientError:
            return None

    def _verbatim(self, protocol: UpstreamProtocol) -> bool:
        return protocol.name == self._asked.protocol.name

    def proofs(self, protocol: UpstreamProtocol) -> tuple[str, ...]:
        """Digests of the replayed thoughts that this upstream would get and only some account can read."""
        if self._verbatim(protocol):
            return self._asked.head.proofs
        return tied_proofs(self.conversation, protocol.family)

    def make(
        self, protocol: UpstreamProtocol, model: str, splices: Splices, account: str = ""
    ) -> tuple[Call, Headers]:
        """The call for an upstream's protocol and model, and the client's headers that go with it.

        What the splices say of the model does not matter; all else holds for a translated call as well.
        `account`: whose thoughts it may read, where that matters.
        Raises ClientError where the protocol cannot say the request. It is made for one attempt and sent
        once, since a platform's envelope names each call anew.
        """
        self._put_back = ()
        if self._verbatim(protocol):
            careful = self._carefully(protocol, splices, account)
            return self._spliced(protocol, model, careful), upstream_headers(self._asked.headers)
        refused = self._archive.refused(self._session, proofs_of(self.conversation))
        readable = without_proofs(self.conversation, splices.unreadable | refused)
        strange = ("thinking of another account",) if splices.unreadable else ()
        restored = self._restored(readable, protocol, splices, account)
        self._put_back = tuple(proof for step in restored.steps for proof in step.proofs)
        said = begun(restored.conversation, splices.begun)
        if splices.repaired and self._archive.settings.recovery_note:
            said = with_note(said)
        call = protocol.encode_request(said, model=model, repaired=splices.repaired, stream=splices.stream)
        noted = ("recovery note",) * (splices.repaired and self._archive.settings.recovery_note)
        dropped = tuple(dict.fromkeys((*readable.dropped, *strange, *call.dropped)))
        return Call(call.path, call.body, call.headers, dropped, noted, restored.names, call.method), ()

    def _restored(
        self, readable: Conversation, protocol: UpstreamProtocol, splices: Splices, account: str
    ) -> Restored:
        """What is said upstream, with what the client lost; nothing is put back into what is repaired."""
        if splices.repaired or not protocol.family:
            return Restored(readable)
        return self._archive.restore(readable, self._wanted(protocol, account, thoughts=self._thinks))

    def _wanted(self, protocol: UpstreamProtocol, account: str, *, thoughts: bool) -> Wanted:
        guessed = self._asked.head.guessed
        return Wanted(self._session, protocol.family, account, thoughts=thoughts, guessed=guessed)

    def _carefully(self, protocol: UpstreamProtocol, splices: Splices, account: str) -> Splices:
        """Add what is known of this conversation's signatures, where an upstream has refused some.

        A repair for want of one leaves those that an answer of this conversation came with, and fills in the
        rest; those that peekd did not see given go this once, for they may be the next to be refused.
        """
        careful = self._archive.is_lossy(self._session)
        if not (careful or splices.repaired):
            return splices
        refused = self._archive.refused(self._session, self._own_proofs())
        noted = splices.repaired and self._archive.settings.recovery_note
        if self._lacking:
            refused |= self._archive.strangers(self.conversation, self._session)
        return msgspec.structs.replace(
            splices,
            repaired=splices.repaired and not self._lacking,
            unreadable=splices.unreadable | refused,
            careful=careful or self._lacking,
            signatures=self._known(protocol, refused, account),
            note=NOTE if noted else "",
            closing=CLOSING if noted else "",
        )

    def _known(self, protocol: UpstreamProtocol, refused: frozenset[str], account: str) -> tuple[str, ...]:
        """What is known of the signatures on replayed calls, those that the client lost among them."""
        if self._readable is None:
            return ()
        wanted = self._wanted(protocol, account, thoughts=False)
        restored = self._archive.restore(without_proofs(self._readable, refused), wanted)
        self._put_back = tuple(proof for step in restored.steps for proof in step.proofs)
        found = call_proofs(restored.conversation, protocol.family)
        return tuple("" if proof_digest(proof) in refused else proof for proof in found)

    def _own_proofs(self) -> tuple[str, ...]:
        """The proofs that the client replays; where our words do not reach, as the bytes show them."""
        read = self._readable
        return proofs_in(self._asked.body) if read is None else tuple(proofs_of(read))

    def mend(self, outcome: AnyOutcome) -> None:
        """An upstream refused this request for its thoughts, and it is asked once more.

        Where it only missed a signature, those that it gave before are still good: see `_carefully`.
        """
        self._lacking = isinstance(outcome, o.Signature) and outcome.lacking and self._readable is not None
        if self._lacking:
            self._archive.spoil(self._session, ())
        else:
            self.spoil()

    def spoil(self) -> None:
        """An upstream refused this request for its thoughts: none of them is ever sent again.

        Neither the client's own, nor those that were put back.
        """
        self._archive.spoil(self._session, (*self._own_proofs(), *self._put_back))

    def learning(self, protocol: UpstreamProtocol, lease: Lease, ids: Ids) -> Learning:
        """What watches the answer of such a call."""
        verbatim = self._verbatim(protocol)
        origin = Origin(
            family=protocol.family,
            session=self._session if protocol.family else "",
            upstream=lease.upstream,
            model=lease.model,
            account=lease.account,
        )
        if verbatim:
            return Learning(self._archive, origin, self._steps_asked, before=self._said_before)
        fresh = partial(ids, _PREFIXES.get(self._asked.protocol.name, "call_"))
        return Learning(self._archive, origin, self._steps_read, fresh, self._said_before)

    def _steps_asked(self) -> int:
        return _steps_in(self._asked.body)

    def _steps_read(self) -> int:
        return number_of_steps(self.conversation)

    def _said_before(self) -> str:
        """What tells this conversation from its other branches, "" where our words do not reach."""
        return "" if self._readable is None else digest_of_turns(self._readable.turns)

    def count(self, protocol: UpstreamProtocol, model: str) -> tuple[Call, Headers]:
        """The call that asks an upstream of the client's own protocol to count."""
        call = self._spliced(protocol, model, Splices(stream=False))
        return call, upstream_headers(self._asked.headers)

    def _spliced(self, protocol: UpstreamProtocol, model: str, splices: Splices) -> Call:
        mapped = None if model == self._asked.head.model else model
        named = msgspec.structs.replace(splices, model=mapped)
        return protocol.splice_request(self._asked.body, self._asked.path, named)

    def rendering(
        self,
        protocol: UpstreamProtocol,
        model: str,
        ids: Ids,
        learning: Learning | None = None,
        *,
        owns_end: bool = False,
    ) -> Rendering:
        """How the answer of such a call becomes the client's. `learning` sees what the client gets.

        `owns_end`: an upstream's own error does not go to the client.
        """
        counted = self._asked.head.counted
        if self._verbatim(protocol):
            asked, following = self._asked.protocol, self.following()
            return Verbatim(asked, following, counted=counted, learning=learning, owns_end=owns_end)
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
        return Translated(encoder, counted=counted, mender=mender, learning=learning)

    def following(self) -> Following:
        """The client's stream, in which nothing was said yet."""
        return self._asked.protocol.following(self._asked.head.model, int(self._asked.came))

    def thoughts(self, protocol: UpstreamProtocol) -> bool:
        """Whether the client sees the words of thoughts in the answer of such a call."""
        return self._verbatim(protocol) or (self._thinks and self._shown)

    @cached_property
    def prompt(self) -> int:
        """About how many tokens the request has: by its words where they can be read, else by its bytes."""
        read = self._readable
        return len(self._asked.body) // BYTES_A_TOKEN if read is None else estimate_prompt(read)

    def offers_tools(self, protocol: UpstreamProtocol) -> bool:
        """Whether the client can be expected to run a tool. Verbatim requests are not read for that."""
        return self._verbatim(protocol) or bool(self.conversation.tools)

    @property
    def _thinks(self) -> bool:
        thought = self.conversation.thought
        return thought is not None and thought.mode != "disabled"

    @property
    def _shown(self) -> bool:
        thought = self.conversation.thought
        return thought is None or thought.shown


def begun(conversation: Conversation, words: str) -> Conversation:
    """Give a conversation that ends with the assistant's words, for the model to go on from; "" for none."""
    if not words:
        return conversation
    turns, part = conversation.turns, Text(words)
    if turns and turns[-1].role == "assistant":
        turns = (*turns[:-1], msgspec.structs.replace(turns[-1], parts=(*turns[-1].parts, part)))
    else:
        turns = (*turns, Turn("assistant", (part,)))
    return msgspec.structs.replace(conversation, turns=turns)


def _steps_in(body: bytes) -> int:
    """How many steps a verbatim request has; one too many (messages as a tool's input) does no harm."""
    return len(_ROLE.findall(body))
