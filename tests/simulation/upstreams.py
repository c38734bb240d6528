"""A simulated upstream: reads requests, answers each by its fate, and notes all of it."""

from __future__ import annotations

import socket
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Protocol

import h11
import msgspec
import trio

from peekd.simulator.acts import Act
from peekd.simulator.answer import compose
from peekd.simulator.asked import Asked, read_asked
from peekd.simulator.stage import Break, Pause, Step, perform
from peekd.simulator.strict import Strict
from peekd.simulator.tokens import read_token_request
from simulation.asking import mark_in, talk_in
from simulation.dice import Dice
from simulation.heard import read_json
from simulation.laws_beyond import begun_in
from simulation.moods import TWISTS, Climate, Fate, dialling, fate
from simulation.tokens import LIVES, draw_fate
from simulation.transcripts import WALL, Minting, Said
from simulation.wire import Line, Manner, connect

LONG_BODY = 65536
DIAL_SECONDS = 0.05


class Book(Protocol):
    """Where an upstream writes down what happens."""

    dice: Dice
    life: int
    said: list[Said]
    mintings: list[Minting]
    bad_lines: list[tuple[float, str]]

    def ring(self, wish: int, what: str) -> None:
        """Tell whoever waits for this to happen to a wish."""
        ...

    def adopt(self, line: Line) -> None:
        """Take over peekd's end of a connection, to be torn in a crash."""
        ...


class Upstream:
    """One upstream with its accounts. `keys`: the credential in force, by account; others get a 401."""

    def __init__(self, name: str, language: str, sky: Climate, book: Book, nursery: trio.Nursery) -> None:
        self.name = name
        self.language = language
        self.keys: dict[str, str] = {}
        self.sky = sky
        self._book = book
        self.strict: Strict | None = None
        """Holds requests to the vendor's rules on thought signatures."""
        self._nursery = nursery
        self.tokens: dict[str, tuple[str, float]] = {}
        """Access tokens that were given out: whose each is, and when it ends."""
        self.token_seconds = float(book.dice.choice(LIVES))
        self._asked_at: defaultdict[str, list[float]] = defaultdict(list)

    async def dial(self, host: str, port: int) -> trio.abc.Stream:
        """Connect, or fail as networks do."""
        del host, port
        dice = self._book.dice
        what = dialling(self.sky, dice, trio.current_time())
        await trio.sleep(dice.uniform(0, DIAL_SECONDS))
        if what:
            self._book.bad_lines.append((trio.current_time(), self.name))
            await _DIALLINGS[what](dice)
        hiccups = dice.chance(0.2)
        manner = Manner(hiccup=0.1 if hiccups else 0.0, late=2.0, spills=dice.chance(0.5))
        ours, theirs = connect(dice, manner)
        self._book.adopt(ours)
        if what == "dropped":
            theirs.reset()
        else:
            self._nursery.start_soon(self._serve, theirs, ours)
        return ours

    async def _serve(self, line: Line, theirs: Line) -> None:
        async with line:
            try:
                await _Exchange(self, line, theirs).serve()
            except (trio.BrokenResourceError, trio.ClosedResourceError, h11.RemoteProtocolError):
                return  # peekd went, perhaps in the middle of its request
            finally:
                if theirs.closed_at is None:
                    self._book.bad_lines.append((trio.current_time(), self.name))

    def note(self, asked: Asked, body: bytes, line: Line, *, whole: bool = True) -> tuple[Said, Fate]:
        """Write a request down and draw its fate. `whole` False: only the beginning of its body is there."""
        number = len(self._book.said) + 1
        account = self._account_of(asked.key)
        tag = f"t{number}x"
        said = Said(
            number=number,
            upstream=self.name,
            language=self.language,
            account=account or self._former(asked.key),
            wish=mark_in(body),
            tag=tag,
            line=line,
            arrived_at=trio.current_time(),
            streams=asked.stream,
        )
        said.talk, said.sent = talk_in(body), body
        if asked.key in self.tokens:
            said.token, said.token_ends = asked.key, self.tokens[asked.key][1]
        drawn = self._fate(asked, account, tag)
        drawn = self._signing(said, drawn, asked, body) if whole else drawn
        if drawn.act.text and begun_in(self.language, body):  # models go on with a blank
            drawn = msgspec.structs.replace(
                drawn, act=msgspec.structs.replace(drawn.act, text=f" {drawn.act.text}")
            )
        said.label, said.fault = drawn.label, drawn.fault
        said.rests = float(drawn.act.retry_after) if drawn.act.retry_after.isdecimal() else None
        said.thinks = drawn.act.thinking is not None or asked.thinks
        said.counted = next(iter(drawn.act.usage.values()), None)
        self._book.said.append(said)
        self._book.ring(said.wish, "arrived")
        return said, drawn

    def _signing(self, said: Said, drawn: Fate, asked: Asked, body: bytes) -> Fate:
        """Refuse what breaks the vendor's rules, where it is strict; note the proof of an answer."""
        if self.strict is None or drawn.act.kind != "answer" or asked.verb != "generate":
            return drawn
        if read_json(body) is None:
            return drawn  # it was not heard to its end
        refusal = self.strict.refusal(asked, body)
        if refusal is not None:
            return Fate(refusal, "strict", fault="strict")
        self.strict.note(asked, drawn.act)
        said.proof = compose(drawn.act, asked).signature
        return drawn

    def _account_of(self, key: str) -> str:
        """Tell whose key or access token it is, if it is in force."""
        owner, ends = self.tokens.get(key, ("", 0.0))
        if owner:
            return owner if trio.current_time() < ends else ""
        return next((name for name, own in self.keys.items() if own == key), "")

    def mint(self, body: bytes, line: Line) -> tuple[Minting, Iterator[Step]]:
        """Take a request for an access token; gives what is noted of it, and what is said."""
        asked = read_token_request("/token", body, self.next_number())
        account = next((name for name, own in self.keys.items() if own == asked.key), "")
        act, label = draw_fate(self.dice, asked, known=bool(account), seconds=self.token_seconds)
        now = trio.current_time()
        fault = "" if act.kind == "answer" else label
        minting = Minting(account or self._former(asked.key), self._book.life, now, line, label, fault)
        if act.kind == "answer":
            number = len(self._book.mintings) + 1
            minting.token, minting.seconds = f"sk-canary-up-{account}-{number:06d}t", act.expires
            self.tokens[minting.token] = account, now + act.delay + act.expires
            asked = msgspec.structs.replace(asked, text=minting.token)
        self._book.mintings.append(minting)
        return minting, perform(act, asked)

    def _former(self, key: str) -> str:
        """Tell whose key it was."""
        return key.removeprefix("sk-canary-up-").rpartition("-")[0]

    def _fate(self, asked: Asked, account: str, tag: str) -> Fate:
        now, dice = trio.current_time(), self._book.dice
        if asked.verb != "generate":
            return Fate(Act("answer"), asked.verb)
        if not account:
            return Fate(
                _echoing(Act("refuse", refusal="401", status=401), asked, dice), "old key", fault="401"
            )
        most, window = self.sky.quotas.get(account, (0, 0.0))
        times = self._asked_at[account]
        times[:] = [at for at in times if at > now - window]
        if most and len(times) >= most:
            left = max(1, round(times[0] + window - now))
            act = Act("refuse", refusal="429", status=429, retry_after=str(left), retry_info=f"{left}s")
            return Fate(act, "over quota", fault="429")
        times.append(now)
        drawn = fate(self.sky, dice, asked, tag, now)
        act = _echoing(drawn.act, asked, dice)
        if most:
            left = (most - len(times)) / most
            act = msgspec.structs.replace(act, headers=self._figures(most, left, times[0] + window - now))
        return msgspec.structs.replace(drawn, act=act)

    def _figures(self, most: int, left: float, seconds: float) -> dict[str, str]:
        """Say in headers what is left of an account's window, where the language has such headers."""
        remaining = str(round(most * left))
        if self.language == "anthropic":
            reset = datetime.fromtimestamp(WALL + trio.current_time() + seconds, UTC)
            figures = {"limit": str(most), "remaining": remaining, "reset": reset.isoformat()}
            return {f"anthropic-ratelimit-tokens-{name}": value for name, value in figures.items()}
        if self.language == "gemini":
            return {}
        figures = {"limit": str(most), "remaining": remaining, "reset": f"{seconds:.3f}s"}
        return {f"x-ratelimit-{name}-tokens": value for name, value in figures.items()}

    async def play(self, said: Said | Minting, steps: Iterator[Step], line: Line) -> bool:
        """Say all of it; gives whether the connection can serve another request."""
        for step in steps:
            match step:
                case bytes():
                    try:
                        await line.send_all(step)
                    finally:  # where peekd left meanwhile, a part of it may have arrived
                        if isinstance(said, Said):
                            said.pieces.append((trio.current_time(), step))
                    if isinstance(said, Said):
                        self._book.ring(said.wish, "said")
                case Pause(seconds):
                    await trio.sleep(seconds)
                case Break(how):
                    said.finished_at = trio.current_time()
                    if how == "reset":
                        line.reset()
                    return False
        said.finished_at = trio.current_time()
        if isinstance(said, Said):
            self._book.ring(said.wish, "finished")
        return True

    def next_number(self) -> int:
        """Give the number of the next request of all."""
        return len(self._book.said) + 1

    @property
    def dice(self) -> Dice:
        """The dice of this world."""
        return self._book.dice


def _echoing(act: Act, asked: Asked, dice: Dice) -> Act:
    """Repeat the credential in an error, as some upstreams do; not in one that is the request's own fault."""
    own_fault = act.refusal in {"400", "413", "422", "signature", "no-credit", "bad-key"}
    if act.kind in {"refuse", "error", "pings"} and not own_fault and not act.message and dice.chance(0.3):
        words = dice.choice(("Incorrect API key provided: {}.", "{} is out of luck", "key={}&more"))
        return msgspec.structs.replace(act, message=words.format(asked.key))
    return act


class _Exchange:
    """One connection: request after request."""

    def __init__(self, upstream: Upstream, line: Line, theirs: Line) -> None:
        self._upstream = upstream
        self._line = line
        self._theirs = theirs
        self._ahead = b""

    async def serve(self) -> None:
        while (found := await self._receive()) is not None:
            request, body = found
            if request.target == b"/token":
                if not await self._answer(*self._upstream.mint(body, self._theirs)):
                    return
                continue
            asked = _read(request, body, self._upstream.next_number())
            said, drawn = self._upstream.note(asked, body, self._theirs)
            steps = perform(drawn.act, asked)
            if drawn.twist:
                steps = TWISTS[drawn.twist](steps, self._upstream.dice)
            if not await self._answer(said, steps):
                return

    async def _receive(self) -> tuple[h11.Request, bytes] | None:
        """Read one request; None: the peer closed, or this upstream would not hear it to its end."""
        parser = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        if self._ahead:
            parser.receive_data(self._ahead)
            self._ahead = b""
        request: h11.Request | None = None
        body = bytearray()
        rude = self._upstream.dice.chance(self._upstream.sky.twists)
        while True:
            match parser.next_event():
                case h11.Request() as request:
                    pass
                case h11.Data() as data:
                    body += data.data
                case h11.EndOfMessage() if request is not None:
                    self._ahead = parser.trailing_data[0]
                    return request, bytes(body)
                case h11.ConnectionClosed():
                    return None
                case _:
                    if rude and request is not None and _is_long(request) and mark_in(bytes(body)):
                        await self._interrupt(request, bytes(body))
                        return None
                    parser.receive_data(await self._line.receive_some())

    async def _interrupt(self, request: h11.Request, body: bytes) -> None:
        """Answer before the request is over, or read no more of it."""
        dice = self._upstream.dice
        asked = _read(request, b"{}", 1)
        said, _ = self._upstream.note(asked, body, self._theirs, whole=False)
        what = dice.choice(("deaf", "413", "529", "gone"))
        said.label = said.fault = f"{what} while it was sent"
        if what == "deaf":
            await self._wait_left()
        elif what == "gone":
            self._line.reset()
            said.finished_at = trio.current_time()
        else:
            steps = perform(Act("refuse", refusal=what, status=int(what)), asked)
            await self._upstream.play(said, steps, self._line)
            await trio.sleep(dice.uniform(0, 1))

    async def _wait_left(self) -> None:
        """Read no more, and keep the connection until peekd has enough of it."""
        while self._theirs.closed_at is None:  # noqa: ASYNC110  nobody tells an upstream
            await trio.sleep(0.5)

    async def _answer(self, said: Said | Minting, steps: Iterator[Step]) -> bool:
        """Play while watching the peer; gives whether the connection can serve another request."""
        fit = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, nursery.cancel_scope)
            try:
                fit = await self._upstream.play(said, steps, self._line)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                fit = False
            nursery.cancel_scope.cancel()
        return fit

    async def _watch(self, scope: trio.CancelScope) -> None:
        try:
            while data := await self._line.receive_some():
                self._ahead += data
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        scope.cancel()


def _read(request: h11.Request, body: bytes, number: int) -> Asked:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
    return read_asked(request.method.decode(), request.target.decode("latin-1"), headers, body, number)


def _is_long(request: h11.Request) -> bool:
    return int(dict(request.headers).get(b"content-length", b"0")) > LONG_BODY


# ---- how a connect fails ------------------------------------------------------------------------------


async def _refused(_dice: Dice) -> None:
    await trio.lowlevel.checkpoint()
    raise ConnectionRefusedError(111, "Connection refused")


async def _no_route(_dice: Dice) -> None:
    await trio.lowlevel.checkpoint()
    raise OSError(113, "No route to host")


async def _no_name(_dice: Dice) -> None:
    await trio.lowlevel.checkpoint()
    raise socket.gaierror(-2, "Name or service not known")


async def _tls(_dice: Dice) -> None:
    await trio.lowlevel.checkpoint()
    raise ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")


async def _slow(dice: Dice) -> None:
    await trio.sleep(dice.uniform(0.5, 5))


async def _dropped(_dice: Dice) -> None:
    await trio.lowlevel.checkpoint()


async def _never(_dice: Dice) -> None:
    await trio.sleep_forever()


_DIALLINGS: Mapping[str, Callable[[Dice], Awaitable[None]]] = {
    "refused": _refused,
    "no route": _no_route,
    "no name": _no_name,
    "tls": _tls,
    "never": _never,
    "slow": _slow,
    "dropped": _dropped,
}
