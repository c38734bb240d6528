"""A captured request, asked again: the real journey, under a virtual clock, before upstreams that play bytes.

Nothing is sent anywhere. What a house knows from other requests (cooldowns, bindings, signatures, how soon
models begin) is not in a capture: a decision that came from it differs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
import trio
from trio.testing import MockClock
from typing_extensions import override

from peekd.accounts.settings import AccountSettings
from peekd.healing.settings import HealingOverrides, HealingSettings, HedgingSettings
from peekd.protocols.interface import ClientProtocol
from peekd.protocols.registry import CLIENTS
from peekd.records.captures import Capture, Heard
from peekd.records.entries import AttemptRecord, Entry, RequestRecord
from peekd.relay.asked import Asked
from peekd.relay.delivery import Delivery
from peekd.relay.delivery import Final as Whole
from peekd.relay.house import House, Seams, open_house
from peekd.relay.journey import Journey
from peekd.upstream.dial import Dial
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.errors import ClientError

SPARE: Final = "another"
"""The account that could have been asked next and was not: its upstream cannot be reached here."""

CLOSE: Final = 0.01
"""Seconds by which two pauses may differ and still be the same."""

_UNREACHED: Final = frozenset({
    "connect_error", "proxy_error", "pool_timeout", "transport_error", "unsupported_protocol", "unsendable",
})  # fmt: skip
_RESET: Final = frozenset({"write_error", "read_error"})

_FRAMING: Final = frozenset({
    "connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding", "upgrade",
})  # fmt: skip


class Unplayable(Exception):
    """A capture that cannot be asked again; the message says why."""


class Side(msgspec.Struct, frozen=True):
    """An attempt, then or now."""

    account: str
    outcome: str
    move: str
    after: float
    because: str

    def like(self, other: Side) -> bool:
        """Whether it came to the same and was decided on in the same way."""
        mine, theirs = (self.account, self.outcome, self.move), (other.account, other.outcome, other.move)
        return mine == theirs and abs(self.after - other.after) <= CLOSE


class Compared(msgspec.Struct, frozen=True):
    """One attempt by its number; None on the side that did not make it."""

    number: int
    then: Side | None
    now: Side | None
    same: bool
    cut: bool = False
    """More came then than was captured."""
    masked: bool = False
    """Something in its answer looked like a secret: what is played has a mask there."""


class Played(msgspec.Struct, frozen=True):
    """What came of it. `outcome`: the request's, then and now."""

    request: str
    attempts: tuple[Compared, ...]
    then: str
    now: str
    same: bool
    masked: bool = False
    """Something in the request looked like a secret: what is asked has a mask there."""


def play(capture: Capture, healing: HealingSettings | None = None) -> Played:
    """Ask it again and compare. `healing`: in place of what was in force then.

    Runs an event loop of its own; takes no longer than the work does. Raises Unplayable for a capture whose
    request cannot be read any more, or of which an attempt is missing.
    """
    asked = _readable(capture)
    record = trio.run(play_again, capture, asked, healing, clock=MockClock(autojump_threshold=0))
    if record.outcome == "rejected" and not record.attempts:
        raise Unplayable(_unread(capture, record.verdict))
    return compared(capture, record)


def _readable(capture: Capture) -> Asked:
    """Give the request, and see that there is something to play all its attempts with."""
    heard = {one.number for one in capture.heard}
    for attempt in capture.record.attempts:
        if attempt.number not in heard:
            words = f"attempt {attempt.number} ({attempt.outcome}) came to nothing before it was sent"
            raise Unplayable(f"{words}: there are no bytes to play it with")
    try:
        return _asked(capture, CLIENTS[capture.record.protocol])
    except ClientError as error:
        raise Unplayable(_unread(capture, error.fault.message)) from error


def _unread(capture: Capture, why: str) -> str:
    cause = "what looked like a secret in it was masked" if capture.masked else "it was altered since"
    return f"the captured request cannot be read any more, most likely since {cause}: {why}"


def compared(capture: Capture, now: RequestRecord) -> Played:
    """Lay what was recorded and what came of it now side by side."""
    then = capture.record
    cut = {heard.number for heard in capture.heard if heard.cut}
    masks = {heard.number for heard in capture.heard if heard.masked}
    count = max(len(then.attempts), len(now.attempts))
    attempts = tuple(
        _compared(number, then, now, cut=number in cut, masked=number in masks)
        for number in range(1, count + 1)
    )
    same = then.outcome == now.outcome and all(one.same for one in attempts)
    return Played(then.id, attempts, then.outcome, now.outcome, same, capture.masked)


def _compared(number: int, then: RequestRecord, now: RequestRecord, *, cut: bool, masked: bool) -> Compared:
    old, new = _side(then.attempts, number), _side(now.attempts, number)
    return Compared(number, old, new, old is not None and new is not None and old.like(new), cut, masked)


def _side(attempts: list[AttemptRecord], number: int) -> Side | None:
    if number > len(attempts):
        return None
    one = attempts[number - 1]
    return Side(one.account, one.outcome, one.move, one.after, one.because)


# ---- the house --------------------------------------------------------------------------------------------


def _unwritten(_entry: Entry) -> None:
    """Nobody reads the journal of what is played."""


async def play_again(capture: Capture, asked: Asked, healing: HealingSettings | None = None) -> RequestRecord:
    """Ask it again, by the clock that runs here, and give the record of what came of it."""
    heard = capture.heard
    names = list(dict.fromkeys(one.account for one in heard))
    homes = {one.account: one.upstream for one in reversed(heard)}
    if any(turn.another and turn.accounts >= len(names) for turn in capture.record.turns):
        homes[SPARE] = heard[-1].upstream
        names.append(SPARE)
    upstreams = {one.upstream: _upstream(one) for one in heard}
    stage = _Stage(heard)
    dials: Mapping[str, Dial] = dict.fromkeys(upstreams, stage.dial)
    targets = dict.fromkeys(f"{one.upstream}/{one.model}" for one in heard)
    route = msgspec.structs.replace(capture.route, match="*", to=tuple(targets), healing=HealingOverrides())
    jitter = _Throws(capture.record)
    async with open_house(
        healing=healing or heard[0].healing,
        upstreams=upstreams if healing is None else {name: _bare(one) for name, one in upstreams.items()},
        accounts=[
            AccountSettings(name, homes[name], f"env:KEY_{number}", priority=-number)
            for number, name in enumerate(names)
        ],
        routes=(route,),
        journal=_unwritten,
        environ={f"KEY_{number}": f"played-{number}" for number, _ in enumerate(names)},
        dials=dials,
        seams=Seams(wall=lambda: capture.record.came + trio.current_time(), jitter=jitter.throw),
        hedging=_hedging(capture.record),
    ) as house:
        return await _ask(house, asked, capture.record, jitter)


def _upstream(heard: Heard) -> UpstreamSettings:
    """Give an upstream as the attempt met it; where it is does not matter."""
    return msgspec.convert(
        {
            "protocol": heard.protocol,
            "base_url": "http://played",
            "platform": heard.platform,
            "project": "played" if heard.platform else "",
            "location": heard.location,
            "streams": heard.streams,
            "healing": msgspec.to_builtins(heard.healing),
        },
        UpstreamSettings,
    )


def _bare(settings: UpstreamSettings) -> UpstreamSettings:
    return msgspec.structs.replace(settings, healing=HealingOverrides())


def _hedging(record: RequestRecord) -> HedgingSettings:
    """Let a hedge start when it did; what else bore on it is not known."""
    starts = {one.number: one.started for one in record.attempts}
    delays = [one.started - starts[one.beside] for one in record.attempts if one.beside]
    delay = delays[0] if delays else math.inf
    return HedgingSettings(delay, delay, max_share=1.0, max_prompt_tokens=1_000_000_000)


class _Throws:
    """The dice, falling as they fell then: for each turn of the record the throw it was made with."""

    def __init__(self, then: RequestRecord) -> None:
        self._then = then
        self.now: RequestRecord | None = None

    def throw(self) -> float:
        """Throw for the next turn."""
        number = len(self.now.turns) if self.now is not None else 0
        return self._then.turns[number].jitter if number < len(self._then.turns) else 0.0


async def _ask(house: House, asked: Asked, then: RequestRecord, throws: _Throws) -> RequestRecord:
    """Be the client: wait for a status, commit early where it takes too long, read to the end."""
    protocol = asked.protocol
    rhythm = house.rhythm(asked)
    delivery = Delivery(
        ping=protocol.encode_ping(), ping_seconds=rhythm.ping_seconds, framing=protocol.framing(then.path)
    )
    journey = Journey(house, asked, delivery)
    throws.now = house.live.find(asked.id)
    if throws.now is None:
        raise RuntimeError("a journey has no record")
    async with trio.open_nursery() as nursery:
        if then.outcome == "client_gone" and then.seconds is not None:
            nursery.cancel_scope.deadline = trio.current_time() + then.seconds
        nursery.start_soon(journey.run)
        with trio.move_on_after(rhythm.early_commit_seconds if asked.head.stream else math.inf) as waiting:
            await delivery.wait_reply()
        if waiting.cancelled_caught:
            journey.commit_early()
        if not isinstance(await delivery.wait_reply(), Whole):
            async for _ in delivery.chunks():
                pass
        nursery.cancel_scope.cancel()
    return throws.now


def _asked(capture: Capture, protocol: ClientProtocol) -> Asked:
    then = capture.record
    return Asked(
        id=then.id,
        protocol=protocol,
        head=protocol.decode_head(capture.body, dict(capture.headers), then.path),
        body=capture.body,
        path=then.path,
        headers=capture.headers,
        came=then.came,
        method=then.method,
        client=then.client,
        key=then.key,
    )


# ---- the upstreams ----------------------------------------------------------------------------------------


class _Stage:
    """Plays one attempt after the other, in the order in which they were made; each has its connection."""

    def __init__(self, heard: tuple[Heard, ...]) -> None:
        self._left = iter(heard)

    async def dial(self, _host: str, _port: int) -> trio.abc.Stream:
        """Be the next attempt's upstream."""
        heard = next(self._left, None)
        if heard is None:
            raise OSError("no more attempts were captured")
        if heard.failure in _UNREACHED:
            await trio.sleep(heard.at)
            raise OSError(heard.failure)
        if heard.failure == "connect_timeout":
            await trio.sleep_forever()
        return _Line(heard)


class _Line(trio.abc.Stream):
    """One connection: what is sent is not looked at, what was heard comes at its times."""

    def __init__(self, heard: Heard) -> None:
        self._began = trio.current_time()
        self._acts = _acts(heard)
        self._act = next(self._acts, _NEVER)
        self._rest = b""
        self._closed = trio.Event()

    @override
    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()

    @override
    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    @override
    async def aclose(self) -> None:
        self._closed.set()
        await trio.lowlevel.checkpoint()

    @override
    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if not self._rest:
            at, data = self._act
            await trio.sleep_until(self._began + at)  # cancelled, the act is still to come
            self._act = next(self._acts, _NEVER)
            if data is None:
                raise trio.BrokenResourceError("reset, as then")
            self._rest = data
        given, self._rest = self._rest[:max_bytes], self._rest[max_bytes:] if max_bytes else b""
        return given


_NEVER = (math.inf, b"")


def _acts(heard: Heard) -> Iterator[tuple[float, bytes | None]]:
    """Give what comes when: bytes, b"" for the end of the connection, None for a reset."""
    if heard.failure in _RESET:
        yield heard.at, None
    if heard.failure == "protocol_error":
        yield heard.at, b""
    if not heard.status:
        return
    yield heard.at, _head(heard)
    for piece in heard.pieces:
        yield piece.at, b"%x\r\n%s\r\n" % (len(piece.data), piece.data)
    if heard.end == "whole":
        yield heard.ended, b"0\r\n\r\n"
    elif heard.end == "broken":
        yield heard.ended, None if heard.broke == "reset" else b""


def _head(heard: Heard) -> bytes:
    lines = [f"HTTP/1.1 {heard.status} Played"]
    lines += [f"{name}: {value}" for name, value in heard.headers if name not in _FRAMING]
    lines += ["transfer-encoding: chunked", "connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1", errors="replace")
