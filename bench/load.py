"""The benchmark's client: streams on raw sockets in one epoll loop. Its one argument is a JSON object, a Job.

It prints one JSON object, a Found. Every answer must be a 200 and whole, with all its pieces of text: each
that is not counts as failed, the first of them is told, and the exit status is 1.
"""

from __future__ import annotations

import json
import select
import socket
import statistics
import sys
import time
from contextlib import suppress
from dataclasses import asdict

from asks import ask
from costs import core_seconds, cpu_seconds, resident_mb
from frames import DIGITS, MARK
from jobs import Found, Job

END = b"\r\n0\r\n\r\n"
READ_BYTES = 1 << 18
TICK = 0.02
WORDS = 400
NANO = 1e-9


class Asking:
    """One connection and the answer that it waits for."""

    __slots__ = ("began", "events", "first", "left", "met", "sock", "tail", "unsent")

    def __init__(self, sock: socket.socket, left: int) -> None:
        self.sock, self.left = sock, left
        self.began = 0.0
        self.met = False
        """Whether it ever had a piece."""
        self.unsent = memoryview(b"")
        self.tail = b""
        self.first = True
        self.events = 0


class Load:
    """Does one job."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._request = ask(job.tongue, job.model, job.size).http()
        self._wanted = int(job.model.split("-")[-2])
        self._paced = float(job.model.split("-")[-1]) > 0
        self._poll = select.epoll()
        self._open: dict[int, Asking] = {}
        self._opened = 0
        self._unmet = job.at_once
        self._delays: list[int] = []
        self._began = self._heard = self._tick = time.monotonic()
        self._from: float | None = None
        self._until: float | None = None
        self._events = self._requests = 0
        self.found = Found(before=resident_mb(*job.system))

    def run(self) -> Found:
        """Ask until all is done."""
        if not self._job.seconds:
            self._begin(self._began)
        while self._opened < self._job.at_once or self._open:
            for number, what in self._poll.poll(TICK):
                one = self._open[number]
                if what & select.EPOLLIN:
                    self._read(one)
                elif what & select.EPOLLOUT:
                    self._write(one)
                else:
                    self._fail(one, "closed")
            now = time.monotonic()
            if now >= self._tick:
                self._watch(now)
        if self._until is None:
            self._finish(time.monotonic())
        return self._told()

    def _told(self) -> Found:
        if len(self._delays) > 1:
            cuts = statistics.quantiles(self._delays, n=100, method="inclusive")
            figures = {"p50": cuts[49], "p99": cuts[98], "most": max(self._delays)}
            self.found.delays = {name: figure * NANO for name, figure in figures.items()}
        return self.found

    # ---- what is measured when ----------------------------------------------------------------------

    def _watch(self, now: float) -> None:
        """Open what is to be opened, begin and end measuring, and give up where nothing comes any more."""
        job = self._job
        self._tick = now + TICK
        share = (now - self._began) / job.opening if job.opening else 1.0
        while self._opened < min(job.at_once, job.at_once * share):
            self._connect()
        self.found.peak = max(self.found.peak, resident_mb(*job.system)) if job.once else 0.0
        late = now >= self._began + job.opening + job.latest
        if self._from is None and (late or not self._unmet):
            self._from = now + job.settle
        if job.seconds and self._from is not None and now >= self._from:
            if self._until is None:
                self._begin(now)
                self._until = now + job.seconds
            elif now >= self._until and not self.found.seconds:
                self._finish(now)
        if now - self._heard > job.patience:
            for one in list(self._open.values()):
                self._fail(one, "nothing came for too long")

    def _begin(self, now: float) -> None:
        self._start = now
        self._events = self._requests = 0
        self._delays.clear()
        self.found.first.clear()
        self._spent = self._costs()

    def _finish(self, now: float) -> None:
        found = self.found
        before, after = self._spent, self._costs()
        found.system, found.upstream, found.client, core = (
            later - earlier for earlier, later in zip(before, after, strict=True)
        )
        found.others = max(core - found.system, 0.0)
        found.seconds, found.events, found.requests = now - self._start, self._events, self._requests
        for one in self._open.values():
            one.left = 0
        if self._job.cut:
            self._opened = self._job.at_once
            for one in list(self._open.values()):
                self._close(one)

    def _costs(self) -> tuple[float, float, float, float]:
        job = self._job
        return (
            cpu_seconds(job.system),
            cpu_seconds(job.upstream),
            time.process_time(),
            core_seconds(job.core),
        )

    # ---- connections ----------------------------------------------------------------------------------

    def _connect(self) -> None:
        job = self._job
        sock = socket.socket()
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect_ex(("127.0.0.1", job.port))
        endless = 1 << 60 if job.seconds else job.requests // job.at_once
        one = Asking(sock, 1 if job.once else endless)
        self._opened += 1
        self._open[sock.fileno()] = one
        self._poll.register(sock, 0)
        self._ask(one)

    def _ask(self, one: Asking) -> None:
        one.left -= 1
        one.first, one.events, one.tail = True, 0, b""
        one.unsent = memoryview(self._request)
        one.began = time.monotonic()
        self.found.asked += 1
        self._write(one)

    def _write(self, one: Asking) -> None:
        with suppress(BlockingIOError, ConnectionError):  # not connected yet, or full; what is broken is read
            one.unsent = one.unsent[one.sock.send(one.unsent) :]
        self._poll.modify(one.sock, select.EPOLLIN | (select.EPOLLOUT if one.unsent else 0))

    def _read(self, one: Asking) -> None:
        try:
            data = one.sock.recv(READ_BYTES)
        except OSError as fault:
            self._fail(one, str(fault))
            return
        self._heard = now = time.monotonic()
        if one.first:
            if not (one.tail or is_stream(data)):
                self._fail(one, data[:WORDS].decode(errors="replace"))
                return
            if MARK in data:
                self._meet(one, now)
        elif not data:
            self._fail(one, "cut short")
            return
        count = data.count(MARK)
        one.events += count
        self._events += count
        if self._paced and count:
            self._note(data)
        one.tail = data[-len(END) :] if len(data) >= len(END) else (one.tail + data)[-len(END) :]
        if one.tail == END:
            self._end(one)

    def _meet(self, one: Asking, now: float) -> None:
        one.first = False
        self.found.first.append(now - one.began)
        if not one.met:
            one.met = True
            self._unmet -= 1

    def _note(self, data: bytes) -> None:
        """Note how long each piece was on its way; one that a read cut in two is left out."""
        now = time.monotonic_ns()
        self._delays += [now - int(stamp[:DIGITS]) for stamp in data.split(MARK)[1:] if len(stamp) >= DIGITS]

    def _end(self, one: Asking) -> None:
        self._requests += 1
        if one.events != self._wanted:
            self._fail(one, f"{one.events} of {self._wanted} pieces came")
        elif one.left > 0:
            self._ask(one)
        else:
            self._close(one)

    def _fail(self, one: Asking, words: str) -> None:
        self.found.failed += 1
        self.found.lost += max(self._wanted - one.events, 0)
        self.found.words = self.found.words or words
        self._unmet -= not one.met
        self._close(one)

    def _close(self, one: Asking) -> None:
        del self._open[one.sock.fileno()]
        self._poll.unregister(one.sock)
        one.sock.close()


def is_stream(data: bytes) -> bool:
    """Whether an answer begins as one that we can read: a 200 in chunks."""
    head, end, _ = data.partition(b"\r\n\r\n")
    return head.startswith(b"HTTP/1.1 200") and (not end or b"chunked" in head.lower())


def cut(job: Job) -> float:
    """Close in the middle of a stream; give the seconds until the upstream saw its own side closed."""
    tag = time.monotonic_ns()
    with socket.create_connection(("127.0.0.1", job.port)) as sock:
        sock.settimeout(job.patience)
        sock.sendall(ask(job.tongue, f"{job.model}-{tag}", job.size).http())
        read = b""
        while MARK not in read:
            data = sock.recv(READ_BYTES)
            if not data:
                raise ConnectionError(read[:WORDS].decode(errors="replace"))
            read += data
    closed = time.monotonic()
    with socket.create_connection(("127.0.0.1", job.control)) as control:
        control.settimeout(job.patience)
        control.sendall(b"GET /closed/%d HTTP/1.1\r\n\r\n" % tag)
        answer = b""
        while not answer.rpartition(b"\r\n\r\n")[2]:
            answer += control.recv(READ_BYTES)
    return float(answer.rpartition(b"\r\n\r\n")[2]) - closed


def do(job: Job) -> Found:
    """Do a job of either kind."""
    if not job.cuts:
        return Load(job).run()
    found = Found(asked=job.cuts)
    try:
        found.cuts = [cut(job) for _ in range(job.cuts)]
    except OSError as fault:
        found.failed, found.words = 1, str(fault)
    return found


if __name__ == "__main__":
    result = do(Job(**json.loads(sys.argv[1])))
    sys.stdout.write(json.dumps(asdict(result)))
    sys.exit(result.failed > 0)
