"""Simulated clients: agents that ask in their manner, over one connection or many, and note what they get."""

from __future__ import annotations

from typing import Literal, Protocol

import h11
import msgspec
import trio

from simulation.asking import Wish
from simulation.dice import Dice
from simulation.manners import MANNERS, Agent, Manner
from simulation.talks import LEADERS, Talk
from simulation.tongues import TONGUES, Tongue
from simulation.transcripts import Call
from simulation.wire import Line

OK = 200
TURNS_GAP = 4.0
_TALKING = tuple(row for row in MANNERS if not row[0].pipelines)
LIFETIME = 900.0
"""No request may take longer than this, virtually; a client that still waits gives up and says so."""


class Town(Protocol):
    """What clients know of the world."""

    dice: Dice
    client_key: str
    life: int
    talking: float
    stall_seconds: float

    def next_wish(self) -> int:
        """Give a number that no wish had."""
        ...

    async def connect(self, *, narrow: bool = False) -> tuple[Line, Line]:
        """Reach the daemon; gives both ends. `narrow`: little room on the way. Raises OSError."""
        ...

    def bell(self, wish: int, what: str) -> trio.Event:
        """Give what is set when this happens to a wish."""
        ...

    def over(self, call: Call) -> None:
        """Take a call that is over, to be judged."""
        ...


class Client:
    """One agent with its connection."""

    def __init__(self, town: Town, agent: Agent, number: int) -> None:
        self._town = town
        self._dice = town.dice
        self._agent = agent
        self._tongue: Tongue = TONGUES[agent.tongue]
        self._session = f"session-{number}"
        self._number = number
        self._talks = 0
        self._kept: tuple[Line, Line] | None = None

    async def live(self, turns: int) -> None:
        """Take so many turns, with pauses between them; those of a conversation count, too."""
        while turns > 0:
            await trio.sleep(self._dice.uniform(0, TURNS_GAP))
            if self._agent.tongue in LEADERS and self._dice.chance(self._town.talking):
                turns -= await self._talk()
            else:
                await self._turn()
                turns -= 1
        self._drop()

    async def _turn(self) -> None:
        """One turn of a conversation: a request, and again as the agent does."""
        manner = self._dice.weighed(MANNERS)
        wish = self._wish(manner)
        for left in range(self._agent.tries, 0, -1):
            call = await self._call(wish, manner)
            if manner.leaves or not self._asks_again(call):
                return
            await trio.sleep(self._pause(call))
            stream = wish.stream and not (left == 2 and self._agent.unstreamed)
            wish = msgspec.structs.replace(wish, number=self._town.next_wish(), stream=stream)

    async def _talk(self) -> int:
        """Lead a conversation of two to nine turns, and replay what was given; gives how many it were.

        A client that leaves in the middle of a turn goes on as if that had never been asked.
        """
        dice = self._dice
        self._talks += 1
        talk = Talk(f"talk-{self._number}-{self._talks}", self._agent.tongue, dice)
        turns = dice.randint(2, 9)
        for _ in range(turns):
            await trio.sleep(dice.uniform(0, TURNS_GAP))
            talk.begin()
            manner = MANNERS[0][0] if dice.chance(0.7) else dice.weighed(_TALKING)
            for _ in range(self._agent.tries):
                wish = talk.wish(self._town.next_wish(), stream=dice.chance(self._agent.streams))
                call = await self._call(wish, manner)
                if talk.take(call) or manner.leaves or not self._asks_again(call):
                    break
                await trio.sleep(self._pause(call))
        return turns

    def _wish(self, manner: Manner) -> Wish:
        dice, agent = self._dice, self._agent
        stream = dice.chance(agent.streams)
        long = manner.sends != "at once" or dice.chance(0.05)
        return Wish(
            number=self._town.next_wish(),
            model=dice.choice(self._tongue.models),
            stream=stream,
            array=stream and dice.chance(agent.array),
            tools=dice.chance(0.5),
            thinks=dice.chance(agent.thinks),
            result=dice.chance(0.2),
            signed=dice.chance(0.15),
            counted=dice.chance(agent.counted),
            padding=dice.choice((200, 90_000, 250_000)) if long else 0,
            in_query=self._tongue.keys_in_query and dice.chance(0.3),
            session=self._session,
        )

    def _asks_again(self, call: Call) -> bool:
        if call.end == "refused":
            return True
        if call.status in self._agent.statuses:
            return call.headers.get("x-should-retry") != "false"
        return self._agent.mid and call.status == OK and not call.well

    def _pause(self, call: Call) -> float:
        told = float(call.headers.get("retry-after", "0"))
        return min(told, 60.0) if told and self._agent.obeys else self._dice.uniform(0.2, 3)

    # ---- one request ------------------------------------------------------------------------------

    async def _call(self, wish: Wish, manner: Manner) -> Call:
        errand = self._errand(manner) if wish.body is None else "converse"
        call = Call(wish, self._tongue.name, manner.name, self._town.client_key, self._town.life, errand)
        second: Call | None = None
        if manner.pipelines:
            twin = msgspec.structs.replace(wish, number=self._town.next_wish())
            second = Call(twin, self._tongue.name, manner.name, call.key, call.life)
        call.prompt = manner.reads == "at once" and manner.sends == "at once"
        call.began = trio.current_time()
        kept = self._kept
        try:
            line, call.line = await self._line(manner)
            call.reused = kept is not None and kept[0] is line
        except OSError:
            call.end, call.ended_at = "refused", trio.current_time()
            self._town.over(call)
            return call
        conversation = _Conversation(self._town, line, manner, [call, *([second] if second else [])])
        call.life = call.line.life
        if second is not None:
            second.line, second.life, second.reused = call.line, call.life, call.reused
        fit = await conversation.hold([self._message(one, manner) for one in conversation.calls])
        self._keep(line, call, fit=fit)
        for one in conversation.calls:
            self._town.over(one)
        return call

    def _errand(self, manner: Manner) -> Literal["converse", "count", "stranger", "nonsense", "lost"]:
        if manner.leaves or manner.pipelines or not self._dice.chance(0.08):
            return "converse"
        able = ("count", "stranger", "nonsense", "lost") if self._tongue.count_path else ("nonsense", "lost")
        return self._dice.choice(able)

    async def _line(self, manner: Manner) -> tuple[Line, Line]:
        if self._kept is not None and manner.reads == "at once" and not self._kept[0].is_readable():
            return self._kept
        self._drop()
        self._kept = await self._town.connect(narrow=manner.reads != "at once")
        return self._kept

    def _keep(self, line: Line, call: Call, *, fit: bool) -> None:
        """Keep a connection for the next request, if it is fit for one, and mostly."""
        if not fit or self._dice.chance(0.3) or call.headers.get("connection") == "close":
            self._drop()
        elif line.closed_at is not None:
            self._kept = None

    def _drop(self) -> None:
        if self._kept is not None:
            self._kept[0].close()
            self._kept = None

    def _message(self, call: Call, manner: Manner) -> bytes:
        tongue, wish = self._tongue, call.wish
        body = msgspec.json.encode(tongue.ask(wish) if wish.body is None else wish.body)
        path = tongue.path(wish)
        key = call.key
        match call.errand:
            case "count" if tongue.count_path is not None:
                path = tongue.count_path(wish)
            case "stranger":
                key = "sk-canary-stranger-000000000000"
            case "nonsense":
                body = b"{" + body[3 : len(body) // 2]
            case "lost":
                path = "/v1/nowhere"
            case _:
                pass
        if wish.in_query:
            path += f"{'&' if '?' in path else '?'}key={key}"
        headers = [
            ("host", "localhost"),
            ("content-type", "application/json"),
            ("user-agent", self._agent.name),
        ]
        headers += [*tongue.headers(wish, key), ("content-length", str(len(body)))]
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        return "\r\n".join([*lines, "", ""]).encode() + body


class _Conversation:
    """One or two requests on a connection, sent and read in a manner."""

    def __init__(self, town: Town, line: Line, manner: Manner, calls: list[Call]) -> None:
        self.calls = calls
        self._town = town
        self._dice = town.dice
        self._line = line
        self._manner = manner
        self._fit = False
        self._gone = False
        self._leaves_after = town.dice.randint(1, 3000) if manner.leaves == "after bytes" else 0
        self._reads_until = town.dice.randint(1, 6000)

    async def hold(self, messages: list[bytes]) -> bool:
        """Carry it out; gives whether the connection is fit for another."""
        with trio.move_on_after(LIFETIME) as patience:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._leave, nursery.cancel_scope)
                nursery.start_soon(self._send, messages)
                await self._read_all()
                nursery.cancel_scope.cancel()
        now = trio.current_time()
        for call in self.calls:
            if not call.end:
                call.end = "gave up" if patience.cancelled_caught else "left"
                call.ended_at = now
        return self._fit and all(call.end == "whole" for call in self.calls)

    # ---- leaving ----

    async def _leave(self, scope: trio.CancelScope) -> None:
        match self._manner.leaves:
            case "after seconds":
                await trio.sleep(self._dice.uniform(0, self._manner.seconds))
            case "when it arrives upstream":
                await self._town.bell(self.calls[0].wish.number, "arrived").wait()
                await trio.sleep(self._dice.uniform(0, self._manner.seconds))
            case "when upstream speaks":
                await self._town.bell(self.calls[0].wish.number, "said").wait()
                await trio.sleep(self._dice.uniform(0, self._manner.seconds))
            case _:
                await trio.sleep_forever()
        self._go()
        scope.cancel()

    def _go(self) -> None:
        self._gone = True
        match self._manner.farewell:
            case "close":
                self._line.close()
            case "reset":
                self._line.reset()
            case "half-close":
                self._line.finish()

    # ---- sending ----

    async def _send(self, messages: list[bytes]) -> None:
        try:
            for call, message in zip(self.calls, messages, strict=True):
                await self._send_one(message)
                call.asked_at = trio.current_time()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return  # the reader will see why

    async def _send_one(self, message: bytes) -> None:
        match self._manner.sends:
            case "at once":
                await self._line.send_all(message)
            case "in pieces":
                size = max(1, len(message) // self._dice.randint(2, 20))
                for start in range(0, len(message), size):
                    await self._line.send_all(message[start : start + size])
                    await trio.sleep(self._dice.uniform(0, 0.4))
            case "half":
                await self._line.send_all(message[: len(message) // 2])
                await trio.sleep_forever()

    # ---- reading ----

    async def _read_all(self) -> None:
        ahead = b""
        for place, call in enumerate(self.calls):
            if place:
                call.began = max(call.began, trio.current_time())
            reader = _Answer(call, ahead)
            await self._read(call, reader)
            closing = call.headers.get("connection") == "close"
            if call.end != "whole" or closing:
                for other in self.calls[place + 1 :]:
                    other.end, other.ended_at = "refused" if closing else call.end, call.ended_at
                return
            ahead = reader.ahead
            self._fit = reader.fit

    async def _read(self, call: Call, reader: _Answer) -> None:
        data = b""
        while not reader.take(data):
            if self._leaves_after and call.size >= self._leaves_after:
                self._go()
                call.end, call.ended_at = "left", trio.current_time()
                return
            try:
                data = await self._receive(call)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                data = b""
            if not data:
                call.end = "left" if self._gone else "whole" if reader.finish() else "cut"
                break
        else:
            call.end = "whole"
        call.ended_at = trio.current_time()

    async def _receive(self, call: Call) -> bytes:
        match self._manner.reads:
            case "slowly":
                await trio.sleep(self._dice.uniform(0, 0.5))
                return await self._line.receive_some(self._dice.randint(1, 4096))
            case "no more" if call.size > self._reads_until:
                await trio.sleep(self._town.stall_seconds * 3)
                self._go()
                return b""
            case _:
                return await self._line.receive_some()


class _Answer:
    """Reads one HTTP answer into its call."""

    def __init__(self, call: Call, ahead: bytes) -> None:
        self._call = call
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
        self._parser.send(h11.Request(method="POST", target="/", headers=[("host", "x")]))
        self._parser.send(h11.EndOfMessage())
        if ahead:
            self._parser.receive_data(ahead)
        self.ahead = b""
        self.fit = False

    def take(self, data: bytes) -> bool:
        """Read on; True when the answer is complete."""
        if data:
            self._parser.receive_data(data)
        return self._advance()

    def finish(self) -> bool:
        """The connection ended: True where that completes the answer."""
        try:
            self._parser.receive_data(b"")
            return self._advance()
        except h11.RemoteProtocolError:
            return False

    def _advance(self) -> bool:
        call, now = self._call, trio.current_time()
        while True:
            match self._parser.next_event():
                case h11.Response() as head:
                    call.status, call.head_at = head.status_code, now
                    call.headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
                case h11.Data(data=data):
                    call.pieces.append((now, bytes(data)))
                    call.size += len(data)
                case h11.EndOfMessage():
                    self.ahead = self._parser.trailing_data[0]
                    self.fit = self._parser.their_state is h11.DONE
                    return True
                case _:
                    return False
