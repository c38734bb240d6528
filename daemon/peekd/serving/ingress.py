"""Who may call: keys, addresses, hosts and origins, judged from headers and addresses alone. No IO."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote_plus, urlsplit

import msgspec

from peekd.serving.callers import Caller, Headers, Network, is_loopback, is_within, read_address, read_network
from peekd.serving.settings import ServerSettings
from peekd.vocabulary.errors import Fault, OperatorError

CREDENTIALS = frozenset({"authorization", "x-api-key", "x-goog-api-key"})


class Access(msgspec.Struct, frozen=True):
    """The [server] rules made ready: who may call. Keys are name -> secret; hosts are lower case."""

    auth: str
    loopback_only: bool
    """Every socket that we listen on is reached from this machine alone."""
    client_keys: Mapping[str, str]
    admin_keys: Mapping[str, str]
    trusted: tuple[Network, ...]
    allow: tuple[Network, ...]
    deny: tuple[Network, ...]
    hosts: frozenset[str]
    origins: frozenset[str]


# ---- making the rules ready -----------------------------------------------------------------------


def compile_access(
    settings: ServerSettings,
    *,
    bound: Sequence[str],
    client_keys: Mapping[str, str] | None = None,
    admin_keys: Mapping[str, str] | None = None,
) -> Access:
    """Make the rules from the settings, the hosts that are listened on ("" for a unix socket) and the keys.

    Raises OperatorError naming every address range that cannot be read.
    """
    faults: list[str] = []
    trusted = _networks("server.trusted_proxies", settings.trusted_proxies, faults)
    allow = _networks("server.allow", settings.allow, faults)
    deny = _networks("server.deny", settings.deny, faults)
    if faults:
        raise OperatorError(*faults)
    return Access(
        auth=settings.auth,
        loopback_only=all(host == "" or is_loopback(host) for host in bound),
        client_keys=dict(client_keys or {}),
        admin_keys=dict(admin_keys or {}),
        trusted=trusted,
        allow=allow,
        deny=deny,
        hosts=frozenset(host.lower() for host in (*bound, *settings.allowed_hosts) if host),
        origins=frozenset(origin.lower().rstrip("/") for origin in settings.allowed_origins),
    )


def _networks(key: str, texts: Iterable[str], faults: list[str]) -> tuple[Network, ...]:
    networks: list[Network] = []
    for text in texts:
        try:
            networks.append(read_network(text))
        except ValueError:
            faults.append(f"{key}: expected an address or a range like 10.0.0.0/8, found {text!r}")
    return tuple(networks)


# ---- keys -------------------------------------------------------------------------------------------


def take_keys(query: bytes) -> tuple[tuple[str, ...], bytes]:
    """Part a query string into the values of its `key` parameters and the rest, whose bytes stay.

    >>> take_keys(b"alt=sse&key=abc&x=%20")
    (('abc',), b'alt=sse&x=%20')
    """
    if not query:
        return (), b""
    keys: list[str] = []
    rest: list[bytes] = []
    for item in query.split(b"&"):
        name, _, value = item.partition(b"=")
        if unquote_plus(name.decode("latin-1")) == "key":
            keys.append(unquote_plus(value.decode("latin-1")))
        else:
            rest.append(item)
    return tuple(keys), b"&".join(rest)


def offered_keys(headers: Headers, query_keys: Sequence[str] = ()) -> tuple[str, ...]:
    """Give every key a caller shows: some agents send two, and any one that fits is enough."""
    keys = [_offered(name, value) for name, value in headers if name in CREDENTIALS]
    return tuple([key for key in (*keys, *query_keys) if key])


def _offered(name: str, value: str) -> str:
    if name != "authorization":
        return value.strip()
    scheme, _, token = value.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def match_key(offered: Sequence[str], known: Mapping[str, str]) -> str | None:
    """Give the name of the known key that was offered. Every pair is compared, each in constant time."""
    found: str | None = None
    shown = [key.encode() for key in offered]
    for name, secret in known.items():
        told = secret.encode()
        for key in shown:
            if hmac.compare_digest(key, told):
                found = name
    return found


def needs_key(access: Access, caller: Caller) -> bool:
    """Whether this caller must show a client key. Pages that never need one are not asked about here."""
    match access.auth:
        case "off":
            return False
        case "auto":
            return not (access.loopback_only and caller.loopback)
        case _:
            return True


def judge_client(access: Access, caller: Caller, offered: Sequence[str]) -> str | Fault:
    """Give the name of the client key, "" where none is needed, or the refusal.

    A key that fits is named even where none is needed.
    """
    name = match_key(offered, access.client_keys)
    if name is not None:
        return name
    if not needs_key(access, caller):
        return ""
    words = "this key is not one of peekd's client keys" if offered else "peekd needs a client key here"
    return Fault(
        "authentication", f"{words}: send it as x-api-key or Authorization: Bearer", should_retry=False
    )


def judge_admin(access: Access, caller: Caller, offered: Sequence[str]) -> Fault | None:
    """Refuse who may not use the admin API: without admin keys it is open to callers on loopback alone."""
    if not access.admin_keys:
        if caller.loopback:
            return None
        words = "no admin key is configured, so only callers on this machine may use the admin API"
        return Fault("permission", words, should_retry=False)
    if match_key(offered, access.admin_keys) is not None:
        return None
    words = "the admin API needs an admin key: send it as Authorization: Bearer or x-api-key"
    return Fault("authentication", words, should_retry=False)


# ---- where it comes from ----------------------------------------------------------------------------


def judge_address(access: Access, caller: Caller) -> Fault | None:
    """Refuse addresses by `deny`, then by `allow`; local sockets have none and pass."""
    if caller.address is None or not (access.deny or access.allow):
        return None
    denied = is_within(caller.address, access.deny)
    if denied or (access.allow and not is_within(caller.address, access.allow)):
        return Fault("permission", f"{caller.address} may not call this peekd", should_retry=False)
    return None


def judge_page(access: Access, named: Mapping[str, str], local: str | None) -> Fault | None:
    """Refuse what a web page of another origin could send, and names that are not ours (DNS rebinding).

    `named` holds the headers by name; `local` is the address that the connection came in on. Sec-Fetch-Mode
    is not looked at: Node's fetch sends it too.
    """
    host = named.get("host", "")
    if host and not _is_ours(access, host, local):
        words = f"{host!r} is not a name of this peekd: add it to server.allowed_hosts if it should be"
        return Fault("permission", words, should_retry=False)
    origin = named.get("origin")
    if origin is not None:
        if is_allowed_origin(access, origin):
            return None
        if not _is_same_origin(origin, host):
            words = f"pages of {origin!r} may not call this peekd: see server.allowed_origins"
            return Fault("permission", words, should_retry=False)
    if named.get("sec-fetch-site", "none").lower() not in {"same-origin", "none"}:
        return Fault("permission", "web pages of other sites may not call this peekd", should_retry=False)
    return None


def refuse_encoded(headers: Headers) -> Fault | None:
    """Refuse a compressed body: a small one could grow without bounds (RFC 9110 section 15.5.16)."""
    coded = ",".join([value for name, value in headers if name == "content-encoding"])
    if not coded or all(coding.strip().lower() in {"", "identity"} for coding in coded.split(",")):
        return None
    words = f"a body in content-encoding {coded.strip()!r} is not taken: send it as it is"
    return Fault("invalid_request", words, status=415, should_retry=False)


def judge_form(named: Mapping[str, str]) -> Fault | None:
    """Refuse a form that does not come from a page of ours, which every browser of today says of it.

    Stricter than `judge_page`: what says nothing is refused, and so is an origin that merely may call.
    """
    origin, site = named.get("origin"), named.get("sec-fetch-site")
    if origin is not None and not _is_same_origin(origin, named.get("host", "")):
        return Fault("permission", f"forms of {origin!r} are not taken here", should_retry=False)
    if origin is None and site != "same-origin":
        return Fault("permission", "forms are taken from the monitor's own pages only", should_retry=False)
    return None


def is_allowed_origin(access: Access, origin: str) -> bool:
    """Whether the operator let pages of this origin call."""
    return origin.lower().rstrip("/") in access.origins


def _is_ours(access: Access, host: str, local: str | None) -> bool:
    name = _bare(host)
    if name in access.hosts or is_loopback(name):
        return True
    address = read_address(name)
    return address is not None and local is not None and address == read_address(local)


def _bare(host: str) -> str:
    """Take the port and a final dot off a Host header's value; "" where it is none (RFC 9110 section 7.2)."""
    found = _HOST.fullmatch(host.strip().lower())
    return (found["inside"] or found["name"]).rstrip(".") if found else ""


_HOST = re.compile(r"(?:\[(?P<inside>[0-9a-f:.%]+)\]|(?P<name>[^\s:@/?#\[\]\\,]+))(?::\d*)?")


def _is_same_origin(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and parts.netloc.lower() == host.lower()
