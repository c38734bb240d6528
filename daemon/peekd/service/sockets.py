"""Listening sockets: opened by address, by path, or taken over from the service manager."""

from __future__ import annotations

import errno
import os
import resource
import socket
import stat
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path

from peekd.config.binds import Bind, decode_bind
from peekd.vocabulary.errors import OperatorError

BACKLOG = 2048
UNSENT_BYTES = 64 * 1024
"""What the kernel may hold unsent for one client; beyond it a slow reader is felt, and not buffered away."""

KEEP_ALIVE_PROBES_SECONDS = 30
FIRST_PASSED = 3  # sd_listen_fds(3): passed descriptors begin here
_OWNER_ONLY = 0o177


@contextmanager
def open_sockets(
    binds: Sequence[str], environ: Mapping[str, str], *, write_stall_seconds: float
) -> Generator[list[socket.socket], None, None]:
    """Listen on every bind and on whatever the service manager passed; close them, and remove paths, after.

    Raises OperatorError naming the bind that cannot be had. A bind that a passed socket covers already is
    not opened once more.
    """
    opened: list[socket.socket] = []
    paths: list[Path] = []
    try:
        wanted = [_decode(bind) for bind in binds]
        named = {bind.number for bind in wanted if bind.kind == "fd"}
        opened.extend(_adopt(number) for number in sorted(passed_descriptors(environ) | named))
        for bind in wanted:
            if bind.kind == "fd" or any(_covers(sock, bind) for sock in opened):
                continue
            if bind.kind == "unix":
                opened.append(_open_path(Path(bind.path)))
                paths.append(Path(bind.path))
            else:
                opened.append(_open_address(bind.host, bind.port))
        for sock in opened:
            _prepare(sock, write_stall_seconds)
        yield opened
    finally:
        for sock in opened:
            sock.close()
        for path in paths:
            path.unlink(missing_ok=True)


def passed_descriptors(environ: Mapping[str, str]) -> set[int]:
    """Give the descriptors that systemd's socket activation passed to this very process."""
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return set()
    count = environ.get("LISTEN_FDS", "0")
    return set(range(FIRST_PASSED, FIRST_PASSED + int(count))) if count.isdigit() else set()


def host_of(sock: socket.socket) -> str:
    """Give the host that a socket listens on, "" for a unix socket."""
    return "" if sock.family == socket.AF_UNIX else str(sock.getsockname()[0])


def tell_address(sock: socket.socket) -> str:
    """Write where a socket listens as a client would: a URL, or unix:PATH."""
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return f"unix:{name}"
    host = f"[{name[0]}]" if sock.family == socket.AF_INET6 else name[0]
    return f"http://{host}:{name[1]}"


def raise_descriptor_limit() -> int:
    """Let this process have as many descriptors as the system grants; a stream needs two. Gives the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems refuse what they report as their own limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _decode(text: str) -> Bind:
    bind = decode_bind(text)
    if bind is None:
        raise OperatorError(f"server.bind: expected HOST:PORT, unix:/PATH or fd://N, found {text!r}")
    return bind


def _covers(sock: socket.socket, bind: Bind) -> bool:
    """Whether a socket that is open already answers at this bind."""
    if bind.kind == "unix":
        return sock.family == socket.AF_UNIX and sock.getsockname() == bind.path
    if sock.family == socket.AF_UNIX:
        return False
    bound, bound_port = sock.getsockname()[:2]
    everywhere = ip_address(bound.partition("%")[0]).is_unspecified
    return 0 != bind.port == bound_port and (everywhere or bound == bind.host)


def _adopt(number: int) -> socket.socket:
    try:
        sock = socket.socket(fileno=number)
    except OSError as error:
        raise OperatorError(f"server.bind: descriptor {number} is no socket ({error.strerror})") from error
    if sock.type != socket.SOCK_STREAM:
        sock.detach()
        raise OperatorError(f"server.bind: descriptor {number} is no stream socket")
    sock.set_inheritable(False)
    return sock


def _open_address(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise OperatorError(f"server.bind: {host!r} is no host of this machine ({error.strerror})") from error
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(
                socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1
            )  # "::" and "0.0.0.0" may stand together
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise OperatorError(_why_not(f"{host}:{port}", error)) from error
    return sock


def _open_path(path: Path) -> socket.socket:
    """Listen at a path that only the owner may open; a dead socket in the way is cleared, nothing else is."""
    _clear(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(_OWNER_ONLY)
    try:
        sock.bind(str(path))
    except OSError as error:
        sock.close()
        raise OperatorError(_why_not(f"unix:{path}", error)) from error
    finally:
        os.umask(mask)
    return sock


def _clear(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise OperatorError(_why_not(f"unix:{path}", error)) from error
    if not stat.S_ISSOCK(mode):
        raise OperatorError(f"server.bind: {path} exists and is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise OperatorError(_why_not(f"unix:{path}", error)) from error
    raise OperatorError(f"server.bind: another process listens on {path}")


def _why_not(bind: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"server.bind: {bind} is in use by another process (another peekd?)"
    return f"server.bind: cannot listen on {bind}: {error.strerror}"


def _prepare(sock: socket.socket, write_stall_seconds: float) -> None:
    """Set what accepted connections inherit: the kernel, too, notices clients that stall or vanish."""
    sock.settimeout(0)  # never blocks
    sock.listen(BACKLOG)
    if sock.family == socket.AF_UNIX:
        return
    tcp = socket.IPPROTO_TCP
    sock.setsockopt(tcp, socket.TCP_USER_TIMEOUT, max(1, round(write_stall_seconds * 1000)))
    sock.setsockopt(tcp, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(tcp, socket.TCP_KEEPIDLE, KEEP_ALIVE_PROBES_SECONDS)
    sock.setsockopt(tcp, socket.TCP_KEEPINTVL, KEEP_ALIVE_PROBES_SECONDS // 3)
