"""What all tests share: how laws are tried, and two records to tell of.

No clock decides on laws; CI tries the same examples every time, others look for new ones.
"""

import os

import pytest
from hypothesis import settings

from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.vocabulary.events import Usage

settings.register_profile("here", deadline=None, print_blob=True)
settings.register_profile("ci", parent=settings.get_profile("here"), derandomize=True)
settings.register_profile("long", parent=settings.get_profile("here"), max_examples=2000)  # ./dev fuzz
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture
def healed() -> RequestRecord:
    """A request whose first account was at its limit."""
    first = AttemptRecord(
        1,
        "alice@example.com",
        "google",
        "gemini-3-pro",
        0.01,
        marks={"sent": 0.02, "headers": 0.3},
        status=429,
        outcome="rate_limited",
        upstream_error="RESOURCE_EXHAUSTED: slow\x1b[2J down",
        move="rotate",
        because="the account asks too fast; bob has quota",
        after=0.5,
        ended=0.31,
    )
    second = AttemptRecord(
        2,
        "bob",
        "google",
        "gemini-3-pro",
        0.82,
        marks={"sent": 0.83, "headers": 1.0, "first_byte": 1.1, "first_meaning": 1.2, "last": 3.4},
        status=200,
        upstream_request_id="req_7",
        outcome="completed",
        ended=3.41,
    )
    return RequestRecord(
        "0b2f",
        1_800_000_000.0,
        "POST",
        "/v1/messages?beta=true",
        "anthropic",
        client="127.0.0.1",
        key="alice",
        session="s1",
        model="claude-sonnet-4-5",
        mapped_model="gemini-3-pro",
        stream=True,
        attempts=[first, second],
        state="done",
        commit="late",
        status=200,
        outcome="completed",
        account="bob",
        usage=Usage(prompt=1200, cached=1000, output=40),
        dropped=("top_k",),
        repaired=("read.limit",),
        spliced=("model",),
        waits=[(0.31, 0.5, "the account asks too fast; bob has quota")],
        seconds=3.42,
        first_byte=1.21,
    )


@pytest.fixture
def failed_record() -> RequestRecord:
    """A request that no account could serve."""
    attempt = AttemptRecord(
        1, "alice@example.com", "google", "gemini-3-pro", 0.0, outcome="unauthorized", status=401
    )
    return RequestRecord(
        "77aa",
        1_800_000_060.0,
        "POST",
        "/v1/messages",
        "anthropic",
        model="claude-sonnet-4-5",
        attempts=[attempt],
        state="done",
        status=503,
        outcome="unauthorized",
        verdict="no account can serve this: alice@example.com was turned away (peekd explain 77aa)",
        seconds=0.2,
    )
