"""The upstream that the benchmark measures against, on a loopback port: one epoll loop, as lean as may be.

The path says which wire language to answer in, the model asked for what to send: `…sim-PIECES-RATE`, RATE
pieces of text a second, 0 for all at once; `-TAG` may follow. The first piece comes at once, the later ones
on a grid of this stream's own, laid down by the number of the stream and the clock alone: so the streams are
evenly spread over time, however fast a system lets them begin, and no two systems meet another spreading.
`GET /closed/TAG` answers, as soon as it is known, when the stream of that tag was seen cut short.
The first line on stdout is the port.
"""

from __future__ import annotations

import heapq
import json
import re
import select
import socket
import sys
import time

from frames import DIGITS, HEAD, TONGUES, burst, ending, piece

MODEL = re.compile(rb"sim-(\d+)-([\d.]+)(?:-(\d+))?")
GOLDEN = 0.618034
NAME = b"sim-"
LONGEST = 64
READ_BYTES = 1 << 20
BACKLOG = 4096
NOTHING = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Answer:
    """A stream that is being played, piece by piece."""

    __slots__ = ("due", "every", "number", "pieces", "tag", "tongue")

    def __init__(self, tongue: str, pieces: int, rate: float, tag: bytes | None) -> None:
        self.tongue, self.pieces, self.every, self.tag = tongue, pieces, 1 / rate, tag
        self.number = 0
        self.due = 0.0
        """When the next piece is to be sent."""

    def lay(self, phase: float, now: float) -> None:
        """Put the stream on its grid: due next at the first place after now."""
        self.due = (now // self.every + phase) * self.every
        if self.due <= now:
            self.due += self.every

    def following(self) -> bytes:
        """The next piece, with the time that it is; and the ending, if it is the last."""
        before, after = piece(self.tongue, self.number)
        self.number += 1
        self.due += self.every
        said = b"%b%0*d%b" % (before, DIGITS, time.monotonic_ns(), after)
        return said if self.number < self.pieces else said + ending(self.tongue, self.pieces)


class Asked:
    """A request as it comes in. Of its body only the name of the model is kept, so that size costs little."""

    __slots__ = ("head", "left", "named", "path")

    def __init__(self) -> None:
        self.head = bytearray()
        self.left = 0
        """Bytes of the body that are still to come."""
        self.path = b""
        self.named = b""
        """From the model's name on, as far as it came; before that, the end of what came."""

    def whole(self, data: memoryview) -> bool:
        """Take what came; say whether that was the last of it."""
        if self.path:
            self.left -= len(data)
        else:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return False
            self._begin(self.head[:end].lower())
            self.left -= len(self.head) - end - 4
        if len(self.named) < LONGEST or not self.named.startswith(NAME):
            self._look(self.named + data if self.named else bytes(self.head))
        return self.left <= 0

    def _begin(self, head: bytearray) -> None:
        at = head.find(b"\r\ncontent-length:")
        self.left = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        self.path = bytes(head.split(b" ", 2)[1])

    def _look(self, data: bytes) -> None:
        at = data.find(NAME)
        self.named = data[at : at + LONGEST] if at >= 0 else data[-LONGEST:]


class Peer:
    """One connection: what it asks, and what we have not sent yet."""

    __slots__ = ("answer", "asked", "poll", "sock", "unsent")

    def __init__(self, sock: socket.socket, poll: select.epoll) -> None:
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.poll = sock, poll
        self.asked = Asked()
        self.unsent = b""
        self.answer: Answer | None = None
        poll.register(sock, select.EPOLLIN)

    def send(self, data: bytes) -> None:
        """Send what the socket takes; the rest goes when it takes more."""
        if self.unsent:
            self.unsent += data
            return
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # gone, which reading tells
        if sent < len(data):
            self.unsent = data[sent:]
            self.poll.modify(self.sock, select.EPOLLIN | select.EPOLLOUT)

    def send_rest(self) -> None:
        """Go on with what the socket did not take."""
        rest, self.unsent = self.unsent, b""
        self.poll.modify(self.sock, select.EPOLLIN)
        self.send(rest)


class Upstream:
    """Serves any number of connections, and remembers when streams were cut short."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._poll = select.epoll()
        self._poll.register(listener, select.EPOLLIN)
        self._peers: dict[int, Peer] = {}
        self._due: list[tuple[float, int, Peer]] = []
        self._begun = 0
        self._closed: dict[bytes, float] = {}
        self._asking: list[tuple[Peer, bytes]] = []
        self._buffer = memoryview(bytearray(READ_BYTES))

    def run(self) -> None:
        """Serve until killed."""
        while True:
            for number, what in self._news():
                if number == self._listener.fileno():
                    self._accept()
                elif what & ~select.EPOLLOUT:
                    self._receive(self._peers[number])
                elif number in self._peers:
                    self._peers[number].send_rest()
            self._play()

    def _news(self) -> list[tuple[int, int]]:
        """Wait until a socket has something or a piece is due. epoll alone counts in whole milliseconds."""
        if not self._due:
            return self._poll.poll()
        left = self._due[0][0] - time.monotonic()
        if left > 0 and not select.select([self._poll], [], [], left)[0]:
            return []
        return self._poll.poll(0)

    def _accept(self) -> None:
        try:
            while True:
                sock, _ = self._listener.accept()
                self._peers[sock.fileno()] = Peer(sock, self._poll)
        except BlockingIOError:
            pass

    def _receive(self, peer: Peer) -> None:
        try:
            size = peer.sock.recv_into(self._buffer)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size:
            self._part(peer)
        elif peer.asked.whole(self._buffer[:size]):
            asked, peer.asked = peer.asked, Asked()
            self._answer(peer, asked.path, asked.named)

    def _part(self, peer: Peer) -> None:
        del self._peers[peer.sock.fileno()]
        self._poll.unregister(peer.sock)
        peer.sock.close()
        answer, peer.answer = peer.answer, None
        if answer is not None and answer.tag is not None:
            self._closed[answer.tag] = time.monotonic()
            self._tell_closed()

    def _answer(self, peer: Peer, path: bytes, named: bytes) -> None:
        model = MODEL.match(named)
        if path.startswith(b"/closed/"):
            self._asking.append((peer, path[8:]))
            self._tell_closed()
        elif model is None:
            peer.send(NOTHING)
        else:
            tongue = "gemini" if b":streamgeneratecontent" in path else "anthropic"
            self._begin(peer, tongue, model)

    def _begin(self, peer: Peer, tongue: str, model: re.Match[bytes]) -> None:
        self._begun += 1
        pieces, rate = int(model[1]), float(model[2])
        if not rate:
            peer.send(burst(tongue, pieces))
            return
        answer = Answer(tongue, pieces, rate, model[3])
        peer.send(HEAD + TONGUES[tongue].begin + answer.following())
        if pieces > 1:
            peer.answer = answer
            answer.lay(self._begun * GOLDEN % 1, time.monotonic())
            heapq.heappush(self._due, (answer.due, self._begun, peer))

    def _play(self) -> None:
        """Send every piece that is due."""
        due = self._due
        while due and due[0][0] <= time.monotonic():
            _, number, peer = due[0]
            answer = peer.answer
            if answer is None:  # the peer has gone
                heapq.heappop(due)
                continue
            peer.send(answer.following())
            if answer.number < answer.pieces:
                heapq.heapreplace(due, (answer.due, number, peer))
            else:
                heapq.heappop(due)
                peer.answer = None

    def _tell_closed(self) -> None:
        for peer, tag in [asking for asking in self._asking if asking[1] in self._closed]:
            self._asking.remove((peer, tag))
            body = json.dumps(self._closed[tag]).encode()
            peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


def main() -> None:
    """Listen until killed."""
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        listener.settimeout(0)
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        Upstream(listener).run()


if __name__ == "__main__":
    main()
