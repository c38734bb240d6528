"""What peekd listens on, as `server.bind` writes it. Opening the sockets is the service's."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from typing import Literal

import msgspec

_TCP = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9_.-]+)):(?P<port>\d{1,5})")
_HIGHEST_PORT = 65535


class Bind(msgspec.Struct, frozen=True):
    """One thing to listen on; `host` and `port` belong to tcp, `path` to unix, `number` to fd."""

    kind: Literal["tcp", "unix", "fd"]
    host: str = ""
    port: int = 0
    path: str = ""
    number: int = 0

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it, as far as its text tells.

        A name other than localhost may mean any address. Who opened an inherited socket answers for it.
        """
        if self.kind != "tcp" or self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def decode_bind(text: str) -> Bind | None:
    """Read HOST:PORT, [IPV6]:PORT, unix:/PATH or fd://NUMBER; None: it is none of these.

    >>> decode_bind("[::1]:8045")
    Bind(kind='tcp', host='::1', port=8045, path='', number=0)
    >>> decode_bind("8045") is None
    True
    """
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        return Bind("unix", path=path) if path.startswith("/") else None
    if text.startswith("fd://"):
        number = text.removeprefix("fd://")
        return Bind("fd", number=int(number)) if re.fullmatch(r"\d{1,5}", number, re.ASCII) else None
    match = _TCP.fullmatch(text)
    if match is None or int(match["port"]) > _HIGHEST_PORT or not _is_address(match["six"]):
        return None
    return Bind("tcp", host=match["six"] or match["host"], port=int(match["port"]))


def _is_address(text: str | None) -> bool:
    try:
        return text is None or isinstance(ip_address(text), IPv6Address)
    except ValueError:
        return False
