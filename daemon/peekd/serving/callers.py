"""Who a caller is: addresses, and the proxies believed about them. What a caller may do is `ingress`."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

import msgspec

Headers = Sequence[tuple[str, str]]
"""A request's headers as they came, names in lower case."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_FORWARDED = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"})
"""What proxies add, beside all that begins with x-forwarded."""


class Caller(msgspec.Struct, frozen=True):
    """Whom we take the caller to be. `address` None: a local socket without addresses."""

    address: Address | None
    loopback: bool
    """On this machine, and no proxy of unknown standing in between."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address text means this machine.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "example.com")]
    [True, True, True, False, False]
    """
    if host.lower() == "localhost":
        return True
    address = read_address(host)
    return address is not None and address.is_loopback


def read_address(text: str) -> Address | None:
    """Read an address, with brackets or a port or without; None where it is none.

    >>> str(read_address("[::1]:80")), str(read_address("10.0.0.1:80")), read_address("unknown")
    ('::1', '10.0.0.1', None)
    """
    return _read_address(text) if len(text) <= _LONGEST else None


_LONGEST = 100
"""No address is longer, whatever stands around it."""


@lru_cache(maxsize=256)
def _read_address(text: str) -> Address | None:
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def find_caller(peer: str | None, headers: Headers, trusted: Sequence[Network]) -> Caller:
    """Tell who calls. `peer` is the connection's other end, None for a local socket.

    Forwarding headers are believed from trusted proxies only; from anyone else they make a caller that is
    not on loopback. Of a chain, the nearest hop that is not itself trusted is the caller; where both kinds
    of header came, one of them may be the caller's own invention, so that is never loopback.
    """
    if not [name for name, _ in headers if name in _FORWARDED or name.startswith("x-forwarded")]:
        return _at(peer)
    address = read_address(peer) if peer else None
    if address is None or not is_within(address, trusted):
        return Caller(address, loopback=False)
    chain = _hops(headers)
    unmixed = not {"forwarded", "x-forwarded-for"} <= {name for name, _ in headers}
    for hop in reversed(chain):
        if hop is None:
            return Caller(address, loopback=False)
        if not is_within(hop, trusted):
            return Caller(hop, loopback=unmixed and hop.is_loopback)
    return Caller(chain[0] if chain else address, loopback=False)


@lru_cache(maxsize=256)
def _at(peer: str | None) -> Caller:
    """Tell who calls where nobody stands in between."""
    address = read_address(peer) if peer else None
    return Caller(address, loopback=address is None or address.is_loopback)


def _hops(headers: Headers) -> list[Address | None]:
    """Give the addresses that proxies noted, oldest first; RFC 7239 where the older header is absent."""
    noted = [hop for name, value in headers if name == "x-forwarded-for" for hop in value.split(",")]
    if not noted:
        noted = [
            pair.partition("=")[2]
            for name, value in headers
            if name == "forwarded"
            for element in value.split(",")
            for pair in element.split(";")
            if pair.strip().lower().startswith("for=")
        ]
    return [read_address(hop) for hop in noted]


def read_network(text: str) -> Network:
    """Read an address or a range; of IPv4 addresses inside IPv6, as `read_address` does. Raises ValueError.

    >>> str(read_network("::ffff:10.0.0.0/104")), str(read_network("10.1.2.3/8"))
    ('10.0.0.0/8', '10.0.0.0/8')
    """
    network = ipaddress.ip_network(text, strict=False)
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        inside = ipaddress.IPv4Address(int(network.network_address) & 0xFFFF_FFFF)
        return ipaddress.IPv4Network((inside, network.prefixlen - _MAPPED.prefixlen))
    return network


_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
"""RFC 4291 section 2.5.5.2: where sockets that take both versions show IPv4 addresses."""


def is_secure(scheme: str, peer: str | None, headers: Headers, trusted: Sequence[Network]) -> bool:
    """Whether the caller's own connection is encrypted: to us, or to a trusted proxy that says so."""
    address = read_address(peer) if peer else None
    if scheme == "https" or address is None or not is_within(address, trusted):
        return scheme == "https"
    said = dict(headers)
    noted = said.get("x-forwarded-proto", "").split(",")[0].strip().lower()
    return noted == "https" or "proto=https" in said.get("forwarded", "").lower().replace('"', "")


def is_within(address: Address, networks: Sequence[Network]) -> bool:
    """Whether the address lies in one of the networks; those of the other IP version never hold it."""
    return any(address in network for network in networks)
