"""The headers of an answer, and the whole answer where there is none."""

from __future__ import annotations

import msgspec

from peekd.records.entries import RequestRecord
from peekd.relay.asked import Asked
from peekd.relay.delivery import Final
from peekd.vocabulary.errors import ErrorKind, Fault

Headers = tuple[tuple[str, str], ...]


def answer_headers(record: RequestRecord, *, early: bool, expose_account: bool) -> Headers:
    """What every proxied answer says about its way; never anything of an account's limits.

    After an early commit the account is the one in flight; the record and the comment name the final one.
    """
    last = record.attempts[-1] if record.attempts else None
    told = (
        ("x-account-email", header_safe(record.account) if expose_account else ""),
        ("x-mapped-model", header_safe(record.mapped_model)),
        ("x-peekd-attempts", str(len(record.attempts))),
        ("x-peekd-commit", "early" if early else "late"),
        ("x-upstream-request-id", header_safe(last.upstream_request_id) if last is not None else ""),
    )
    return tuple([header for header in told if header[1]])


def header_safe(value: str) -> str:
    """A header value as HTTP/1.1 allows it: account names are the operator's and may hold anything."""
    if value.isascii() and value.isprintable():
        return value
    escaped = value.encode("ascii", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else " " for letter in escaped)


def signed(fault: Fault, request_id: str) -> Fault:
    """Name the command that tells the whole story, where the words are ours."""
    if fault.quoted or fault.words:
        return fault
    return msgspec.structs.replace(fault, message=f"{fault.message} (peekd explain {request_id})")


def advice(fault: Fault) -> str:
    """What a person can do, in one line; "" where waiting is enough."""
    if fault.kind == "internal":
        return "report it with the journal's lines for this request"
    if fault.should_retry is False and fault.retry_after is None:
        return "add an account to the settings, or mend those that are named above"
    return _ADVICE.get(fault.kind, "")


_ADVICE: dict[ErrorKind, str] = {
    "rate_limit": "wait, or add an account that has quota left",
    "invalid_request": "correct the request, or what writes it: the upstream says what is wrong with it",
    "too_large": "send less: the upstream takes no request of this size",
    "not_found": "ask for a model that an account serves, or add a route for this one",
}


def encode_failure(asked: Asked, fault: Fault, headers: Headers) -> Final:
    """The whole answer that says there is none, in the client's protocol."""
    reply = asked.protocol.encode_error(fault, asked.id)
    return Final(reply.status, (*reply.headers, *headers), reply.body)
