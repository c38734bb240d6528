"""Strangers who come while clients work: what they do, and the laws on what they get."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Protocol

import trio

from peekd.serving.settings import ServerSettings
from simulation.dice import Dice
from simulation.settings import CLIENT_KEY
from simulation.transcripts import LAG
from simulation.wire import Line

GAP = 12.0
PATIENCE = 60.0
"""How long one of them waits; what has no answer by then has none."""

DRIP_SECONDS = 0.3
CROWD = 12
OWN = "Host: localhost"

Told = tuple[str, str]
"""The law that was broken, and how."""

ASK = b'{"model":"claude-opus-5-5","max_tokens":9,"messages":[{"role":"user","content":"x"}]}'


class Place(Protocol):
    """What strangers know of the world."""

    @property
    def intruders_dice(self) -> Dice:
        """Their own, so that clients do not notice them."""
        ...

    def in_force(self) -> ServerSettings:
        """The settings that hold for whoever connects now."""
        ...

    def shaken(self, since: float) -> bool:
        """Whether the daemon was stopped or killed, or its settings changed, since then."""
        ...

    async def connect(self, *, narrow: bool = False) -> tuple[Line, Line]:
        """Reach the daemon. Raises OSError."""
        ...


class Intruder:
    """One after the other, until cancelled. `found`: laws that were broken. `done`: how many came."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._dice = place.intruders_dice
        self.found: list[Told] = []
        self.done = 0

    async def live(self) -> None:
        """Come again and again."""
        acts: tuple[tuple[Callable[[], Awaitable[Iterator[Told]]], float], ...] = (
            (self._drip, 2.0),
            (self._guess, 2.0),
            (self._rebind, 2.0),
            (self._pretend, 1.0),
            (self._crowd, 1.0),
        )
        while True:
            await trio.sleep(self._dice.uniform(0, GAP))
            began = trio.current_time()
            told = [*await self._dice.weighed(acts)()]
            self.done += 1
            if not self._place.shaken(began):
                self.found += told

    # ---- what they do ----

    async def _drip(self) -> Iterator[Told]:
        """A head that never ends, byte after byte (slowloris)."""
        most = self._place.in_force().head_seconds
        line = await self._enter()
        if line is None:
            return iter(())
        began = trio.current_time()
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await line.send_all(f"GET /healthz HTTP/1.1\r\n{OWN}\r\nX: ".encode())
            while trio.current_time() < began + most + 5 and not line.is_readable():
                await line.send_all(b"x")
                await trio.sleep(DRIP_SECONDS)
        took = trio.current_time() - began
        line.close()
        late = took > most + DRIP_SECONDS + 4 * LAG
        return iter([("a_head_has_its_time", f"half a head was suffered for {took:.1f} s")] if late else [])

    async def _guess(self) -> Iterator[Told]:
        """Nearly the right key, where one is asked for."""
        cut = self._dice.choice((CLIENT_KEY[:-1], CLIENT_KEY[:12], CLIENT_KEY + "0", "", CLIENT_KEY.upper()))
        header = self._dice.choice(("Authorization: Bearer {}", "x-api-key: {}", "x-goog-api-key: {}"))
        got = await self._ask("POST /v1/messages", OWN, header.format(cut), body=ASK)
        asked_for = self._place.in_force().auth != "auto"
        opened = asked_for and got not in {"", "401"}
        return iter([("a_wrong_key_opens_nothing", f"{got} for {cut!r}")] if opened else [])

    async def _rebind(self) -> Iterator[Told]:
        """A page of another site, or a name that is not ours, in every place where one can stand."""
        target, lines = self._dice.choice((
            ("GET /api/accounts", ("Host: evil.example",)),
            ("GET /api/accounts", (OWN, "Origin: http://evil.example")),
            ("GET /api/requests", (OWN, "Sec-Fetch-Site: cross-site")),
            ("GET http://evil.example/api/accounts", (OWN,)),
            ("POST http://evil.example:8045/v1/messages", (OWN, f"x-api-key: {CLIENT_KEY}")),
            ("POST /v1/messages", ("Host: localhost:1@evil.example", f"x-api-key: {CLIENT_KEY}")),
        ))
        got = await self._ask(target, *lines, body=ASK if target.startswith("POST") else b"")
        passed = got not in {"", "403"}
        return iter([("pages_stay_outside", f"{got} for {target} {lines}")] if passed else [])

    async def _pretend(self) -> Iterator[Told]:
        """Somebody behind a proxy that nobody trusts, who says that he is here."""
        line = self._dice.choice(("X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "Via: 1.1 x"))
        got = await self._ask("GET /api/accounts", OWN, line)
        return iter([("only_the_trusted_forward", f"{got} with {line}")] if got not in {"", "403"} else [])

    async def _crowd(self) -> Iterator[Told]:
        """Many who connect, say nothing, and go."""
        lines = [line for _ in range(CROWD) if (line := await self._enter()) is not None]
        await trio.sleep(self._dice.uniform(0, 3))
        for line in lines:
            self._dice.choice((line.close, line.reset))()
        return iter(())

    # ---- how ----

    async def _enter(self) -> Line | None:
        try:
            line, _ = await self._place.connect()
        except OSError:
            return None
        return line

    async def _ask(self, target: str, *lines: str, body: bytes = b"") -> str:
        """Send a request, and give its status; "" where none came."""
        line = await self._enter()
        if line is None:
            return ""
        head = [f"{target} HTTP/1.1", *lines, f"Content-Length: {len(body)}", "Connection: close", "", ""]
        got = b""
        with trio.move_on_after(PATIENCE), suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await line.send_all("\r\n".join(head).encode() + body)
            while len(got) < len("HTTP/1.1 200") and (piece := await line.receive_some()):
                got += piece
        line.close()
        return got[9:12].decode()
