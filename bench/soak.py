"""Agents' traffic through peekd while everything goes wrong: `./dev soak [--minutes M] [--svg FILE]`.

Upstream, peekd and clients are on loopback. The upstream misbehaves by script (misbehave.toml), and in turn
peekd is killed, stopped, told to end and started again, the upstream is killed, and the disk that peekd's
journal goes to is filled. No answer may be lost or wrong: a 200 that ends well says all that the upstream
said, and whoever gets no answer is told so, or was cut off together with peekd itself.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx
import trio
from agents import Asking, asks, judge
from costs import resident_mb
from processes import free_port
from svg import Panel, Point, draw
from wards import Ward, fill, small_disk

HERE = Path(__file__).parent
AT_ONCE = 16
SAMPLE_SECONDS = 0.25
LONGEST_GAP = 10.0
PATIENCE_SECONDS = 60.0
SPARE_DESCRIPTORS = 40
"""What a peekd that rests may hold more than a new one: connections that it keeps for the next request."""

OK = 200
HONEST = {429, 503}
UPSTREAMS = {
    "anthropic": "claude-sonnet-4-5",
    "gemini": "gemini-2.5-pro",
    "openai-chat": "gpt-4.1",
    "openai-responses": "gpt-5",
}
ACCOUNTS = ("rough", "moody", "steady")
CONFIG = """
[server]
bind = ["127.0.0.1:{port}"]
drain_seconds = 3
[healing]
headers_seconds = 1.5
peek_seconds = 1.5
idle_seconds = 1.5
reasoning_seconds = 5
budget_seconds = 20
early_commit_seconds = 2
ping_seconds = 1
"""
UPSTREAM = """
[upstreams.{name}]
protocol = "{name}"
base_url = "http://127.0.0.1:{port}"
[[routes]]
match = "to-{name}"
to = ["{name}/{model}"]
"""
ACCOUNT = """
[[accounts]]
name = "{key}-{name}"
upstream = "{name}"
credential = "env:KEY_{key}"
"""


class Soak:
    """One run: its processes, what is counted, and what is noted when."""

    def __init__(self, place: Path, disk: str) -> None:
        self.place, self.disk = place, disk
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.memory: list[Point] = []
        self.descriptors: list[Point] = []
        self.answered: list[Point] = []
        self.marks: list[tuple[float, str]] = []
        self.breaks = 0
        """How often peekd was broken off; a request that saw one is not lost by peekd's own doing."""
        self.broken = False
        self.over = trio.Event()
        self._began = trio.current_time()
        self._asks = asks(UPSTREAMS)
        upstream, port = free_port(), free_port()
        script = ["--port", str(upstream), "--script", str(HERE / "misbehave.toml")]
        env = {**os.environ, **{f"KEY_{key}": key for key in ACCOUNTS}}
        python = [sys.executable, "-m"]
        self.upstream = Ward([*python, "peekd.simulator", *script], upstream, place / "upstream.log", env)
        config = place / "peekd.toml"
        config.write_text(_configuration(port, upstream))
        command = [*python, "peekd", "serve", "--config", str(config)]
        self.peekd = Ward(command, port, place / "disk/peekd.log", env)

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return trio.current_time() - self._began

    # ---- traffic ------------------------------------------------------------------------------------

    async def ask_on(self) -> None:
        """Ask one request after another until the time is over."""
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as client:
            while not self.over.is_set():
                asking = next(self._asks)
                breaks, broken = self.breaks, self.broken
                verdict = await self._ask(client, asking)
                if verdict.startswith("cut") and breaks == self.breaks and not (broken or self.broken):
                    verdict = f"lost: {verdict}"
                self._count(asking, verdict)
                if verdict == "down":
                    await trio.sleep(0.05)

    def _count(self, asking: Asking, verdict: str) -> None:
        kind = verdict.partition(":")[0]
        self.counts[kind] += 1
        if kind in {"lost", "wrong"}:
            self.faults.append(f"{self.now:.1f} s  {asking.language} {asking.path}  {verdict}")

    async def _ask(self, client: httpx.AsyncClient, asking: Asking) -> str:
        url = f"http://127.0.0.1:{self.peekd.port}{asking.path}"
        headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
        if asking.language != "anthropic":
            del headers["anthropic-version"]
        try:
            answer = await client.post(url, content=asking.body, headers=headers)
        except httpx.ConnectError:
            return "down"
        except httpx.TransportError as fault:
            return f"cut: {fault!r}"
        if answer.status_code in HONEST:
            return "refused"
        if answer.status_code != OK:
            return f"wrong: status {answer.status_code} {answer.text[:300]}"
        verdict = judge(asking, answer.content)
        if verdict == "whole" and int(answer.headers.get("x-peekd-attempts", "1")) > 1:
            self.counts["healed"] += 1
        return verdict if verdict in {"whole", "told"} else f"wrong: {verdict}"

    # ---- trouble ------------------------------------------------------------------------------------

    async def trouble(self, seconds: float) -> None:
        """Do one bad thing after another, until the time is over."""
        bad: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("kill -9", partial(self._restart, signal.SIGKILL)),
            ("stop", partial(self.peekd.stall, 1.5)),
            ("upstream dies", self._lose_upstream),
            ("restart", partial(self._restart, signal.SIGTERM)),
        ]
        if not self.disk:
            bad.insert(2, ("disk full", partial(fill, self.place / "disk", 1.5)))
        gap = min(LONGEST_GAP, seconds / len(bad) / 2)
        number = 0
        while self.now + gap < seconds:
            await trio.sleep(gap)
            name, do = bad[number % len(bad)]
            number += 1
            self.marks.append((self.now, name))
            await do()
        await trio.sleep(max(0.0, seconds - self.now))
        self.over.set()

    async def _restart(self, how: signal.Signals) -> None:
        self.breaks += 1
        self.broken = True
        await self.peekd.end(how)
        await self.peekd.start()
        self.broken = False

    async def _lose_upstream(self) -> None:
        await self.upstream.end(signal.SIGKILL)
        await trio.sleep(0.5)
        await self.upstream.start()

    # ---- figures ------------------------------------------------------------------------------------

    async def sample(self) -> None:
        """Note memory, descriptors and answers, as long as it is not cancelled."""
        while True:
            try:
                self.memory.append((self.now, resident_mb(self.peekd.pid)))
                self.descriptors.append((self.now, self.peekd.descriptors()))
            except (OSError, StopIteration):
                pass  # between two processes
            self.answered.append((self.now, self.counts["whole"]))
            await trio.sleep(SAMPLE_SECONDS)


def _configuration(port: int, upstream: int) -> str:
    parts = [CONFIG.format(port=port)]
    parts += [UPSTREAM.format(name=name, port=upstream, model=model) for name, model in UPSTREAMS.items()]
    parts += [ACCOUNT.format(name=name, key=key) for name in UPSTREAMS for key in ACCOUNTS]
    return "".join(parts)


async def run(soak: Soak, seconds: float) -> int:
    """Run it all; gives how many descriptors peekd holds more at rest than when it began."""
    try:
        await soak.upstream.start()
        await soak.peekd.start()
        async with trio.open_nursery() as sampling:
            sampling.start_soon(soak.sample)
            async with trio.open_nursery() as nursery:
                for _ in range(AT_ONCE):
                    nursery.start_soon(soak.ask_on)
                nursery.start_soon(soak.trouble, seconds)
            await trio.sleep(1.0)
            left = soak.peekd.descriptors()
            await soak.peekd.end()
            await soak.peekd.start()
            sampling.cancel_scope.cancel()
        return left - soak.peekd.descriptors()
    finally:
        with trio.move_on_after(PATIENCE_SECONDS, shield=True):
            await soak.peekd.end()
            await soak.upstream.end()


def tell(soak: Soak, seconds: float, more: int) -> list[str]:
    """What it came to, line by line."""
    counts = soak.counts
    asked = sum(counts.values()) - counts["healed"]
    served = max(1, asked - counts["cut"] - counts["down"])
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in ("whole", "told", "refused", "cut", "down"))
    events = Counter(name for _, name in soak.marks)
    return [
        f"{seconds:.0f} s, {AT_ONCE} clients, {asked} requests: {kinds}; "
        f"{counts['lost']} lost, {counts['wrong']} wrong",
        f"answered whole: {counts['whole'] / served:.2%} of what reached peekd; healed: "
        f"{counts['healed'] / max(1, counts['whole']):.1%} of the whole ones",
        "trouble: " + ", ".join(f"{count} x {name}" for name, count in events.items()),
        *([f"the disk was not filled: {soak.disk}"] if soak.disk else []),
        f"memory: at most {max(mb for _, mb in soak.memory):.0f} MB; descriptors: at most "
        f"{max(count for _, count in soak.descriptors):.0f}, at rest {more} more than a new one holds",
        *soak.faults[:20],
    ]


def main() -> int:
    """Run it and tell; 1 where an answer was lost or wrong, or descriptors were."""
    parser = argparse.ArgumentParser(
        prog="./dev soak", description="agents' traffic while everything goes wrong"
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="how long (default: 5)")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long, in seconds")
    parser.add_argument("--svg", type=Path, default=Path("build/soak.svg"), help="where the plot goes")
    options = parser.parse_args()
    seconds = options.seconds or options.minutes * 60
    with tempfile.TemporaryDirectory() as place, small_disk(Path(place, "disk")) as disk:

        async def whole_run() -> tuple[Soak, int]:
            soak = Soak(Path(place), disk)
            return soak, await run(soak, seconds)

        soak, more = trio.run(whole_run)
    lines = tell(soak, seconds, more)
    options.svg.parent.mkdir(parents=True, exist_ok=True)
    panels = [
        Panel("resident memory of peekd, MB", soak.memory),
        Panel("descriptors of peekd", soak.descriptors),
        Panel("requests answered whole", soak.answered),
    ]
    options.svg.write_text(draw(lines[0], panels, soak.marks))
    sys.stdout.write("\n".join([*lines, f"plot: {options.svg}", ""]))
    return 1 if soak.counts["lost"] or soak.counts["wrong"] or more > SPARE_DESCRIPTORS else 0


if __name__ == "__main__":
    sys.exit(main())
