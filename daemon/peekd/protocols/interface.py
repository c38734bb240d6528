"""The verbs every wire language has, facing the client and facing the upstream.

Facing the client: decode what it asks, encode what it gets. Facing the upstream: the other way about.
No protocol knows another; whoever needs two of them goes through the vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from peekd.signatures.seal import Carried, Kind, Seal, model_hash
from peekd.vocabulary.conversation import Conversation, Family, Head
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import Event, Run, Usage
from peekd.vocabulary.refusals import Refusal
from peekd.wire.sse import Frame

Ids = Callable[[str], str]
"""Gives a fresh id that begins with the prefix asked for ("msg_", "toolu_"); chance is an argument here."""


class Call(msgspec.Struct, frozen=True, gc=False):
    """What is sent upstream: `path` (with query) is under the upstream's base URL."""

    path: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    dropped: tuple[str, ...] = ()
    """What this protocol cannot say and left out, by name; shown in the record."""
    spliced: tuple[str, ...] = ()
    """What was changed in a verbatim body, by name; shown in the record."""
    restored: tuple[str, ...] = ()
    """What the client had lost and was put back, by name; shown in the record."""
    method: str = "POST"


class Splices(msgspec.Struct, frozen=True, gc=False):
    """What of a client's own request is to change; every other byte stays.

    `model` None leaves the client's. `repaired`: without replayed thoughts. `unreadable`: digests of replayed
    thoughts that the account to be asked cannot read, or that were refused, to be left out. `careful`: a
    request of this conversation was refused for its thoughts before, so what would be refused again is
    mended. `signatures`: of the replayed calls, in their order, those that are known, else "". `note`: words
    to end the user's with, "" for none; `closing`: those of the turn before them where results are brought.
    `begun`: words of an answer that broke off, for the model to go on from, "" for none.
    """

    model: str | None = None
    stream: bool = True
    repaired: bool = False
    unreadable: frozenset[str] = frozenset()
    careful: bool = False
    signatures: tuple[str, ...] = ()
    note: str = ""
    closing: str = ""
    begun: str = ""


class Answering(msgspec.Struct, frozen=True, gc=False):
    """What an encoder knows of the answer that it is to write; it holds no cycle, and so is not `gc`.

    `created`: wall time in seconds. `family` and `model`: whose signatures the answer carries, and the model
    that was asked upstream; the client's own word for it is in `asked`. `thoughts`: whether any are wanted;
    `shown` False: they go empty, and their proofs along.
    """

    asked: Conversation
    ids: Ids
    created: int
    seal: Seal
    family: Family = ""
    model: str = ""
    thoughts: bool = False
    shown: bool = True

    def carrier(self, kind: Kind, proof: str, text: str = "") -> str:
        """Give the text that carries a proof of the answering family through another family's protocol."""
        return self.seal.wrap(Carried(self.family, model_hash(self.model), kind, proof, text))


class ErrorReply(msgspec.Struct, frozen=True):
    """An error before any byte went out."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class EventDecoder(Protocol):
    """Upstream frames -> events. Total: the unreadable becomes `Erred` or `Unknown`, never an exception."""

    def feed(self, frame: Frame) -> Sequence[Event]:
        """Read one frame."""
        ...

    def run(self, blocks: Sequence[bytes]) -> Run | None:
        """Read the first of these frames (each without its blank line) together, as far as they are words.

        As many as the run has texts were read then, and it says the same as `feed` for each of them. None
        where that cannot be told at once, and nothing was read. Asked for only after a frame that began with
        a `TextDelta`.
        """
        ...

    def close(self) -> Sequence[Event]:
        """The body ended; give what was still held back. Never invents a terminal."""
        ...


class EventEncoder(Protocol):
    """Events -> bytes of the client's protocol: whole frames, indices counting up, tool JSON well-formed."""

    dropped: set[str]
    """What of the answer this protocol cannot say and left out, by kind; shown in the record."""

    def feed(self, event: Event) -> bytes:
        """Write one event; b"" where the protocol has nothing to say: of usage not before the end."""
        ...

    def feed_run(self, index: int, texts: Sequence[str]) -> bytes:
        """Write a run's words: the same as for as many `TextDelta`."""
        ...

    def close(self) -> bytes:
        """The answer is complete: give the frames that are still owed."""
        ...

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """Give the frames that end what was said so far with an error; nothing may follow."""
        ...


class Following(Protocol):
    """A stream that goes out as it came, followed for what an end that is ours must know."""

    def see(self, frame: Frame) -> None:
        """Note a frame that went out."""
        ...

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """Give the frames that end what was said so far with an error; nothing may follow."""
        ...

    def end_at_call(self, usage: Usage | None) -> bytes:
        """Give the frames that end what was said so far as an answer that waits for a tool's result.

        `usage`: as it was last reported; None where the client is not told any.
        """
        ...


class Continues(Protocol):
    """How a protocol goes on with words of an answer that its upstream was given to begin with."""

    def encode_more(self, text: str) -> bytes:
        """Give the frame that adds words to the first block, which is open."""
        ...

    def encode_stop(self) -> bytes:
        """Give the frame that closes it."""
        ...


class Collector(Protocol):
    """A stream of the client's own protocol, folded into the body a non-streaming client gets."""

    def feed(self, frame: Frame) -> None:
        """Fold one frame in. Raises `Unfoldable` where that would lose something."""
        ...

    def result(self) -> bytes:
        """Give the JSON body; called once, after the terminal."""
        ...


class Framing(Protocol):
    """How a stream of this protocol stands in the body of one answer."""

    content_type: str

    def wrap(self, frames: bytes) -> bytes:
        """Give the body's next bytes for whole frames, keep-alives included."""
        ...

    def close(self) -> bytes:
        """Give what ends the body."""
        ...


class Unfoldable(Exception):
    """The stream holds something that a folded answer would lose."""


class BadArguments(ValueError):
    """A tool call's arguments did not join to a JSON object."""


class ClientProtocol(Protocol):
    """A wire language as its server."""

    name: str

    def decode_head(self, body: bytes, headers: Mapping[str, str], path: str) -> Head:
        """Read model, stream flag and session. Raises ClientError naming what is wrong."""
        ...

    def decode_request(self, body: bytes, path: str, seal: Seal) -> Conversation:
        """Read everything, what carriers hold too. Raises ClientError naming the field that is wrong."""
        ...

    def has_effects(self, body: bytes) -> bool:
        """Tell whether to answer this request twice may do something twice. Total: in doubt, yes."""
        ...

    def encoder(self, answering: Answering) -> EventEncoder:
        """Open an answer to what was asked."""
        ...

    def following(self, model: str, created: int) -> Following:
        """Open a stream in which nothing was said yet.

        `model`: the client's word for it. `created`: wall time in seconds.
        """
        ...

    def shows_error(self, frame: Frame) -> bool:
        """Tell whether clients take this frame of an upstream's, which holds an error, for one.

        Where they would not, or would give up for good, it is withheld and told in our words.
        """
        ...

    def collector(self) -> Collector:
        """Open a folding of this protocol's own stream."""
        ...

    def framing(self, path: str) -> Framing:
        """Open the body of a streamed answer to a request at `path` (with its query)."""
        ...

    def encode_count(self, tokens: int) -> bytes:
        """Give the body that answers how many tokens a request has."""
        ...

    def is_count(self, body: bytes) -> bool:
        """Tell whether an upstream of this protocol answered with a count."""
        ...

    def encode_error(self, fault: Fault, request_id: str) -> ErrorReply:
        """Give status and body for an error before the stream began."""
        ...

    def encode_last_frame(self) -> bytes:
        """Give the frame that must follow the terminal (message_stop, [DONE]) if the upstream forgot it."""
        ...

    def encode_ping(self) -> bytes:
        """Give one keep-alive frame."""
        ...

    def encode_note(self, text: str) -> bytes:
        """Give one comment frame, or b"" where clients of this protocol break on comments."""
        ...


class UpstreamProtocol(Protocol):
    """A wire language as its client."""

    name: str
    family: Family
    """Whose thought signatures its answers carry."""
    auth: str
    """How a credential is sent unless configured otherwise: x-api-key, x-goog-api-key or bearer."""
    enveloped: bool
    """Whether answers come in an envelope of their platform's, and each JSON of them has to be unwrapped."""
    continues: Continues | None
    """How an answer goes on that was begun with words of the model's own; None: it would begin anew."""

    def encode_request(
        self, conversation: Conversation, *, model: str, repaired: bool, stream: bool = True
    ) -> Call:
        """Say the conversation in this protocol. Raises ClientError where it cannot be said.

        `repaired`: leave out replayed thoughts and their signatures. `stream`: how the answer is asked for.
        """
        ...

    def splice_request(self, body: bytes, path: str, splices: Splices) -> Call:
        """Give a client's own request with only the named places changed, and the list of what was changed.

        `path` is the client's, with its query. The headers are the caller's business.
        """
        ...

    def decoder(self) -> EventDecoder:
        """Open a reading of one answer."""
        ...

    def unwrap(self, body: bytes) -> bytes:
        """Give one JSON of an answer out of its platform's envelope; where there is none, as it came. Total.

        Where answers are `enveloped` it goes before all other reading, and before their bytes go to a client.
        """
        ...

    def decode_whole(self, body: bytes) -> Sequence[Frame]:
        """Give an unstreamed answer as the frames of a stream; none where it is no answer. Total.

        So an answer that came at once is read, judged and passed on like any other.
        """
        ...

    def decode_refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
        """Read an answer that is not 2xx. Total: garbage bodies are judged by the status."""
        ...
