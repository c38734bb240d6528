"""Requests that no honest client sends, as raw bytes, each with the statuses that it is answered with.

"" is no answer: the server waits for more, or there is nothing to answer. RFC 9112 is HTTP/1.1 on the wire.
"""

from __future__ import annotations

from typing import NamedTuple

BODY = b'{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}'
LENGTH = b"Content-Length: %d" % len(BODY)
CALL = (
    b'{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":'
    b'[{"type":"tool_use","id":"t1","name":"f","input":{"x":%b}}]}]}' % (b"[" * 700 + b"]" * 700)
)
CHUNKED = b"Transfer-Encoding: chunked"
HIDDEN = b"GET /api/accounts HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Hostile(NamedTuple):
    """What is sent, and the statuses of what comes back, in order."""

    raw: bytes
    statuses: str


def said(*lines: bytes, body: bytes = BODY, first: bytes = b"POST /v1/messages HTTP/1.1") -> bytes:
    """A request with these header lines after its Host."""
    return b"\r\n".join([first, b"Host: localhost", *lines, b"", b""]) + body


def get(target: bytes, *lines: bytes, host: bytes = b"Host: localhost\r\n") -> bytes:
    """A request for a page; `host` stands in place of its Host."""
    return b"GET %b HTTP/1.1\r\n%b" % (target, host) + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def chunks(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """A body in chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + end


WHOLE = chunks(BODY)
LETTERS = chunks(*(BODY[at : at + 1] for at in range(len(BODY))))

LENGTHS = {
    "two lengths that agree": Hostile(said(LENGTH, LENGTH), "200"),
    "two lengths that differ": Hostile(said(LENGTH, b"Content-Length: 5"), "400"),
    "two lengths in one line": Hostile(said(LENGTH + b", 5"), "400"),
    "a length with a sign": Hostile(said(b"Content-Length: +79"), "400"),
    "a length below nought": Hostile(said(b"Content-Length: -5"), "400"),
    "a length in hex": Hostile(said(b"Content-Length: 0x4f"), "400"),
    "a length with an underscore": Hostile(said(b"Content-Length: 7_9"), "400"),
    "a length in two words": Hostile(said(b"Content-Length: 7 9"), "400"),
    "a length in other digits": Hostile(said("Content-Length: ٧٩".encode()), "400"),
    "no length where one is named": Hostile(said(b"Content-Length: "), "400"),
    "a length of 20 digits": Hostile(said(b"Content-Length: " + b"9" * 20), "413"),
    "a length of 5000 digits": Hostile(said(b"Content-Length: " + b"9" * 5000), "400"),
    "a length that is too small": Hostile(said(b"Content-Length: 10"), "400 408"),
    "a length that is too large": Hostile(said(b"Content-Length: 99"), "408"),
    "a length and chunks": Hostile(said(LENGTH, CHUNKED, body=WHOLE), "400"),
    "chunks and a length, one hidden": Hostile(
        said(CHUNKED, b"Content-Length: 4", body=b"0\r\n\r\n" + HIDDEN), "400"
    ),
    "a length and chunks, one hidden": Hostile(
        said(b"Content-Length: 4", CHUNKED, body=b"0\r\n\r\n" + HIDDEN), "400"
    ),
    "chunked twice": Hostile(said(CHUNKED, CHUNKED, body=WHOLE), "501"),
    "chunked, identity": Hostile(said(CHUNKED + b", identity", body=WHOLE), "501"),
    "gzip, chunked": Hostile(said(b"Transfer-Encoding: gzip, chunked", body=WHOLE), "501"),
    "xchunked": Hostile(said(b"Transfer-Encoding: xchunked", body=WHOLE), "501"),
    "a blank before the colon": Hostile(said(b"Transfer-Encoding : chunked", body=WHOLE), "400"),
    "a tab before the colon": Hostile(said(b"Transfer-Encoding\t: chunked", body=WHOLE), "400"),
    "a vertical tab before chunked": Hostile(said(b"Transfer-Encoding: \x0bchunked", body=WHOLE), "400"),
}

CHUNKS = {
    "a size that is no number": Hostile(said(CHUNKED, body=b"zz\r\n" + BODY), "400"),
    "a size below nought": Hostile(said(CHUNKED, body=b"-5\r\nhello\r\n0\r\n\r\n"), "400"),
    "a size of 20 digits": Hostile(said(CHUNKED, body=b"f" * 20 + b"\r\nx"), "408"),
    "a size of 30 digits": Hostile(said(CHUNKED, body=b"f" * 30 + b"\r\nx"), "400"),
    "a size with 0x": Hostile(said(CHUNKED, body=b"0x5\r\nhello\r\n0\r\n\r\n"), "400"),
    "no size": Hostile(said(CHUNKED, body=b"\r\nhello\r\n0\r\n\r\n"), "400"),
    "a chunk that is longer than its size": Hostile(said(CHUNKED, body=b"5\r\nhelloXX0\r\n\r\n"), "400"),
    "lines that end in LF alone": Hostile(said(CHUNKED, body=WHOLE.replace(b"\r\n", b"\n")), "408"),
    "an extension": Hostile(said(CHUNKED, body=WHOLE.replace(b"\r\n", b";a=b\r\n", 1)), "200"),
    "an extension of 200 kB": Hostile(said(CHUNKED, body=b"5;" + b"a" * 200_000), "431"),
    "trailers that would be headers": Hostile(
        said(CHUNKED, body=chunks(BODY, end=b"0\r\nContent-Length: 5\r\nHost: evil\r\n\r\n")), "200"
    ),
    "a trailer of 200 kB": Hostile(said(CHUNKED, body=chunks(BODY, end=b"0\r\nA: " + b"x" * 200_000)), "431"),
    "a chunk for each byte": Hostile(said(CHUNKED, body=LETTERS), "200"),
    "half a chunk": Hostile(said(CHUNKED, body=b"4f\r\n" + BODY[:20]), "408"),
}

HEADS = {
    "lines that end in LF": Hostile(said(LENGTH).replace(b"\r\n", b"\n"), "200"),
    "lines that end in CR": Hostile(said(LENGTH).replace(b"\r\n", b"\r"), "408"),
    "a CR inside a value": Hostile(said(b"X: a\rb", LENGTH), "400"),
    "NUL inside a value": Hostile(said(b"X: a\0b", LENGTH), "400"),
    "NUL inside a name": Hostile(said(b"X\0: b", LENGTH), "400"),
    "a line without a colon": Hostile(said(b"broken header", LENGTH), "400"),
    "a value without a name": Hostile(said(b": x", LENGTH), "400"),
    "a value on two lines": Hostile(said(b"X: a\r\n\tb", LENGTH), "200"),
    "a first line that goes on": Hostile(b"GET /healthz HTTP/1.1\r\n X: y\r\n\r\n", "400"),
    "a name of other letters": Hostile(said("X-Ü: y".encode("latin-1"), LENGTH), "400"),
    "a value of other letters": Hostile(said("X: ü日".encode(), LENGTH), "200"),
    "a key of other letters": Hostile(said(b"Authorization: Bearer \xff\xfe", LENGTH), "200"),
    "a session that is no text": Hostile(said(b"session-id: \xff\xfe", LENGTH), "200"),
    "a header of 200 kB": Hostile(said(b"X: " + b"y" * 200_000, LENGTH), "431"),
    "20000 headers": Hostile(said(*(b"X-%d: y" % n for n in range(20_000)), LENGTH), "431"),
    "cookies of 50 kB": Hostile(get(b"/healthz", b"Cookie: " + b"a=b; " * 10_000), "200"),
    "no Host": Hostile(get(b"/healthz", host=b""), "400"),
    "two Hosts": Hostile(get(b"/healthz", b"Host: evil.example"), "400"),
    "a Host of another name": Hostile(get(b"/healthz", host=b"Host: evil.example\r\n"), "403"),
    "a Host of two names": Hostile(get(b"/healthz", host=b"Host: localhost, evil.example\r\n"), "403"),
    "a Host with a user": Hostile(get(b"/healthz", host=b"Host: localhost:1@evil.example\r\n"), "403"),
    "a Host in and out of brackets": Hostile(get(b"/healthz", host=b"Host: [::1]evil.example\r\n"), "403"),
    "a Host with a path": Hostile(get(b"/healthz", host=b"Host: localhost/../x\r\n"), "403"),
    "an Origin that is no URL": Hostile(get(b"/healthz", b"Origin: http://["), "403"),
    "a null Origin": Hostile(get(b"/api/accounts", b"Origin: null"), "403"),
    "a caller who says it is another": Hostile(get(b"/api/accounts", b"X-Forwarded-For: 8.8.8.8"), "403"),
    "a caller whose port a proxy tells": Hostile(get(b"/api/accounts", b"X-Forwarded-Port: 443"), "403"),
    "a caller behind some proxy": Hostile(get(b"/api/accounts", b"Via: 1.1 evil.example"), "403"),
    "forwarded by nobody": Hostile(get(b"/healthz", b'Forwarded: for="[;;,,=', b"X-Forwarded-For: ,"), "200"),
    "headers named by Connection": Hostile(said(b"Connection: close, content-length", LENGTH), "200"),
    "another kind of Expect": Hostile(said(b"Expect: 200-maybe", LENGTH), "200"),
    "100-continue": Hostile(said(b"Expect: 100-continue", LENGTH), "100 200"),
    "a websocket, and bytes after it": Hostile(
        get(b"/v1/responses", b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13")
        + b"\x81\x85trailing",
        "426",
    ),
    "an upgrade to HTTP/2": Hostile(
        get(b"/healthz", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: A"), "200"
    ),
}

LINES = {
    "a lower-case method": Hostile(b"get /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "200"),
    "an unknown method": Hostile(said(b"Content-Length: 0", first=b"BREW / HTTP/1.1", body=b""), "405"),
    "a method with a colon": Hostile(b"GET: / HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    "a method of other letters": Hostile(b"G\xffT / HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    "a method of 200 kB": Hostile(b"A" * 200_000 + b" / HTTP/1.1\r\n\r\n", "431"),
    "TRACE": Hostile(b"TRACE /v1/messages HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: k\r\n\r\n", "405"),
    "CONNECT": Hostile(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", "403"),
    "OPTIONS for all": Hostile(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", "403"),
    "no target": Hostile(b"GET  HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    "a query alone": Hostile(get(b"?"), "200"),
    "a target with NUL": Hostile(get(b"/v1/mod\0els"), "400"),
    "a target with a blank": Hostile(get(b"/v1/models x"), "400"),
    "a target with a CR": Hostile(get(b"/v1/models\rX: y"), "400"),
    "a target of other letters": Hostile(get("/v1/модели".encode()), "400"),
    "a target with a fragment": Hostile(get(b"/v1/models#x"), "404"),
    "a target of 200 kB": Hostile(get(b"/" + b"a" * 200_000), "431"),
    "a quoted line end": Hostile(get(b"/v1/models/a%0d%0aSet-Cookie:%20x=1"), "404"),
    "a quoted NUL": Hostile(get(b"/nowhere/%00"), "404"),
    "a broken quotation": Hostile(get(b"/nowhere/%zz%"), "404"),
    "quoted bytes that are no text": Hostile(get(b"/nowhere/%ff%fe"), "404"),
    "a model with a quoted NUL": Hostile(get(b"/v1/models/%00"), "200"),
    "a model with a broken quotation": Hostile(get(b"/v1/models/%zz%"), "200"),
    "a model of bytes that are no text": Hostile(get(b"/v1/models/%ff%fe"), "200"),
    "a model with a quoted NUL, for Google": Hostile(get(b"/v1beta/models/%00"), "200"),
    "dots": Hostile(get(b"/../../etc/passwd"), "404"),
    "quoted dots": Hostile(get(b"/v1/%2e%2e/%2e%2e/api/accounts"), "404"),
    "two slashes": Hostile(get(b"//api/accounts"), "404"),
    "the URL of another host": Hostile(get(b"http://evil.example/api/accounts"), "403"),
    "the URL of another host for a name": Hostile(get(b"http://localhost@evil.example/healthz"), "403"),
    "a URL without a host": Hostile(get(b"http:///healthz"), "200"),
    "a URL that is none": Hostile(get(b"http://["), "403"),
    "a URL with an odd port": Hostile(get(b"http://localhost:99999999/healthz"), "200"),
}

VERSIONS = {
    "HTTP/0.9": Hostile(b"GET /healthz\r\n", "408"),
    "HTTP/1.0": Hostile(b"GET /healthz HTTP/1.0\r\n\r\n", "200"),
    "HTTP/1.2": Hostile(b"GET /healthz HTTP/1.2\r\nHost: localhost\r\n\r\n", "200"),
    "HTTP/11": Hostile(b"GET /healthz HTTP/11\r\nHost: localhost\r\n\r\n", "400"),
    "HTTTP": Hostile(b"GET /healthz HTTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    "HTTP/2": Hostile(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\x12\4\0\0\0\0\0" + b"\0" * 18, "404 400"),
    "TLS": Hostile(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)), "400"),
    "SOCKS": Hostile(b"\x05\x01\x00", "400"),
    "the PROXY protocol": Hostile(b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + get(b"/healthz"), "400"),
    "SMTP": Hostile(b"EHLO x\r\nMAIL FROM:<a@b>\r\n", "408"),
    "noise": Hostile(bytes((n * 7919 + 13) % 256 for n in range(3000)), "400"),
    "nothing": Hostile(b"", ""),
    "one byte": Hostile(b"G", "408"),
    "half a head": Hostile(b"GET /healthz HTTP/1.1\r\nHost: loc", "408"),
    "blank lines": Hostile(b"\r\n" * 1000, "400"),
    "three requests at once": Hostile(get(b"/healthz") * 3, "200 200 200"),
    "half a head behind a request": Hostile(get(b"/healthz") + b"GET /healthz HTT", "200 408"),
    "noise between requests": Hostile(get(b"/healthz") + b"noise\r\n\r\n" + get(b"/healthz"), "200 400"),
    "noise after a body": Hostile(said(LENGTH) + b"\0\0\0\0", "200 400"),
}

BODIES = {
    "no JSON": Hostile(said(b"Content-Length: 5", body=b"hello"), "400"),
    "JSON of 100000 levels": Hostile(said(b"Content-Length: 100000", body=b"[" * 100_000), "400"),
    "JSON of 100000 levels that end": Hostile(
        said(b"Content-Length: 200012", body=b'{"messages":' + b"[" * 100_000 + b"]" * 99_999 + b"}"), "400"
    ),
    "JSON of 700 levels in a call": Hostile(said(b"Content-Length: %d" % len(CALL), body=CALL), "200"),
    "a body that was compressed": Hostile(said(b"Content-Encoding: gzip", LENGTH), "415"),
    "a body that was compressed twice": Hostile(
        said(b"Content-Encoding: identity", b"Content-Encoding: zstd", LENGTH), "415"
    ),
    "a body that was not compressed": Hostile(said(b"Content-Encoding: Identity", LENGTH), "200"),
    "UTF-16": Hostile(said(b"Content-Length: 4", body="{}".encode("utf-16-le")), "400"),
    "NUL": Hostile(said(b"Content-Length: 9", body=b"\0" * 9), "400"),
    "a body for a page": Hostile(said(LENGTH, first=b"GET /healthz HTTP/1.1"), "200"),
    "a body for HEAD": Hostile(said(LENGTH, first=b"HEAD / HTTP/1.1"), "200"),
    "half a body": Hostile(said(LENGTH, body=BODY[:20]), "408"),
}

TABLES = {
    "lengths": LENGTHS,
    "chunks": CHUNKS,
    "heads": HEADS,
    "lines": LINES,
    "versions": VERSIONS,
    "bodies": BODIES,
}
